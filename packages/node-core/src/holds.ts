import { type Codec, decode, encode, equalBytes, toHex } from '@trivault/codec'
import { decodeCommand, encodeCommand, type SignedHold, sha256, signedHoldCodec, VaultError } from '@trivault/protocol'
import { checkHold, isFoundingAgain, type VaultState } from '@trivault/vault-state'
import { NodeError, reasonOf } from './errors.ts'
import type { HoldStore, Log } from './ports.ts'

/** Statements of one device that wait for the log at once; more are refused, so that no owner uses up the room of another. */
const most = 16

interface Pending {
  id: string
  hold: SignedHold
  stored: boolean
  /** Under way: however often a statement is brought while the store does not answer, it is written once. */
  saving?: Promise<void> | undefined
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
    const raw = encodeHold(hold)
    let known = this.#pending.find(({ id }) => id === idOf(raw))
    if (known === undefined) {
      const by = checkHold(state, hold)
      const others = this.#pending.filter(one => equalBytes(one.hold.keyId, hold.keyId))
      if (others.length >= most)
        throw new VaultError('too-many-operations', `${most} holds of this device wait for the log`)
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

  /**
   * L4: a pending hold, as a command, that is not among the holds with which an entry begins. `state` is that before the entry's
   * first command. A second veto of an operation that they end already is not missed: the fold would refuse it. Counters of an owner
   * rise, so what goes last is asked for first; a proposer puts each before those it was asked for earlier.
   */
  missing(state: VaultState, commands: readonly Uint8Array[]): Uint8Array | undefined {
    if (this.#pending.length === 0) return undefined
    const leading: SignedHold[] = []
    for (const command of commands.map(decodeCommand)) {
      if (command.type !== 'hold') break
      leading.push(command)
    }
    const isThere = (id: string): boolean => leading.some(hold => idOf(encodeHold(hold)) === id)
    const isEnded = ({ kind, operationId }: SignedHold): boolean =>
      kind === 'veto' && leading.some(hold => hold.operationId === operationId)
    const missed = this.#pending
      .filter(({ id, hold }) => isMeant(state, hold) && !isThere(id) && !isEnded(hold))
      .sort((a, b) => b.hold.counter - a.hold.counter)[0]
    return missed && encodeCommand({ type: 'hold', ...missed.hold })
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

  #save(one: Pending): Promise<void> {
    one.saving ??= this.#store(one).finally(() => {
      one.saving = undefined
    })
    return one.saving
  }

  async #store(one: Pending): Promise<void> {
    await this.#options.store.save(one.id, encodeHold(one.hold))
    one.stored = true
  }
}

const encodeHold = (hold: SignedHold): Uint8Array => encode(signedHoldCodec as Codec<SignedHold>, hold)
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
