/**
 * The scalar work of one multiplication (SPEC.md section 6) modulo q. Scalars come and go as 32 bytes big-endian; pads may
 * be any 256-bit value. Factors that are public (gadget, theta) are kept times R = 2^261, so one Montgomery reduction
 * gives the plain product.
 */
import { accumulate, carryColumns, pack, scalarCombine, scalarMul, scalarReduce, unpack } from './limbs'
import { pads } from './ot-extension'

const CHOICES: usize = 416
const SIZE: usize = 72
const PAD: usize = 128

/** R² and R modulo q, and q, from the host; the first two then as limbs. */
export const orderConstants: usize = memory.data(96)
const R_SQUARED: usize = memory.data(72)
const R_ONE: usize = memory.data(72)
const ZERO: usize = memory.data(72)
const ONE: usize = memory.data(72)

/** To call once, after `orderConstants` is filled. */
export function loadOrder(): void {
  unpack(R_SQUARED, orderConstants)
  unpack(R_ONE, orderConstants + 32)
  store<u64>(ONE, 1)
}

/** Pads of the chosen side (Bob) or of side 0 (Alice) are at `pads`; Alice's of side 1 here. */
export const otherPads: usize = memory.data(128 * 416, 16)
/** Gadget: 416 scalars times R as limbs. */
export const gadget: usize = memory.data(72 * 416)
/** 416 rows of three scalars. */
export const matrix: usize = memory.data(96 * 416)
export const mu: usize = memory.data(32 * 416)
/** Alice's two inputs and the check column's. */
export const inputs: usize = memory.data(96)
export const theta: usize = memory.data(64)
export const eta: usize = memory.data(32)
export const outputs: usize = memory.data(64)
export const choiceBits: usize = memory.data(52, 4)

const t: usize = memory.data(72)
const input: usize = memory.data(72 * 3)
const theta0: usize = memory.data(72)
const theta1: usize = memory.data(72)
const cell: usize = memory.data(72 * 3)
const entry: usize = memory.data(72)
const masked: usize = memory.data(72)
const columns: usize = memory.data(136)
const total0: usize = memory.data(136)
const total1: usize = memory.data(136)

/** The scalars at `matrix` (416, 32 bytes each) to `gadget`. */
export function loadGadget(): void {
  for (let j: usize = 0; j < CHOICES; j++) {
    unpack(t, matrix + (j << 5))
    scalarMul(t, t, R_SQUARED)
    scalarCombine(gadget + j * SIZE, t, ZERO, ZERO)
  }
}

function bitMask(j: usize): u64 {
  return 0 - ((<u64>load<u8>(choiceBits + (j >> 3)) >> (j & 7)) & 1)
}

/** b = sum of the gadget's entries at set choice bits, to `outputs`. */
export function chosenSum(): void {
  memory.fill(t, 0, SIZE)
  for (let j: usize = 0; j < CHOICES; j++) {
    const mask = bitMask(j)
    for (let i: usize = 0; i < SIZE; i += 8) {
      store<u64>(t + i, load<u64>(t + i) + (load<u64>(gadget + j * SIZE + i) & mask))
    }
  }
  // Limbs below 2^38: carried before they are multiplied.
  for (let i: usize = 0; i < SIZE - 8; i += 8) {
    const limb = load<u64>(t + i)
    store<u64>(t + i, limb & 0x1fffffff)
    store<u64>(t + i, load<u64>(t + i, 8) + (limb >> 29), 8)
  }
  scalarMul(t, t, ONE)
  scalarCombine(t, t, ZERO, ZERO)
  pack(outputs, t)
}

/** Is every entry of the peer's `matrix` below q? Public data: may stop early. */
export function isCanonical(): bool {
  for (let at: usize = 0; at < 96 * CHOICES; at += 32) {
    if (memory.compare(matrix + at, orderConstants + 64, 32) >= 0) return false
  }
  return true
}

/** Alice's masked matrix: pads of side 0 minus pads of side 1 plus inputs. */
export function maskMatrix(): void {
  for (let i: usize = 0; i < 3; i++) unpack(input + i * SIZE, inputs + (i << 5))
  for (let j: usize = 0; j < CHOICES; j++) {
    for (let i: usize = 0; i < 3; i++) {
      unpack(t, pads + j * PAD + (i << 5))
      unpack(masked, otherPads + j * PAD + (i << 5))
      scalarCombine(t, t, masked, input + i * SIZE)
      pack(matrix + j * 96 + (i << 5), t)
    }
  }
}

function loadThetas(): void {
  unpack(theta0, theta)
  scalarMul(theta0, theta0, R_SQUARED)
  unpack(theta1, theta + 32)
  scalarMul(theta1, theta1, R_SQUARED)
  memory.fill(total0, 0, 136)
  memory.fill(total1, 0, 136)
}

