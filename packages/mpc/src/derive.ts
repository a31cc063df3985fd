import { createHmac } from 'node:crypto'
import { concat, u32 } from './bytes.ts'
import { basePoint, isPoint, sum } from './curve.ts'
import { MpcError } from './errors.ts'
import { mod, ORDER, parseScalar } from './scalar.ts'

export const HARDENED = 0x80000000
export const MAX_DEPTH = 16

export type Derived = { publicKey: Uint8Array; chainCode: Uint8Array; tweak: bigint }

/** Child key and the sum of all tweaks: child private key = parent private key + tweak. BIP-32 CKDpub along `path`. */
export const deriveTweak = (publicKey: Uint8Array, chainCode: Uint8Array, path: readonly number[]): Derived => {
  if (!isPoint(publicKey) || chainCode.length !== 32) {
    throw new MpcError('invalid-argument', 'derivation needs a compressed public key and a 32-byte chain code')
  }
  if (path.length > MAX_DEPTH) throw new MpcError('derivation', `path is longer than ${MAX_DEPTH}`)
  let derived: Derived = { publicKey, chainCode, tweak: 0n }
  for (const index of path) {
    if (!Number.isInteger(index) || index < 0 || index >= HARDENED) {
      throw new MpcError('derivation', 'only non-hardened indexes 0..2^31-1 can be derived')
    }
    const digest = createHmac('sha512', derived.chainCode)
      .update(concat(derived.publicKey, u32(index)))
      .digest()
    const step = parseScalar(new Uint8Array(digest.subarray(0, 32)))
    const child = step === undefined ? undefined : sum(derived.publicKey, basePoint(step))
    if (step === undefined || child === undefined) throw new MpcError('derivation', `index ${index} has no valid child`)
    derived = {
      publicKey: child,
      chainCode: new Uint8Array(digest.subarray(32)),
      tweak: derived.tweak + step >= ORDER ? mod(derived.tweak + step) : derived.tweak + step,
    }
  }
  return derived
}

/**
 * BIP-32 public derivation (CKDpub), non-hardened only.
 * @param publicKey 33 bytes, compressed
 * @param chainCode 32 bytes
 * @param path child indexes from the master key, each 0..2^31-1; at most 16
 * @throws MpcError `derivation` for a hardened or invalid child, `invalid-argument` for malformed keys
 */
export const derivePublicKey = (
  publicKey: Uint8Array,
  chainCode: Uint8Array,
  path: readonly number[],
): { publicKey: Uint8Array; chainCode: Uint8Array } => {
  const derived = deriveTweak(publicKey, chainCode, path)
  return { publicKey: derived.publicKey, chainCode: derived.chainCode }
}
