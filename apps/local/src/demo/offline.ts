import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export const run = promisify(execFile)

/** Runs one of the programs in a network namespace of its own where the system allows it; none opens a connection either way. Throws what it says. */
export async function offline(args: readonly string[]): Promise<string> {
  const unshare = await run('unshare', ['-rn', 'true']).then(
    () => true,
    () => false,
  )
  const command = [process.execPath, ...args]
  const [program = '', ...rest] = unshare ? ['unshare', '-rn', ...command] : command
  return run(program, rest).then(
    ({ stdout }) => stdout,
    (error: { stderr?: string }) => {
      throw new Error(error.stderr?.trim() ?? 'the program did not run')
    },
  )
}
