import { secp256k1_hasher } from '@noble/curves/secp256k1.js'
import { concat, Fields, u32 } from './bytes.ts'
import { basePoint, curve, isPoint, multiply, POINT_LENGTH, type Point, sum } from './curve.ts'
import { hash, indexBytes } from './hash.ts'
import { randomScalar } from './scalar.ts'

/**
 * Endemic 1-of-2 oblivious transfer (Masny, Rindal, eprint 2019/706, section 4 with Diffie-Hellman as key agreement),
 * `COUNT` in parallel. Every instance has its own sender key, and run, index and all messages enter each key hash, so
 * nothing rests on the batching that eprint 2021/682 corrects.
 */
export const COUNT = 128
export const KEY_LENGTH = 32
export const OT_REQUEST_LENGTH = COUNT * 2 * POINT_LENGTH
export const OT_REPLY_LENGTH = COUNT * POINT_LENGTH

const DST = 'trivault/mpc/v1/base-ot/secp256k1_XMD:SHA-256_SSWU_RO_'

/** Random oracle to the curve (RFC 9380) for side `bit` of instance `index`, applied to the other side's message. */
const oracle = (session: Uint8Array, index: number, bit: number, other: Point): Point =>
  secp256k1_hasher.hashToCurve(concat(session, u32(index), indexBytes([bit]), other), { DST }).toBytes(true)

const key = (
  session: Uint8Array,
  index: number,
  bit: number,
  transcript: readonly Point[],
  shared: Point,
): Uint8Array => hash('base-ot/key', session, u32(index), indexBytes([bit]), ...transcript, shared)

type Secret = { exponent: bigint; choice: number; request: [Point, Point] }

/** The receiver: learns one key of each pair, chosen by its bits. */
export class OtReceiver {
  readonly #session: Uint8Array
  readonly #secrets: Secret[]

  constructor(session: Uint8Array, choices: readonly number[], random: (n: number) => Uint8Array) {
    this.#session = session
    this.#secrets = choices.map((choice, index) => makeRequest(session, index, choice, random))
  }

  request(): Uint8Array {
    return concat(...this.#secrets.flatMap(secret => secret.request))
  }

  /** Keys by instance, or undefined when the reply holds something other than points. */
  receive(reply: Uint8Array): Uint8Array[] | undefined {
    const fields = new Fields(reply)
    const keys: Uint8Array[] = []
    for (const [index, { exponent, choice, request }] of this.#secrets.entries()) {
      const senderKey = fields.take(POINT_LENGTH)
      const shared = isPoint(senderKey) ? multiply(senderKey, exponent) : undefined
      if (shared === undefined) return undefined
      keys.push(key(this.#session, index, choice, [...request, senderKey], shared))
    }
    return keys
  }

  erase(): void {
    this.#secrets.length = 0
  }
}

/** r_{1-b} is uniform, r_b = t·G - H_b(r_{1-b}); t opens side b only. */
const makeRequest = (session: Uint8Array, index: number, choice: number, random: (n: number) => Uint8Array): Secret => {
  for (;;) {
    const exponent = randomScalar(random)
    const other = basePoint(randomScalar(random))
    const chosen =
      other === undefined ? undefined : sum(basePoint(exponent), curve.negate(oracle(session, index, choice, other)))
    // Either is undefined with probability 2^-256 only.
    if (other !== undefined && chosen !== undefined) {
      return { exponent, choice, request: choice === 0 ? [chosen, other] : [other, chosen] }
    }
  }
}

/** The sender's answer to a request: the reply and both keys of each instance; undefined when the request is invalid. */
export const answerRequest = (
  session: Uint8Array,
  request: Uint8Array,
  random: (n: number) => Uint8Array,
): { reply: Uint8Array; keys: [Uint8Array, Uint8Array][] } | undefined => {
  const fields = new Fields(request)
  const replies: Point[] = []
  const keys: [Uint8Array, Uint8Array][] = []
  for (let index = 0; index < COUNT; index++) {
    const r0 = fields.take(POINT_LENGTH)
    const r1 = fields.take(POINT_LENGTH)
    if (!isPoint(r0) || !isPoint(r1)) return undefined
    const exponent = randomScalar(random)
    const reply = basePoint(exponent)
    const side0 = sum(r0, oracle(session, index, 0, r1))
    const side1 = sum(r1, oracle(session, index, 1, r0))
    const shared0 = side0 === undefined ? undefined : multiply(side0, exponent)
    const shared1 = side1 === undefined ? undefined : multiply(side1, exponent)
    if (reply === undefined || shared0 === undefined || shared1 === undefined) return undefined
    replies.push(reply)
    const transcript = [r0, r1, reply]
    keys.push([key(session, index, 0, transcript, shared0), key(session, index, 1, transcript, shared1)])
  }
  return { reply: concat(...replies), keys }
}
