/** One piece of work of a longer command. `run` may tell its progress and returns a closing word. */
export interface Step {
  readonly title: string
  readonly run: (tell: (progress: string) => void) => Promise<string | undefined>
}

/** Where a command's words go. With `--json` standard output carries exactly one JSON document: the one of `result`. */
export interface Output {
  /** A line for the person; on standard error with `--json`. */
  say(line: string): void
  /** A line that must not be overlooked; always on standard error. */
  warn(line: string): void
  /** Where and as whom the command works; on standard error, so that the answer stands alone. */
  note(line: string): void
  /** The command's answer: `value` with `--json`, else the text. */
  result(value: unknown, text: string): void
  /** Runs the steps one after another and shows where it is; the first failure ends it. */
  steps(steps: readonly Step[]): Promise<void>
}

export interface Streams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Whether a person watches. */
  readonly interactive: boolean
}

export function createOutput(streams: Streams, json: boolean): Output {
  const say = (line: string): void => (json ? streams.err : streams.out)(`${line}\n`)
  return {
    say,
    warn: line => streams.err(`${line}\n`),
    note: line => streams.err(`${line}\n`),
    result: (value, text) => streams.out(json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`),
    async steps(steps) {
      if (json || !streams.interactive) return plainly(steps, say)
      const { Listr } = await import('listr2')
      await new Listr(
        steps.map(({ title, run }) => ({
          title,
          task: async (_context, task) => {
            const closing = await run(progress => {
              task.output = progress
            })
            if (closing) task.title = `${title}: ${closing}`
          },
        })),
      ).run()
    },
  }
}

async function plainly(steps: readonly Step[], say: (line: string) => void): Promise<void> {
  for (const { title, run } of steps) {
    say(`… ${title}`)
    const closing = await run(progress => say(`  ${progress}`))
    say(`✓ ${title}${closing ? `: ${closing}` : ''}`)
  }
}

/** A table of aligned columns; the first row is the head. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
