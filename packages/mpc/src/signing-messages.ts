import { isPoint, POINT_LENGTH, type Point } from './curve.ts'
import { isScalar } from './kernel/scalar.ts'
import type { KeyShare } from './keyshare.ts'
import { bytes, list, record, where } from './layout.ts'
import { extensionLayout } from './ot-extension.ts'
import type { PairState } from './pair-state.ts'
import { rvoleReply } from './rvole.ts'
import { SCALAR_LENGTH } from './scalar.ts'
import type { Random } from './session.ts'

export type SigningOptions = {
  self: number
  /** Distinct party indexes, ascending, at least `threshold`, containing `self`. */
  signers: readonly number[]
  share: KeyShare
  /** One usable pair state for each other signer. */
  pairs: ReadonlyMap<number, PairState>
  /** Non-hardened BIP-32 path from the master key; [] signs with the master key. */
  path: readonly number[]
  /** 32 bytes. */
  digest: Uint8Array
  /** 32 bytes, fresh for every session, equal at all signers. */
  sessionId: Uint8Array
  random: Random
}

/** Verified, low-S; r and s are 32 bytes, big-endian. `recovery` is the recovery id 0..3. */
export type Signature = { r: Uint8Array; s: Uint8Array; recovery: number }

const HASH = 32

const point = where(isPoint, POINT_LENGTH, 'S3.2')
export const opening = record({ noncePoint: point, keyPoint: point, salt: bytes(HASH) })
export const payload = record({ extension: bytes(extensionLayout.length), psiCommitment: bytes(HASH) })
const finalShare = where(isScalar, SCALAR_LENGTH, 'S4.1')

/** The bodies of the four rounds (SPEC.md section 7); the payload of the first is read once it is the announced one. */
export const signingLayouts = (signers: number) => ({
  commit: record({
    broadcast: record({ commitment: bytes(HASH), payloadHashes: list(signers - 1, bytes(HASH)) }),
    payload: bytes(payload.length),
  }),
  payload,
  echo: list(signers, bytes(HASH)),
  multiply: record({
    opening,
    reply: rvoleReply,
    nonceGamma: point,
    keyGamma: point,
    psi: where(isScalar, SCALAR_LENGTH, 'S3.3'),
    psiSalt: bytes(HASH),
  }),
  combine: record({ w: finalShare, u: finalShare }),
})

export type Opening = { noncePoint: Point; keyPoint: Point; salt: Uint8Array }
export type Broadcast = { commitment: Uint8Array; payloadHashes: readonly Uint8Array[] }
