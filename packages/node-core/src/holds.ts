import { type Codec, decode, encode, equalBytes, toHex } from '@trivault/codec'
import { decodeCommand, encodeCommand, type SignedHold, sha256, signedHoldCodec, VaultError } from '@trivault/protocol'
import { checkHold, isFoundingAgain, type VaultState } from '@trivault/vault-state'
import { NodeError, reasonOf } from './errors.ts'
import type { HoldStore, Log } from './ports.ts'

/** Statements of owners that wait for the log at once; more are refused. */
const most = 64

interface Pending {
  id: string
  hold: SignedHold
  stored: boolean
}

export interface HoldsOptions {
  store: HoldStore
  log: Log
  /** Tells the other nodes, which then want it logged too, and the wallet, which has to propose it. */
  tell: (hold: SignedHold) => void
}

/**
 * Freezes and vetoes that this node was brought and the log does not hold yet (SPEC.md, section 8). They act at once and over
 * restarts, and this node votes for no entry that does not begin with them.
 */
export class Holds {
  readonly #options: HoldsOptions
  #pending: Pending[]

  private constructor(options: HoldsOptions, pending: Pending[]) {
    this.#options = options
    this.#pending = pending
  }

  /** Throws `NodeError` hold-unreadable and what the store throws: a node that cannot read its holds does not start (H1). */
  static async open(options: HoldsOptions): Promise<Holds> {
    const pending = (await options.store.load()).map((raw): Pending => {
      try {
        return { id: idOf(raw), hold: decode(signedHoldCodec as Codec<SignedHold>, raw), stored: true }
      } catch (cause) {
        throw new NodeError('hold-unreadable', 'a stored freeze or veto is damaged: look at it, then remove it', {
          cause,
        })
      }
    })
    for (const { hold } of pending) options.log('warn', 'a freeze or veto waits for the log', { kind: hold.kind })
    return new Holds(options, pending)
  }

  /** Takes a statement: it holds from this call on, and is durable when the promise resolves. Throws `VaultError`. */
  async bring(state: VaultState, hold: SignedHold): Promise<void> {
    const raw = encode(signedHoldCodec as Codec<SignedHold>, hold)
    let known = this.#pending.find(({ id }) => id === idOf(raw))
    if (known === undefined) {
      const by = checkHold(state, hold)
      if (this.#pending.length >= most) throw new VaultError('too-many-operations', `${most} holds wait for the log`)
      known = { id: idOf(raw), hold, stored: false }
      this.#pending = [...this.#pending, known]
      this.#options.tell(hold)
      this.#options.log('warn', 'signing is held by an owner', { kind: hold.kind, operation: hold.operationId, by })
    }
    if (!known.stored) await this.#save(known)
  }

  /** Why nothing of this operation may be signed, if so: the vault is frozen, or the operation is vetoed. */
  stops(state: VaultState, operationId: string): string | undefined {
    const { freeze } = state
    if (freeze !== undefined) return `frozen by ${freeze.by}`
    if (isFoundingAgain(state)) return 'the vault is being founded anew'
    const holds = this.#pending.find(({ hold }) => hold.kind === 'freeze' || hold.operationId === operationId)
    return holds && `a ${holds.hold.kind} waits for the log`
  }

  /** L4: a pending hold that is not among the holds with which an entry begins, as a command. */
  missing(state: VaultState, commands: readonly Uint8Array[]): Uint8Array | undefined {
    if (this.#pending.length === 0) return undefined
    const others = commands.findIndex(raw => decodeCommand(raw).type !== 'hold')
    const first = others < 0 ? commands : commands.slice(0, others)
    return this.#pending
      .filter(({ hold }) => isMeant(state, hold))
      .map(({ hold }) => encodeCommand({ type: 'hold', ...hold }))
      .find(command => !first.some(one => equalBytes(one, command)))
  }

  /** Forgets what the log holds, or what means nothing any more. Only for a state that is not behind the log. */
  async follow(state: VaultState): Promise<void> {
    for (const one of this.#pending.filter(({ hold }) => !isMeant(state, hold))) {
      await this.#options.store.remove(one.id)
      this.#pending = this.#pending.filter(other => other !== one)
    }
  }

  /** Stores again what could not be stored, and tells everyone again. */
  remind(): void {
    for (const one of this.#pending) {
      if (!one.stored)
        this.#save(one).catch((error: unknown) =>
          this.#options.log('error', 'a freeze or veto could not be stored', { reason: reasonOf(error) }),
        )
      this.#options.tell(one.hold)
    }
  }

  async #save(one: Pending): Promise<void> {
    await this.#options.store.save(one.id, encode(signedHoldCodec as Codec<SignedHold>, one.hold))
    one.stored = true
  }
}

const idOf = (raw: Uint8Array): string => toHex(sha256(raw))

function isMeant(state: VaultState, hold: SignedHold): boolean {
  try {
    checkHold(state, hold)
    return true
  } catch (error) {
    if (error instanceof VaultError) return false
    throw error
  }
}
