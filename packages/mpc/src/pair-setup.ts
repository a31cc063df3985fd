import { answerRequest, COUNT, KEY_LENGTH, OtReceiver, otReply, otRequest } from './base-ot.ts'
import { boundRandom } from './bound-random.ts'
import { equalBytes } from './bytes.ts'
import { MpcError } from './errors.ts'
import { PROTOCOL, TAG_LENGTH } from './frame.ts'
import { hash, indexBytes } from './hash.ts'
import { bytes, encode, record } from './layout.ts'
import {
  CHOICES_LENGTH,
  deltaOf,
  extendAsReceiver,
  extendAsSender,
  extensionLayout,
  PAD_LENGTH,
} from './ot-extension.ts'
import { OtPair, type PairSecrets, type PairState, packLeaves } from './pair-state.ts'
import { buildTrees, choicesFor, puncturedTrees, TREES, treesLayout } from './pprf.ts'
import { type Bodies, check, type Random, type RoundOutput, RoundSession, read, type Session } from './session.ts'

export type PairSetupOptions = {
  self: number
  peer: number
  /** 32 bytes, fresh and equal at both parties. */
  sessionId: Uint8Array
  random: Random
}

const HASH = 32
const OPENING_LENGTH = 2 * HASH

/** What the lower and the higher index send in each round (SPEC.md section 4). Points are read where the OTs are. */
export const pairLayouts = {
  lower: {
    request: record({ requests: bytes(otRequest.length), seedCommitment: bytes(HASH) }),
    answer: record({ seedOpening: bytes(OPENING_LENGTH) }),
    turn: bytes(treesLayout.length),
    confirm: bytes(HASH),
  },
  upper: {
    request: record({ seedCommitment: bytes(HASH) }),
    answer: record({
      replies: bytes(otReply.length),
      trees: bytes(treesLayout.length),
      extension: bytes(extensionLayout.length),
      seedOpening: bytes(OPENING_LENGTH),
    }),
    turn: bytes(0),
    confirm: bytes(HASH),
  },
}
const { lower, upper } = pairLayouts

/**
 * Pairwise set-up of one OT epoch (SPEC.md section 4), four rounds: base OTs in which the *lower* index holds the choice
 * bits, punctured trees on top of them, the base OTs of the other direction by one OT extension over these trees, trees
 * on top of those, and a joint seed for zero shares.
 * @throws MpcError `invalid-argument`
 */
