import { createHmac } from 'node:crypto'
import { concat, u32 } from './bytes.ts'
import { HARDENED, MAX_DEPTH } from './derive.ts'
import { reduceWide, scalarValue } from './ed25519.ts'
import { MpcError } from './errors.ts'
import { ed25519Group } from './group.ts'
import { mod } from './scalar.ts'

const step = (chainCode: Uint8Array, kind: 0 | 1, publicKey: Uint8Array, index: number): Uint8Array =>
  new Uint8Array(
    createHmac('sha512', chainCode)
      .update(concat(Uint8Array.of(kind), publicKey, u32(index)))
      .digest(),
  )

export type DerivedEd25519 = { publicKey: Uint8Array; chainCode: Uint8Array; tweak: bigint }

/** Child key and the sum of all tweaks, for a key of the subgroup: child secret = parent secret + tweak. */
export const deriveEd25519Tweak = (
  publicKey: Uint8Array,
  chainCode: Uint8Array,
  path: readonly number[],
): DerivedEd25519 => {
  if (path.length > MAX_DEPTH) throw new MpcError('derivation', `path is longer than ${MAX_DEPTH}`)
  let derived: DerivedEd25519 = { publicKey, chainCode, tweak: 0n }
  for (const index of path) {
    if (!Number.isInteger(index) || index < 0 || index >= HARDENED) {
      throw new MpcError('derivation', 'only non-hardened indexes 0..2^31-1 can be derived')
    }
    const tweak = reduceWide(step(derived.chainCode, 0, derived.publicKey, index))
    const child = ed25519Group.sum(derived.publicKey, ed25519Group.base(tweak))
    if (child === undefined) throw new MpcError('derivation', `index ${index} has no valid child`)
    derived = {
      publicKey: child,
      chainCode: step(derived.chainCode, 1, derived.publicKey, index).slice(0, 32),
      tweak: mod(derived.tweak + scalarValue(tweak), ed25519Group.order),
    }
  }
  return derived
}

/**
 * Public derivation for Ed25519, non-hardened and additive (SPEC.md section 12).
 * @param publicKey 32 bytes
 * @param chainCode 32 bytes
 * @param path child indexes from the master key, each 0..2^31-1; at most 16
 * @throws MpcError `derivation` for a hardened or overlong path, `invalid-argument` for malformed keys
 */
export const deriveEd25519PublicKey = (
  publicKey: Uint8Array,
  chainCode: Uint8Array,
  path: readonly number[],
): { publicKey: Uint8Array; chainCode: Uint8Array } => {
  if (!ed25519Group.isPoint(publicKey) || chainCode.length !== 32) {
    throw new MpcError('invalid-argument', 'derivation needs a public key of the subgroup and a 32-byte chain code')
  }
  const derived = deriveEd25519Tweak(publicKey, chainCode, path)
  return { publicKey: derived.publicKey, chainCode: derived.chainCode }
}
