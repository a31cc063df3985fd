import type { Curve as EngineCurve } from '@trivault/mpc'
import type { Curve } from '@trivault/protocol'

/** The engine's name of a curve. */
export const engineCurves: Readonly<Record<Curve, EngineCurve>> = {
  ECDSA_SECP256K1: 'secp256k1',
  EdDSA_Ed25519: 'ed25519',
}

/** The contract's name of the curve that a share is on. */
export const curveOf = (share: { readonly curve: EngineCurve }): Curve =>
  share.curve === 'secp256k1' ? 'ECDSA_SECP256K1' : 'EdDSA_Ed25519'
