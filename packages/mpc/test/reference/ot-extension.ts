import { concat, equalBytes, toWords } from '../../src/bytes.ts'
import { hash } from '../../src/hash.ts'
import { LEAVES, TREES } from '../../src/pprf.ts'
import { blake3Keyed } from './blake3.ts'

/**
 * SoftSpokenOT (Roy, eprint 2022/192) with k = 2 over the repetition code, consistency check by a uniform binary matrix
 * under Fiat-Shamir, and random pads per OT from keyed BLAKE3. One call extends the epoch's base seeds for one run;
 * the run id separates all PRG output. Bits are little-endian: bit j of a vector is bit j mod 32 of word j div 32.
 */
export const CHOICES = 416
/** Extra OTs whose bits mask what the consistency check reveals. */
const CHECK_BITS = 128
const COLUMN_WORDS = (CHOICES + CHECK_BITS) / 32
const CHOICE_WORDS = CHOICES / 32
const CHOICE_BYTES = CHOICES / 8
export const DELTA_WORDS = 4
const COLUMNS = 128
/** PRG output per leaf: whole blocks of 16 words. */
const STREAM_BLOCKS = Math.ceil(COLUMN_WORDS / 16)
const CORRECTION_LENGTH = TREES * COLUMN_WORDS * 4
const CHECK_LENGTH = CHECK_BITS / 8
/** Corrections, the masked choice check, and the hash of the check matrix. */
export const EXTENSION_LENGTH = CORRECTION_LENGTH + CHECK_LENGTH + 32

/** Words per pad: 24 are used (three scalars), the rest fills the second block. */
export const PAD_WORDS = 32

const toBytes = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength)

/** Bit 2c+b of delta is bit b of the secret position of tree c. */
export const deltaOf = (positions: Uint8Array): Uint32Array => {
  const delta = new Uint32Array(DELTA_WORDS)
  for (let tree = 0; tree < TREES; tree++) {
    const word = tree >> 4
    delta[word] = (delta[word] as number) | ((positions[tree] as number) << (2 * (tree & 15)))
  }
  return delta
}

/** PRG output of all leaves for one run: [tree][leaf] streams of STREAM_BLOCKS blocks. */
export const expandLeaves = (seeds: Uint32Array, runId: Uint8Array): Uint32Array => {
  const streams = new Uint32Array(TREES * LEAVES * STREAM_BLOCKS * 16)
  const message = new Uint32Array(16)
  message.set(toWords(runId))
  for (let leaf = 0; leaf < TREES * LEAVES; leaf++) {
    blake3Keyed(seeds.subarray(leaf * 8, leaf * 8 + 8), message, 32, streams, leaf * STREAM_BLOCKS * 16, STREAM_BLOCKS)
  }
  return streams
}

/** In-place transpose of 32 × 32 bits (halving blocks). */
const transpose32 = (block: Uint32Array): void => {
  let mask = 0x0000ffff
  for (let width = 16; width !== 0; width >>>= 1) {
    for (let k = 0; k < 32; k = (k + width + 1) & ~width) {
      const low = block[k] as number
      const high = block[k + width] as number
      const swap = ((low >>> width) ^ high) & mask
      block[k + width] = high ^ swap
      block[k] = low ^ (swap << width)
    }
    mask ^= mask << (width >>> 1)
  }
}

/** 128 columns of 544 bits to 544 rows of 128 bits. */
export const transpose = (columns: Uint32Array): Uint32Array => {
  const rows = new Uint32Array(COLUMN_WORDS * 32 * DELTA_WORDS)
  const block = new Uint32Array(32)
  for (let group = 0; group < COLUMNS / 32; group++) {
    for (let word = 0; word < COLUMN_WORDS; word++) {
      for (let i = 0; i < 32; i++) block[i] = columns[(group * 32 + i) * COLUMN_WORDS + word] as number
      transpose32(block)
      for (let i = 0; i < 32; i++) rows[(word * 32 + i) * DELTA_WORDS + group] = block[i] as number
    }
  }
  block.fill(0)
  return rows
}

