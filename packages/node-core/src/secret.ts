import { ed25519 } from '@noble/curves/ed25519.js'
import type { EncryptionContext } from '@trivault/attestation'
import { decode, encode, fixed, struct, u8 } from '@trivault/codec'
import type { NodeSecret } from './ports.ts'

const codec = struct({ version: u8, encryptorMasterPassword: fixed(32), identitySeed: fixed(32) })

/** The bytes that are encrypted under the node's KMS key. */
export function encodeNodeSecret(secret: NodeSecret): Uint8Array {
  return encode(codec, { version: 1, ...secret })
}

/** Throws `CodecError`. */
export function decodeNodeSecret(bytes: Uint8Array): NodeSecret {
  const { version, ...secret } = decode(codec, bytes)
  if (version !== 1) throw new RangeError('unknown version of a node secret')
  return secret
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
