/** Compiles index.ts, or `entry` in its place, with the generated './limbs'. */
export function compile(entry?: string): Promise<Uint8Array<ArrayBuffer>>
/** The files that a build writes, by path from the package's root. */
export function build(): Promise<Map<string, string>>