/** The public check matrix: CHECK_BITS rows of CHOICES bits, fixed only after the corrections. */
export const challenge = (runId: Uint8Array, corrections: Uint8Array): Uint8Array => {
  const key = toWords(hash('ot-extension/challenge', runId, corrections))
  const out = new Uint32Array((CHECK_BITS * CHOICE_BYTES) / 4)
  blake3Keyed(key, new Uint32Array(16), 0, out, 0, out.length / 16)
  return toBytes(out)
}

/**
 * Check matrix times rows, plus the masking rows: 128 sums of rows, each 128 bits. Four rows at a time are combined in
 * all 16 ways; the look-ups are indexed by the public matrix, so they tell nothing about the rows.
 */
export const compressRows = (rows: Uint32Array, matrix: Uint8Array): Uint32Array => {
  const out = rows.slice(CHOICES * DELTA_WORDS)
  const table = new Uint32Array(16 * DELTA_WORDS)
  for (let group = 0; group < CHOICES / 4; group++) {
    for (let i = 1; i < 16; i++) {
      const lowest = 31 - Math.clz32(i & -i)
      const rest = (i & (i - 1)) * DELTA_WORDS
      const row = (group * 4 + lowest) * DELTA_WORDS
      for (let word = 0; word < DELTA_WORDS; word++) {
        table[i * DELTA_WORDS + word] = (table[rest + word] as number) ^ (rows[row + word] as number)
      }
    }
    const shift = (group & 1) * 4
    for (let bit = 0; bit < CHECK_BITS; bit++) {
      const entry = (((matrix[bit * CHOICE_BYTES + (group >> 1)] as number) >> shift) & 15) * DELTA_WORDS
      const target = bit * DELTA_WORDS
      out[target] = (out[target] as number) ^ (table[entry] as number)
      out[target + 1] = (out[target + 1] as number) ^ (table[entry + 1] as number)
      out[target + 2] = (out[target + 2] as number) ^ (table[entry + 2] as number)
      out[target + 3] = (out[target + 3] as number) ^ (table[entry + 3] as number)
    }
  }
  table.fill(0)
  return out
}

/** Check matrix times choice bits, plus the masking bits. */
export const compressChoices = (choices: Uint32Array, matrix: Uint8Array): Uint32Array => {
  const out = choices.slice(CHOICE_WORDS)
  const words = toWords(matrix)
  for (let bit = 0; bit < CHECK_BITS; bit++) {
    let parity = 0
    for (let word = 0; word < CHOICE_WORDS; word++) {
      parity ^= (words[bit * CHOICE_WORDS + word] as number) & (choices[word] as number)
    }
    for (let shift = 16; shift !== 0; shift >>>= 1) parity ^= parity >>> shift
    out[bit >> 5] = (out[bit >> 5] as number) ^ ((parity & 1) << (bit & 31))
  }
  return out
}

/** Pads of the first CHOICES rows, PAD_WORDS words each; `delta` selects the other side of every OT. */
const pads = (runId: Uint8Array, rows: Uint32Array, delta?: Uint32Array): Uint32Array => {
  const key = toWords(hash('ot-extension/pads', runId))
  const out = new Uint32Array(CHOICES * PAD_WORDS)
  const message = new Uint32Array(16)
  for (let row = 0; row < CHOICES; row++) {
    for (let word = 0; word < DELTA_WORDS; word++) {
      message[word] = (rows[row * DELTA_WORDS + word] as number) ^ (delta === undefined ? 0 : (delta[word] as number))
    }
    message[DELTA_WORDS] = row
    blake3Keyed(key, message, 20, out, row * PAD_WORDS, PAD_WORDS / 16)
  }
  message.fill(0)
  return out
}

export const checkHash = (runId: Uint8Array, matrix: Uint32Array): Uint8Array =>
  hash('ot-extension/check', runId, toBytes(matrix))

/**
 * The extension's receiver (holds all leaves, chooses bits).
 * @param seeds packed leaves of the pair state
 * @param runId 32 bytes, unique for this run and direction
 * @param choices CHOICES + 128 random bits; the last 128 are masking bits
 * @returns the message for the sender and the chosen pad of each OT
 */
