import { constants, createHash, createPublicKey, type KeyObject, publicEncrypt } from 'node:crypto'
import { concat, equalBytes, u32, xorInto } from './bytes.ts'
import { MpcError } from './errors.ts'
import { sha256 } from './hash.ts'

/**
 * RSAES-OAEP (RFC 8017, section 7.1) with SHA-256 for both hashes and an explicit seed, so that an encryption can be
 * repeated by whoever knows seed and message. Node's own OAEP draws its seed itself and cannot be repeated.
 */
export const OAEP_SEED_LENGTH = 32
const HASH = 32
const MIN_MODULUS_BITS = 3072
const MAX_MODULUS_BITS = 8192
/** OpenSSL encrypts with no larger one. */
const MAX_EXPONENT = 2n ** 64n - 1n

/** Mask generation function 1 (RFC 8017, appendix B.2.1). */
const mgf1 = (seed: Uint8Array, length: number): Uint8Array => {
  const blocks: Uint8Array[] = []
  for (let counter = 0; counter * HASH < length; counter++) blocks.push(sha256(concat(seed, u32(counter))))
  return concat(...blocks).slice(0, length)
}

/** One DER element: tag, definite length in its shortest form, content. */
const der = (tag: number, ...content: readonly Uint8Array[]): Uint8Array => {
  const body = concat(...content)
  const length = body.length < 128 ? Uint8Array.of(body.length) : shortestLength(body.length)
  return concat(Uint8Array.of(tag), length, body)
}

const shortestLength = (length: number): Uint8Array => {
  const bytes = u32(length)
  const digits = bytes.slice(bytes.findIndex(byte => byte !== 0))
  return concat(Uint8Array.of(0x80 | digits.length), digits)
}

/** A positive integer from its shortest big-endian bytes. */
const derInteger = (value: Uint8Array): Uint8Array =>
  der(0x02, (value[0] ?? 0) >= 0x80 ? concat(Uint8Array.of(0), value) : value)

const [SEQUENCE, BIT_STRING] = [0x30, 0x03]
/** rsaEncryption (1.2.840.113549.1.1.1) with NULL, as RFC 3279 section 2.3.1 wants it. */
const RSA_ENCRYPTION = der(
  SEQUENCE,
  der(0x06, Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01)),
  der(0x05),
)

/** The only encoding of an RSA public key that DER allows, from modulus and exponent. */
const encodeSpki = (modulus: Uint8Array, exponent: Uint8Array): Uint8Array =>
  der(
    SEQUENCE,
    RSA_ENCRYPTION,
    der(BIT_STRING, Uint8Array.of(0), der(SEQUENCE, derInteger(modulus), derInteger(exponent))),
  )

export type RsaPublicKey = { key: KeyObject; modulusLength: number; fingerprint: Uint8Array }

/**
 * An RSA public key of 3072 to 8192 bits with an odd exponent of 65537 to 2^64, from its canonical SPKI DER.
 * @throws MpcError `ers-key`
 */
export const parseRsaPublicKey = (spki: Uint8Array): RsaPublicKey => {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new MpcError('ers-key', `ERS public key: ${reason}`, cause === undefined ? undefined : { cause })
  }
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch (cause) {
    return refuse('not a SubjectPublicKeyInfo in DER', cause)
  }
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType !== 'rsa' || modulusLength === undefined || publicExponent === undefined) {
    return refuse('not an RSA key')
  }
  if (modulusLength < MIN_MODULUS_BITS || modulusLength > MAX_MODULUS_BITS || modulusLength % 8 !== 0) {
    return refuse(`RSA modulus must have ${MIN_MODULUS_BITS} to ${MAX_MODULUS_BITS} bits, a multiple of 8`)
  }
  if (publicExponent < 65537n || publicExponent > MAX_EXPONENT || publicExponent % 2n === 0n) {
    return refuse('RSA exponent must be odd, at least 65537 and below 2^64')
  }
  // OpenSSL reads BER and forgives much else; written anew from the two numbers there is one encoding.
  const { n = '', e = '' } = key.export({ format: 'jwk' })
  const [modulus, exponent] = [new Uint8Array(Buffer.from(n, 'base64url')), new Uint8Array(Buffer.from(e, 'base64url'))]
  if (!equalBytes(encodeSpki(modulus, exponent), spki)) return refuse('encoding is not canonical DER')
  if (((modulus.at(-1) ?? 0) & 1) === 0) return refuse('RSA modulus must be odd')
  return { key, modulusLength: modulusLength / 8, fingerprint: sha256(spki) }
}

/** Deterministic given `seed`. @param message at most modulusLength - 66 bytes */
export const oaepEncrypt = (
  { key, modulusLength }: RsaPublicKey,
  message: Uint8Array,
  label: Uint8Array,
  seed: Uint8Array,
): Uint8Array => {
  const block = new Uint8Array(modulusLength - HASH - 1)
  block.set(new Uint8Array(createHash('sha256').update(label).digest()))
  block[block.length - message.length - 1] = 1
  block.set(message, block.length - message.length)
  xorInto(block, mgf1(seed, block.length))
  const maskedSeed = seed.slice()
  xorInto(maskedSeed, mgf1(block, HASH))
  const encoded = concat(Uint8Array.of(0), maskedSeed, block)
  return new Uint8Array(publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded))
}
