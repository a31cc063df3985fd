import { sha256 as sha256Raw } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '@trivault/codec'

export function sha256(...parts: Uint8Array[]): Uint8Array {
  return sha256Raw(concat(...parts))
}

/** SHA-256 under a domain tag: tag length, tag, then the parts. Every signed or named thing has its own tag. */
export function taggedHash(tag: string, ...parts: Uint8Array[]): Uint8Array {
  const name = utf8(`trivault/v1/${tag}`)
  return sha256(Uint8Array.of(name.length), name, ...parts)
}
