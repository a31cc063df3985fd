/**
 * The bulk of SoftSpokenOT with k = 2 (SPEC.md section 5) over fixed areas of memory. Bits are little-endian. The host
 * hashes between the steps; nothing is kept from one run to the next, `clearExtension` ends each.
 */
import { blake3 } from './blake3'

const TREES: usize = 64
const CHOICES: usize = 416
const CHECK_BITS: usize = 128
/** Bytes: of a leaf's stream, of a column (544 bits), of a row (128 bits), of a row of the check matrix, of a pad. */
const STREAM: usize = 128
const COLUMN: usize = 68
const ROW: usize = 16
const MATRIX_ROW: usize = 52
const PAD: usize = 128

export const seeds: usize = memory.data(32 * 4 * 64, 16)
/** Run id, padded to a block. */
export const runBlock: usize = memory.data(64, 16)
export const choices: usize = memory.data(68, 16)
/** One byte for each tree. */
export const positions: usize = memory.data(64, 16)
export const delta: usize = memory.data(16, 16)
export const corrections: usize = memory.data(68 * 64, 16)
export const challengeKey: usize = memory.data(32, 16)
/** What the check compares: 128 sums of rows, and the choice bits compressed alike. */
export const sums: usize = memory.data(16 * 128, 16)
export const choiceCheck: usize = memory.data(16, 16)
export const padKey: usize = memory.data(32, 16)
export const pads: usize = memory.data(128 * 416, 16)

const streams: usize = memory.data(128 * 4 * 64, 16)
const columns: usize = memory.data(68 * 128, 16)
const rows: usize = memory.data(16 * 544, 16)
const matrix: usize = memory.data(52 * 128, 16)
const emptyBlock: usize = memory.data(64, 16)
const table: usize = memory.data(16 * 16, 16)
const padBlocks: usize = memory.data(64 * 416, 16)
const tile: usize = memory.data(4 * 32, 16)

function expandLeaves(): void {
  blake3(256, seeds, 32, runBlock, 0, 32, streams, STREAM, 2)
}

/** In-place transpose of 32 × 32 bits by halving blocks. */
function transposeTile(): void {
  let mask: u32 = 0x0000ffff
  for (let width: u32 = 16; width !== 0; width >>= 1) {
    for (let k: u32 = 0; k < 32; k = (k + width + 1) & ~width) {
      const low = load<u32>(tile + (k << 2))
      const high = load<u32>(tile + ((k + width) << 2))
      const swap = ((low >> width) ^ high) & mask
      store<u32>(tile + ((k + width) << 2), high ^ swap)
      store<u32>(tile + (k << 2), low ^ (swap << width))
    }
    mask ^= mask << (width >> 1)
  }
}

/** 128 columns of 544 bits to 544 rows of 128 bits. */
function transpose(): void {
  for (let group: usize = 0; group < 4; group++) {
    for (let word: usize = 0; word < COLUMN / 4; word++) {
      for (let i: usize = 0; i < 32; i++) {
        store<u32>(tile + (i << 2), load<u32>(columns + (group * 32 + i) * COLUMN + (word << 2)))
      }
      transposeTile()
      for (let i: usize = 0; i < 32; i++) {
        store<u32>(rows + (word * 32 + i) * ROW + (group << 2), load<u32>(tile + (i << 2)))
      }
    }
  }
}

/** From `seeds` (all leaves), `runBlock` and `choices` to `corrections` and the rows. */
export function receiverRows(): void {
  expandLeaves()
  for (let tree: usize = 0; tree < TREES; tree++) {
    const base = streams + tree * 4 * STREAM
    for (let at: usize = 0; at < COLUMN; at += 4) {
      const r1 = load<u32>(base + STREAM + at)
      const r2 = load<u32>(base + 2 * STREAM + at)
      const r3 = load<u32>(base + 3 * STREAM + at)
      store<u32>(corrections + tree * COLUMN + at, load<u32>(base + at) ^ r1 ^ r2 ^ r3 ^ load<u32>(choices + at))
      store<u32>(columns + 2 * tree * COLUMN + at, r1 ^ r3)
      store<u32>(columns + (2 * tree + 1) * COLUMN + at, r2 ^ r3)
    }
  }
  transpose()
}

