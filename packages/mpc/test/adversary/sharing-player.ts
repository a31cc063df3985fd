import { concat, u32 } from '../../src/bytes.ts'
import type { Point } from '../../src/curve.ts'
import { PROTOCOL } from '../../src/frame.ts'
import { evaluateInExponent, type Group } from '../../src/group.ts'
import { hash, hash64, indexBytes } from '../../src/hash.ts'
import type { KeyShare, Random, Session } from '../../src/index.ts'
import type { Scalar } from '../../src/kernel/scalar.ts'
import { KeyShare as Share } from '../../src/keyshare.ts'
import type { Bodies } from '../../src/session.ts'
import { range } from '../run.ts'
import { type Choose, playerSession, type Sent } from './player.ts'
import { keygenMessages, refreshMessages } from './schema.ts'

type Player = {
  group: Group
  self: number
  sessionId: Uint8Array
  random: Random
  choose: Choose
  /** Of the polynomial that it deals; others do not fit its message and are not announced. */
  coefficients?: readonly Scalar[]
}

/** What sets key generation and refresh apart. */
type Sharing = Player & {
  parties: number
  threshold: number
  name: 'keygen' | 'refresh'
  session: Uint8Array
  /** Power of the first announced coefficient, which is also the one that is proven. */
  firstPower: 0 | 1
  /** What the old shares add, by party. */
  old: { secret: Scalar; publicShare: Point } | undefined
}

/** SPEC.md section 3, written from the text. */
export const keygenPlayer = (options: Player & { parties: number; threshold: number }): Session<'finished'> => {
  const { parties, threshold, sessionId, group } = options
  const name = new TextEncoder().encode(group.name)
  const session = hash('keygen/session', sessionId, indexBytes([parties, threshold]), name)
  return sharingPlayer({ ...options, name: 'keygen', session, firstPower: 0, old: undefined })
}

/** SPEC.md section 11, written from the text. */
export const refreshPlayer = (options: Omit<Player, 'self'> & { share: KeyShare }): Session<'finished'> => {
  const { share, sessionId, group } = options
  const { parties, threshold, self } = share
  const session = hash(
    'refresh/session',
    sessionId,
    new TextEncoder().encode(group.name),
    indexBytes([parties, threshold]),
    u32(share.epoch + 1),
    share.publicKey,
    concat(...share.publicShares),
    share.chainCode,
    share.transcriptHash,
  )
  const old = { secret: Share.secretOf(share), publicShare: share.publicShares[self - 1] ?? new Uint8Array() }
  return sharingPlayer({ ...options, self, parties, threshold, name: 'refresh', session, firstPower: 1, old })
}

const sharingPlayer = (options: Sharing): Session<'finished'> => {
  const { group, self, parties, threshold, random, choose, name, session, firstPower, old } = options
  const all = range(parties)
  const peers = all.filter(index => index !== self)
  const announced = threshold - firstPower
  const context = (kind: string, transcript: Uint8Array = new Uint8Array()): Uint8Array =>
    hash(`${name}/proof-${kind}`, session, indexBytes([self]), transcript)
  const encoded = (scalar: Scalar): Point => group.base(scalar) ?? new Uint8Array(group.pointLength)
  const proof = (round: number, secret: Scalar, point: Point, bound: Uint8Array, to?: number): Uint8Array => {
    const where = to === undefined ? {} : { to }
    const nonce = group.randomScalar(random)
    const noncePoint = choose(`${round}.proofNonce`, encoded(nonce), where)
    const challenge = group.reduce(hash64('schnorr/challenge', bound, point, noncePoint))
    return concat(noncePoint, choose(`${round}.proofResponse`, group.multiplyAdd(challenge, secret, nonce), where))
  }

  const zero = group.scalarOf(0)
  const coefficients = options.coefficients ?? Array.from({ length: announced }, () => group.randomScalar(random))
  const valueAt = (x: number): Scalar => {
    const inner = coefficients.reduceRight((value, next) => group.multiplyAdd(value, group.scalarOf(x), next), zero)
    return firstPower === 0 ? inner : group.multiplyAdd(inner, group.scalarOf(x), zero)
  }
  const points = Array.from({ length: announced }, (_, element) =>
    choose('3.coefficients', encoded(coefficients[element] ?? zero), { element }),
  )
  const opening = concat(
    ...points,
    proof(3, coefficients[0] ?? zero, points[0] ?? zero, context(firstPower === 0 ? 'constant' : 'coefficient')),
    ...(name === 'keygen' ? [choose('3.chainCode', random(32))] : []),
    choose('3.salt', random(32)),
  )
  const commitment = hash(`${name}/commitment`, session, indexBytes([self]), opening)
  const commitments = new Map<number, Uint8Array>()

  const begin = (): Sent => {
    commitments.set(self, choose('1.commitment', commitment))
    return new Map(peers.map(to => [to, choose('1.commitment', commitment, { to })]))
  }
  const echo = (bodies: Bodies): Sent => {
    for (const [from, body] of bodies) commitments.set(from, body)
    const seen = all.map(index => commitments.get(index) ?? zero)
    return new Map(
      peers.map(to => [to, concat(...seen.map((value, element) => choose('2.echo', value, { element, to })))]),
    )
  }
  const open = (): Sent => new Map(peers.map(to => [to, concat(opening, choose('3.share', valueAt(to), { to }))]))
  const confirm = (bodies: Bodies): Sent => {
    const openings = new Map<number, Uint8Array>([[self, opening]])
    let secret = group.add(valueAt(self), old?.secret ?? zero)
    for (const [from, body] of bodies) {
      openings.set(from, body.slice(0, -32))
      secret = group.add(secret, body.slice(-32))
    }
    const transcript = hash(`${name}/transcript`, session, ...all.map(index => openings.get(index) ?? zero))
    const bound = context('share', transcript)
    const own = publicShare([...openings.values()]) ?? encoded(group.scalarOf(1))
    return new Map(peers.map(to => [to, proof(4, secret, own, bound, to)]))
  }
  /** Undefined when a coefficient that was chosen is no point. */
  const publicShare = (openings: readonly Uint8Array[]): Point | undefined => {
    const length = group.pointLength
    const dealt = openings.map(body => range(announced).map(m => body.slice(length * (m - 1), length * m)))
    if (!dealt.flat().every(group.isPoint)) return undefined
    const values = dealt.map(ofOne => {
      const inner = evaluateInExponent(group, ofOne, self)
      return firstPower === 0 || inner === undefined ? inner : group.multiply(inner, group.scalarOf(self))
    })
    return group.sum(old?.publicShare, ...values)
  }
  return playerSession({
    ...{ protocol: PROTOCOL[name], self, peers, session, begin, rounds: [echo, open, confirm, () => undefined] },
    expected: (name === 'keygen' ? keygenMessages : refreshMessages)(group, parties, threshold),
  })
}
