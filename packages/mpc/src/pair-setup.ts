import { answerRequest, COUNT, OT_REPLY_LENGTH, OT_REQUEST_LENGTH, OtReceiver } from './base-ot.ts'
import { concat, equalBytes } from './bytes.ts'
import { MpcError } from './errors.ts'
import { PROTOCOL, TAG_LENGTH } from './frame.ts'
import { hash, indexBytes } from './hash.ts'
import { OtPair, type PairSecrets, type PairState } from './pair-state.ts'
import { buildTrees, choicesFor, PPRF_LENGTH, puncturedTrees, TREES } from './pprf.ts'
import {
  type Bodies,
  check,
  type Random,
  type RoundOutput,
  RoundSession,
  type Session,
  strictRandom,
} from './session.ts'

export type PairSetupOptions = {
  self: number
  peer: number
  /** 32 bytes, fresh and equal at both parties. */
  sessionId: Uint8Array
  random: Random
}

const HASH = 32

/**
 * Pairwise set-up of one OT epoch: base OTs in both directions, punctured trees on top of them, and a joint seed for zero
 * shares (SPEC.md section 4). Three rounds.
 * @throws MpcError `invalid-argument`
 */
export const createPairSetup = (options: PairSetupOptions): Session<PairState> => {
  const { self, peer, sessionId } = options
  const isIndex = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 255
  if (!isIndex(self) || !isIndex(peer) || self === peer || sessionId.length !== 32) {
    throw new MpcError('invalid-argument', 'pair set-up needs two distinct indexes and a 32-byte session id')
  }
  const run = new PairSetup({ ...options, random: strictRandom(options.random) })
  return new RoundSession<PairState>({
    protocol: PROTOCOL.pairSetup,
    self,
    peers: [peer],
    tag: run.session.slice(0, TAG_LENGTH),
    begin: () => run.request(),
    rounds: [
      { bodyLength: OT_REQUEST_LENGTH + HASH, complete: bodies => run.answer(bodies) },
      { bodyLength: OT_REPLY_LENGTH + PPRF_LENGTH + 2 * HASH, complete: bodies => run.confirm(bodies) },
      { bodyLength: HASH, complete: bodies => run.finish(bodies) },
    ],
    close: () => run.erase(),
  })
}

class PairSetup {
  readonly session: Uint8Array
  readonly #self: number
  readonly #peer: number
  readonly #random: Random
  /** Secret position in each tree where this party is the one that misses a leaf. */
  #positions: number[]
  readonly #receiver: OtReceiver
  /** Contribution to the zero-share seed and the salt of its commitment. */
  readonly #seedOpening: Uint8Array
  readonly #transcript = new Map<string, Uint8Array>()
  #full: Uint8Array[][] = []
  #secrets: PairSecrets | undefined

  constructor({ self, peer, sessionId, random }: PairSetupOptions) {
    this.#self = self
    this.#peer = peer
    this.#random = random
    this.session = hash('pair/session', sessionId, indexBytes([Math.min(self, peer), Math.max(self, peer)]))
    this.#positions = [...random(TREES)].map(byte => byte & 3)
    this.#receiver = new OtReceiver(this.#direction(self), this.#positions.flatMap(choicesFor), random)
    this.#seedOpening = random(2 * HASH)
  }

  request(): Map<number, Uint8Array> {
    const body = concat(this.#receiver.request(), this.#seedCommitment(this.#self, this.#seedOpening))
    return this.#send(1, body)
  }

  answer(bodies: Bodies): RoundOutput<PairState> {
    const body = this.#received(1, bodies)
    const session = this.#direction(this.#peer)
    const answer = answerRequest(session, body.slice(0, OT_REQUEST_LENGTH), this.#random)
    check(answer !== undefined, 'P1.1', this.#peer)
    if (answer === undefined) throw new MpcError('malformed', 'unreachable')
    const { message, leaves } = buildTrees(session, answer.keys)
    for (const pair of answer.keys) for (const key of pair) key.fill(0)
    this.#full = leaves
    return { send: this.#send(2, concat(answer.reply, message, this.#seedOpening)) }
  }

  confirm(bodies: Bodies): RoundOutput<PairState> {
    const body = this.#received(2, bodies)
    const opening = body.slice(OT_REPLY_LENGTH + PPRF_LENGTH)
    const commitment = (this.#transcript.get(`${this.#peer}/1`) ?? new Uint8Array()).subarray(OT_REQUEST_LENGTH)
    check(equalBytes(this.#seedCommitment(this.#peer, opening), commitment), 'P2.1', this.#peer)
    const keys = this.#receiver.receive(body.slice(0, OT_REPLY_LENGTH))
    check(keys?.length === COUNT, 'P2.2', this.#peer)
    const trees = puncturedTrees(
      this.#direction(this.#self),
      keys ?? [],
      this.#positions,
      body.slice(OT_REPLY_LENGTH, OT_REPLY_LENGTH + PPRF_LENGTH),
    )
    for (const key of keys ?? []) key.fill(0)
    check(trees !== undefined, 'P2.3', this.#peer)
    const contributions = [this.#seedOpening, opening]
    if (this.#self > this.#peer) contributions.reverse()
    this.#secrets = {
      self: this.#self,
      peer: this.#peer,
      session: this.session,
      full: this.#full,
      punctured: trees ?? [],
      positions: this.#positions,
      zeroSeed: hash('pair/zero-seed', this.session, ...contributions),
    }
    return { send: this.#send(3, this.#transcriptHash()) }
  }

  finish(bodies: Bodies): RoundOutput<PairState> {
    const body = bodies.get(this.#peer) ?? new Uint8Array()
    check(equalBytes(body, this.#transcriptHash()), 'P3.1', this.#peer)
    if (this.#secrets === undefined) throw new MpcError('invalid-argument', 'pair set-up rounds out of order')
    return { result: new OtPair(this.#secrets) }
  }

  /** The leaves live on in the pair state after success; a failed set-up drops them. */
  erase(): void {
    this.#receiver.erase()
    this.#seedOpening.fill(0)
    this.#positions = []
    this.#full = []
    this.#secrets = undefined
  }

  /** Domain of the direction in which `receiver` holds the choice bits. */
  #direction(receiver: number): Uint8Array {
    return hash('pair/direction', this.session, indexBytes([receiver]))
  }

  #seedCommitment(party: number, opening: Uint8Array): Uint8Array {
    return hash('pair/seed-commitment', this.session, indexBytes([party]), opening)
  }

  #transcriptHash(): Uint8Array {
    const parts = [`${this.#self}/1`, `${this.#self}/2`, `${this.#peer}/1`, `${this.#peer}/2`].toSorted()
    return hash('pair/transcript', this.session, ...parts.map(name => this.#transcript.get(name) ?? new Uint8Array()))
  }

  #send(round: number, body: Uint8Array): Map<number, Uint8Array> {
    if (round < 3) this.#transcript.set(`${this.#self}/${round}`, body)
    return new Map([[this.#peer, body]])
  }

  #received(round: number, bodies: Bodies): Uint8Array {
    const body = (bodies.get(this.#peer) ?? new Uint8Array()).slice()
    this.#transcript.set(`${this.#peer}/${round}`, body)
    return body
  }
}
