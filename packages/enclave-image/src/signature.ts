import { createPrivateKey, createPublicKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto'
import { type Cbor, type CborMap, decodeCbor, encodeCbor } from '@trivault/attestation'
import { compareBytes, equalBytes, fromHex, fromUtf8, utf8 } from '@trivault/codec'
import { EifError } from './errors.ts'

/**
 * The signature section: CBOR of a list with one map {signing_certificate: PEM, signature: COSE_Sign1}, byte strings
 * written as lists of integers, over the payload {register_index: 0, register_value: PCR0}.
 * Sources: aws-nitro-enclaves-image-format, src/utils/eif_signer.rs and src/defs/mod.rs; RFC 9052 (COSE); RFC 8949 (CBOR).
 */
export type SigningInput = {
  /** X.509, EC key on P-384. */
  readonly certificatePem: string
  /** ECDSA on P-384 with SHA-384 over these bytes: r ‖ s, 96 bytes. */
  sign(toBeSigned: Uint8Array): Uint8Array
}

const ES384 = -35
const SIGNATURE_LENGTH = 96
const MAX_SECTION = 64 * 1024

const refuse = (what: string, cause?: unknown): EifError => new EifError('signature', `signature: ${what}`, { cause })

/** Signs with a key that lies in a file. @throws EifError `signature` for anything but an EC key on P-384 */
export const signerFromPem = (pem: { certificatePem: string; privateKeyPem: string }): SigningInput => {
  let key: KeyObject
  try {
    key = createPrivateKey(pem.privateKeyPem)
  } catch (cause) {
    throw refuse('the private key is no PEM key', cause)
  }
  if (!isP384(key)) throw refuse('the private key is not an EC key on P-384')
  return {
    certificatePem: pem.certificatePem,
    sign: bytes => new Uint8Array(sign('sha384', bytes, { key, dsaEncoding: 'ieee-p1363' })),
  }
}

const isP384 = (key: KeyObject): boolean =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'secp384r1'

const readCertificate = (pem: string): { der: Uint8Array; key: KeyObject } => {
  try {
    const certificate = new X509Certificate(pem)
    const key = createPublicKey(certificate.publicKey.export({ format: 'pem', type: 'spki' }))
    if (isP384(key)) return { der: new Uint8Array(certificate.raw), key }
  } catch (cause) {
    throw refuse('the certificate is no X.509 certificate in PEM', cause)
  }
  throw refuse('the key of the certificate is not an EC key on P-384')
}

/** DER of the certificate: what PCR8 measures. @throws EifError `signature` */
export const certificateOf = (signing: SigningInput): Uint8Array => readCertificate(signing.certificatePem).der

const numbers = (bytes: Uint8Array): Cbor => [...bytes]
const protectedHeader = encodeCbor(new Map([[1, ES384]]))
const payloadOf = (pcr0: string): Uint8Array =>
  encodeCbor(
    new Map<string, Cbor>([
      ['register_index', 0],
      ['register_value', numbers(fromHex(pcr0))],
    ]),
  )
const toBeSigned = (payload: Uint8Array): Uint8Array =>
  encodeCbor(['Signature1', protectedHeader, new Uint8Array(), payload])

/** The section's bytes. @throws EifError `signature` when key and certificate do not belong together */
export const writeSignature = (signing: SigningInput, pcr0: string): Uint8Array => {
  const { key } = readCertificate(signing.certificatePem)
  const payload = payloadOf(pcr0)
  const signature = signing.sign(toBeSigned(payload))
  if (!isValid(key, payload, signature)) throw refuse('the private key is not that of the certificate')
  return encode(signing.certificatePem, encodeCbor([protectedHeader, new Map(), payload, signature]))
}

const isValid = (key: KeyObject, payload: Uint8Array, signature: Uint8Array): boolean =>
  signature.length === SIGNATURE_LENGTH &&
  verify('sha384', toBeSigned(payload), { key, dsaEncoding: 'ieee-p1363' }, signature)

const encode = (certificatePem: string, cose: Uint8Array): Uint8Array =>
  encodeCbor([
    new Map<string, Cbor>([
      ['signing_certificate', numbers(utf8(certificatePem))],
      ['signature', numbers(cose)],
    ]),
  ])

/**
 * The certificate of a signature section that signs `pcr0`. Its validity in time and who issued it are not looked at: an
 * image is trusted for its measurements, and PCR8 says which certificate it was.
 * @returns PEM and DER
 * @throws EifError `signature`, `limit`
 */
export const readSignature = (
  section: Uint8Array,
  pcr0: string,
): { certificatePem: string; certificate: Uint8Array } => {
  if (section.length > MAX_SECTION) throw new EifError('limit', 'the signature section is too large')
  const [only, ...more] = listOf(decode(section))
  if (more.length > 0) throw refuse('more than one')
  const { signing_certificate: certificateBytes, signature: coseBytes } = mapOf(only)
  const certificatePem = textOf(bytesOf(certificateBytes))
  const coseSign1 = bytesOf(coseBytes)
  // One form: other key orders, unprotected headers or lengths are refused.
  if (compareBytes(encode(certificatePem, coseSign1), section) !== 0) throw refuse('not in the form that is written')
  const [, , payload, signature, ...rest] = listOf(decode(coseSign1))
  if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array) || rest.length > 0) {
    throw refuse('not a COSE_Sign1 message')
  }
  if (compareBytes(encodeCbor([protectedHeader, new Map(), payload, signature]), coseSign1) !== 0) {
    throw refuse('not a plain COSE_Sign1 message under ES384')
  }
  if (!equalBytes(payload, payloadOf(pcr0))) throw refuse('signs another PCR0 than this image has')
  const { der, key } = readCertificate(certificatePem)
  if (!isValid(key, payload, signature)) throw refuse('does not verify under its certificate')
  return { certificatePem, certificate: der }
}

const decode = (bytes: Uint8Array): Cbor => {
  try {
    return decodeCbor(bytes)
  } catch (cause) {
    throw refuse('not CBOR', cause)
  }
}

const listOf = (value: Cbor | undefined): readonly Cbor[] => {
  if (!Array.isArray(value)) throw refuse('a list is missing')
  return value
}

const mapOf = (value: Cbor | undefined): Record<string, Cbor> => {
  if (!(value instanceof Map)) throw refuse('a map is missing')
  return Object.fromEntries(value as CborMap)
}

const bytesOf = (value: Cbor | undefined): Uint8Array => {
  const items = listOf(value)
  const isByte = (item: Cbor): item is number => typeof item === 'number' && item >= 0 && item <= 255
  if (!items.every(isByte)) throw refuse('a list of bytes holds something else')
  return Uint8Array.from(items)
}

const textOf = (bytes: Uint8Array): string => {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    throw refuse('the certificate is not text', cause)
  }
}
