import { toHex, utf8 } from '@trivault/codec'
import {
  approverRestriction,
  type Intent,
  require,
  sha256,
  transactionRestriction,
  VaultError,
  type VaultErrorCode,
} from '@trivault/protocol'
import { checkIntent } from './administration.ts'
import { standingOf } from './needs.ts'
import { partCount } from './signing.ts'
import { type Execution, type Operation, userKey, type VaultState } from './state.ts'

/**
 * What approvers take for granted and the intent does not say, as hex SHA-256: the restriction that goes, the people who are meant.
 * Approvals that were kept while another operation changed it are not for what it is now.
 */
export function groundOf(state: VaultState, intent: Intent): string {
  return toHex(sha256(utf8(ground(state, intent))))
}

function ground(state: VaultState, intent: Intent): string {
  const { users, restrictions, configRestrictions, policyRestrictions } = state
  const people = (ids: readonly string[]) => JSON.stringify(ids.map(id => users.get(userKey(id))?.createdAt))
  switch (intent.OperationType) {
    case 'update transaction restriction': {
      const rule = restrictions.get(intent.Delete?.RestrictionID ?? '')
      return rule === undefined ? '' : transactionRestriction.write(rule)
    }
    case 'update config restriction':
    case 'update policy restriction': {
      const rules = intent.OperationType === 'update config restriction' ? configRestrictions : policyRestrictions
      const rule = rules.get(intent.Delete?.RestrictionID ?? '')
      return rule === undefined ? '' : approverRestriction.write(rule)
    }
    case 'set user public key':
      return people([intent.UserID])
    case 'update group':
      return people(intent.AddUsers)
    default:
      return ''
  }
}

/**
 * Why this operation may not be executed for good, if so: policy blocks it; its ground has changed; the same was done by another
 * operation meanwhile; or, once it is executing and so takes no approval, one no longer counts. Throws while approvals can still come.
 */
export function obstacleTo(
  state: VaultState,
  operation: Operation,
): { code: VaultErrorCode; reason: string } | undefined {
  const standing = standingOf(state, operation)
  if (standing.kind === 'blocked') return standing
  if (standing.unmet.length > 0) {
    require(operation.phase !== 'pending', 'approvals-missing', `operation ${operation.id} still needs approvals`)
    return { code: 'approvals-missing', reason: 'an approval that this operation needs no longer counts' }
  }
  try {
    checkIntent(state, operation.intent)
    return groundOf(state, operation.intent) === operation.ground
      ? undefined
      : { code: 'intent-mismatch', reason: 'what it is about has changed since its start: start it again' }
  } catch (error) {
    if (error instanceof VaultError) return { code: error.code, reason: error.message }
    throw error
  }
}

/** An operation whose parts are all executed is out of our hands: it ends by its signatures, or by its deadline. */
export function canEnd({ phase, intent, executions }: Operation): boolean {
  return phase === 'pending' || executedParts(executions) < partCount(intent)
}

const executedParts = (executions: readonly Execution[]): number => new Set(executions.map(({ part }) => part)).size

/** What an ended operation leaves behind (protocol-notes §4). */
export function remains({ intent, executions }: Operation): string {
  return executions.length === 0
    ? ''
    : `; ${executedParts(executions)} of ${partCount(intent)} parts executed, may still land`
}
