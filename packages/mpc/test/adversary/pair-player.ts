import { COUNT } from '../../src/base-ot.ts'
import { concat, u32 } from '../../src/bytes.ts'
import { curve, multiply, type Point, sum } from '../../src/curve.ts'
import { PROTOCOL } from '../../src/frame.ts'
import { hash, indexBytes } from '../../src/hash.ts'
import type { Random, Session } from '../../src/index.ts'
import { hashToCurve } from '../../src/kernel/hash-to-curve.ts'
import { randomSecret } from '../../src/kernel/scalar.ts'
import { CHOICES_LENGTH, deltaOf, extendAsReceiver, extendAsSender, PAD_LENGTH } from '../../src/ot-extension.ts'
import { packLeaves } from '../../src/pair-state.ts'
import { buildTrees, choicesFor, puncturedTrees, TREES } from '../../src/pprf.ts'
import type { Bodies } from '../../src/session.ts'
import { extensionRequest, never, put } from '../cheats.ts'
import { type Choose, fieldOf, playerSession, type Sent } from './player.ts'
import { pairMessages } from './schema.ts'

export type PairPlayer = { self: number; peer: number; sessionId: Uint8Array; random: Random; choose: Choose }

const DST = 'trivault/mpc/v1/base-ot/secp256k1_XMD:SHA-256_SSWU_RO_'
const G = curve.base(concat(new Uint8Array(31), Uint8Array.of(1)))

/** Hashes to the curve of (index, bit, the other side's message), all at once. */
const onCurve = (session: Uint8Array, inputs: readonly (readonly [number, number, Point])[]): Point[] =>
  hashToCurve(
    inputs.map(([index, bit, other]) => concat(session, u32(index), indexBytes([bit]), other)),
    DST,
  )

const keyOf = (session: Uint8Array, index: number, bit: number, transcript: readonly Point[], shared: Point) =>
  hash('base-ot/key', session, u32(index), indexBytes([bit]), ...transcript, shared)

const keysOf = (pads: Uint8Array): Uint8Array[] =>
  Array.from({ length: COUNT }, (_, j) => pads.slice(j * PAD_LENGTH, j * PAD_LENGTH + 32))

