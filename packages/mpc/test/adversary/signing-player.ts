import { concat } from '../../src/bytes.ts'
import { basePoint, curve, isPoint, type Point, sum } from '../../src/curve.ts'
import { PROTOCOL } from '../../src/frame.ts'
import { hash, hash64, indexBytes } from '../../src/hash.ts'
import type { KeyShare, Random, Session } from '../../src/index.ts'
import {
  add,
  isScalar,
  multiplyAdd,
  randomSecret,
  reduceSecret,
  type Scalar,
  subtract,
} from '../../src/kernel/scalar.ts'
import { KeyShare as Share } from '../../src/keyshare.ts'
import { CHOICES_LENGTH, extendAsSender } from '../../src/ot-extension.ts'
import type { OtPair } from '../../src/pair-state.ts'
import { type PairMaterial, RvoleBob, runIdOf } from '../../src/rvole.ts'
import { lagrange, reduce, scalarBytes } from '../../src/scalar.ts'
import type { Bodies } from '../../src/session.ts'
import { extensionRequest, finish, never } from '../cheats.ts'
import { aliceReply, gadget } from '../reference/rvole.ts'
import { chooseExtension } from './pair-player.ts'
import { type Choose, fieldOf, playerSession, type Sent } from './player.ts'
import { signingMessages } from './schema.ts'

export type SigningPlayer = {
  self: number
  signers: readonly number[]
  share: KeyShare
  pairs: ReadonlyMap<number, OtPair>
  digest: Uint8Array
  sessionId: Uint8Array
  random: Random
  choose: Choose
  /** Another nonce share than a random one. */
  nonce?: Scalar
  /** Other inputs to the multiplication with this peer than nonce and key share, as consistent as those. */
  inputs?: (peer: number, honest: readonly [bigint, bigint]) => readonly [bigint, bigint]
}

type Link = {
  peer: number
  material: PairMaterial
  bob: RvoleBob
  psi: Scalar
  psiSalt: Uint8Array
  checks: readonly Scalar[]
  payload: Uint8Array
  /** From the peer's round 1. */
  request?: Uint8Array
  output?: readonly [Scalar, Scalar]
}

