import type {
  ApproverRestriction,
  FunctionName,
  Grade,
  MoneyDefault,
  OperationClass,
  OperationType,
  TransactionRestriction,
  VaultErrorCode,
} from '@trivault/protocol'

/** One thing that leaves the source. */
export interface Movement {
  caip19: string
  symbol: string
  decimals: number
  /** In the asset's smallest unit; undefined when the bytes do not tell: more than any limit. */
  amount: bigint | undefined
  /** Undefined: the bytes name none (a deployment); it counts as external and on no list. */
  destination: { address: string; internal?: { masterKey: string; account: string } | undefined } | undefined
}

/** What a signature would do, from the decoded bytes or the signed intent. */
export interface TransactionSubject {
  function: FunctionName
  grade: Grade
  /** Undefined: a signature that is good on any chain, main network or test network. */
  testNetwork: boolean | undefined
  source: { masterKey: string; account: string }
  movements: Movement[]
  /** The most that the chain may charge, in the native asset's smallest unit. */
  fee: { caip19: string; symbol: string; decimals: number; amount: bigint | undefined }
}

/** The person who is said to have started the operation; nothing is believed but the device signature. */
export interface Initiator {
  userId: string
  hasKey: boolean
  /** The key was enrolled without an ID token: a bot. In `enclave` it confirms only where a restriction names one of its groups. */
  automated: boolean
  /** Groups of an automated initiator. */
  groups?: readonly string[]
}

export interface Subject {
  type: OperationType
  class: OperationClass
  initiator: Initiator | undefined
  transaction?: TransactionSubject
}

/** Decimal text per asset (symbol or CAIP-19). */
export interface Rate {
  usdRate: string | undefined
  usdMin: string | undefined
  usdMax: string | undefined
}

/** The part of the vault state that decisions read. */
export interface PolicyView {
  profile: 'local' | 'enclave'
  ownerGroup: string | undefined
  ownersRequired: number
  /** Anything but `initiator` adds the owner quorum to every signature. */
  moneyDefault: MoneyDefault
  restrictions: Iterable<TransactionRestriction>
  /** The initiator's approval does not count for the approvers of restrictions. */
  noSelfApproval?: boolean
  configRestrictions: Iterable<ApproverRestriction>
  policyRestrictions: Iterable<ApproverRestriction>
  rate(asset: string): Rate | undefined
}

/** Something that approvals must satisfy; each approval counts for every requirement that it fits. */
export type Requirement =
  | { kind: 'initiator'; user: string }
  /** `notBy`: a user whose approval does not count here (no self-approval). `byRestriction`: weak approvals count here. */
  | { kind: 'groups'; groups: string[]; count: number; because: string; notBy?: string; byRestriction?: boolean }

export type Decision =
  | { kind: 'needs'; requirements: Requirement[] }
  | { kind: 'blocked'; code: VaultErrorCode; reason: string }

/** A counted approval: who, and the groups that person is in now. */
export interface CountedApproval {
  user: string
  groups: readonly string[]
  /** By an automated key of an enclave: good for restrictions that name a group, and for nothing else. */
  weak?: boolean
}
