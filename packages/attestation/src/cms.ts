import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto'
import {
  type Ber,
  BerError,
  childOf,
  der,
  derInteger,
  derNull,
  derOid,
  derSequence,
  octets,
  oidOf,
  readBer,
  tags,
} from './der.ts'
import { AttestationError } from './errors.ts'

const oids = {
  data: '1.2.840.113549.1.7.1',
  envelopedData: '1.2.840.113549.1.7.3',
  rsaesOaep: '1.2.840.113549.1.1.7',
  mgf1: '1.2.840.113549.1.1.8',
  sha256: '2.16.840.1.101.3.4.2.1',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
} as const

const explicit0 = 0xa0
const implicit0 = 0x80
const maxEnvelope = 65_536
const keyLength = 32
const ivLength = 16
const blockLength = 16

/**
 * Opens a CiphertextForRecipient: CMS EnvelopedData (RFC 5652, section 6) for one recipient, RSAES-OAEP with SHA-256
 * (RFC 4055) and AES-256-CBC (RFC 3565). AWS KMS answers in BER of indefinite length; DER is taken too.
 *
 * CBC does not authenticate: whoever holds the public key can make an envelope, and whoever carries one can alter it. So the
 * caller names the length and must recognise the whole of what is inside, by a hash for instance; the padding is not looked
 * at, for an answer that depends on it gives the plaintext to whoever sends altered envelopes and watches.
 *
 * @param length of the plaintext, in bytes.
 * @throws AttestationError `bad-envelope`, the same for whatever is wrong inside.
 */
export function openCiphertextForRecipient(cms: Uint8Array, privateKey: KeyObject, length: number): Uint8Array {
  if (cms.length > maxEnvelope) throw new AttestationError('bad-envelope', 'the CMS envelope is too large')
  try {
    return open(readBer(cms), privateKey, length)
  } catch {
    // One answer and no cause, so that errors tell nothing about key or padding.
    throw new AttestationError('bad-envelope', 'the CMS envelope is malformed or made for another key')
  }
}

function open(contentInfo: Ber, privateKey: KeyObject, length: number): Uint8Array {
  if (contentInfo.tag !== tags.sequence || oidOf(contentInfo.children[0]) !== oids.envelopedData) {
    throw new BerError('not EnvelopedData')
  }
  const enveloped = childOf(childOf(contentInfo, 1, explicit0), 0, tags.sequence)
  const recipients = childOf(enveloped, 1, tags.set).children
  const [recipient] = recipients
  if (!recipient || recipients.length !== 1 || recipient.tag !== tags.sequence) throw new BerError('not one recipient')
  checkOaep(childOf(recipient, 2, tags.sequence))
  const encryptedKey = octets(recipient.children[3] ?? recipient)

  const contentPart = childOf(enveloped, 2, tags.sequence)
  const algorithm = childOf(contentPart, 1, tags.sequence)
  if (oidOf(contentPart.children[0]) !== oids.data || oidOf(algorithm.children[0]) !== oids.aes256Cbc) {
    throw new BerError('not data under AES-256-CBC')
  }
  const iv = octets(algorithm.children[1] ?? algorithm)
  const ciphertext = octets(contentPart.children[2] ?? contentPart, implicit0)
  if (iv.length !== ivLength || ciphertext.length !== length - (length % blockLength) + blockLength) {
    throw new BerError('IV or content length')
  }

  const key = privateDecrypt(
    { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
    encryptedKey,
  )
  if (key.length !== keyLength) throw new BerError('key length')
  const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false)
  const padded = decipher.update(ciphertext)
  decipher.final()
  key.fill(0)
  const plaintext = new Uint8Array(padded.subarray(0, length))
  padded.fill(0)
  return plaintext
}

/** SHA-256 for the hash and for MGF1, and an absent or default label. */
function checkOaep(algorithm: Ber): void {
  if (oidOf(algorithm.children[0]) !== oids.rsaesOaep) throw new BerError('not RSAES-OAEP')
  const parameters = childOf(algorithm, 1, tags.sequence)
  const hash = childOf(childOf(parameters, 0, 0xa0), 0, tags.sequence)
  const mask = childOf(childOf(parameters, 1, 0xa1), 0, tags.sequence)
  const maskHash = childOf(mask, 1, tags.sequence)
  const label = parameters.children[2]?.children[0]?.children[1]
  if (label && octets(label).length > 0) throw new BerError('an OAEP label')
  if (oidOf(hash.children[0]) !== oids.sha256 || oidOf(mask.children[0]) !== oids.mgf1)
    throw new BerError('not SHA-256')
  if (oidOf(maskHash.children[0]) !== oids.sha256) throw new BerError('not SHA-256')
}

/**
 * Makes what `openCiphertextForRecipient` opens, in DER.
 * @param random source of the content key and IV.
 */
export function sealForRecipient(
  plaintext: Uint8Array,
  recipient: KeyObject,
  random: (length: number) => Uint8Array,
): Uint8Array {
  const key = random(keyLength)
  const iv = random(ivLength)
  const encryptedKey = publicEncrypt(
    { key: recipient, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
    key,
  )
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  key.fill(0)
  const sha256 = derSequence(derOid(oids.sha256), derNull)
  const oaep = derSequence(
    derOid(oids.rsaesOaep),
    derSequence(der(0xa0, sha256), der(0xa1, derSequence(derOid(oids.mgf1), sha256))),
  )
  const keyId = createHash('sha256')
    .update(recipient.export({ type: 'spki', format: 'der' }))
    .digest()
  const recipientInfo = derSequence(derInteger(2), der(implicit0, keyId), oaep, der(tags.octetString, encryptedKey))
  const content = derSequence(
    derOid(oids.data),
    derSequence(derOid(oids.aes256Cbc), der(tags.octetString, iv)),
    der(implicit0, ciphertext),
  )
  const enveloped = derSequence(derInteger(2), der(tags.set, recipientInfo), content)
  return derSequence(derOid(oids.envelopedData), der(explicit0, enveloped))
}
