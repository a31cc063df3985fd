import { createHash } from 'node:crypto'
import { concat, u32 } from './bytes.ts'

/** Plain SHA-256 (FIPS 180-4). */
export const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(data).digest())

/**
 * SHA-256 under a domain name with unambiguous framing: `trivault/mpc/v1/<domain>` and every part are preceded by their
 * length as u32. SPEC.md lists the domains.
 */
export const hash = (domain: string, ...parts: readonly Uint8Array[]): Uint8Array => {
  const digest = createHash('sha256')
  for (const part of [new TextEncoder().encode(`trivault/mpc/v1/${domain}`), ...parts]) {
    digest.update(u32(part.length))
    digest.update(part)
  }
  return new Uint8Array(digest.digest())
}

/** Two domain-separated digests side by side, for reduction to a scalar without visible bias. */
export const hash64 = (domain: string, ...parts: readonly Uint8Array[]): Uint8Array =>
  concat(hash(domain, Uint8Array.of(0), ...parts), hash(domain, Uint8Array.of(1), ...parts))

/** A list of party indexes as bytes. */
export const indexBytes = (indexes: readonly number[]): Uint8Array => Uint8Array.from(indexes)
