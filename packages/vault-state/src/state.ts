import type { Chain } from '@trivault/chains'
import type { Rate, Requirement } from '@trivault/policy'
import type {
  Curve,
  Genesis,
  Intent,
  OperationType,
  SystemRole,
  TransactionRestriction,
  VaultErrorCode,
} from '@trivault/protocol'
import { vaultIdOf } from '@trivault/protocol'
import { PersistentMap } from './persistent-map.ts'

export interface User {
  id: string
  name: string
  /** The contract's int64 user id, counted from 1. */
  number: number
  /** Log time. */
  createdAt: number
  /** Role of a system user; people have none here: their rights come from groups. */
  systemRole: SystemRole | undefined
  confirmer: string | undefined
  deleted: boolean
  /** Hex id of the active device key. */
  keyId: string | undefined
}

export interface DeviceKey {
  /** Hex SHA-256 of the public key. */
  id: string
  user: string
  /** Uncompressed SEC1 point on P-256 (65 bytes). */
  publicKey: Uint8Array
  active: boolean
  /** Enrolled without an ID token. */
  automated: boolean
}

export interface Group {
  name: string
  /** User keys (lower-case ids), sorted. */
  members: readonly string[]
}

export interface RegisteredChain extends Chain {
  custom: boolean
}

export interface Token {
  caip19: string
  caip2: string
  symbol: string
  decimals: number
}

/** `requested`: the nodes generate shares and backups. `active`: three equal key reports are in the log. */
export interface MasterKey {
  name: string
  status: 'requested' | 'active'
  curve: Curve
  /** Names the key in every signing session: hash of vault, position in the log and name (32 bytes). */
  keyId: Uint8Array
  /** The operation that asked for it; none for keys of the tenant set-up. */
  operationId: string | undefined
  /** Accounts to be made at activation. */
  accountsAtActivation: readonly string[]
  publicKey: Uint8Array
  chainCode: Uint8Array
  publicShares: readonly Uint8Array[]
  transcriptHash: Uint8Array
  backupHashes: readonly Uint8Array[]
  accountCount: number
}

export interface Account {
  masterKey: string
  name: string
  /** Third component of the derivation path. */
  index: number
  number: number
  createdAt: number
}

export interface Address {
  address: string
  masterKey: string
  account: string
  slip44: number
  index: number
  /** Compressed child key. */
  publicKey: Uint8Array
}

export interface Approval {
  user: string
  keyId: string
  signature: Uint8Array
  time: number
}

/** One variant of one part, certified for signing. */
export interface Execution {
  part: number
  variant: number
  /** Unsigned transaction bytes; empty for generic signing. */
  transaction: Uint8Array
  digest: Uint8Array
  slot: string
  seq: number
  command: number
  /** r ‖ s ‖ recovery. */
  signature: Uint8Array | undefined
}

export interface Failure {
  code: VaultErrorCode
  reason: string
  time: number
}

export interface Operation {
  id: string
  type: OperationType
  intentBytes: Uint8Array
  intentHash: Uint8Array
  intent: Intent
  /** User key of the named initiator. */
  initiator: string | undefined
  createdAt: number
  seq: number
  phase: 'pending' | 'executing' | 'succeeded' | 'failed'
  needsAtStart: readonly Requirement[]
  approvals: readonly Approval[]
  rejectedBy: string | undefined
  executions: readonly Execution[]
  failure: Failure | undefined
  finishedAt: number | undefined
}

export interface Setup {
  bodyHash: Uint8Array
  ownerGroup: string
  ownersRequired: number
  masterKeys: readonly string[]
}

/** The whole vault as the certified log tells it: a pure fold, never changed in place. */
export interface VaultState {
  readonly genesis: Genesis
  readonly vaultId: Uint8Array
  readonly setup: Setup | undefined
  /** Log time at which the founders' keys were complete; no transaction is signed before. */
  readonly sealedAt: number | undefined
  readonly counter: number
  readonly users: PersistentMap<User>
  readonly deviceKeys: PersistentMap<DeviceKey>
  readonly groups: PersistentMap<Group>
  readonly restrictions: PersistentMap<TransactionRestriction>
  readonly rates: PersistentMap<Rate>
  readonly chains: PersistentMap<RegisteredChain>
  readonly tokens: PersistentMap<Token>
  readonly masterKeys: PersistentMap<MasterKey>
  readonly accounts: PersistentMap<Account>
  /** By `addressKey`. */
  readonly addresses: PersistentMap<Address>
  /** Address text (lower case) to `addressKey`. */
  readonly addressOwners: PersistentMap<string>
  readonly operations: PersistentMap<Operation>
  /** Deadlines (log time) of all operations that have not ended. */
  readonly pending: PersistentMap<number>
  /** No operation is due before this log time. */
  readonly nextDeadline: number
  /** Operations whose executions still lack a signature. */
  readonly unsigned: PersistentMap<true>
}

export function initialState(genesis: Genesis): VaultState {
  return {
    genesis,
    vaultId: vaultIdOf(genesis),
    setup: undefined,
    sealedAt: undefined,
    counter: 0,
    users: PersistentMap.empty(),
    deviceKeys: PersistentMap.empty(),
    groups: PersistentMap.empty(),
    restrictions: PersistentMap.empty(),
    rates: PersistentMap.empty(),
    chains: PersistentMap.empty(),
    tokens: PersistentMap.empty(),
    masterKeys: PersistentMap.empty(),
    accounts: PersistentMap.empty(),
    addresses: PersistentMap.empty(),
    addressOwners: PersistentMap.empty(),
    operations: PersistentMap.empty(),
    pending: PersistentMap.empty(),
    nextDeadline: Number.MAX_SAFE_INTEGER,
    unsigned: PersistentMap.empty(),
  }
}

/** Where and when a command stands in the log. */
export interface Position {
  seq: number
  time: number
  index: number
}

export const userKey = (id: string): string => id.toLowerCase()
export const accountKey = (masterKey: string, account: string): string => `${masterKey}/${account}`
export const addressKey = (masterKey: string, account: string, slip44: number, index: number): string =>
  `${masterKey}/${account}/${slip44}/${index}`
