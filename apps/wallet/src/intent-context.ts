import type { ChainClients } from '@trivault/chain-clients'
import { VaultError } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'
import type { StartRequest } from './service.ts'

/** The contract's body of a start request. */
export type Payload<S extends StartRequest['segment']> = Extract<StartRequest, { segment: S }>['payload']

/** What an intent is filled in from. */
export interface IntentContext {
  state: VaultState
  chains: ChainClients
  /** Milliseconds; the intent's timestamp. */
  now: number
  operationId: string
  /** Empty in a dry run that names nobody. */
  initiatorId: string
}

/** A field that the server fills in may be given too, if it is the same. Throws `VaultError` intent-mismatch. */
export function given<T>(field: string, value: T | undefined, computed: T): void {
  if (value !== undefined && value !== computed)
    throw new VaultError(
      'intent-mismatch',
      `${field} is ${String(computed)}, not ${String(value)}: correct it or leave it out`,
    )
}
