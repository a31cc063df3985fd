import { secp256k1 } from '@noble/curves/secp256k1.js'
import { HDKey } from '@scure/bip32'
import { addressOfPublicKey } from '@trivault/chains'
import { concat } from '@trivault/codec'
import { RecoveryError } from './errors.ts'

/** The first address of the first account on every EVM chain. */
export const firstAddress = '44/60/0/0'

/** A path below the master key, such as `44/60/0/0`: at most 16 non-hardened steps. Throws `RecoveryError` usage. */
export function parsePath(text: string): number[] {
  const steps = text.replace(/^m\//, '').split('/')
  return steps.map(step => {
    const index = Number(step)
    if (!/^(0|[1-9][0-9]{0,9})$/.test(step) || index >= 2 ** 31 || steps.length > 16)
      throw new RecoveryError(
        'usage',
        `${text} is no derivation path: write it as ${firstAddress}; this vault derives without hardened steps`,
      )
    return index
  })
}

/** BIP-32 (CKDpriv, non-hardened). */
export function childOf(
  key: { privateKey: Uint8Array; chainCode: Uint8Array },
  path: readonly number[],
): { privateKey: Uint8Array; publicKey: Uint8Array } {
  let child = new HDKey({ privateKey: key.privateKey, chainCode: key.chainCode })
  for (const step of path) child = child.deriveChild(step)
  const { privateKey, publicKey } = child
  if (privateKey === null || publicKey === null) throw new RecoveryError('rebuild', 'the path has no key')
  return { privateKey, publicKey }
}

/** EVM address of a key at a path. */
export function addressAt(key: { privateKey: Uint8Array; chainCode: Uint8Array }, path: readonly number[]): string {
  return addressOfPublicKey(childOf(key, path).publicKey)
}

/** Extended private key in BIP-32's text form (`xprv…`): what other wallets import. */
export function extendedKey(key: { privateKey: Uint8Array; chainCode: Uint8Array }): string {
  return new HDKey({ privateKey: key.privateKey, chainCode: key.chainCode }).privateExtendedKey
}

/** r ‖ s ‖ recovery bit over a 32-byte digest (RFC 6979, low s). */
export function signDigest(privateKey: Uint8Array, digest: Uint8Array): Uint8Array {
  const signature = secp256k1.sign(digest, privateKey, { prehash: false, format: 'recovered' })
  return concat(signature.subarray(1), signature.subarray(0, 1))
}
