import { join } from 'node:path'
import { type Aws, askCaller, type Caller, createAws } from './aws.ts'
import { readDeployment } from './config/index.ts'
import type { Deployment } from './model.ts'
import { createOutput, type Output, type Streams } from './output.ts'
import { readSettings, type Settings } from './settings.ts'

export interface Flags {
  /** One JSON document on standard output. */
  readonly json: boolean
  /** Show what would be done, change nothing. */
  readonly dryRun: boolean
  /** Answer every ordinary question with yes; what could cost data or keys asks for an option of its own. */
  readonly yes: boolean
}

/** What every command works with. */
export interface Context {
  readonly settings: Settings
  /** For what is no Makefile variable. */
  readonly environment: NodeJS.ProcessEnv
  /** The admin's working directory: customer-config.yml, bd-wallet.yml, conf/, customer-secrets.yml … */
  readonly cwd: string
  /** A path in the working directory. */
  file(...parts: string[]): string
  readonly flags: Flags
  readonly out: Output
  readonly aws: Aws
  /** Epoch milliseconds. */
  readonly clock: () => number
  /** Ends at Ctrl-C. */
  readonly signal: AbortSignal
  /** bd-wallet.yml, checked against NAMESPACE, ENV_PREFIX and AWS_REGION. Throws `DeployerError`. */
  deployment(): Deployment
  /** Asked once per run. Throws `DeployerError` no-credentials. */
  caller(): Promise<Caller>
  /** A question to the person; no where nobody can answer. `--yes` says yes. */
  confirm(question: string): Promise<boolean>
}

export interface ContextOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly cwd: string
  readonly streams: Streams
  readonly flags: Flags
  readonly ask: (question: string) => Promise<boolean>
  readonly signal?: AbortSignal
  readonly clock?: () => number
}

export function createContext(options: ContextOptions): Context {
  const { environment, cwd, flags } = options
  const settings = readSettings(environment)
  const file = (...parts: string[]): string => join(cwd, ...parts)
  const aws = createAws(environment, () => settings.require('AWS_REGION'))
  let deployment: Deployment | undefined
  let caller: Promise<Caller> | undefined
  return {
    settings,
    environment,
    cwd,
    file,
    flags,
    out: createOutput(options.streams, flags.json),
    aws,
    clock: options.clock ?? Date.now,
    signal: options.signal ?? new AbortController().signal,
    deployment: () => {
      deployment ??= readDeployment(cwd, settings)
      return deployment
    },
    caller: () => {
      caller ??= askCaller(aws, options.clock ?? Date.now)
      return caller
    },
    confirm: async question => flags.yes || (await options.ask(question)),
  }
}
