import { createHmac, hash, randomBytes } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { HDKey } from '@scure/bip32'
import { addressOfKey, families, familyNames } from '@trivault/chains'
import { concat } from '@trivault/codec'
import type { Curve } from '@trivault/protocol'
import { RecoveryError } from './errors.ts'

/**
 * A master key in one place: from here on it is no longer a shared secret. 32 bytes each. On Ed25519 the private key is
 * the secret scalar, little-endian.
 */
export interface MasterKey {
  curve: Curve
  privateKey: Uint8Array
  chainCode: Uint8Array
}

type ChildKey = { privateKey: Uint8Array; publicKey: Uint8Array }

/** The first address of the first account, on every chain of the family that uses the curve. */
export const firstAddress = (curve: Curve): string => `44/${families[familyOn(curve)].slip44}/0/0`

/** A path below the master key, such as `44/60/0/0`: at most 16 non-hardened steps. Throws `RecoveryError` usage. */
export function parsePath(text: string): number[] {
  const steps = text.replace(/^m\//, '').split('/')
  return steps.map(step => {
    const index = Number(step)
    if (!/^(0|[1-9][0-9]{0,9})$/.test(step) || index >= 2 ** 31 || steps.length > 16)
      throw new RecoveryError(
        'usage',
        `${text} is no derivation path: write it as 44/60/0/0; this vault derives without hardened steps`,
      )
    return index
  })
}

/** The child key along a path: BIP-32 (CKDpriv, non-hardened), or the additive derivation of the engine for Ed25519. */
export function childOf(key: MasterKey, path: readonly number[]): ChildKey {
  return key.curve === 'ECDSA_SECP256K1' ? secp256k1Child(key, path) : ed25519Child(key, path)
}

function secp256k1Child(key: MasterKey, path: readonly number[]): ChildKey {
  let child = new HDKey({ privateKey: key.privateKey, chainCode: key.chainCode })
  for (const step of path) child = child.deriveChild(step)
  const { privateKey, publicKey } = child
  if (privateKey === null || publicKey === null) throw new RecoveryError('rebuild', 'the path has no key')
  return { privateKey, publicKey }
}

const order = ed25519.Point.Fn.ORDER
const publicOf = (scalar: bigint): Uint8Array => ed25519.Point.BASE.multiply(scalar).toBytes()
const fromLittle = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`)
const toLittle = (scalar: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')).toReversed()

/** Written from packages/mpc/SPEC.md, section 12, apart from the engine, which derives public keys only. */
function ed25519Child(key: MasterKey, path: readonly number[]): ChildKey {
  let scalar = fromLittle(key.privateKey)
  let { chainCode } = key
  for (const step of path) {
    const index = Buffer.alloc(4)
    index.writeUInt32BE(step)
    const data = concat(publicOf(scalar), index)
    const mac = (kind: number): Uint8Array =>
      new Uint8Array(createHmac('sha512', chainCode).update(Uint8Array.of(kind)).update(data).digest())
    const [tweak, next] = [mac(0), mac(1).slice(0, 32)]
    scalar = (scalar + fromLittle(tweak)) % order
    chainCode = next
  }
  return { privateKey: toLittle(scalar), publicKey: publicOf(scalar) }
}

function familyOn(curve: Curve) {
  const family = familyNames.find(name => families[name].curve === curve)
  if (family === undefined) throw new RecoveryError('rebuild', `no chain uses ${curve}`)
  return family
}

/** Address of a key at a path, in the form of the chains that use its curve. */
export function addressAt(key: MasterKey, path: readonly number[]): string {
  return addressOfKey(familyOn(key.curve), childOf(key, path).publicKey)
}

/** Extended private key in BIP-32's text form (`xprv…`), what other wallets import; Ed25519 has none. */
export function extendedKey(key: MasterKey): string | undefined {
  if (key.curve !== 'ECDSA_SECP256K1') return undefined
  return new HDKey({ privateKey: key.privateKey, chainCode: key.chainCode }).privateExtendedKey
}

/** Signature of 32 bytes: r ‖ s ‖ recovery bit over the digest (RFC 6979, low s), or Ed25519 over them as the message. */
export function signWith(curve: Curve, child: ChildKey, message: Uint8Array): Uint8Array {
  if (curve === 'ECDSA_SECP256K1') {
    const signature = secp256k1.sign(message, child.privateKey, { prehash: false, format: 'recovered' })
    return concat(signature.subarray(1), signature.subarray(0, 1))
  }
  // RFC 8032 draws its nonce from the seed, which a shared key does not have: fresh randomness and the secret instead.
  const wide = (...parts: Uint8Array[]): bigint =>
    fromLittle(new Uint8Array(hash('sha512', concat(...parts), 'buffer')))
  const nonce = wide(new Uint8Array(randomBytes(64)), child.privateKey, message) % order
  const noncePoint = publicOf(nonce)
  const challenge = wide(noncePoint, child.publicKey, message) % order
  return concat(noncePoint, toLittle((nonce + challenge * fromLittle(child.privateKey)) % order))
}
