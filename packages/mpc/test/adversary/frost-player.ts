import { concat, u32 } from '../../src/bytes.ts'
import { PROTOCOL } from '../../src/frame.ts'
import { bindingFactors, boundNonce, type Commitment, keyFactor, signatureShare } from '../../src/frost/core.ts'
import { secretFor, signingKey } from '../../src/frost/signing-key.ts'
import { isEven, suiteOf } from '../../src/frost/suite.ts'
import { hash, indexBytes } from '../../src/hash.ts'
import type { KeyShare, Random, Session } from '../../src/index.ts'
import { KeyShare as Share } from '../../src/keyshare.ts'
import type { Bodies } from '../../src/session.ts'
import { never } from '../cheats.ts'
import { type Choose, playerSession, type Sent } from './player.ts'
import { frostMessages } from './schema.ts'

export type FrostPlayer = {
  signers: readonly number[]
  share: KeyShare
  path: readonly number[]
  message: Uint8Array
  sessionId: Uint8Array
  random: Random
  choose: Choose
}

/** SPEC.md section 12, written from the text; the arithmetic is that of src/frost/core.ts, which has RFC 9591's vectors. */
export const frostPlayer = (options: FrostPlayer): Session<'finished'> => {
  const { signers, share, path, message, sessionId, random, choose } = options
  const { self } = share
  const suite = suiteOf(share.curve)
  const { group } = suite
  const key = signingKey(share, path)
  const peers = signers.filter(index => index !== self)
  const session = hash(
    'frost/session',
    sessionId,
    new TextEncoder().encode(suite.name),
    share.publicKey,
    share.transcriptHash,
    indexBytes(signers),
    concat(...path.map(u32)),
    new Uint8Array(),
    message,
  )
  const nonces = { hiding: group.randomScalar(random), binding: group.randomScalar(random) }
  const points = { hiding: group.base(nonces.hiding) ?? never(), binding: group.base(nonces.binding) ?? never() }
  const commitments = new Map<number, Commitment>()

  const begin = (): Sent => {
    const chosen = (where: { to?: number }) => ({
      hiding: choose('1.hiding', points.hiding, where),
      binding: choose('1.binding', points.binding, where),
    })
    commitments.set(self, { index: self, ...chosen({}) })
    return new Map(
      peers.map(to => {
        const { hiding, binding } = chosen({ to })
        return [to, concat(hiding, binding)]
      }),
    )
  }
  const inOrder = (): Commitment[] => signers.map(index => commitments.get(index) ?? never())
  const echo = (bodies: Bodies): Sent => {
    for (const [index, body] of bodies) {
      const [hiding, binding] = [body.slice(0, group.pointLength), body.slice(group.pointLength)]
      commitments.set(index, { index, hiding, binding })
    }
    const seen = inOrder().flatMap(({ hiding, binding }) => [hiding, binding])
    return new Map(
      peers.map(to => [to, concat(...seen.map((value, element) => choose('2.echo', value, { element, to })))]),
    )
  }
  const sign = (): Sent => {
    const factors = bindingFactors(suite, key.publicKey, inOrder(), message)
    const factorOf = (index: number) => factors.get(index) ?? never()
    const terms = inOrder().flatMap(({ index, hiding, binding }) =>
      [hiding, binding].every(group.isPoint) ? [hiding, group.multiplyPublic(binding, factorOf(index))] : [],
    )
    const noncePoint = group.sum(...terms) ?? points.hiding
    const negated = suite.evenY && !isEven(noncePoint)
    const challenge = suite.challenge(negated ? group.negate(noncePoint) : noncePoint, key.publicKey, message)
    const response = signatureShare(
      suite,
      boundNonce(suite, nonces, factorOf(self)),
      negated,
      keyFactor(suite, self, signers, challenge),
      secretFor(group, key, Share.secretOf(share)),
    )
    return new Map(peers.map(to => [to, choose('3.share', response, { to })]))
  }
  return playerSession({
    ...{ protocol: PROTOCOL.frost, self, peers, session, begin, rounds: [echo, sign, () => undefined] },
    expected: frostMessages(group, signers.length),
  })
}
