import { ApprovalError } from '@trivault/approval'
import { ChainError } from '@trivault/chains'
import { ApiError, DeviceKeyError, ReceiptError } from '@trivault/client'
import { VaultError } from '@trivault/protocol'
import { CommanderError } from 'commander'
import { CliError, codeOfRefusal } from './errors.ts'
import { cliProgram } from './program.ts'
import type { Terminal } from './session.ts'

/** Runs the command line; resolves to its exit code: 0 done, 1 failed or refused, 2 wrong usage. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  const json = args.includes('--json')
  try {
    await cliProgram(terminal, json).parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const { code, message } = explain(error)
    if (json) terminal.out(`${JSON.stringify({ error: { code, message } })}\n`)
    else if (!(error instanceof CommanderError)) terminal.err(`trivault: ${message}\n`)
    return code === 'usage' ? 2 : 1
  }
}

function explain(error: unknown): { code: string; message: string } {
  if (error instanceof CommanderError) return { code: 'usage', message: error.message }
  if (error instanceof CliError || error instanceof VaultError || error instanceof ChainError)
    return { code: error.code, message: error.message }
  if (error instanceof ReceiptError)
    return { code: error.code === 'not-signed' ? 'usage' : 'failed', message: error.message }
  if (error instanceof ApprovalError) return { code: codeOfRefusal(error.code), message: error.message }
  if (error instanceof DeviceKeyError)
    return { code: error.code, message: `${error.message}: make one with \`trivault approver init\`` }
  if (error instanceof ApiError) {
    if (error.code === 'network')
      return { code: 'unreachable', message: 'the wallet cannot be reached: is the vault running, is --api right?' }
    if (error.status === 401)
      return { code: error.code, message: `${error.message}: sign in with --as, --token-file or --api-key-file` }
    return { code: error.code, message: error.message }
  }
  return { code: 'internal-error', message: `an unexpected failure: ${error instanceof Error ? error.message : error}` }
}
