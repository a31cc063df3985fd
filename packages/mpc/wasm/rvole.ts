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
/** Two products and two check columns: bytes of a row of the matrix, and of a row of mu. */
const WIDTH: usize = 4
const CHECKS: usize = 2
const ROW: usize = 128
const MU_ROW: usize = 64

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
/** 416 rows of four scalars. */
export const matrix: usize = memory.data(128 * 416)
export const mu: usize = memory.data(64 * 416)
/** Alice's two inputs and those of the check columns. */
export const inputs: usize = memory.data(128)
/** Two for each check column. */
export const theta: usize = memory.data(128)
export const eta: usize = memory.data(64)
export const outputs: usize = memory.data(64)
export const choiceBits: usize = memory.data(52, 4)

const t: usize = memory.data(72)
const input: usize = memory.data(72 * 4)
const thetas: usize = memory.data(72 * 4)
const cell: usize = memory.data(72 * 4)
const entry: usize = memory.data(72 * 2)
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
  for (let at: usize = 0; at < ROW * CHOICES; at += 32) {
    if (memory.compare(matrix + at, orderConstants + 64, 32) >= 0) return false
  }
  return true
}

/** Alice's masked matrix: pads of side 0 minus pads of side 1 plus inputs. */
export function maskMatrix(): void {
  for (let i: usize = 0; i < WIDTH; i++) unpack(input + i * SIZE, inputs + (i << 5))
  for (let j: usize = 0; j < CHOICES; j++) {
    for (let i: usize = 0; i < WIDTH; i++) {
      unpack(t, pads + j * PAD + (i << 5))
      unpack(masked, otherPads + j * PAD + (i << 5))
      scalarCombine(t, t, masked, input + i * SIZE)
      pack(matrix + j * ROW + (i << 5), t)
    }
  }
}

function loadThetas(): void {
  for (let i: usize = 0; i < 2 * CHECKS; i++) {
    unpack(thetas + i * SIZE, theta + (i << 5))
    scalarMul(thetas + i * SIZE, thetas + i * SIZE, R_SQUARED)
  }
  memory.fill(total0, 0, 136)
  memory.fill(total1, 0, 136)
}

/** out = theta_k,0 · values[0] + theta_k,1 · values[1], below 2^258, for check column k. */
function combined(out: usize, k: usize, values: usize): void {
  memory.fill(columns, 0, 136)
  accumulate(columns, thetas + 2 * k * SIZE, values)
  accumulate(columns, thetas + (2 * k + 1) * SIZE, values + SIZE)
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
    for (let i: usize = 0; i < WIDTH; i++) unpack(cell + i * SIZE, pads + j * PAD + (i << 5))
    for (let k: usize = 0; k < CHECKS; k++) {
      combined(t, k, cell)
      scalarCombine(t, t, ZERO, cell + (2 + k) * SIZE)
      pack(mu + j * MU_ROW + (k << 5), t)
    }
    addToTotals(j)
  }
  for (let k: usize = 0; k < CHECKS; k++) {
    combined(t, k, input)
    scalarCombine(t, t, ZERO, input + (2 + k) * SIZE)
    pack(eta + (k << 5), t)
  }
  for (let i: usize = 0; i < 2; i++) {
    finish(t, i === 0 ? total0 : total1)
    scalarCombine(t, ZERO, t, ZERO)
    pack(outputs + (i << 5), t)
  }
}

/** Bob's side of the same, from `pads`, `matrix`, `choiceBits`, `theta` and `eta`: `mu` and the gadget sums in `outputs`. */
export function bobCheck(): void {
  loadThetas()
  for (let k: usize = 0; k < CHECKS; k++) unpack(entry + k * SIZE, eta + (k << 5))
  for (let j: usize = 0; j < CHOICES; j++) {
    const mask = bitMask(j)
    for (let i: usize = 0; i < WIDTH; i++) {
      const own = cell + i * SIZE
      unpack(own, pads + j * PAD + (i << 5))
      unpack(t, matrix + j * ROW + (i << 5))
      for (let at: usize = 0; at < SIZE; at += 8) {
        store<u64>(own + at, load<u64>(own + at) + (load<u64>(t + at) & mask))
      }
    }
    for (let k: usize = 0; k < CHECKS; k++) {
      for (let at: usize = 0; at < SIZE; at += 8) {
        store<u64>(masked + at, load<u64>(entry + k * SIZE + at) & mask)
      }
      combined(t, k, cell)
      scalarCombine(t, t, masked, cell + (2 + k) * SIZE)
      pack(mu + j * MU_ROW + (k << 5), t)
    }
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
  memory.fill(mu, 0, 64 * 416)
  memory.fill(inputs, 0, 128)
  memory.fill(eta, 0, 64)
  memory.fill(outputs, 0, 64)
  memory.fill(choiceBits, 0, 52)
  memory.fill(t, 0, SIZE)
  memory.fill(input, 0, 4 * SIZE)
  memory.fill(cell, 0, 4 * SIZE)
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
