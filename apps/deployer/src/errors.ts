/**
 * Why a command ended without success. `usage` the command line makes no sense; `missing-variable` a Makefile variable is unset;
 * `bad-config` a file says what cannot be; `mismatch` variables and files name different environments; `missing-file` a step
 * before this one was left out; `missing-tool` a program is absent or too old; `no-credentials` AWS knows nobody here;
 * `root-user`, `wrong-account`, `wrong-role` this is not the person for the step; `conflict` two people's edits meet;
 * `untrusted` a signature, digest or measurement is not what was promised; `not-in-this-release`; `refused` it would cost data
 * or keys; `declined` the person said no; `aws` AWS refused; `unreachable` a service does not answer; `failed` it did not work;
 * `interrupted` Ctrl-C.
 */
export type DeployerErrorCode =
  | 'usage'
  | 'missing-variable'
  | 'bad-config'
  | 'mismatch'
  | 'missing-file'
  | 'missing-tool'
  | 'no-credentials'
  | 'root-user'
  | 'wrong-account'
  | 'wrong-role'
  | 'conflict'
  | 'untrusted'
  | 'not-in-this-release'
  | 'refused'
  | 'declined'
  | 'aws'
  | 'unreachable'
  | 'failed'
  | 'interrupted'

/** Exit codes: 1 failed, 2 wrong usage, 3 refused for safety, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130

const exitCodes: Readonly<Partial<Record<DeployerErrorCode, ExitCode>>> = {
  usage: 2,
  'missing-variable': 2,
  'root-user': 3,
  'wrong-account': 3,
  'wrong-role': 3,
  conflict: 3,
  untrusted: 3,
  'not-in-this-release': 3,
  refused: 3,
  declined: 3,
  interrupted: 130,
}

export const exitCodeOf = (code: DeployerErrorCode): ExitCode => exitCodes[code] ?? 1

/** A place in a file of the person's. */
export interface Place {
  readonly file: string
  /** From 1. */
  readonly line?: number
  /** Such as `accounts.policyNode1`. */
  readonly field?: string
}

export interface DeployerErrorOptions {
  readonly cause?: unknown
  readonly place?: Place
  readonly others?: readonly DeployerError[]
  /** The command has already shown it as its result: only the remedy is missing. */
  readonly told?: true
}

/** What happened (`message`) and what to do about it (`remedy`). Neither holds a secret. */
export class DeployerError extends Error {
  override readonly name = 'DeployerError'
  readonly code: DeployerErrorCode
  readonly remedy: string
  readonly place: Place | undefined
  /** What else is wrong, told with this one. */
  readonly others: readonly DeployerError[]
  /** Whether the command's result shows it already. */
  readonly told: boolean

  constructor(code: DeployerErrorCode, message: string, remedy: string, options: DeployerErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.remedy = remedy
    this.place = options.place
    this.others = options.others ?? []
    this.told = options.told ?? false
  }

  /** For `--json`. */
  get json(): object {
    const { code, message, remedy, place } = this
    return { code, message, remedy, ...place }
  }

  with(others: readonly DeployerError[]): DeployerError {
    const { cause, place } = this
    return new DeployerError(this.code, this.message, this.remedy, { cause, ...(place && { place }), others })
  }
}

/** `customer-config.yml:12 accounts.wallet` */
export function placeText({ file, line, field }: Place): string {
  return [line === undefined ? file : `${file}:${line}`, field].filter(Boolean).join(' ')
}
