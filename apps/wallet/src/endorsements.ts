import { toHex } from '@trivault/codec'
import type { NodeIndex } from '@trivault/ledger'
import { type CommandOf, foundingEpochDigest, type NodeEvent } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'

type Endorsed = Extract<NodeEvent, { type: 'endorsed' }>

/** Gathers what the nodes say of a new founding, until all three have said the same. The nodes check the signatures. */
export class Endorsements {
  readonly #submit: (command: CommandOf<'endorse'>) => Promise<unknown>
  readonly #state: () => VaultState
  /** By what is endorsed, the signatures by node: the newest counts. */
  readonly #signatures = new Map<string, Map<NodeIndex, Uint8Array>>()
  readonly #onError: (error: unknown) => void

  constructor(options: {
    submit: (command: CommandOf<'endorse'>) => Promise<unknown>
    state: () => VaultState
    onError: (error: unknown) => void
  }) {
    this.#submit = options.submit
    this.#state = options.state
    this.#onError = options.onError
  }

  /** Takes what one node says that its admin pinned; with three equal statements it goes into the log. */
  receive(node: NodeIndex, { epoch, owners, required, signature }: Endorsed): void {
    const state = this.#state()
    if ((state.endorsed?.epoch ?? 0) >= epoch) return
    const content = toHex(foundingEpochDigest(state.vaultId, { epoch, owners, required }))
    const known = this.#signatures.get(content) ?? new Map<NodeIndex, Uint8Array>()
    this.#signatures.set(content, known.set(node, signature))
    const signatures = ([0, 1, 2] as const).flatMap(one => known.get(one) ?? [])
    if (signatures.length < 3) return
    // Nodes repeat themselves: should the log refuse this, three new statements try again.
    this.#signatures.clear()
    this.#submit({ type: 'endorse', epoch, owners, required, signatures }).catch(this.#onError)
  }
}
