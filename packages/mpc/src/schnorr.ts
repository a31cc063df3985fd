import { concat } from './bytes.ts'
import { basePoint, curve, isPoint, multiply, POINT_LENGTH, type Point, samePoint, sum } from './curve.ts'
import { hash64 } from './hash.ts'
import { multiplyAdd, randomSecret, type Scalar } from './kernel/scalar.ts'
import { parseScalar, reduceWide, SCALAR_LENGTH, scalarBytes } from './scalar.ts'

/** Schnorr proof of knowledge of a discrete logarithm, Fiat-Shamir: nonce point, response. */
export const PROOF_LENGTH = POINT_LENGTH + SCALAR_LENGTH

const challenge = (context: Uint8Array, point: Point, nonce: Point): bigint =>
  reduceWide(hash64('schnorr/challenge', context, point, nonce))

/** Proof for `point` = secret · G; `context` binds session, party and purpose. */
export const prove = (
  secret: Scalar,
  point: Point,
  context: Uint8Array,
  random: (n: number) => Uint8Array,
): Uint8Array => {
  const nonce = randomSecret(random)
  const noncePoint = curve.base(nonce)
  const response = multiplyAdd(scalarBytes(challenge(context, point, noncePoint)), secret, nonce)
  nonce.fill(0)
  return concat(noncePoint, response)
}

export const verifyProof = (proof: Uint8Array, point: Point, context: Uint8Array): boolean => {
  if (proof.length !== PROOF_LENGTH || !isPoint(point)) return false
  const nonce = proof.slice(0, POINT_LENGTH)
  const response = parseScalar(proof.slice(POINT_LENGTH))
  if (!isPoint(nonce) || response === undefined) return false
  return samePoint(basePoint(response), sum(nonce, multiply(point, challenge(context, point, nonce))))
}
