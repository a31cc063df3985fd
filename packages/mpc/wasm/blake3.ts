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

/** The transpose of four vectors of four words: word k of all four goes to target k. */
function storeTransposed(
  target0: usize,
  target1: usize,
  target2: usize,
  target3: usize,
  a: v128,
  b: v128,
  c: v128,
  d: v128,
): void {
  const ab = i32x4.shuffle(a, b, 0, 4, 1, 5)
  const cd = i32x4.shuffle(c, d, 0, 4, 1, 5)
  const abHigh = i32x4.shuffle(a, b, 2, 6, 3, 7)
  const cdHigh = i32x4.shuffle(c, d, 2, 6, 3, 7)
  v128.store(target0, i32x4.shuffle(ab, cd, 0, 1, 4, 5))
  v128.store(target1, i32x4.shuffle(ab, cd, 2, 3, 6, 7))
  v128.store(target2, i32x4.shuffle(abHigh, cdHigh, 0, 1, 4, 5))
  v128.store(target3, i32x4.shuffle(abHigh, cdHigh, 2, 3, 6, 7))
}

/** Words of four rows into the lanes of `words` vectors. */
function gather(target: usize, words: usize, r0: usize, r1: usize, r2: usize, r3: usize): void {
  for (let at: usize = 0; at < words << 2; at += 16) {
    const to = target + (at << 2)
    storeTransposed(
      to,
      to + 16,
      to + 32,
      to + 48,
      v128.load(r0 + at),
      v128.load(r1 + at),
      v128.load(r2 + at),
      v128.load(r3 + at),
    )
  }
}

/** Takes what lanes beyond the last job produce. */
const spill: usize = memory.data(64, 16)

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
  const last = count * blocks - 1
  for (let job = 0; job <= last; job += 4) {
    // Lanes beyond the end repeat the last job.
    const j1 = min(job + 1, last)
    const j2 = min(job + 2, last)
    const j3 = min(job + 3, last)
    const r0: usize = job / blocks
    const r1: usize = j1 / blocks
    const r2: usize = j2 / blocks
    const r3: usize = j3 / blocks
    const b0 = job % blocks
    const b1 = j1 % blocks
    const b2 = j2 % blocks
    const b3 = j3 % blocks
    gather(jobs, 8, keys + r0 * keyStride, keys + r1 * keyStride, keys + r2 * keyStride, keys + r3 * keyStride)
    gather(
      jobs + 128,
      16,
      messages + r0 * messageStride,
      messages + r1 * messageStride,
      messages + r2 * messageStride,
      messages + r3 * messageStride,
    )
    store<i32>(jobs, b0, 384)
    store<i32>(jobs, b1, 388)
    store<i32>(jobs, b2, 392)
    store<i32>(jobs, b3, 396)
    compress(length)
    const o0 = out + r0 * outStride + ((<usize>b0) << 6)
    const o1 = job + 1 > last ? spill : out + r1 * outStride + ((<usize>b1) << 6)
    const o2 = job + 2 > last ? spill : out + r2 * outStride + ((<usize>b2) << 6)
    const o3 = job + 3 > last ? spill : out + r3 * outStride + ((<usize>b3) << 6)
    for (let at: usize = 0; at < 64; at += 16) {
      const from = results + (at << 2)
      storeTransposed(
        o0 + at,
        o1 + at,
        o2 + at,
        o3 + at,
        v128.load(from),
        v128.load(from, 16),
        v128.load(from, 32),
        v128.load(from, 48),
      )
    }
  }
  memory.fill(jobs, 0, 25 * 16)
  memory.fill(results, 0, 16 * 16)
  memory.fill(spill, 0, 64)
}