export const createPairSetup = (options: PairSetupOptions): Session<PairState> => {
  const { self, peer, sessionId } = options
  const isIndex = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 255
  if (!isIndex(self) || !isIndex(peer) || self === peer || sessionId.length !== 32) {
    throw new MpcError('invalid-argument', 'pair set-up needs two distinct indexes and a 32-byte session id')
  }
  const run = new PairSetup(options)
  const peers = peer < self ? lower : upper
  return new RoundSession<PairState>({
    protocol: PROTOCOL.pairSetup,
    self,
    peers: [peer],
    tag: run.session.slice(0, TAG_LENGTH),
    begin: () => run.request(),
    rounds: [
      { bodyLength: peers.request.length, complete: bodies => run.answer(bodies) },
      { bodyLength: peers.answer.length, complete: bodies => run.turn(bodies) },
      { bodyLength: peers.turn.length, complete: bodies => run.confirm(bodies) },
      { bodyLength: peers.confirm.length, complete: bodies => run.finish(bodies) },
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
  readonly #positions: Uint8Array
  /** The lower index holds the choice bits of the base OTs by public keys. */
  readonly #receiver: OtReceiver | undefined
  /** Contribution to the zero-share seed and the salt of its commitment. */
  readonly #seedOpening: Uint8Array
  readonly #transcript = new Map<string, Uint8Array>()
  #full: Uint8Array[][] = []
  #punctured: Uint8Array[][] = []
  /** Higher index only: keys of its base OTs, from the extension. */
  #keys: Uint8Array[] = []
  /** To the peer's contribution to the zero-share seed; from round 1 on. */
  #peerCommitment: Uint8Array = new Uint8Array()
  #zeroSeed = new Uint8Array()

  constructor({ self, peer, sessionId, random: source }: PairSetupOptions) {
    this.#self = self
    this.#peer = peer
    this.session = hash('pair/session', sessionId, indexBytes([Math.min(self, peer), Math.max(self, peer)]))
    const random = boundRandom(source, this.session)
    this.#random = random
    this.#positions = random(TREES).map(byte => byte & 3)
    this.#receiver = self < peer ? new OtReceiver(this.#direction(self), this.#choices(), random) : undefined
    this.#seedOpening = random(OPENING_LENGTH)
  }

  /** Round 1: the lower index asks for base OTs; both commit to their seeds. */
  request(): Map<number, Uint8Array> {
    const seedCommitment = this.#seedCommitment(this.#self, this.#seedOpening)
    return this.#send(
      1,
      this.#receiver === undefined
        ? encode(upper.request, { seedCommitment })
        : encode(lower.request, { requests: this.#receiver.request(), seedCommitment }),
    )
  }

  /** Round 2: the higher index answers, sends its trees, and extends them for the base OTs of the other direction. */
  answer(bodies: Bodies): RoundOutput<PairState> {
    const body = this.#received(1, bodies)
    const seedOpening = this.#seedOpening
    if (this.#receiver !== undefined) {
      this.#peerCommitment = read(upper.request, body, this.#peer).seedCommitment
      return { send: this.#send(2, encode(lower.answer, { seedOpening })) }
    }
    const { requests, seedCommitment } = read(lower.request, body, this.#peer)
    this.#peerCommitment = seedCommitment
    const session = this.#direction(this.#peer)
    const answer = answerRequest(session, requests, this.#random)
    check(answer !== undefined, 'P1.1', this.#peer)
    if (answer === undefined) throw new MpcError('malformed', 'unreachable')
    const { message, leaves } = buildTrees(session, answer.keys)
    for (const pair of answer.keys) erase(pair)
    this.#full = leaves
    const choices = this.#random(CHOICES_LENGTH)
    for (const [j, bit] of this.#choices().entries()) {
      choices[j >> 3] = ((choices[j >> 3] ?? 0) & ~(1 << (j & 7))) | (bit << (j & 7))
    }
    const packed = packLeaves(leaves)
    const extended = extendAsReceiver(packed, this.#turnId(), choices)
    this.#keys = keysOf(extended.pads)
    erase([choices, packed, extended.pads])
    const reply = { replies: answer.reply, trees: message, extension: extended.message, seedOpening }
    return { send: this.#send(2, encode(upper.answer, reply)) }
  }

  /** Round 3: the lower index has its punctured trees, and builds those of the other direction over the extended OTs. */
  turn(bodies: Bodies): RoundOutput<PairState> {
    const body = this.#received(2, bodies)
    if (this.#receiver === undefined) {
      this.#openSeeds(read(lower.answer, body, this.#peer).seedOpening)
      return { send: this.#send(3, new Uint8Array()) }
    }
    const { replies, trees: sent, extension, seedOpening } = read(upper.answer, body, this.#peer)
    this.#openSeeds(seedOpening)
    const keys = this.#receiver.receive(replies) ?? []
    check(keys.length === COUNT, 'P2.2', this.#peer)
    const trees = puncturedTrees(this.#direction(this.#self), keys, this.#positions, sent)
    erase(keys)
    check(trees !== undefined, 'P2.3', this.#peer)
    this.#punctured = trees ?? []
    const [packed, delta] = [packLeaves(this.#punctured), deltaOf(this.#positions)]
    const extended = extendAsSender(packed, this.#positions, delta, this.#turnId(), extension)
    erase([packed, delta])
    check(extended !== undefined, 'P2.4', this.#peer)
    if (extended === undefined) throw new MpcError('malformed', 'unreachable')
    const [sides0, sides1] = [keysOf(extended.pads0), keysOf(extended.pads1)]
    const pairs = sides0.map((key, j) => [key, sides1[j] ?? new Uint8Array(KEY_LENGTH)] as const)
    const { message, leaves } = buildTrees(this.#direction(this.#peer), pairs)
    erase([extended.pads0, extended.pads1, ...sides0, ...sides1])
    this.#full = leaves
    return { send: this.#send(3, message) }
  }

  /** Round 4: the higher index has its punctured trees too; both confirm that they saw the same. */
  confirm(bodies: Bodies): RoundOutput<PairState> {
    const body = this.#received(3, bodies)
    if (this.#receiver === undefined) {
      const trees = puncturedTrees(this.#direction(this.#self), this.#keys, this.#positions, body)
      erase(this.#keys)
      check(trees !== undefined, 'P3.1', this.#peer)
      this.#punctured = trees ?? []
    }
    return { send: this.#send(4, this.#transcriptHash()) }
  }

  finish(bodies: Bodies): RoundOutput<PairState> {
    const body = bodies.get(this.#peer) ?? new Uint8Array()
    check(equalBytes(body, this.#transcriptHash()), 'P4.1', this.#peer)
    const secrets: PairSecrets = {
      self: this.#self,
      peer: this.#peer,
      session: this.session,
      full: this.#full,
      punctured: this.#punctured,
      positions: this.#positions,
      zeroSeed: this.#zeroSeed,
    }
    this.#zeroSeed = new Uint8Array()
    return { result: new OtPair(secrets) }
  }

  /** The pair state has copies of the leaves, and took over the zero seed. */
  erase(): void {
    this.#receiver?.erase()
    erase([
      this.#seedOpening,
      this.#zeroSeed,
      this.#positions,
      ...this.#keys,
      ...this.#full.flat(),
      ...this.#punctured.flat(),
    ])
    this.#full = []
    this.#punctured = []
  }

  /** Choice bits of the base OTs in which this party misses a leaf of each tree. */
  #choices(): number[] {
    return [...this.#positions].flatMap(choicesFor)
  }

  /** Domain of the direction in which `receiver` holds the choice bits. */
  #direction(receiver: number): Uint8Array {
    return hash('pair/direction', this.session, indexBytes([receiver]))
  }

  /** Run id of the extension that turns the direction around: its receiver is the higher index. */
  #turnId(): Uint8Array {
    return hash('pair/turn', this.session, indexBytes([Math.max(this.#self, this.#peer)]))
  }

  /** The joint seed for zero shares, from both openings: lower index first. */
  #openSeeds(opening: Uint8Array): void {
    check(equalBytes(this.#seedCommitment(this.#peer, opening), this.#peerCommitment), 'P2.1', this.#peer)
    const contributions = [this.#seedOpening, opening]
    if (this.#self > this.#peer) contributions.reverse()
    this.#zeroSeed = new Uint8Array(hash('pair/zero-seed', this.session, ...contributions))
  }

  #seedCommitment(party: number, opening: Uint8Array): Uint8Array {
    return hash('pair/seed-commitment', this.session, indexBytes([party]), opening)
  }

  #transcriptHash(): Uint8Array {
    const names = [this.#self, this.#peer].toSorted((a, b) => a - b).flatMap(i => [`${i}/1`, `${i}/2`, `${i}/3`])
    return hash('pair/transcript', this.session, ...names.map(name => this.#transcript.get(name) ?? new Uint8Array()))
  }

  #send(round: number, body: Uint8Array): Map<number, Uint8Array> {
    if (round < 4) this.#transcript.set(`${this.#self}/${round}`, body)
    return new Map([[this.#peer, body]])
  }

  #received(round: number, bodies: Bodies): Uint8Array {
    const body = (bodies.get(this.#peer) ?? new Uint8Array()).slice()
    this.#transcript.set(`${this.#peer}/${round}`, body)
    return body
  }
}

/** Keys of the first 128 OTs of an extension: the first 32 bytes of each pad. */
const keysOf = (pads: Uint8Array): Uint8Array[] =>
  Array.from({ length: COUNT }, (_, j) => pads.slice(j * PAD_LENGTH, j * PAD_LENGTH + KEY_LENGTH))

const erase = (secrets: Iterable<Uint8Array>): void => {
  for (const secret of secrets) secret.fill(0)
}