/** SPEC.md section 4, written from the text. A cheat whose own values no longer fit goes on with whatever it has. */
export const pairPlayer = ({ self, peer, sessionId, random, choose }: PairPlayer): Session<'finished'> => {
  const isLower = self < peer
  const session = hash('pair/session', sessionId, indexBytes([Math.min(self, peer), Math.max(self, peer)]))
  const direction = (receiver: number): Uint8Array => hash('pair/direction', session, indexBytes([receiver]))
  const turn = hash('pair/turn', session, indexBytes([Math.max(self, peer)]))
  const other = isLower ? pairMessages.upper : pairMessages.lower
  const positions = random(TREES).map(byte => byte & 3)
  const bits = [...positions].flatMap(choicesFor)
  const opening = concat(choose('2.seed', random(32)), choose('2.seedSalt', random(32)))
  const commitment = hash('pair/seed-commitment', session, indexBytes([self]), opening)
  const transcript = new Map<string, Uint8Array>()
  const exponents: Uint8Array[] = []
  let requests: Point[] = []

  const send = (round: number, body: Uint8Array): Sent => {
    transcript.set(`${self}/${round}`, body)
    return new Map([[peer, body]])
  }
  const received = (round: number, bodies: Bodies): Uint8Array => {
    const body = bodies.get(peer) ?? never()
    transcript.set(`${peer}/${round}`, body)
    return body
  }
  const chooseTrees = (round: number, message: Uint8Array): Uint8Array => {
    let out = message
    for (const [i, name] of ['maskedLeft', 'maskedRight', 'checkSum', 'checkHash'].entries()) {
      for (let element = 0; element < TREES; element++) {
        const at = element * 128 + i * 32
        out = put(out, at, choose(`${round}.${name}`, message.slice(at, at + 32), { element }))
      }
    }
    return out
  }

  /** Requests in the order of the fields; the side that is not chosen is fixed first. */
  const ask = (): Uint8Array => {
    requests = Array.from({ length: 2 * COUNT }, () => G)
    const fixed = bits.map((bit, index) =>
      choose('1.requests', curve.base(randomSecret(random)), { element: 2 * index + 1 - bit }),
    )
    const hashed = onCurve(
      direction(self),
      bits.map((bit, index) => [index, bit, fixed[index] ?? never()] as const),
    )
    for (const [index, bit] of bits.entries()) {
      const exponent = randomSecret(random)
      exponents.push(exponent)
      const chosen = sum(curve.base(exponent), curve.negate(hashed[index] ?? never())) ?? never()
      requests[2 * index + 1 - bit] = fixed[index] ?? never()
      requests[2 * index + bit] = choose('1.requests', chosen, { element: 2 * index + bit })
    }
    return concat(...requests)
  }
  const begin = (): Sent => {
    const promised = choose('1.seedCommitment', commitment)
    return send(1, isLower ? concat(ask(), promised) : promised)
  }

  const keys: Uint8Array[] = []
  const answer = (bodies: Bodies): Sent => {
    const body = received(1, bodies)
    if (isLower) return send(2, opening)
    const domain = direction(peer)
    const asked = Array.from({ length: 2 * COUNT }, (_, i) => fieldOf(other[0], '1.requests', body, i))
    const hashed = onCurve(
      domain,
      asked.map((_, i) => [i >> 1, i & 1, asked[i ^ 1] ?? never()] as const),
    )
    const pairs = Array.from({ length: COUNT }, (_, index) => {
      const [r0, r1] = [asked[2 * index] ?? never(), asked[2 * index + 1] ?? never()]
      const exponent = randomSecret(random)
      const reply = choose('2.replies', curve.base(exponent), { element: index })
      const side = (bit: number, mine: Point): Uint8Array => {
        const base = sum(mine, hashed[2 * index + bit]) ?? never()
        return keyOf(domain, index, bit, [r0, r1, reply], multiply(base, exponent) ?? never())
      }
      return { reply, keys: [side(0, r0), side(1, r1)] as const }
    })
    const { message, leaves } = buildTrees(
      domain,
      pairs.map(pair => pair.keys),
    )
    const choices = random(CHOICES_LENGTH)
    for (const [j, bit] of bits.entries()) {
      choices[j >> 3] = ((choices[j >> 3] ?? 0) & ~(1 << (j & 7))) | (bit << (j & 7))
    }
    const packed = packLeaves(leaves)
    keys.push(...keysOf(extendAsReceiver(packed, turn, choices).pads))
    const request = extensionRequest(packed, turn, choices, chooseExtension(2, choose))
    return send(2, concat(...pairs.map(pair => pair.reply), chooseTrees(2, message), request, opening))
  }

  const turnAround = (bodies: Bodies): Sent => {
    const body = received(2, bodies)
    if (!isLower) return send(3, new Uint8Array())
    const replies = Array.from({ length: COUNT }, (_, index) => fieldOf(other[1], '2.replies', body, index))
    const chosen = replies.map((reply, index) => {
      const pair = requests.slice(2 * index, 2 * index + 2)
      return keyOf(
        direction(self),
        index,
        bits[index] ?? 0,
        [...pair, reply],
        multiply(reply, exponents[index] ?? never()) ?? never(),
      )
    })
    const at = COUNT * 33
    const trees = puncturedTrees(direction(self), chosen, positions, body.slice(at, at + TREES * 128))
    const extension = body.slice(at + TREES * 128, -64)
    const packed = trees === undefined ? random(TREES * 128) : packLeaves(trees)
    const extended = extendAsSender(packed, positions, deltaOf(positions), turn, extension)
    const side = (pads: Uint8Array | undefined): Uint8Array[] => keysOf(pads ?? random(PAD_LENGTH * COUNT))
    const [sides0, sides1] = [side(extended?.pads0), side(extended?.pads1)]
    const { message } = buildTrees(
      direction(peer),
      sides0.map((key, j) => [key, sides1[j] ?? never()] as const),
    )
    return send(3, chooseTrees(3, message))
  }

  const confirm = (bodies: Bodies): Sent => {
    received(3, bodies)
    const [low, high] = [Math.min(self, peer), Math.max(self, peer)]
    const parts = [low, high].flatMap(index => [1, 2, 3].map(round => transcript.get(`${index}/${round}`) ?? never()))
    return send(4, choose('4.transcript', hash('pair/transcript', session, ...parts)))
  }
  const rounds = [answer, turnAround, confirm, () => undefined]
  return playerSession({
    ...{ protocol: PROTOCOL.pairSetup, self, peers: [peer], session, begin, rounds, expected: other },
  })
}

/** The three parts of an extension request under the names of their fields. */
export const chooseExtension =
  (round: number, choose: Choose, to?: number) =>
  (name: 'corrections' | 'choiceCheck' | 'matrixCheck', value: Uint8Array): Uint8Array => {
    const where = to === undefined ? {} : { to }
    if (name !== 'corrections') return choose(`${round}.${name}`, value, where)
    const parts = Array.from({ length: TREES }, (_, element) =>
      choose(`${round}.corrections`, value.slice(element * 68, element * 68 + 68), { ...where, element }),
    )
    return concat(...parts)
  }
