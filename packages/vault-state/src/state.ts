import type { Chain } from '@trivault/chains'
import { toHex } from '@trivault/codec'
import { indexRestrictions, type Rate, type RestrictionIndex, type Spent } from '@trivault/policy'
import type {
  ApproverRestriction,
  Curve,
  FoundingEpoch,
  Genesis,
  KeyChannel,
  MoneyDefault,
  SystemRole,
  TransactionRestriction,
} from '@trivault/protocol'
import { vaultIdOf } from '@trivault/protocol'
import type { Operation } from './operation.ts'
import { PersistentMap } from './persistent-map.ts'

export type { Approval, Execution, Failure, Operation } from './operation.ts'

/** A person, or a program with an API key. Deleted ones stay, with their number. */
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
  /** Log time of the last deletion or reset: what was given to this user before counts no more, API keys included. */
  revokedAt: number | undefined
  /** Hex id of the active device key. */
  keyId: string | undefined
}

/** A key that was ever set for a user; at most one of a user is active. */
export interface DeviceKey {
  /** Hex SHA-256 of the public key. */
  id: string
  user: string
  /** Uncompressed SEC1 point on P-256 (65 bytes). */
  publicKey: Uint8Array
  active: boolean
  /** `automated`: enrolled without ID token or pin. */
  channel: KeyChannel
}

/** The identity provider vouched for a key. */
export interface Vouching {
  user: string
  channel: KeyChannel
  /** Log time. */
  time: number
}

/** Who an approver list means. */
export interface Group {
  name: string
  /** User keys (lower-case ids), sorted. */
  members: readonly string[]
}

/** A chain that the vault has addresses and assets on. */
export interface RegisteredChain extends Chain {
  custom: boolean
}

/** A registered asset that is not the native one of its chain. */
export interface Token {
  caip19: string
  caip2: string
  symbol: string
  decimals: number
}

/** A master key on one curve, as three nodes reported it. */
export interface CurveKey {
  curve: Curve
  /** Compressed SEC1 point, or Ed25519. */
  publicKey: Uint8Array
  chainCode: Uint8Array
  publicShares: readonly Uint8Array[]
  transcriptHash: Uint8Array
  backupHashes: readonly Uint8Array[]
}

/** `requested`: the nodes generate shares and backups. `active`: three equal key reports are in the log. */
export interface MasterKey {
  name: string
  status: 'requested' | 'active'
  /** Names the key in every signing session: hash of vault, position in the log and name (32 bytes). */
  keyId: Uint8Array
  /** The operation that asked for it; none for keys of the tenant set-up. */
  operationId: string | undefined
  /** Accounts to be made at activation. */
  accountsAtActivation: readonly string[]
  /** One for each curve once active; none before. */
  keys: readonly CurveKey[]
  /** Counts the refreshes of its shares. */
  epoch: number
  /** The newest operation that asked for a refresh; it goes on while that is executing. */
  refresh: string | undefined
  accountCount: number
}

/** Named addresses under one master key, one row of them on each family of chains. */
export interface Account {
  masterKey: string
  name: string
  /** Third component of the derivation path. */
  index: number
  number: number
  createdAt: number
}

/** An allocated address: the index of an account on one coin type (SLIP-44). */
export interface Address {
  address: string
  masterKey: string
  account: string
  slip44: number
  index: number
  /** Child key on the curve of the family. */
  publicKey: Uint8Array
}

/** The vault's own settings; times in milliseconds of log time. */
export interface Settings {
  /** How long an operation waits for approvals. */
  pendingLifetime: number
  /** How long an approved loosening waits before it acts. */
  looseningDelay: number
  /** The initiator's approval does not count for the approvers of restrictions. */
  noSelfApproval: boolean
  /** What every signature needs besides what restrictions ask. */
  moneyDefault: MoneyDefault
}

/** A freeze in force: nothing is signed until the owner quorum ends it. */
export interface Freeze {
  /** Counts all freezes of the vault. */
  number: number
  /** The owner whose device signed it. */
  by: string
  /** Log time. */
  at: number
}

/** The tenant set-up, which happens once. */
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
  /** Counts foundings after a lost quorum. */
  readonly epoch: number
  /** The newest epoch that all three node admins pinned, acted on or not. */
  readonly endorsed: FoundingEpoch | undefined
  /** Log time at which the founders' keys were complete; no transaction is signed before. */
  readonly sealedAt: number | undefined
  readonly counter: number
  readonly users: PersistentMap<User>
  readonly deviceKeys: PersistentMap<DeviceKey>
  /** By key id; a key that is vouched for need not be set. */
  readonly vouchings: PersistentMap<Vouching>
  /** User key to the account at the identity provider, and back: bound by the first vouching. */
  readonly subjects: PersistentMap<string>
  readonly subjectOwners: PersistentMap<string>
  /** Hex RFC 7638 thumbprints of the issuer keys that count; at first those of the pins. */
  readonly issuerKeys: readonly string[]
  readonly groups: PersistentMap<Group>
  readonly restrictions: PersistentMap<TransactionRestriction>
  /** The same by what they list; changed with them by `withRestrictions` alone. */
  readonly restrictionIndex: RestrictionIndex
  readonly configRestrictions: PersistentMap<ApproverRestriction>
  readonly policyRestrictions: PersistentMap<ApproverRestriction>
  readonly rates: PersistentMap<Rate>
  readonly settings: Settings
  /** While there is one, nothing is signed. */
  readonly freeze: Freeze | undefined
  readonly freezes: number
  /** User key to the highest counter of that owner's freezes and vetoes. */
  readonly holdCounters: PersistentMap<number>
  /** What velocity limits have counted, by restriction, way of counting and key. */
  readonly velocity: PersistentMap<readonly Spent[]>
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

/** The vault before its first entry. */
export function initialState(genesis: Genesis): VaultState {
  return {
    genesis,
    vaultId: vaultIdOf(genesis),
    setup: undefined,
    epoch: 0,
    endorsed: undefined,
    sealedAt: undefined,
    counter: 0,
    users: PersistentMap.empty(),
    deviceKeys: PersistentMap.empty(),
    vouchings: PersistentMap.empty(),
    subjects: PersistentMap.empty(),
    subjectOwners: PersistentMap.empty(),
    issuerKeys: genesis.jwksThumbprints.map(toHex),
    groups: PersistentMap.empty(),
    restrictions: PersistentMap.empty(),
    restrictionIndex: indexRestrictions([]),
    configRestrictions: PersistentMap.empty(),
    policyRestrictions: PersistentMap.empty(),
    rates: PersistentMap.empty(),
    settings: {
      pendingLifetime: 7 * 24 * 3600 * 1000,
      looseningDelay: 0,
      noSelfApproval: false,
      moneyDefault: genesis.profile === 'local' ? 'initiator' : 'owner quorum',
    },
    freeze: undefined,
    freezes: 0,
    holdCounters: PersistentMap.empty(),
    velocity: PersistentMap.empty(),
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

/** By which users are found: ids are compared without regard to letter case. */
export const userKey = (id: string): string => id.toLowerCase()
/** By which `accounts` holds an account; names have no slash. */
export const accountKey = (masterKey: string, account: string): string => `${masterKey}/${account}`
/** By which `addresses` holds an address. */
export const addressKey = (masterKey: string, account: string, slip44: number, index: number): string =>
  `${masterKey}/${account}/${slip44}/${index}`
