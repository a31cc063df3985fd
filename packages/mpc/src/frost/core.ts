import { concat } from '../bytes.ts'
import type { Point } from '../curve.ts'
import type { Scalar } from '../kernel/scalar.ts'
import { lagrange } from '../scalar.ts'
import type { Ciphersuite } from './suite.ts'

/** The arithmetic of RFC 9591, sections 4 and 5: no state, no messages. */

/** What a signer commits to in round one: D and E. */
export type Commitment = { index: number; hiding: Point; binding: Point }
/** The secrets behind them: d and e. */
export type Nonces = { hiding: Scalar; binding: Scalar }

/** nonce_generate (section 4.1). @param randomness 32 fresh secret bytes */
export const nonceGenerate = (suite: Ciphersuite, randomness: Uint8Array, secret: Scalar): Scalar => {
  const input = concat(randomness, secret)
  const nonce = suite.nonce(input)
  input.fill(0)
  return nonce
}

/** compute_binding_factors (section 4.4). @param commitments ascending by index */
export const bindingFactors = (
  suite: Ciphersuite,
  publicKey: Point,
  commitments: readonly Commitment[],
  message: Uint8Array,
): Map<number, Scalar> => {
  const encoded = commitments.flatMap(({ index, hiding, binding }) => [suite.group.scalarOf(index), hiding, binding])
  const prefix = concat(publicKey, suite.messageHash(message), suite.commitmentHash(concat(...encoded)))
  return new Map(
    commitments.map(({ index }) => [index, suite.bindingFactor(concat(prefix, suite.group.scalarOf(index)))]),
  )
}

/** λ · c: what a signer's key share counts with. */
export const keyFactor = (suite: Ciphersuite, index: number, signers: readonly number[], challenge: Scalar): Scalar =>
  suite.group.multiplyAdd(suite.group.scalarOf(lagrange(index, signers, suite.group.order)), challenge)

/** d + ρ · e. */
export const boundNonce = (suite: Ciphersuite, nonces: Nonces, factor: Scalar): Scalar =>
  suite.group.multiplyAdd(factor, nonces.binding, nonces.hiding)

/** sign (section 5.2) from the bound nonce; negated when BIP-340 asks for the other nonce point. */
export const signatureShare = (
  suite: Ciphersuite,
  nonce: Scalar,
  negated: boolean,
  factor: Scalar,
  secret: Scalar,
): Scalar => {
  const { add, multiplyAdd, subtract } = suite.group
  const key = multiplyAdd(factor, secret)
  const share = negated ? subtract(key, nonce) : add(key, nonce)
  key.fill(0)
  return share
}