/** SPEC.md section 7 with the master key, written from the text; its multiplications by the reference in BigInt. */
export const signingPlayer = (options: SigningPlayer): Session<'finished'> => {
  const { self, signers, share, digest, sessionId, random, choose } = options
  const peers = signers.filter(index => index !== self)
  const messages = signingMessages(signers.length)
  const path = new Uint8Array()
  const who = indexBytes(signers)
  const session = hash('signing/session', sessionId, share.publicKey, share.transcriptHash, who, path, digest)
  const nonce = options.nonce ?? randomSecret(random)
  const blind = randomSecret(random)
  let zero: Scalar = new Uint8Array(32)
  const links: Link[] = peers.map(peer => {
    const material = (options.pairs.get(peer) ?? never()).claim(sessionId)
    const choices = random(CHOICES_LENGTH)
    const bob = new RvoleBob(material, session, self, () => choices.slice())
    const shared = reduceSecret(hash64('signing/zero-share', material.zeroSeed, session))
    zero = self < peer ? add(zero, shared) : subtract(zero, shared)
    const psi = choose('3.psi', subtract(blind, bob.input), { to: peer })
    const psiSalt = choose('3.psiSalt', random(32), { to: peer })
    const request = extensionRequest(
      material.full,
      runIdOf(material, session, self),
      choices,
      chooseExtension(1, choose, peer),
    )
    const psiCommitment = hash('signing/psi', session, indexBytes([self, peer]), psi, psiSalt)
    const payload = concat(request, choose('1.psiCommitment', psiCommitment, { to: peer }))
    return { peer, material, bob, psi, psiSalt, checks: [randomSecret(random), randomSecret(random)], payload }
  })
  const key = multiplyAdd(scalarBytes(lagrange(self, signers)), Share.secretOf(share), zero)
  const noncePoint = choose('3.noncePoint', basePoint(nonce) ?? new Uint8Array(33))
  const keyPoint = choose('3.keyPoint', curve.base(key))
  const opening = concat(noncePoint, keyPoint, choose('3.salt', random(32)))
  const commitment = hash('signing/commitment', session, indexBytes([self]), opening)
  const hashes = links.map(({ peer, payload }) => hash('signing/payload', session, indexBytes([self, peer]), payload))
  const digests = new Map<number, Uint8Array>()
  const digestOf = (party: number, broadcast: Uint8Array): Uint8Array =>
    hash('signing/broadcast', session, indexBytes([party]), broadcast)
  const broadcast = (to?: number): Uint8Array => {
    const where = to === undefined ? {} : { to }
    const announced = hashes.map((value, element) => choose('1.payloadHashes', value, { ...where, element }))
    return concat(choose('1.commitment', commitment, where), ...announced)
  }

  const begin = (): Sent => {
    digests.set(self, digestOf(self, broadcast()))
    return new Map(links.map(({ peer, payload }) => [peer, concat(broadcast(peer), payload)]))
  }
  const echo = (bodies: Bodies): Sent => {
    for (const link of links) {
      const body = bodies.get(link.peer) ?? never()
      digests.set(link.peer, digestOf(link.peer, body.slice(0, signers.length * 32)))
      link.request = body.slice(signers.length * 32, -32)
    }
    const seen = signers.map(index => digests.get(index) ?? never())
    return new Map(
      peers.map(to => [to, concat(...seen.map((value, element) => choose('2.echo', value, { element, to })))]),
    )
  }
  const multiply = (): Sent =>
    new Map(
      links.map(link => {
        const { peer, material } = link
        const runId = runIdOf(material, session, peer)
        const { punctured, positions, delta } = material
        const extended = extendAsSender(punctured, positions, delta, runId, link.request ?? never()) ?? never()
        const honest = [reduce(nonce), reduce(key)] as const
        const inputs = [...(options.inputs?.(peer, honest) ?? honest), ...link.checks.map(value => reduce(value))]
        const pads = [extended.pads0, extended.pads1] as const
        const { reply, output } = aliceReply(runId, gadget(material.session, peer), pads, inputs, (name, value) => {
          if (name === 'mu') return choose('3.mu', value, { to: peer })
          const entries = Array.from({ length: value.length / 32 }, (_, element) =>
            choose(`3.${name}`, value.slice(element * 32, element * 32 + 32), { element, to: peer }),
          )
          return concat(...entries)
        })
        const [first, second] = [scalarBytes(output[0]), scalarBytes(output[1])]
        link.output = [first, second]
        const gammas = [
          choose('3.nonceGamma', curve.base(first), { to: peer }),
          choose('3.keyGamma', curve.base(second), { to: peer }),
        ]
        return [peer, concat(opening, reply, ...gammas, link.psi, link.psiSalt)]
      }),
    )
  const combine = (bodies: Bodies): Sent => {
    const blinds: Scalar[] = [blind]
    const shares: [Scalar[], Scalar[]] = [[], []]
    const points: Point[] = [noncePoint]
    for (const link of links) {
      const body = bodies.get(link.peer) ?? never()
      blinds.push(fieldOf(messages[2], '3.psi', body))
      points.push(fieldOf(messages[2], '3.noncePoint', body))
      const reply = body.slice(98, 98 + 4 * 416 * 32 + 96)
      // A cheat that spoiled its own requests has no shares: it goes on with zeros.
      const mine = finish(link.bob, reply) ?? [new Uint8Array(32), new Uint8Array(32)]
      for (const i of [0, 1] as const) shares[i].push(mine[i], link.output?.[i] ?? never())
    }
    const noncePoints = points.every(isPoint) ? sum(...points) : undefined
    const usable = blinds.every(isScalar)
    const total = usable ? add(...blinds) : new Uint8Array(32)
    const u = multiplyAdd(nonce, total, add(...shares[0]))
    const v = multiplyAdd(key, total, add(...shares[1]))
    const r = noncePoints === undefined ? new Uint8Array(32) : scalarBytes(reduce(noncePoints, 1))
    const w = multiplyAdd(digest, blind, multiplyAdd(r, v))
    return new Map(peers.map(to => [to, concat(choose('4.w', w, { to }), choose('4.u', u, { to }))]))
  }
  const rounds = [echo, multiply, combine, () => undefined]
  return playerSession({ protocol: PROTOCOL.signing, self, peers, session, begin, rounds, expected: messages })
}
