import { hash as digestOf } from 'node:crypto'
import { concat } from './bytes.ts'

/** Plain SHA-256 (FIPS 180-4). */
export const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(digestOf('sha256', data, 'buffer'))

const PREFIX = 'trivault/mpc/v1/'
const encoder = new TextEncoder()

/**
 * SHA-256 under a domain name with unambiguous framing: `trivault/mpc/v1/<domain>` and every part are preceded by their
 * length as u32. SPEC.md lists the domains.
 */
export const hash = (domain: string, ...parts: readonly Uint8Array[]): Uint8Array => {
  const name = encoder.encode(PREFIX + domain)
  let length = 4 + name.length
  for (const part of parts) length += 4 + part.length
  const framed = new Uint8Array(length)
  const view = new DataView(framed.buffer)
  let offset = 0
  for (let i = -1; i < parts.length; i++) {
    const part = i < 0 ? name : (parts[i] as Uint8Array)
    view.setUint32(offset, part.length)
    framed.set(part, offset + 4)
    offset += 4 + part.length
  }
  const digest = sha256(framed)
  framed.fill(0)
  return digest
}

/** Two domain-separated digests side by side, for reduction to a scalar without visible bias. */
export const hash64 = (domain: string, ...parts: readonly Uint8Array[]): Uint8Array =>
  concat(hash(domain, Uint8Array.of(0), ...parts), hash(domain, Uint8Array.of(1), ...parts))

/** A list of party indexes as bytes. */
export const indexBytes = (indexes: readonly number[]): Uint8Array => Uint8Array.from(indexes)
