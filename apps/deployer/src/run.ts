import { type Command, CommanderError } from 'commander'
import { awsError } from './aws-error.ts'
import { type ContextOptions, createContext, type Flags } from './context.ts'
import { DeployerError, type ExitCode, exitCodeOf, placeText } from './errors.ts'
import { deployerProgram } from './program.ts'

/** Runs one command; resolves to its exit code. */
export async function runDeployer(args: readonly string[], options: Omit<ContextOptions, 'flags'>): Promise<ExitCode> {
  const flags: Flags = {
    json: args.includes('--json'),
    dryRun: args.includes('--dry-run'),
    yes: args.includes('--yes'),
  }
  const { out, err } = options.streams
  try {
    const program = deployerProgram(createContext({ ...options, flags }))
    settle(program, flags.json, out, err)
    await Promise.race([program.parseAsync([...args], { from: 'user' }), interruption(options.signal)])
    return 0
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const told = explain(error, options.signal)
    if (flags.json) {
      const document = { ...told.json, ...(told.others.length > 0 && { others: told.others.map(other => other.json) }) }
      if (!told.told) out(`${JSON.stringify({ error: document }, null, 2)}\n`)
    } else if (!(error instanceof CommanderError))
      for (const one of [told, ...told.others]) {
        err(`trivault-deployer: ${one.place ? `${placeText(one.place)}: ` : ''}${one.message}\n`)
        if (one.remedy !== '') err(`  → ${one.remedy}\n`)
      }
    return exitCodeOf(told.code)
  }
}

/** Rejects as soon as the person presses Ctrl-C: no command has to look for it. */
function interruption(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('interrupted')), { once: true })
  })
}

function explain(error: unknown, signal: AbortSignal | undefined): DeployerError {
  if (signal?.aborted) {
    return new DeployerError('interrupted', 'interrupted', 'run the same command again: it goes on where it stopped')
  }
  if (error instanceof DeployerError) return error
  if (error instanceof CommanderError) return new DeployerError('usage', error.message, 'see trivault-deployer --help')
  const refused = awsError(error)
  if (refused !== undefined) return refused
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new DeployerError('failed', `an unexpected failure: ${message}`, 'run `make doctor` and report what it says', {
    cause: error,
  })
}

/** With --json nothing but the document is printed, help aside. */
function settle(command: Command, json: boolean, writeOut: (text: string) => void, err: (text: string) => void): void {
  command.exitOverride().configureOutput({ writeOut, writeErr: json ? () => {} : err })
  for (const child of command.commands) settle(child, json, writeOut, err)
}
