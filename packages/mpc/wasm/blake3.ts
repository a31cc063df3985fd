/**
 * BLAKE3 in keyed mode for messages of at most one block, with extendable output: four compressions side by side in the
 * lanes of 128-bit vectors. Every 64 bytes of output are one root compression with the block's number as counter.
 */

/** CHUNK_START | CHUNK_END | ROOT | KEYED_HASH */
const FLAGS: i32 = 1 | 2 | 8 | 16

/** Key (8), message (16) and counter of four jobs, word by word, each a vector of four lanes. */
const jobs: usize = memory.data(25 * 16, 16)
const results: usize = memory.data(16 * 16, 16)

function rotate16(v: v128): v128 {
  return i8x16.shuffle(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
}
function rotate12(v: v128): v128 {
  return v128.or(i32x4.shr_u(v, 12), i32x4.shl(v, 20))
}
function rotate8(v: v128): v128 {
  return i8x16.shuffle(v, v, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12)
}
function rotate7(v: v128): v128 {
  return v128.or(i32x4.shr_u(v, 7), i32x4.shl(v, 25))
}

function compress(length: i32): void {
  let m0 = v128.load(jobs, 128)
  let m1 = v128.load(jobs, 144)
  let m2 = v128.load(jobs, 160)
  let m3 = v128.load(jobs, 176)
  let m4 = v128.load(jobs, 192)
  let m5 = v128.load(jobs, 208)
  let m6 = v128.load(jobs, 224)
  let m7 = v128.load(jobs, 240)
  let m8 = v128.load(jobs, 256)
  let m9 = v128.load(jobs, 272)
  let m10 = v128.load(jobs, 288)
  let m11 = v128.load(jobs, 304)
  let m12 = v128.load(jobs, 320)
  let m13 = v128.load(jobs, 336)
  let m14 = v128.load(jobs, 352)
  let m15 = v128.load(jobs, 368)
  let v0 = v128.load(jobs)
  let v1 = v128.load(jobs, 16)
  let v2 = v128.load(jobs, 32)
  let v3 = v128.load(jobs, 48)
  let v4 = v128.load(jobs, 64)
  let v5 = v128.load(jobs, 80)
  let v6 = v128.load(jobs, 96)
  let v7 = v128.load(jobs, 112)
  let v8 = i32x4.splat(0x6a09e667)
  let v9 = i32x4.splat(0xbb67ae85)
  let v10 = i32x4.splat(0x3c6ef372)
  let v11 = i32x4.splat(0xa54ff53a)
  let v12 = v128.load(jobs, 384)
  let v13 = i32x4.splat(0)
  let v14 = i32x4.splat(length)
  let v15 = i32x4.splat(FLAGS)
  for (let round = 0; ; round++) {
    v0 = i32x4.add(i32x4.add(v0, v4), m0)
    v12 = rotate16(v128.xor(v12, v0))
    v8 = i32x4.add(v8, v12)
    v4 = rotate12(v128.xor(v4, v8))
    v0 = i32x4.add(i32x4.add(v0, v4), m1)
    v12 = rotate8(v128.xor(v12, v0))
    v8 = i32x4.add(v8, v12)
    v4 = rotate7(v128.xor(v4, v8))
    v1 = i32x4.add(i32x4.add(v1, v5), m2)
    v13 = rotate16(v128.xor(v13, v1))
    v9 = i32x4.add(v9, v13)
    v5 = rotate12(v128.xor(v5, v9))
    v1 = i32x4.add(i32x4.add(v1, v5), m3)
    v13 = rotate8(v128.xor(v13, v1))
    v9 = i32x4.add(v9, v13)
    v5 = rotate7(v128.xor(v5, v9))
    v2 = i32x4.add(i32x4.add(v2, v6), m4)
    v14 = rotate16(v128.xor(v14, v2))
    v10 = i32x4.add(v10, v14)
    v6 = rotate12(v128.xor(v6, v10))
    v2 = i32x4.add(i32x4.add(v2, v6), m5)
    v14 = rotate8(v128.xor(v14, v2))
    v10 = i32x4.add(v10, v14)
    v6 = rotate7(v128.xor(v6, v10))
    v3 = i32x4.add(i32x4.add(v3, v7), m6)
    v15 = rotate16(v128.xor(v15, v3))
    v11 = i32x4.add(v11, v15)
    v7 = rotate12(v128.xor(v7, v11))
    v3 = i32x4.add(i32x4.add(v3, v7), m7)
    v15 = rotate8(v128.xor(v15, v3))
    v11 = i32x4.add(v11, v15)
    v7 = rotate7(v128.xor(v7, v11))
    v0 = i32x4.add(i32x4.add(v0, v5), m8)
    v15 = rotate16(v128.xor(v15, v0))
    v10 = i32x4.add(v10, v15)
    v5 = rotate12(v128.xor(v5, v10))
    v0 = i32x4.add(i32x4.add(v0, v5), m9)
    v15 = rotate8(v128.xor(v15, v0))
    v10 = i32x4.add(v10, v15)
    v5 = rotate7(v128.xor(v5, v10))
    v1 = i32x4.add(i32x4.add(v1, v6), m10)
    v12 = rotate16(v128.xor(v12, v1))
    v11 = i32x4.add(v11, v12)
    v6 = rotate12(v128.xor(v6, v11))
    v1 = i32x4.add(i32x4.add(v1, v6), m11)
    v12 = rotate8(v128.xor(v12, v1))
    v11 = i32x4.add(v11, v12)
    v6 = rotate7(v128.xor(v6, v11))
    v2 = i32x4.add(i32x4.add(v2, v7), m12)
    v13 = rotate16(v128.xor(v13, v2))
    v8 = i32x4.add(v8, v13)
    v7 = rotate12(v128.xor(v7, v8))
    v2 = i32x4.add(i32x4.add(v2, v7), m13)
    v13 = rotate8(v128.xor(v13, v2))
    v8 = i32x4.add(v8, v13)
    v7 = rotate7(v128.xor(v7, v8))
    v3 = i32x4.add(i32x4.add(v3, v4), m14)
    v14 = rotate16(v128.xor(v14, v3))
    v9 = i32x4.add(v9, v14)
    v4 = rotate12(v128.xor(v4, v9))
    v3 = i32x4.add(i32x4.add(v3, v4), m15)
    v14 = rotate8(v128.xor(v14, v3))
    v9 = i32x4.add(v9, v14)
    v4 = rotate7(v128.xor(v4, v9))
    if (round === 6) break
    // The message permutation: two cycles of eight words.
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
  v128.store(results, v128.xor(v0, v8))
  v128.store(results, v128.xor(v1, v9), 16)
  v128.store(results, v128.xor(v2, v10), 32)
  v128.store(results, v128.xor(v3, v11), 48)
  v128.store(results, v128.xor(v4, v12), 64)
  v128.store(results, v128.xor(v5, v13), 80)
  v128.store(results, v128.xor(v6, v14), 96)
  v128.store(results, v128.xor(v7, v15), 112)
  v128.store(results, v128.xor(v8, v128.load(jobs)), 128)
  v128.store(results, v128.xor(v9, v128.load(jobs, 16)), 144)
  v128.store(results, v128.xor(v10, v128.load(jobs, 32)), 160)
  v128.store(results, v128.xor(v11, v128.load(jobs, 48)), 176)
  v128.store(results, v128.xor(v12, v128.load(jobs, 64)), 192)
  v128.store(results, v128.xor(v13, v128.load(jobs, 80)), 208)
  v128.store(results, v128.xor(v14, v128.load(jobs, 96)), 224)
  v128.store(results, v128.xor(v15, v128.load(jobs, 112)), 240)
}

/**
 * `blocks` times 64 bytes of output for each of `count` rows: row r has the key at keys + r · keyStride (0: one key for
 * all) and the 64-byte zero-padded message of `length` bytes at messages + r · messageStride; its output is at
 * out + r · outStride.
 */
export function blake3(
  count: i32,
  keys: usize,
  keyStride: usize,
  messages: usize,
  messageStride: usize,
  length: i32,
  out: usize,
  outStride: usize,
  blocks: i32,
): void {
  const total = count * blocks
  for (let start = 0; start < total; start += 4) {
    for (let lane = 0; lane < 4; lane++) {
      // Lanes beyond the end repeat the last job.
      const job = min(start + lane, total - 1)
      const row: usize = job / blocks
      const key = keys + row * keyStride
      const message = messages + row * messageStride
      const target = jobs + (lane << 2)
      for (let word: usize = 0; word < 8; word++) store<u32>(target + (word << 4), load<u32>(key + (word << 2)))
      for (let word: usize = 0; word < 16; word++) {
        store<u32>(target + (word << 4), load<u32>(message + (word << 2)), 128)
      }
      store<u32>(target, job % blocks, 384)
    }
    compress(length)
    for (let lane = 0; lane < 4; lane++) {
      const job = start + lane
      if (job >= total) break
      const row: usize = job / blocks
      const block: usize = job % blocks
      const target = out + row * outStride + (block << 6)
      for (let word: usize = 0; word < 16; word++) {
        store<u32>(target + (word << 2), load<u32>(results + (word << 4) + (lane << 2)))
      }
    }
  }
  memory.fill(jobs, 0, 25 * 16)
  memory.fill(results, 0, 16 * 16)
}
