import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { addressOfPublicKey } from '@trivault/chains'
import { concat, toHex } from '@trivault/codec'
import { recoverPublicKey } from '@trivault/mpc'
import { portableVerifiers, type Verifiers } from '@trivault/vault-state'

/** DER prefix of a P-256 SubjectPublicKeyInfo with an uncompressed point (RFC 5480 §2). */
const p256Spki = Uint8Array.from([
  ...[0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  ...[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00],
])
const remembered = 1024
/** Half of the order of secp256k1, rounded down, big-endian (SEC 2 §2.4.1). */
const halfOrder = Buffer.from('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0', 'hex')

/**
 * The fold's signature checks by OpenSSL and libsecp256k1, ten times faster than in JavaScript. The answers are those of
 * `portableVerifiers` to every input; a test compares them.
 */
export function nativeVerifiers(): Verifiers {
  const keys = new Map<string, KeyObject>()
  const keyOf = (publicKey: Uint8Array): KeyObject => {
    const name = toHex(publicKey)
    const known = keys.get(name)
    if (known !== undefined) return known
    const key = createPublicKey({ key: Buffer.from(concat(p256Spki, publicKey)), format: 'der', type: 'spki' })
    const [oldest] = keys.size >= remembered ? keys.keys() : []
    if (oldest !== undefined) keys.delete(oldest)
    keys.set(name, key)
    return key
  }
  return {
    approval(publicKey, message, signature) {
      if (publicKey.length !== 65 || publicKey[0] !== 4)
        return portableVerifiers.approval(publicKey, message, signature)
      try {
        return verify('sha256', message, { key: keyOf(publicKey), dsaEncoding: 'der' }, signature)
      } catch {
        return false
      }
    },
    signature(execution, signature, address, family) {
      if (family !== 'evm') return portableVerifiers.signature(execution, signature, address, family)
      const recovery = signature[64]
      if (signature.length !== 65 || (recovery !== 0 && recovery !== 1)) return false
      if (Buffer.compare(signature.subarray(32, 64), halfOrder) > 0) return false
      const publicKey = recoverPublicKey(signature.subarray(0, 64), recovery, execution.digest)
      return publicKey !== undefined && addressOfPublicKey(publicKey) === address
    },
  }
}
