import { type VaultError, type VaultErrorCode, vaultErrors } from '@trivault/protocol'
import { ServiceError } from '../service.ts'

const missing: readonly VaultErrorCode[] = [
  'unknown-chain',
  'unknown-token',
  'unknown-master-key',
  'unknown-account',
  'unknown-address',
  'unknown-operation',
]

/** What a refusal of the vault's own look-ups means to a caller. */
export function serviceError(error: VaultError): ServiceError {
  const code = missing.includes(error.code) ? 'not-found' : 'bad-request'
  return new ServiceError(code, error.message, { cause: error, errorCode: vaultErrors[error.code] })
}

export function badRequest(message: string): ServiceError {
  return new ServiceError('bad-request', message)
}
