import { type Context, createContext } from '../../src/context.ts'

/** A context of one run, with what it said. */
export function testContext(
  cwd: string,
  environment: Record<string, string>,
  flags: Partial<Context['flags']> = {},
): { context: Context; said: string[] } {
  const said: string[] = []
  const tell = (text: string): void => void said.push(text.trimEnd())
  const context = createContext({
    environment,
    cwd,
    streams: { out: tell, err: tell, interactive: false },
    flags: { json: false, dryRun: false, yes: false, ...flags },
    ask: async () => false,
  })
  return { context, said }
}
