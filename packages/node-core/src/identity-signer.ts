import { createPrivateKey, sign } from 'node:crypto'
import { concat } from '@trivault/codec'

/** DER prefix of an Ed25519 PrivateKeyInfo (RFC 8410 §7). */
const pkcs8 = Uint8Array.of(
  0x30,
  0x2e,
  0x02,
  0x01,
  0x00,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x70,
  0x04,
  0x22,
  0x04,
  0x20,
)

/** Signs as the identity with this seed of 32 bytes: Ed25519 by OpenSSL, the signatures of RFC 8032. */
export function signerOf(seed: Uint8Array): (message: Uint8Array) => Uint8Array {
  if (seed.length !== 32) throw new RangeError('an identity seed has 32 bytes')
  const der = Buffer.from(concat(pkcs8, seed))
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return message => new Uint8Array(sign(null, message, key))
}