export const extendAsReceiver = (
  seeds: Uint32Array,
  runId: Uint8Array,
  choices: Uint32Array,
): { message: Uint8Array; pads: Uint32Array } => {
  const streams = expandLeaves(seeds, runId)
  const corrections = new Uint32Array(TREES * COLUMN_WORDS)
  const columns = new Uint32Array(COLUMNS * COLUMN_WORDS)
  const stride = STREAM_BLOCKS * 16
  for (let tree = 0; tree < TREES; tree++) {
    const base = tree * LEAVES * stride
    for (let word = 0; word < COLUMN_WORDS; word++) {
      const r1 = streams[base + stride + word] as number
      const r2 = streams[base + 2 * stride + word] as number
      const r3 = streams[base + 3 * stride + word] as number
      const all = (streams[base + word] as number) ^ r1 ^ r2 ^ r3
      corrections[tree * COLUMN_WORDS + word] = all ^ (choices[word] as number)
      columns[2 * tree * COLUMN_WORDS + word] = r1 ^ r3
      columns[(2 * tree + 1) * COLUMN_WORDS + word] = r2 ^ r3
    }
  }
  const rows = transpose(columns)
  const matrix = challenge(runId, toBytes(corrections))
  const choiceCheck = toBytes(compressChoices(choices, matrix))
  const matrixCheck = checkHash(runId, compressRows(rows, matrix))
  const result = { message: concat(toBytes(corrections), choiceCheck, matrixCheck), pads: pads(runId, rows) }
  for (const secret of [streams, columns, rows]) secret.fill(0)
  return result
}

/**
 * The extension's sender (misses one leaf per tree). Undefined when the receiver's corrections are inconsistent; the
 * caller must then destroy the pair, since the outcome says something about delta.
 * @returns both pads of each OT
 */
export const extendAsSender = (
  seeds: Uint32Array,
  positions: Uint8Array,
  delta: Uint32Array,
  runId: Uint8Array,
  message: Uint8Array,
): { pads0: Uint32Array; pads1: Uint32Array } | undefined => {
  const streams = expandLeaves(seeds, runId)
  const correctionBytes = message.slice(0, CORRECTION_LENGTH)
  const corrections = toWords(correctionBytes)
  const columns = new Uint32Array(COLUMNS * COLUMN_WORDS)
  const stride = STREAM_BLOCKS * 16
  for (let tree = 0; tree < TREES; tree++) {
    const base = tree * LEAVES * stride
    const position = positions[tree] as number
    for (let bit = 0; bit < 2; bit++) {
      // Leaf y counts where bit `bit` of y xor position is set; the missing leaf y = position never does.
      const flipped = -((position >> bit) & 1)
      const target = (2 * tree + bit) * COLUMN_WORDS
      for (let word = 0; word < COLUMN_WORDS; word++) {
        let value = flipped & (corrections[tree * COLUMN_WORDS + word] as number)
        for (let leaf = 0; leaf < LEAVES; leaf++) {
          const counts = -((leaf >> bit) & 1) ^ flipped
          value ^= counts & (streams[base + leaf * stride + word] as number)
        }
        columns[target + word] = value
      }
    }
  }
  const rows = transpose(columns)
  const matrix = challenge(runId, correctionBytes)
  const choiceCheck = toWords(message.slice(CORRECTION_LENGTH, CORRECTION_LENGTH + CHECK_LENGTH))
  const sums = compressRows(rows, matrix)
  for (let bit = 0; bit < CHECK_BITS; bit++) {
    const selected = -(((choiceCheck[bit >> 5] as number) >>> (bit & 31)) & 1)
    for (let word = 0; word < DELTA_WORDS; word++) {
      sums[bit * DELTA_WORDS + word] = (sums[bit * DELTA_WORDS + word] as number) ^ (selected & (delta[word] as number))
    }
  }
  const consistent = equalBytes(checkHash(runId, sums), message.slice(CORRECTION_LENGTH + CHECK_LENGTH))
  const result = consistent ? { pads0: pads(runId, rows), pads1: pads(runId, rows, delta) } : undefined
  for (const secret of [streams, columns, rows, sums]) secret.fill(0)
  return result
}
