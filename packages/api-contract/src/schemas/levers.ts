import { moneyDefaults } from '@trivault/protocol'
import Type from 'typebox'
import {
  base64,
  closed,
  exactNumber,
  index,
  int64,
  list,
  oneOf,
  open,
  operationId,
  optionalText,
  text,
  timestamp,
  userId,
} from './base.ts'
import { TransactionRestriction } from './restrictions.ts'

const hash = () => Type.String({ pattern: '^[0-9a-f]{64}$', description: '64 lower-case hex digits' })

/** A freeze, or with an operation a veto, signed by one owner's device. */
export const HoldRequest = closed('trivaultHoldRequest', {
  Kind: oneOf('trivaultHoldKind', ['freeze', 'veto']),
  OperationID: Type.Optional(operationId()),
  Counter: int64(),
  KeyID: hash(),
  Signature: base64(120),
})
export const HoldAnswer = open('trivaultHoldAnswer', {
  Nodes: Type.Array(
    open('', {
      Node: Type.Integer({ minimum: 0 }),
      Held: Type.Boolean({ description: 'the node has stopped, durably' }),
      Message: Type.Optional(Type.String()),
    }),
  ),
})

const moneyDefault = () => ({
  ...oneOf('trivaultMoneyDefault', moneyDefaults),
  description: 'what every signature needs besides what restrictions ask: initiator and owner quorum, or the initiator',
})
export const updateSettings = {
  PendingExpirySeconds: Type.Optional(int64()),
  LooseningDelaySeconds: Type.Optional(int64()),
  NoSelfApproval: Type.Optional(Type.Boolean()),
  MoneyDefault: Type.Optional(moneyDefault()),
}
export const unfreeze = {
  Freeze: Type.Optional({
    ...index(),
    description: 'number of the freeze that it lifts; the wallet fills in the present one',
  }),
}

export const VaultSettings = open('trivaultSettings', {
  PendingExpirySeconds: int64(),
  LooseningDelaySeconds: int64(),
  NoSelfApproval: Type.Boolean(),
  MoneyDefault: moneyDefault(),
  Freeze: Type.Optional(open('trivaultFreeze', { Number: int64(), By: Type.String(), At: timestamp() })),
  HoldCounters: Type.Array(open('', { UserID: Type.String(), Counter: int64() })),
})

export const VelocityLimit = closed('trivaultVelocityLimit', {
  Limit: exactNumber(),
  Currency: Type.String({ minLength: 1, maxLength: 200, description: 'USD, or one asset by symbol or CAIP-19' }),
  Per: oneOf('', ['vault', 'source', 'destination', 'asset']),
  WindowSeconds: Type.Integer({ minimum: 60, maximum: 31_622_400 }),
})
/** A transaction restriction with what the contract's closed form has no place for. */
export const ExtendedRestriction = closed('trivaultTransactionRestriction', {
  ...TransactionRestriction.properties,
  Velocity: Type.Optional(VelocityLimit),
})
export const ExtendedRestrictions = Type.Array(ExtendedRestriction, { title: 'trivaultTransactionRestrictions' })

export const UpdateExtendedRestriction = closed(
  'trivaultUpdateTransactionRestrictionStartRequest',
  {
    Add: Type.Optional(ExtendedRestriction),
    Delete: Type.Optional(ExtendedRestriction),
    OperationID: Type.Optional(operationId()),
    InitiatorID: Type.Optional(userId()),
  },
  { anyOf: [{ required: ['Add'] }, { required: ['Delete'] }], description: 'give Add, Delete, or both' },
)

export const PolicyTestRequest = closed(
  'trivaultPolicyTestRequest',
  {
    OperationID: Type.Optional({ ...operationId(), description: 'an operation that was started' }),
    Segment: Type.Optional({ ...text(64), description: 'or the last part of a start route' }),
    Request: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'with the body of that route' })),
    Restrictions: Type.Optional(list(ExtendedRestriction, { description: 'a draft of all transaction restrictions' })),
    Approvers: Type.Optional(list(userId(), { description: 'users whose approvals are supposed' })),
  },
  {
    oneOf: [{ required: ['OperationID'] }, { required: ['Segment', 'Request'] }],
    description: 'give OperationID, or Segment with Request',
  },
)
const Obstacle = open('trivaultObstacle', { Code: Type.String(), Reason: Type.String() })
export const PolicyTestAnswer = open('trivaultPolicyTestAnswer', {
  Intent: Type.String({
    description: 'the exact JSON text that was judged, with every field that the wallet fills in',
  }),
  Blocked: Type.Optional(Obstacle),
  Needs: Type.Array(Type.String()),
  Unmet: Type.Array(Type.String()),
  Restrictions: Type.Array(
    open('', { RestrictionID: Type.String(), Matches: Type.Boolean(), FirstUnmet: optionalText(10_000) }),
  ),
  HeldUp: Type.Array(Obstacle),
})
