import { ed25519 } from '@noble/curves/ed25519.js'
import type { EncryptionContext } from '@trivault/attestation'
import {
  bytes,
  type Codec,
  CodecError,
  decode,
  encode,
  equalBytes,
  fixed,
  option,
  Reader,
  struct,
  text,
} from '@trivault/codec'
import { isAdminKey, taggedHash } from '@trivault/protocol'
import { NodeError } from './errors.ts'
import { anchorKeyOf } from './file-anchor.ts'
import type { AnchorAccess, NodeSecret } from './ports.ts'

/**
 * One length for every secret, in whole cipher blocks: none of them is half checked, and the length of the ciphertext tells
 * nothing about what is in it.
 */
export const NODE_SECRET_LENGTH = 1024
const CHECK_LENGTH = 32

const anchorAccess = struct({
  region: text(64),
  host: text(253),
  table: text(255),
  accessKeyId: text(128),
  secretAccessKey: text(128),
  authority: option(bytes(NODE_SECRET_LENGTH)),
}) as Codec<AnchorAccess>
const content = struct({
  encryptorMasterPassword: fixed(32),
  identitySeed: fixed(32),
  adminKey: fixed(33),
  anchor: option(anchorAccess),
})
/** The content, zeros up to one length, then the check. */
const padded = fixed(NODE_SECRET_LENGTH - CHECK_LENGTH)
const codec = struct({ padded, check: fixed(CHECK_LENGTH) })

/**
 * The check makes one byte string out of the secret: the cipher of a KMS answer authenticates nothing, so that a host could
 * alter parts of it and learn from what still opens, or put its own admin key beside the node's identity.
 */
const checkOf = (bytes: Uint8Array): Uint8Array => taggedHash('node-secret/v3', bytes)

/** The bytes that are encrypted under the node's KMS key. Throws `NodeError` bad-secret when no node could start with them. */
export function encodeNodeSecret(secret: NodeSecret): Uint8Array {
  if (!isAdminKey(secret.adminKey)) throw new NodeError('bad-secret', 'the admin key is not a point on P-256')
  const room = new Uint8Array(NODE_SECRET_LENGTH - CHECK_LENGTH)
  const encoded = encode(content, { ...secret, anchor: secret.anchor })
  try {
    if (encoded.length > room.length)
      throw new NodeError(
        'bad-secret',
        `the secret does not fit: give an authority of ${encoded.length - room.length} bytes less`,
      )
    room.set(encoded)
    return encode(codec, { padded: room, check: checkOf(room) })
  } finally {
    encoded.fill(0)
    room.fill(0)
  }
}

/** Throws `NodeError` bad-secret, the same for whatever is wrong. */
export function decodeNodeSecret(bytes: Uint8Array): NodeSecret {
  const secret = parsed(bytes)
  if (secret === undefined) throw new NodeError('bad-secret', 'what the KMS released is not a node secret')
  return secret
}

function parsed(bytes: Uint8Array): NodeSecret | undefined {
  if (bytes.length !== NODE_SECRET_LENGTH) return undefined
  const { padded, check } = decode(codec, bytes)
  try {
    if (!equalBytes(check, checkOf(padded))) return undefined
    const reader = new Reader(padded)
    const { anchor, ...secret } = content.decode(reader)
    if (reader.raw(reader.remaining).some(byte => byte !== 0) || !isAdminKey(secret.adminKey)) return undefined
    return anchor === undefined ? secret : { ...secret, anchor }
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  } finally {
    padded.fill(0)
  }
}

/** What a node's admin knows of a secret before there is one. */
export interface FirstSecretOptions {
  deploymentId: string
  index: number
  /** The admin's P-256 public key, compressed: what the node takes orders from for good. */
  adminKey: Uint8Array
  /** Where the anchor is when it is not a directory. */
  anchor?: AnchorAccess
  /** The operating system's random source. */
  random: (length: number) => Uint8Array
  /** Encrypts under this node's KMS key with this encryption context. */
  encrypt: (plaintext: Uint8Array, context: EncryptionContext) => Promise<Uint8Array>
}

export interface FirstSecret {
  /** As the node's host keeps it. */
  sealed: Uint8Array
  /** Ed25519 public key of the node card. */
  identityKey: Uint8Array
  /** Authenticates the anchor's first row; the caller erases it after that. */
  anchorKey: Uint8Array
}

/**
 * Makes a node's secret, which exists in the clear in this call alone. Throws `NodeError` bad-secret and what `encrypt` throws.
 */
export async function firstSecret(options: FirstSecretOptions): Promise<FirstSecret> {
  const { deploymentId, index, encrypt } = options
  const secret = createNodeSecret(options)
  const plaintext = encodeNodeSecret(secret)
  try {
    const sealed = await encrypt(plaintext, secretContext(deploymentId, index))
    return { sealed, identityKey: identityKeyOf(secret), anchorKey: anchorKeyOf(secret) }
  } finally {
    for (const bytes of [plaintext, secret.encryptorMasterPassword, secret.identitySeed]) bytes.fill(0)
  }
}

/** A fresh secret from 64 random bytes; run on the node admin's host, seen by nobody. */
export function createNodeSecret({
  random,
  adminKey,
  anchor,
}: Pick<FirstSecretOptions, 'random' | 'adminKey' | 'anchor'>): NodeSecret {
  const fresh = { encryptorMasterPassword: random(32), identitySeed: random(32), adminKey }
  return anchor === undefined ? fresh : { ...fresh, anchor }
}

/** The node card's identity key (Ed25519 public key, 32 bytes). */
export function identityKeyOf(secret: Pick<NodeSecret, 'identitySeed'>): Uint8Array {
  return ed25519.getPublicKey(secret.identitySeed)
}

/** What a node's encrypted secret is bound to. The deployment, not the vault: the vault's id is made from the secrets' cards. */
export const secretContext = (deploymentId: string, index: number): EncryptionContext => ({
  deploymentId,
  node: `${index}`,
})
