/** Runs the steps of a demonstration: prints each with its time, and remembers whether all went as stated. */
export class Steps {
  readonly #print: (line: string) => void
  readonly #rows: { title: string; milliseconds: number; outcome: 'done' | 'refused' | 'FAILED'; detail: string }[] = []

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  heading(text: string): void {
    this.#print(`\n${text}`)
  }

  /** A step that must succeed. `work` may return a line about what came of it. */
  async run<T>(title: string, work: () => Promise<T>, detail: (result: T) => string = () => ''): Promise<T> {
    const began = performance.now()
    try {
      const result = await work()
      this.#add(title, began, 'done', detail(result))
      return result
    } catch (error) {
      this.#add(title, began, 'FAILED', messageOf(error))
      throw error
    }
  }

  /** A step that must be refused, for a reason that matches `reason`. */
  async refused(title: string, reason: RegExp, work: () => Promise<unknown>): Promise<void> {
    const began = performance.now()
    let told: string
    try {
      await work()
    } catch (error) {
      told = messageOf(error)
      const expected = reason.test(told)
      this.#add(title, began, expected ? 'refused' : 'FAILED', told)
      if (!expected) throw new Error(`refused for another reason than ${reason}`, { cause: error })
      return
    }
    this.#add(title, began, 'FAILED', 'it was accepted')
    throw new Error(`${title}: was accepted`)
  }

  summary(): void {
    const width = Math.max(...this.#rows.map(({ title }) => title.length))
    const total = this.#rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
    this.#print('\nSummary')
    for (const { title, milliseconds, outcome } of this.#rows)
      this.#print(`  ${title.padEnd(width)}  ${seconds(milliseconds).padStart(8)}  ${outcome}`)
    this.#print(`  ${'all'.padEnd(width)}  ${seconds(total).padStart(8)}`)
  }

  #add(title: string, began: number, outcome: 'done' | 'refused' | 'FAILED', detail: string): void {
    const milliseconds = performance.now() - began
    this.#rows.push({ title, milliseconds, outcome, detail })
    const mark = outcome === 'FAILED' ? '✗' : '✓'
    this.#print(
      `  ${mark} ${title} (${seconds(milliseconds)})${outcome === 'refused' ? ' refused:' : ''}${detail === '' ? '' : ` ${detail}`}`,
    )
  }
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
