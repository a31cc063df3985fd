import { ed25519 } from '@noble/curves/ed25519.js'
import type { EncryptionContext } from '@trivault/attestation'
import { decode, encode, equalBytes, fixed, struct, type ValueOf } from '@trivault/codec'
import { taggedHash } from '@trivault/protocol'
import { NodeError } from './errors.ts'
import type { NodeSecret } from './ports.ts'

/**
 * The check makes one byte string out of the secret: the cipher of a KMS answer authenticates nothing, so that a host could
 * alter parts of it and learn from what still opens. The length is whole cipher blocks: none of them is half checked.
 */
const codec = struct({ encryptorMasterPassword: fixed(32), identitySeed: fixed(32), check: fixed(32) })
export const NODE_SECRET_LENGTH = 96

const checkOf = ({ encryptorMasterPassword, identitySeed }: NodeSecret): Uint8Array =>
  taggedHash('node-secret/v2', encryptorMasterPassword, identitySeed)

/** The bytes that are encrypted under the node's KMS key. */
export function encodeNodeSecret(secret: NodeSecret): Uint8Array {
  return encode(codec, { ...secret, check: checkOf(secret) })
}

/** Throws `NodeError` bad-secret, the same for whatever is wrong. */
export function decodeNodeSecret(bytes: Uint8Array): NodeSecret {
  let decoded: ValueOf<typeof codec> | undefined
  if (bytes.length === NODE_SECRET_LENGTH) decoded = decode(codec, bytes)
  if (decoded === undefined || !equalBytes(decoded.check, checkOf(decoded)))
    throw new NodeError('bad-secret', 'what the KMS released is not a node secret')
  const { encryptorMasterPassword, identitySeed } = decoded
  return { encryptorMasterPassword, identitySeed }
}

/** A fresh secret from 64 random bytes; run on the node admin's host, seen by nobody. */
export function createNodeSecret(random: (length: number) => Uint8Array): NodeSecret {
  return { encryptorMasterPassword: random(32), identitySeed: random(32) }
}

/** The node card's identity key (Ed25519 public key, 32 bytes). */
export function identityKeyOf(secret: NodeSecret): Uint8Array {
  return ed25519.getPublicKey(secret.identitySeed)
}

/** What a node's encrypted secret is bound to. The deployment, not the vault: the vault's id is made from the secrets' cards. */
export const secretContext = (deploymentId: string, index: number): EncryptionContext => ({
  deploymentId,
  node: `${index}`,
})
