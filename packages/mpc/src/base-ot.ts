import { concat, u32 } from './bytes.ts'
import { basePoint, curve, isPoint, multiply, POINT_LENGTH, type Point, sum } from './curve.ts'
import { MpcError } from './errors.ts'
import { hash, indexBytes } from './hash.ts'
import { hashToCurve } from './kernel/hash-to-curve.ts'
import { randomSecret, type Scalar } from './kernel/scalar.ts'
import { list, parse, Refused, record, where } from './layout.ts'

/**
 * Endemic 1-of-2 oblivious transfer (Masny, Rindal, eprint 2019/706, section 4 with Diffie-Hellman as key agreement),
 * `COUNT` in parallel. Every instance has its own sender key, and run, index and all messages enter each key hash, so
 * nothing rests on the batching that eprint 2021/682 corrects.
 */
export const COUNT = 128
export const KEY_LENGTH = 32
/** (r_0, r_1) of each instance. */
const requested = where(isPoint, POINT_LENGTH, 'P1.1')
export const otRequest = list(COUNT, record({ r0: requested, r1: requested }))
/** M of each instance. */
export const otReply = list(COUNT, where(isPoint, POINT_LENGTH, 'P2.2'))

const DST = 'trivault/mpc/v1/base-ot/secp256k1_XMD:SHA-256_SSWU_RO_'

/** What the random oracle to the curve (RFC 9380) hashes for side `bit` of instance `index`: the other side's message. */
const oracleInput = (session: Uint8Array, index: number, bit: number, other: Point): Uint8Array =>
  concat(session, u32(index), indexBytes([bit]), other)

const key = (
  session: Uint8Array,
  index: number,
  bit: number,
  transcript: readonly Point[],
  shared: Point,
): Uint8Array => hash('base-ot/key', session, u32(index), indexBytes([bit]), ...transcript, shared)

type Secret = { exponent: Scalar; choice: number; request: [Point, Point] }

/** The receiver: learns one key of each pair, chosen by its bits. */
export class OtReceiver {
  readonly #session: Uint8Array
  readonly #secrets: Secret[]

  constructor(session: Uint8Array, choices: readonly number[], random: (n: number) => Uint8Array) {
    this.#session = session
    this.#secrets = makeRequests(session, choices, random)
  }

  request(): Uint8Array {
    return concat(...this.#secrets.flatMap(secret => secret.request))
  }

  /** Keys by instance, or undefined when the reply holds something other than points. */
  receive(reply: Uint8Array): Uint8Array[] | undefined {
    const senderKeys = parse(otReply, reply)
    if (senderKeys instanceof Refused) return undefined
    const keys: Uint8Array[] = []
    for (const [index, { exponent, choice, request }] of this.#secrets.entries()) {
      const senderKey = senderKeys[index]
      const shared = senderKey && multiply(senderKey, exponent)
      if (senderKey === undefined || shared === undefined) return undefined
      keys.push(key(this.#session, index, choice, [...request, senderKey], shared))
    }
    return keys
  }

  erase(): void {
    for (const { exponent } of this.#secrets) exponent.fill(0)
    this.#secrets.length = 0
  }
}

/** (a, b) for bit 0, (b, a) for bit 1, by masks: the bit is secret. */
const exchangeIf = (bit: number, a: Point, b: Point): [Point, Point] => {
  const difference = a.map((byte, i) => (byte ^ (b[i] ?? 0)) & -bit)
  return [a.map((byte, i) => byte ^ (difference[i] ?? 0)), b.map((byte, i) => byte ^ (difference[i] ?? 0))]
}

/** r_{1-b} is uniform, r_b = t·G - H_b(r_{1-b}); t opens side b only. */
const makeRequests = (session: Uint8Array, choices: readonly number[], random: (n: number) => Uint8Array): Secret[] => {
  const others = choices.map(() => curve.base(randomSecret(random)))
  const hashed = hashToCurve(
    others.map((other, index) => oracleInput(session, index, choices[index] ?? 0, other)),
    DST,
  )
  return others.map((other, index) => {
    const choice = choices[index] ?? 0
    const exponent = randomSecret(random)
    const chosen = sum(basePoint(exponent), curve.negate(hashed[index] ?? new Uint8Array()))
    // The exponent would have to be the unknown logarithm of a hash.
    if (chosen === undefined) throw new MpcError('invalid-argument', 'the random source is not random')
    return { exponent, choice, request: exchangeIf(choice, chosen, other) }
  })
}

/** The sender's answer to a request: the reply and both keys of each instance; undefined when the request is invalid. */
export const answerRequest = (
  session: Uint8Array,
  request: Uint8Array,
  random: (n: number) => Uint8Array,
): { reply: Uint8Array; keys: [Uint8Array, Uint8Array][] } | undefined => {
  const messages = parse(otRequest, request)
  if (messages instanceof Refused) return undefined
  const hashed = hashToCurve(
    messages.flatMap(({ r0, r1 }, index) => [oracleInput(session, index, 0, r1), oracleInput(session, index, 1, r0)]),
    DST,
  )
  const replies: Point[] = []
  const keys: [Uint8Array, Uint8Array][] = []
  for (const [index, { r0, r1 }] of messages.entries()) {
    const exponent = randomSecret(random)
    const reply = basePoint(exponent)
    const side0 = sum(r0, hashed[2 * index])
    const side1 = sum(r1, hashed[2 * index + 1])
    const shared0 = side0 === undefined ? undefined : multiply(side0, exponent)
    const shared1 = side1 === undefined ? undefined : multiply(side1, exponent)
    exponent.fill(0)
    if (reply === undefined || shared0 === undefined || shared1 === undefined) return undefined
    replies.push(reply)
    const transcript = [r0, r1, reply]
    keys.push([key(session, index, 0, transcript, shared0), key(session, index, 1, transcript, shared1)])
  }
  return { reply: concat(...replies), keys }
}
