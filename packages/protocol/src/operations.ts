/** What an operation may do to the vault; decides what it needs in a fresh vault (protocol-notes §3). */
export type OperationClass = 'free' | 'money' | 'config' | 'authority'

/** What money needs by default: the initiator and the owner quorum, or the initiator alone. The one default that is a setting. */
export const moneyDefaults = ['owner quorum', 'initiator'] as const
export type MoneyDefault = (typeof moneyDefaults)[number]

export const restrictionKinds = ['config', 'policy', 'transaction'] as const
/** Which restrictions govern an operation. Those of kind `policy` govern every change of restrictions, their own included. */
export type RestrictionKind = (typeof restrictionKinds)[number]

/** Operation types that can be started: contract name, route segment, class, and what governs it beyond the class. */
export const operationTypes = {
  'register user': { segment: 'registerUser', class: 'free', governedBy: undefined },
  'set user public key': { segment: 'setUserPublicKey', class: 'authority', governedBy: 'config' },
  'delete user': { segment: 'deleteUser', class: 'authority', governedBy: 'config' },
  'reset user': { segment: 'resetUser', class: 'authority', governedBy: 'config' },
  'update group': { segment: 'updateGroup', class: 'authority', governedBy: 'policy' },
  'rename group': { segment: 'renameGroup', class: 'authority', governedBy: 'policy' },
  'create master key': { segment: 'createMasterKey', class: 'config', governedBy: 'config' },
  'create account': { segment: 'createAccount', class: 'free', governedBy: undefined },
  'set ers public key': { segment: 'setErsPublicKey', class: 'authority', governedBy: 'config' },
  'backup master key': { segment: 'backupMasterKey', class: 'config', governedBy: 'config' },
  // Its own: new shares of the same key, so what restrictions say of keys says nothing of it.
  'refresh master key': { segment: 'refreshMasterKey', class: 'authority', governedBy: undefined },
  'update transaction restriction': {
    segment: 'updateTransactionRestriction',
    class: 'authority',
    governedBy: 'policy',
  },
  'update config restriction': { segment: 'updateConfigRestriction', class: 'authority', governedBy: 'policy' },
  'update policy restriction': { segment: 'updatePolicyRestriction', class: 'authority', governedBy: 'policy' },
  'update rates': { segment: 'updateRates', class: 'authority', governedBy: 'policy' },
  'register custom chain': { segment: 'registerCustomChain', class: 'config', governedBy: 'config' },
  'unregister chain': { segment: 'unregisterChain', class: 'config', governedBy: 'config' },
  'register token': { segment: 'registerToken', class: 'config', governedBy: 'config' },
  'unregister token': { segment: 'unregisterToken', class: 'config', governedBy: 'config' },
  'make transaction': { segment: 'makeTransaction', class: 'money', governedBy: 'transaction' },
  'generic signing': { segment: 'genericSigning', class: 'money', governedBy: 'transaction' },
  seal: { segment: 'seal', class: 'authority', governedBy: undefined },
  'found again': { segment: 'foundAgain', class: 'authority', governedBy: undefined },
  'set issuer keys': { segment: 'setIssuerKeys', class: 'authority', governedBy: 'config' },
  'update settings': { segment: 'updateSettings', class: 'authority', governedBy: 'policy' },
  // Governed by nothing: a restriction without approvers would freeze the vault for good.
  unfreeze: { segment: 'unfreeze', class: 'authority', governedBy: undefined },
} as const satisfies Record<string, { segment: string; class: OperationClass; governedBy: RestrictionKind | undefined }>

export type OperationType = keyof typeof operationTypes

export const operationTypeNames = Object.keys(operationTypes) as OperationType[]

/** The closed vocabulary of what a kind of restriction governs (contract: restrictions/optypes). */
export function operationTypesGovernedBy(kind: RestrictionKind): OperationType[] {
  return operationTypeNames.filter(name => operationTypes[name].governedBy === kind)
}

/** Operations with cold keys: in the contract, not in this vault. Refused with `cold-wallet-not-enabled`. */
export const coldSegments = ['attachMasterKey', 'createBatch', 'finishCurrentBatch', 'deleteCurrentBatch'] as const

/** The operation type behind `/operations/start/<segment>`. */
export function operationTypeOf(segment: string): OperationType | undefined {
  return operationTypeNames.find(name => operationTypes[name].segment === segment)
}

/** The contract's `cwpStatus`. The last two are final. */
export const statuses = [
  'Pending initialization',
  'Pending confirmation',
  'Pending approval',
  'Pending execution',
  'Executing',
  'Pending signature',
  'Failed',
  'Succeeded',
] as const
export type Status = (typeof statuses)[number]

/** Function names that a transaction restriction may name (contract: restrictions/functionNames). */
export const functionNames = [
  'transfer',
  'token transfer',
  'contract call',
  'deploy',
  'personal sign',
  'typed data',
  'raw digest',
] as const
export type FunctionName = (typeof functionNames)[number]

/** How much of a transaction is known from its own bytes (protocol-notes §5), shown to approvers. */
export const grades = ['decoded', 'exact', 'opaque'] as const
export type Grade = (typeof grades)[number]
