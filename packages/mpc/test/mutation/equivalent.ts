/** Conditions that no input can make matter, by the names that run.ts prints, with the reason. */
export const EQUIVALENT: readonly { reason: string; names: readonly string[] }[] = []
