import { ChainClientError } from '@trivault/chain-clients'
import { ChainError } from '@trivault/chains'
import { VaultError, vaultErrors } from '@trivault/protocol'
import { ServiceError } from './service.ts'

/** Runs `work`; what the vault, a chain or its node refuses becomes the API's error. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw serviceErrorOf(error)
  }
}

const notFound = new Set(['unknown-operation'])
const conflicts = new Set(['operation-not-pending', 'operation-not-executing'])

/** The API's view of a refusal: state conflicts are 409, unknown operations 404, everything else the caller's 400. */
function serviceErrorOf(error: unknown): unknown {
  if (error instanceof VaultError) {
    const code = notFound.has(error.code)
      ? 'not-found'
      : conflicts.has(error.code)
        ? 'conflict'
        : error.code === 'too-many-operations'
          ? 'too-many-requests'
          : 'bad-request'
    return error.code === 'internal-error'
      ? error
      : new ServiceError(code, error.message, { cause: error, errorCode: error.mCode })
  }
  if (error instanceof ChainError)
    return new ServiceError('bad-request', error.message, { cause: error, errorCode: vaultErrors.malformed })
  if (error instanceof ChainClientError) {
    const down = error.code === 'rpc_unreachable' || error.code === 'rpc_timeout'
    const errorCode =
      error.code === 'rpc_not_configured' ? vaultErrors['rpc-not-configured'] : vaultErrors['bad-transaction']
    return new ServiceError(down ? 'unavailable' : 'bad-request', error.message, { cause: error, errorCode })
  }
  return error
}

/** The result of `work`, or undefined when it takes longer. */
export async function inTime<T>(work: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
