import { createCipheriv, createDecipheriv, createPublicKey, type KeyObject } from 'node:crypto'
import {
  bytes,
  CodecError,
  compareBytes,
  concat,
  decode,
  encode,
  fixed,
  list,
  struct,
  text,
  u8,
  utf8,
} from '@trivault/codec'
import { sealForRecipient } from './cms.ts'
import { AttestationError } from './errors.ts'
import type { EncryptionContext, KmsPort, Pcrs } from './ports.ts'
import { verifyAttestation } from './verify.ts'

export type SoftwareKmsKey = {
  /** AES-256 key, 32 bytes. */
  readonly material: Uint8Array
  /** Only a caller attested with these registers is answered. */
  readonly pcrs: Pcrs
}

export type SoftwareKms = KmsPort & {
  /** Encrypts up to 4096 bytes. @throws AttestationError `unknown-key`, `bad-request` */
  encrypt(request: {
    readonly keyId: string
    readonly plaintext: Uint8Array
    readonly encryptionContext: EncryptionContext
  }): Promise<Uint8Array>
  /** 32 fresh random bytes, in the clear and encrypted. @throws AttestationError `unknown-key` */
  generateDataKey(request: {
    readonly keyId: string
    readonly encryptionContext: EncryptionContext
  }): Promise<{ readonly plaintext: Uint8Array; readonly ciphertext: Uint8Array }>
  /** The key that made a ciphertext, as its envelope claims. @throws AttestationError `bad-ciphertext` */
  keyIdOf(ciphertext: Uint8Array): string
}

const version = 1
const maxPlaintext = 4096
const nonceLength = 12
const tagLength = 16
const minRsaBits = 2048

const blobCodec = struct({
  version: u8,
  keyId: text(256),
  nonce: fixed(nonceLength),
  sealed: bytes(maxPlaintext + tagLength),
})
const boundCodec = struct({
  version: u8,
  keyId: text(256),
  context: list(struct({ name: text(256), value: text(1024) }), 16),
})

/** A KMS in software that keeps the one promise that matters here: it answers only to attested code. */
export function createSoftwareKms(options: {
  readonly keys: ReadonlyMap<string, SoftwareKmsKey>
  /** DER of the root that attestation documents must lead to. */
  readonly attestationRoot: Uint8Array
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly random: (length: number) => Uint8Array
}): SoftwareKms {
  const { keys, attestationRoot, clock, random } = options
  for (const { material } of keys.values()) {
    if (material.length !== 32) throw new AttestationError('bad-request', 'a KMS key must have 32 bytes')
  }
  const keyOf = (keyId: string): SoftwareKmsKey => {
    const key = keys.get(keyId)
    if (!key) throw new AttestationError('unknown-key', 'the KMS does not have this key')
    return key
  }

  const encrypt: SoftwareKms['encrypt'] = async ({ keyId, plaintext, encryptionContext }) => {
    if (plaintext.length === 0 || plaintext.length > maxPlaintext) {
      throw new AttestationError('bad-request', `a KMS encrypts 1 to ${maxPlaintext} bytes`)
    }
    const nonce = random(nonceLength)
    const cipher = createCipheriv('aes-256-gcm', keyOf(keyId).material, nonce)
    cipher.setAAD(boundTo(keyId, encryptionContext))
    const sealed = concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
    return encode(blobCodec, { version, keyId, nonce, sealed })
  }

  return {
    encrypt,
    keyIdOf: ciphertext => parseBlob(ciphertext).keyId,
    async generateDataKey({ keyId, encryptionContext }) {
      const plaintext = random(32)
      return { plaintext, ciphertext: await encrypt({ keyId, plaintext, encryptionContext }) }
    },
    async decrypt({ ciphertext, encryptionContext, recipient }) {
      const blob = parseBlob(ciphertext)
      const { material, pcrs } = keyOf(blob.keyId)
      const document = verifyAttestation(recipient, { root: attestationRoot, time: clock(), pcrs })
      const recipientKey = recipientKeyOf(document.publicKey)
      const plaintext = unseal(blob, material, boundTo(blob.keyId, encryptionContext))
      try {
        return sealForRecipient(plaintext, recipientKey, random)
      } finally {
        plaintext.fill(0)
      }
    },
  }
}

/** Additional data of the ciphertext: key and context, sorted by name so that order does not matter. */
function boundTo(keyId: string, context: EncryptionContext): Uint8Array {
  const pairs = Object.entries(context)
    .sort(([a], [b]) => compareBytes(utf8(a), utf8(b)))
    .map(([name, value]) => ({ name, value }))
  try {
    return encode(boundCodec, { version, keyId, context: pairs })
  } catch (cause) {
    throw new AttestationError('bad-request', 'the encryption context is too large', { cause })
  }
}

type Blob = { readonly keyId: string; readonly nonce: Uint8Array; readonly sealed: Uint8Array }

function parseBlob(ciphertext: Uint8Array): Blob {
  try {
    const blob = decode(blobCodec, ciphertext)
    if (blob.version === version && blob.sealed.length > tagLength) return blob
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
  }
  throw badCiphertext()
}

const badCiphertext = (): AttestationError =>
  new AttestationError('bad-ciphertext', 'the ciphertext is malformed, altered, or made under another context')

function unseal({ nonce, sealed }: Blob, material: Uint8Array, additional: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', material, nonce, { authTagLength: tagLength })
  decipher.setAAD(additional)
  decipher.setAuthTag(sealed.subarray(-tagLength))
  try {
    return concat(decipher.update(sealed.subarray(0, -tagLength)), decipher.final())
  } catch {
    throw badCiphertext()
  }
}

function recipientKeyOf(publicKey: Uint8Array | undefined): KeyObject {
  try {
    const key = publicKey && createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
    if (key?.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= minRsaBits) return key
  } catch {
    // Told below, together with an absent key.
  }
  throw new AttestationError('no-recipient-key', 'the attestation document carries no RSA key of 2048 bits or more')
}
