import type { Refusal, Summary } from '@trivault/approval'
import type { KeyChannel, OperationClass, OperationType } from '@trivault/protocol'

/** What the screens show. All of it comes from the certified log that this device has verified, unless it says otherwise. */
export interface Overview {
  readonly vault: VaultCard
  readonly log: { readonly seq: number; readonly time: number }
  /** The wallet could not be reached: this is what the device knew. */
  readonly offline: boolean
  readonly sealed: boolean
  readonly freeze: { readonly number: number; readonly by: string; readonly at: number } | undefined
  readonly device: DeviceCard | undefined
  readonly inbox: readonly Item[]
}

export interface VaultCard {
  /** Hex. */
  readonly id: string
  readonly words: string
  readonly deploymentId: string
  readonly foundingMode: 'open' | 'identity' | 'pinned'
  /** Behind the App's origin: the link with which another device is paired. */
  readonly link: string
}

export interface DeviceCard {
  readonly userId: string
  readonly keyId: string
  readonly words: string
  /** `paired` it counts; `waiting` its operation is open; `none` nothing was asked for yet; `ended` it was refused, or the key no longer counts. */
  readonly standing: 'paired' | 'waiting' | 'none' | 'ended'
  readonly owner: boolean
  readonly operationId: string | undefined
  /** What the pairing still waits for. */
  readonly unmet: readonly string[]
  readonly why: string | undefined
}

export interface Item {
  readonly id: string
  readonly type: OperationType
  readonly class: OperationClass
  /** Undefined: cannot be decoded. */
  readonly title: string | undefined
  readonly detail: string | undefined
  readonly initiator: string
  readonly startedAt: number
  readonly status: string
  /** This person's approval is asked for. */
  readonly asked: boolean
  readonly approvedByMe: boolean
  readonly unmet: readonly string[]
  readonly endedAt: number | undefined
  readonly failure: string | undefined
}

export interface NodeView {
  readonly node: number
  readonly intentHash: string
  readonly effectsHash: string | undefined
  readonly headSeq: number
}

export interface Examination {
  readonly item: Item
  readonly summary: Summary | undefined
  /** Why it cannot be decoded. */
  readonly undecodable: string | undefined
  readonly refusal:
    | { readonly reason: Refusal; readonly message: string; readonly remedy: string; readonly grave: boolean }
    | undefined
  /** Computed here. */
  readonly intentHash: string
  readonly effectsHash: string | undefined
  /** Verified and equal; empty unless all three are. */
  readonly nodes: readonly NodeView[]
  readonly needs: readonly string[]
  readonly approvals: readonly { readonly user: string; readonly at: number }[]
  readonly signatures: number
  readonly canReject: boolean
  readonly canVeto: boolean
}

export interface Person {
  readonly userId: string
  readonly name: string
  readonly owner: boolean
  readonly mine: boolean
  readonly keys: readonly {
    readonly keyId: string
    readonly words: string
    readonly active: boolean
    readonly channel: KeyChannel
    readonly vouchedAt: number | undefined
    readonly thisDevice: boolean
  }[]
}

export interface Founding {
  readonly vault: VaultCard
  readonly sealed: boolean
  readonly ownerGroup: string | undefined
  readonly required: number
  readonly owners: readonly {
    readonly userId: string
    readonly words: string | undefined
    readonly keyId: string | undefined
  }[]
  /** All owners have keys and the vault waits for its seal. */
  readonly ready: boolean
  /** The open operation that seals the vault. */
  readonly operationId: string | undefined
}

export interface Progress {
  readonly done: number
  readonly total: number
}
