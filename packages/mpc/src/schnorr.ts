import { boundRandom } from './bound-random.ts'
import { concat, equalBytes } from './bytes.ts'
import type { Point } from './curve.ts'
import type { Group } from './group.ts'
import { hash64 } from './hash.ts'
import type { Scalar } from './kernel/scalar.ts'
import { SCALAR_LENGTH } from './scalar.ts'
import type { Random } from './session.ts'

/** Schnorr proof of knowledge of a discrete logarithm, Fiat-Shamir: nonce point, response. */
export const proofLength = (group: Group): number => group.pointLength + SCALAR_LENGTH

const challenge = (group: Group, context: Uint8Array, point: Point, nonce: Point): Scalar =>
  group.reduce(hash64('schnorr/challenge', context, point, nonce))

/** Proof for `point` = secret · G; `context` binds group, session, party and purpose. */
export const prove = (group: Group, secret: Scalar, point: Point, context: Uint8Array, random: Random): Uint8Array => {
  const nonce = group.randomScalar(boundRandom(random, context, secret))
  const noncePoint = group.base(nonce) ?? new Uint8Array(group.pointLength)
  const response = group.multiplyAdd(challenge(group, context, point, noncePoint), secret, nonce)
  nonce.fill(0)
  return concat(noncePoint, response)
}

/** Both halves of a proof; undefined unless they are a point and a canonical scalar. */
export const parseProof = (group: Group, proof: Uint8Array): { nonce: Point; response: Scalar } | undefined => {
  const nonce = proof.slice(0, group.pointLength)
  const response = proof.slice(group.pointLength)
  return group.isPoint(nonce) && group.isScalar(response) ? { nonce, response } : undefined
}

export const verifyProof = (group: Group, proof: Uint8Array, point: Point, context: Uint8Array): boolean => {
  const parsed = parseProof(group, proof)
  if (parsed === undefined || !group.isPoint(point)) return false
  const { nonce, response } = parsed
  const left = group.base(response)
  const right = group.sum(nonce, group.multiply(point, challenge(group, context, point, nonce)))
  return left !== undefined && right !== undefined && equalBytes(left, right)
}
