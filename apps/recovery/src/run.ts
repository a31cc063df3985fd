import { CommanderError } from 'commander'
import { RecoveryError } from './errors.ts'
import { recoveryProgram } from './program.ts'

/** Runs the tool with arguments; resolves to its exit code: 0 done, 1 refused or failed, 2 wrong usage. */
export async function runRecovery(
  args: readonly string[],
  out: (text: string) => void,
  err: (text: string) => void,
): Promise<0 | 1 | 2> {
  const program = recoveryProgram({ out, err })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const known = error instanceof RecoveryError
    const message = known ? error.message : 'an unexpected failure: please report it'
    if (program.opts().json === true)
      out(`${JSON.stringify({ error: { code: known ? error.code : 'internal', message } })}\n`)
    else err(`trivault-recovery: ${message}\n`)
    return known && error.code === 'usage' ? 2 : 1
  }
}
