import { equalBytes } from './bytes.ts'
import { hash } from './hash.ts'
import { kernel, put, take, view } from './kernel/kernel.ts'
import { bytes, encode, parse, Refused, record } from './layout.ts'
import { TREES } from './pprf.ts'

/**
 * SoftSpokenOT (Roy, eprint 2022/192) with k = 2 over the repetition code, consistency check by a uniform binary matrix
 * under Fiat-Shamir, and random pads per OT from keyed BLAKE3. One call extends the epoch's base seeds for one run;
 * the run id separates all PRG output. Bits are little-endian. The bulk is in wasm/ot-extension.ts.
 */
export const CHOICES = 416
/** Extra OTs whose bits mask what the consistency check reveals. */
const CHECK_BITS = 128
/** Choice bits and masking bits of one run, in bytes. */
export const CHOICES_LENGTH = (CHOICES + CHECK_BITS) / 8
const CORRECTION_LENGTH = TREES * CHOICES_LENGTH
const CHECK_LENGTH = CHECK_BITS / 8
const SUMS_LENGTH = CHECK_BITS * 16
export const DELTA_LENGTH = 16
/** The receiver's message: corrections, the masked choice check, and the hash of the check matrix. */
export const extensionLayout = record({
  corrections: bytes(CORRECTION_LENGTH),
  choiceCheck: bytes(CHECK_LENGTH),
  matrixCheck: bytes(32),
})
/** Bytes per pad: four scalars, two blocks of the PRG. */
export const PAD_LENGTH = 128
export const PADS_LENGTH = CHOICES * PAD_LENGTH

/** Bit 2c+b of delta is bit b of the secret position of tree c. */
export const deltaOf = (positions: Uint8Array): Uint8Array => {
  const delta = new Uint8Array(DELTA_LENGTH)
  for (let tree = 0; tree < TREES; tree++) {
    const byte = tree >> 2
    delta[byte] = (delta[byte] ?? 0) | ((positions[tree] ?? 0) << (2 * (tree & 3)))
  }
  return delta
}

/** The check matrix is fixed only after the corrections. */
const compress = (runId: Uint8Array, corrections: Uint8Array): void => {
  put(kernel.challengeKey, hash('ot-extension/challenge', runId, corrections))
  kernel.compressRows()
}

const checkHash = (runId: Uint8Array): Uint8Array => hash('ot-extension/check', runId, view(kernel.sums, SUMS_LENGTH))

const pads = (runId: Uint8Array, shifted: boolean): Uint8Array => {
  put(kernel.padKey, hash('ot-extension/pads', runId))
  kernel.expandPads(shifted)
  return take(kernel.pads, PADS_LENGTH)
}

/**
 * The extension's receiver (holds all leaves, chooses bits).
 * @param seeds packed leaves of the pair state
 * @param runId 32 bytes, unique for this run and direction
 * @param choices 416 + 128 random bits; the last 128 are masking bits
 * @returns the message for the sender and the chosen pad of each OT
 */
export const extendAsReceiver = (
  seeds: Uint8Array,
  runId: Uint8Array,
  choices: Uint8Array,
): { message: Uint8Array; pads: Uint8Array } => {
  try {
    put(kernel.seeds, seeds)
    put(kernel.runBlock, runId)
    put(kernel.choices, choices)
    kernel.receiverRows()
    const corrections = take(kernel.corrections, CORRECTION_LENGTH)
    compress(runId, corrections)
    kernel.compressChoices()
    const choiceCheck = view(kernel.choiceCheck, CHECK_LENGTH)
    const message = encode(extensionLayout, { corrections, choiceCheck, matrixCheck: checkHash(runId) })
    return { message, pads: pads(runId, false) }
  } finally {
    kernel.clearExtension()
  }
}

/**
 * The extension's sender (misses one leaf per tree). Undefined when the receiver's corrections are inconsistent; the
 * caller must then destroy the pair, since the outcome says something about delta.
 * @returns both pads of each OT
 */
export const extendAsSender = (
  seeds: Uint8Array,
  positions: Uint8Array,
  delta: Uint8Array,
  runId: Uint8Array,
  message: Uint8Array,
): { pads0: Uint8Array; pads1: Uint8Array } | undefined => {
  const received = parse(extensionLayout, message)
  if (received instanceof Refused) return undefined
  const { corrections, choiceCheck, matrixCheck } = received
  try {
    put(kernel.seeds, seeds)
    put(kernel.positions, positions)
    put(kernel.delta, delta)
    put(kernel.runBlock, runId)
    put(kernel.corrections, corrections)
    kernel.senderRows()
    compress(runId, corrections)
    put(kernel.choiceCheck, choiceCheck)
    kernel.addDelta()
    if (!equalBytes(checkHash(runId), matrixCheck)) return undefined
    return { pads0: pads(runId, false), pads1: pads(runId, true) }
  } finally {
    kernel.clearExtension()
  }
}