/** From `seeds` (zeros at the missing leaves), `positions`, `runBlock` and `corrections` to the rows. */
export function senderRows(): void {
  expandLeaves()
  for (let tree: usize = 0; tree < TREES; tree++) {
    const base = streams + tree * 4 * STREAM
    const position: u32 = load<u8>(positions + tree)
    for (let bit: u32 = 0; bit < 2; bit++) {
      // Leaf y counts where bit `bit` of y xor position is set; the missing leaf y = position never does.
      const flipped: u32 = 0 - ((position >> bit) & 1)
      const target = columns + (2 * tree + bit) * COLUMN
      const set: u32 = ~flipped
      const upper: usize = bit === 0 ? 1 : 2
      const lower: usize = bit === 0 ? 2 : 1
      for (let at: usize = 0; at < COLUMN; at += 4) {
        const counting = load<u32>(base + upper * STREAM + at) ^ load<u32>(base + 3 * STREAM + at)
        const other = load<u32>(base + at) ^ load<u32>(base + lower * STREAM + at)
        const correction = load<u32>(corrections + tree * COLUMN + at)
        store<u32>(target + at, (set & counting) ^ (flipped & (other ^ correction)))
      }
    }
  }
  transpose()
}

/**
 * `sums` = check matrix times rows plus masking rows, for the matrix that `challengeKey` expands to. Four rows at a time are
 * combined in all 16 ways; the look-ups are indexed by the public matrix.
 */
export function compressRows(): void {
  blake3(1, challengeKey, 0, emptyBlock, 0, 0, matrix, 0, 104)
  memory.copy(sums, rows + CHOICES * ROW, CHECK_BITS * ROW)
  v128.store(table, i32x4.splat(0))
  for (let group: usize = 0; group < CHOICES / 4; group++) {
    for (let i: usize = 1; i < 16; i++) {
      const row = rows + (group * 4 + ctz(i)) * ROW
      v128.store(table + (i << 4), v128.xor(v128.load(table + ((i & (i - 1)) << 4)), v128.load(row)))
    }
    const shift: u32 = (<u32>group & 1) << 2
    for (let bit: usize = 0; bit < CHECK_BITS; bit++) {
      const entry: usize = (<u32>load<u8>(matrix + bit * MATRIX_ROW + (group >> 1)) >> shift) & 15
      const target = sums + (bit << 4)
      v128.store(target, v128.xor(v128.load(target), v128.load(table + (entry << 4))))
    }
  }
}

/** `choiceCheck` = check matrix (of the last `compressRows`) times choice bits plus masking bits. */
export function compressChoices(): void {
  memory.copy(choiceCheck, choices + CHOICES / 8, CHECK_BITS / 8)
  for (let bit: usize = 0; bit < CHECK_BITS; bit++) {
    let parity: u32 = 0
    for (let at: usize = 0; at < MATRIX_ROW; at += 4) {
      parity ^= load<u32>(matrix + bit * MATRIX_ROW + at) & load<u32>(choices + at)
    }
    const target = choiceCheck + (bit >> 3)
    store<u8>(target, load<u8>(target) ^ ((popcnt(parity) & 1) << (<u32>bit & 7)))
  }
}

/** `sums` += `choiceCheck` bit times `delta`: what the sender compares. */
export function addDelta(): void {
  for (let bit: usize = 0; bit < CHECK_BITS; bit++) {
    const selected: i32 = 0 - ((<i32>load<u8>(choiceCheck + (bit >> 3)) >> (<i32>bit & 7)) & 1)
    const target = sums + (bit << 4)
    v128.store(target, v128.xor(v128.load(target), v128.and(i32x4.splat(selected), v128.load(delta))))
  }
}

/** `pads` of all OTs: of the rows, or of the rows plus `delta`. */
export function expandPads(shifted: bool): void {
  const offset = shifted ? v128.load(delta) : i32x4.splat(0)
  for (let row: usize = 0; row < CHOICES; row++) {
    const block = padBlocks + (row << 6)
    v128.store(block, v128.xor(v128.load(rows + row * ROW), offset))
    store<u32>(block, <u32>row, 16)
  }
  blake3(416, padKey, 0, padBlocks, 64, 20, pads, PAD, 2)
}

/** `blocks` times 64 bytes to `pads` for the key at `padKey` and the message of `length` bytes at `runBlock`. */
export function expandOne(length: i32, blocks: i32): void {
  blake3(1, padKey, 0, runBlock, 0, length, pads, 0, blocks)
  memory.fill(padKey, 0, 32)
  memory.fill(runBlock, 0, 64)
}

/** Overwrites all secrets of a run. */
export function clearExtension(): void {
  memory.fill(seeds, 0, 32 * 4 * 64)
  memory.fill(choices, 0, 68)
  memory.fill(positions, 0, 64)
  memory.fill(delta, 0, 16)
  memory.fill(sums, 0, 16 * 128)
  memory.fill(pads, 0, 128 * 416)
  memory.fill(streams, 0, 128 * 4 * 64)
  memory.fill(columns, 0, 68 * 128)
  memory.fill(rows, 0, 16 * 544)
  memory.fill(table, 0, 16 * 16)
  memory.fill(padBlocks, 0, 64 * 416)
  memory.fill(tile, 0, 4 * 32)
}
