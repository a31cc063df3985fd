import type { ExactResponseOf } from '@trivault/api-contract'
import { type OperationClass, operationTypeNames, operationTypes } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'

export function transactionRestrictionsOf(state: VaultState): ExactResponseOf<'cwpgetTransactionRestrictions'> {
  return state.restrictions.values().sort((a, b) => (a.RestrictionID < b.RestrictionID ? -1 : 1))
}

export type RestrictionKind = 'config' | 'policy' | 'transaction'

const classes: Readonly<Record<RestrictionKind, readonly OperationClass[]>> = {
  config: ['free', 'config'],
  policy: ['authority'],
  transaction: ['money'],
}

/** Operation types by the kind of restriction that governs them. */
export function operationTypesOf(kind: RestrictionKind): string[] {
  return operationTypeNames.filter(type => classes[kind].includes(operationTypes[type].class))
}
