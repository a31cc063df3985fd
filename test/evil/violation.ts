/** What must never happen has happened. */
export class Violation extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Violation'
  }
}

export function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Violation(message)
}
