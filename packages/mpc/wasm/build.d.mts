/** The files that a build writes, by path from the package's root. */
export function build(): Promise<Map<string, string>>
