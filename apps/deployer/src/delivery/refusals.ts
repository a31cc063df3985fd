import { DeployerError } from '../errors.ts'

const withCause = (cause: unknown) => (cause === undefined ? undefined : { cause })

const askPublisher = 'use nothing of it; download it anew, and ask the publisher if that does not help'

/** Something that was delivered is not what the publisher signed (exit 3). */
export const untrusted = (message: string, remedy = askPublisher, cause?: unknown): DeployerError =>
  new DeployerError('untrusted', message, remedy, withCause(cause))

export const failed = (message: string, remedy: string, cause?: unknown): DeployerError =>
  new DeployerError('failed', message, remedy, withCause(cause))

export const unreachable = (message: string, remedy: string, cause?: unknown): DeployerError =>
  new DeployerError('unreachable', message, remedy, withCause(cause))

export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))
