import { concat, equalBytes, toHex, utf8 } from '@trivault/codec'
import { sha256 } from '@trivault/protocol'

/** Bytes of a zip's comment: `sha256:` and 64 hex digits. */
const commentLength = 71

/**
 * A zip without comment gets one: the SHA-256 of everything before it. A zip has bytes that its contents do not depend on (times,
 * padding); with this none of them changes unseen. No proof: whoever can rewrite the file can seal it again.
 */
export function sealZip(zip: Uint8Array): Uint8Array {
  if (zip.length < 22 || zip.at(-1) !== 0 || zip.at(-2) !== 0) throw new RangeError('a zip without comment expected')
  const body = zip.with(zip.length - 2, commentLength)
  return concat(body, commentOf(body))
}

export function isSealedZip(zip: Uint8Array): boolean {
  const end = zip.length - commentLength
  return end > 0 && equalBytes(zip.subarray(end), commentOf(zip.subarray(0, end)))
}

const commentOf = (body: Uint8Array): Uint8Array => utf8(`sha256:${toHex(sha256(body))}`)