/** out = theta0 · a + theta1 · b, below 2^258. */
function combined(out: usize, a: usize, b: usize): void {
  memory.fill(columns, 0, 136)
  accumulate(columns, theta0, a)
  accumulate(columns, theta1, b)
  scalarReduce(out, columns)
}

/**
 * Adds gadget entry j times the first two cells to the totals. A column grows by less than 2^62.2 (limbs below 2^29 and
 * 2^30), so two products fit between carries.
 */
function addToTotals(j: usize): void {
  accumulate(total0, gadget + j * SIZE, cell)
  accumulate(total1, gadget + j * SIZE, cell + SIZE)
  if ((j & 1) === 0) return
  carryColumns(total0)
  carryColumns(total1)
}

/** The total modulo q. A total is below 2^522, so its first reduction is below 2^261; the second brings it below 2q. */
function finish(out: usize, total: usize): void {
  scalarReduce(t, total)
  scalarMul(t, t, R_ONE)
  scalarCombine(out, t, ZERO, ZERO)
}

/** After `maskMatrix` and the hash of its result to `theta`: `mu`, `eta`, and the negated gadget sums in `outputs`. */
export function aliceCheck(): void {
  loadThetas()
  for (let j: usize = 0; j < CHOICES; j++) {
    for (let i: usize = 0; i < 3; i++) unpack(cell + i * SIZE, pads + j * PAD + (i << 5))
    combined(t, cell, cell + SIZE)
    scalarCombine(t, t, ZERO, cell + 2 * SIZE)
    pack(mu + (j << 5), t)
    addToTotals(j)
  }
  combined(t, input, input + SIZE)
  scalarCombine(t, t, ZERO, input + 2 * SIZE)
  pack(eta, t)
  for (let i: usize = 0; i < 2; i++) {
    finish(t, i === 0 ? total0 : total1)
    scalarCombine(t, ZERO, t, ZERO)
    pack(outputs + (i << 5), t)
  }
}

/** Bob's side of the same, from `pads`, `matrix`, `choiceBits`, `theta` and `eta`: `mu` and the gadget sums in `outputs`. */
export function bobCheck(): void {
  loadThetas()
  unpack(entry, eta)
  for (let j: usize = 0; j < CHOICES; j++) {
    const mask = bitMask(j)
    for (let i: usize = 0; i < 3; i++) {
      const own = cell + i * SIZE
      unpack(own, pads + j * PAD + (i << 5))
      unpack(t, matrix + j * 96 + (i << 5))
      for (let k: usize = 0; k < SIZE; k += 8) store<u64>(own + k, load<u64>(own + k) + (load<u64>(t + k) & mask))
    }
    for (let k: usize = 0; k < SIZE; k += 8) store<u64>(masked + k, load<u64>(entry + k) & mask)
    combined(t, cell, cell + SIZE)
    scalarCombine(t, t, masked, cell + 2 * SIZE)
    pack(mu + (j << 5), t)
    addToTotals(j)
  }
  for (let i: usize = 0; i < 2; i++) {
    finish(t, i === 0 ? total0 : total1)
    pack(outputs + (i << 5), t)
  }
}

/** Overwrites all secrets of a multiplication. */
export function clearMultiplication(): void {
  memory.fill(pads, 0, 128 * 416)
  memory.fill(otherPads, 0, 128 * 416)
  memory.fill(mu, 0, 32 * 416)
  memory.fill(inputs, 0, 96)
  memory.fill(eta, 0, 32)
  memory.fill(outputs, 0, 64)
  memory.fill(choiceBits, 0, 52)
  memory.fill(t, 0, SIZE)
  memory.fill(input, 0, 3 * SIZE)
  memory.fill(cell, 0, 3 * SIZE)
  memory.fill(masked, 0, SIZE)
  memory.fill(columns, 0, 136)
  memory.fill(total0, 0, 136)
  memory.fill(total1, 0, 136)
}

/** outputs[0] = inputs[0] · inputs[1] + inputs[2], for any 256-bit inputs. */
export function multiplyAdd(): void {
  for (let i: usize = 0; i < 3; i++) unpack(input + i * SIZE, inputs + (i << 5))
  scalarMul(t, input, R_SQUARED)
  scalarMul(t, t, input + SIZE)
  scalarCombine(t, t, ZERO, input + 2 * SIZE)
  pack(outputs, t)
  clearScalars()
}

/** outputs[0] = inputs[0] - inputs[1] + inputs[2], for any 256-bit inputs. */
export function subtractAdd(): void {
  for (let i: usize = 0; i < 3; i++) unpack(input + i * SIZE, inputs + (i << 5))
  scalarCombine(t, input, input + SIZE, input + 2 * SIZE)
  pack(outputs, t)
  clearScalars()
}

function clearScalars(): void {
  memory.fill(inputs, 0, 96)
  memory.fill(input, 0, 3 * SIZE)
  memory.fill(t, 0, SIZE)
}
