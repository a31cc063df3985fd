/**
 * BLAKE3 in keyed mode for messages of at most one block (64 bytes), with extendable output. One message block is a
 * single root compression per 64 bytes of output, which is all that seed expansion and OT pads need; written out over
 * local variables because it runs thousands of times per signature. Checked against @noble/hashes in the tests.
 */
const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a] as const
/** CHUNK_START | CHUNK_END | ROOT | KEYED_HASH */
const FLAGS = 1 | 2 | 8 | 16

const rotateRight = (value: number, bits: number): number => (value >>> bits) | (value << (32 - bits))

/**
 * out[offset ...] = first `blocks` times 16 32-bit little-endian words of BLAKE3-keyed(key, message).
 * @param key 8 words
 * @param message 16 words, zero-padded
 * @param length message length in bytes, at most 64
 */
export const blake3Keyed = (
  key: Uint32Array,
  message: Uint32Array,
  length: number,
  out: Uint32Array,
  offset: number,
  blocks: number,
): void => {
  for (let block = 0; block < blocks; block++) compress(key, message, length, block, out, offset + block * 16)
}

const compress = (
  k: Uint32Array,
  m: Uint32Array,
  length: number,
  counter: number,
  out: Uint32Array,
  offset: number,
): void => {
  let m0 = m[0] as number
  let m1 = m[1] as number
  let m2 = m[2] as number
  let m3 = m[3] as number
  let m4 = m[4] as number
  let m5 = m[5] as number
  let m6 = m[6] as number
  let m7 = m[7] as number
  let m8 = m[8] as number
  let m9 = m[9] as number
  let m10 = m[10] as number
  let m11 = m[11] as number
  let m12 = m[12] as number
  let m13 = m[13] as number
  let m14 = m[14] as number
  let m15 = m[15] as number
  let v0 = k[0] as number
  let v1 = k[1] as number
  let v2 = k[2] as number
  let v3 = k[3] as number
  let v4 = k[4] as number
  let v5 = k[5] as number
  let v6 = k[6] as number
  let v7 = k[7] as number
  let v8: number = IV[0]
  let v9: number = IV[1]
  let v10: number = IV[2]
  let v11: number = IV[3]
  let v12 = counter
  let v13 = 0
  let v14 = length
  let v15 = FLAGS
  for (let round = 0; ; round++) {
    v0 = (v0 + v4 + m0) | 0
    v12 = rotateRight(v12 ^ v0, 16)
    v8 = (v8 + v12) | 0
    v4 = rotateRight(v4 ^ v8, 12)
    v0 = (v0 + v4 + m1) | 0
    v12 = rotateRight(v12 ^ v0, 8)
    v8 = (v8 + v12) | 0
    v4 = rotateRight(v4 ^ v8, 7)
    v1 = (v1 + v5 + m2) | 0
    v13 = rotateRight(v13 ^ v1, 16)
    v9 = (v9 + v13) | 0
    v5 = rotateRight(v5 ^ v9, 12)
    v1 = (v1 + v5 + m3) | 0
    v13 = rotateRight(v13 ^ v1, 8)
    v9 = (v9 + v13) | 0
    v5 = rotateRight(v5 ^ v9, 7)
    v2 = (v2 + v6 + m4) | 0
    v14 = rotateRight(v14 ^ v2, 16)
    v10 = (v10 + v14) | 0
    v6 = rotateRight(v6 ^ v10, 12)
    v2 = (v2 + v6 + m5) | 0
    v14 = rotateRight(v14 ^ v2, 8)
    v10 = (v10 + v14) | 0
    v6 = rotateRight(v6 ^ v10, 7)
    v3 = (v3 + v7 + m6) | 0
    v15 = rotateRight(v15 ^ v3, 16)
    v11 = (v11 + v15) | 0
    v7 = rotateRight(v7 ^ v11, 12)
    v3 = (v3 + v7 + m7) | 0
    v15 = rotateRight(v15 ^ v3, 8)
    v11 = (v11 + v15) | 0
    v7 = rotateRight(v7 ^ v11, 7)
    v0 = (v0 + v5 + m8) | 0
    v15 = rotateRight(v15 ^ v0, 16)
    v10 = (v10 + v15) | 0
    v5 = rotateRight(v5 ^ v10, 12)
    v0 = (v0 + v5 + m9) | 0
    v15 = rotateRight(v15 ^ v0, 8)
    v10 = (v10 + v15) | 0
    v5 = rotateRight(v5 ^ v10, 7)
    v1 = (v1 + v6 + m10) | 0
    v12 = rotateRight(v12 ^ v1, 16)
    v11 = (v11 + v12) | 0
    v6 = rotateRight(v6 ^ v11, 12)
    v1 = (v1 + v6 + m11) | 0
    v12 = rotateRight(v12 ^ v1, 8)
    v11 = (v11 + v12) | 0
    v6 = rotateRight(v6 ^ v11, 7)
    v2 = (v2 + v7 + m12) | 0
    v13 = rotateRight(v13 ^ v2, 16)
    v8 = (v8 + v13) | 0
    v7 = rotateRight(v7 ^ v8, 12)
    v2 = (v2 + v7 + m13) | 0
    v13 = rotateRight(v13 ^ v2, 8)
    v8 = (v8 + v13) | 0
    v7 = rotateRight(v7 ^ v8, 7)
    v3 = (v3 + v4 + m14) | 0
    v14 = rotateRight(v14 ^ v3, 16)
    v9 = (v9 + v14) | 0
    v4 = rotateRight(v4 ^ v9, 12)
    v3 = (v3 + v4 + m15) | 0
    v14 = rotateRight(v14 ^ v3, 8)
    v9 = (v9 + v14) | 0
    v4 = rotateRight(v4 ^ v9, 7)
    if (round === 6) break
    const t0 = m0
    m0 = m2
    m2 = m3
    m3 = m10
    m10 = m12
    m12 = m9
    m9 = m11
    m11 = m5
    m5 = t0
    const t1 = m1
    m1 = m6
    m6 = m4
    m4 = m7
    m7 = m13
    m13 = m14
    m14 = m15
    m15 = m8
    m8 = t1
  }
  out[offset + 0] = v0 ^ v8
  out[offset + 1] = v1 ^ v9
  out[offset + 2] = v2 ^ v10
  out[offset + 3] = v3 ^ v11
  out[offset + 4] = v4 ^ v12
  out[offset + 5] = v5 ^ v13
  out[offset + 6] = v6 ^ v14
  out[offset + 7] = v7 ^ v15
  out[offset + 8] = v8 ^ (k[0] as number)
  out[offset + 9] = v9 ^ (k[1] as number)
  out[offset + 10] = v10 ^ (k[2] as number)
  out[offset + 11] = v11 ^ (k[3] as number)
  out[offset + 12] = v12 ^ (k[4] as number)
  out[offset + 13] = v13 ^ (k[5] as number)
  out[offset + 14] = v14 ^ (k[6] as number)
  out[offset + 15] = v15 ^ (k[7] as number)
}
