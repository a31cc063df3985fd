/** What an operation may do to the vault; decides what it needs in a fresh vault (protocol-notes §3). */
export type OperationClass = 'free' | 'money' | 'config' | 'authority'

/** Operation types that can be started: contract name, route segment and class. */
export const operationTypes = {
  'register user': { segment: 'registerUser', class: 'free' },
  'set user public key': { segment: 'setUserPublicKey', class: 'authority' },
  'update group': { segment: 'updateGroup', class: 'authority' },
  'create master key': { segment: 'createMasterKey', class: 'config' },
  'create account': { segment: 'createAccount', class: 'free' },
  'set ers public key': { segment: 'setErsPublicKey', class: 'authority' },
  'backup master key': { segment: 'backupMasterKey', class: 'config' },
  'update transaction restriction': { segment: 'updateTransactionRestriction', class: 'authority' },
  'register custom chain': { segment: 'registerCustomChain', class: 'config' },
  'register token': { segment: 'registerToken', class: 'config' },
  'make transaction': { segment: 'makeTransaction', class: 'money' },
  'generic signing': { segment: 'genericSigning', class: 'money' },
} as const satisfies Record<string, { segment: string; class: OperationClass }>

export type OperationType = keyof typeof operationTypes

export const operationTypeNames = Object.keys(operationTypes) as OperationType[]

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
