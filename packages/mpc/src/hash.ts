import { hash as digestOf } from 'node:crypto'
import { concat, u32, writeU32 } from './bytes.ts'

/** Plain SHA-256 (FIPS 180-4). */
export const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(digestOf('sha256', data, 'buffer'))

const PREFIX = 'trivault/mpc/v1/'
const encoder = new TextEncoder()
/** The framed names of the domains, of which there are a few dozen. */
const names = new Map<string, Uint8Array>()
/** Where the parts are put together; empty between calls. */
let work = new Uint8Array(64 << 10)

const framedName = (domain: string): Uint8Array => {
  const known = names.get(domain)
  if (known !== undefined) return known
  const name = encoder.encode(PREFIX + domain)
  const framed = concat(u32(name.length), name)
  names.set(domain, framed)
  return framed
}

/**
 * SHA-256 under a domain name with unambiguous framing: `trivault/mpc/v1/<domain>` and every part are preceded by their
 * length as u32. SPEC.md lists the domains.
 */
export const hash = (domain: string, ...parts: readonly Uint8Array[]): Uint8Array => {
  const name = framedName(domain)
  let length = name.length
  for (const part of parts) length += 4 + part.length
  if (length > work.length) work = new Uint8Array(2 * length)
  work.set(name)
  let offset = name.length
  for (const part of parts) {
    writeU32(part.length, work, offset)
    work.set(part, offset + 4)
    offset += 4 + part.length
  }
  const framed = work.subarray(0, length)
  const digest = sha256(framed)
  framed.fill(0)
  return digest
}

/** Two domain-separated digests side by side, for reduction to a scalar without visible bias. */
export const hash64 = (domain: string, ...parts: readonly Uint8Array[]): Uint8Array =>
  concat(hash(domain, Uint8Array.of(0), ...parts), hash(domain, Uint8Array.of(1), ...parts))

/** A list of party indexes as bytes. */
export const indexBytes = (indexes: readonly number[]): Uint8Array => Uint8Array.from(indexes)
