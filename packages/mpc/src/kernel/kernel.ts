import { BINARY } from './binary.ts'

/** The start of a fixed area of memory. */
export type Area = { readonly value: number }

/** What wasm/index.ts exports: areas of memory, and functions over them. */
type Exports = {
  memory: WebAssembly.Memory

  constants: Area
  loadConstants(): void
  uniform: Area
  points: Area
  hashToCurve(count: number): void

  seeds: Area
  runBlock: Area
  choices: Area
  positions: Area
  delta: Area
  corrections: Area
  challengeKey: Area
  sums: Area
  choiceCheck: Area
  padKey: Area
  pads: Area
  receiverRows(): void
  senderRows(): void
  compressRows(): void
  compressChoices(): void
  addDelta(): void
  expandPads(shifted: boolean): void
  expandOne(length: number, blocks: number): void
  clearExtension(): void

  orderConstants: Area
  loadOrder(): void
  otherPads: Area
  gadget: Area
  matrix: Area
  mu: Area
  inputs: Area
  theta: Area
  eta: Area
  outputs: Area
  choiceBits: Area
  loadGadget(): void
  chosenSum(): void
  isCanonical(): number
  maskMatrix(): void
  aliceCheck(): void
  bobCheck(): void
  clearMultiplication(): void
  multiplyAdd(): void
  subtractAdd(): void
}

const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(BINARY, 'base64')))

/**
 * Straight-line field and scalar arithmetic and vectorised BLAKE3 in WebAssembly (wasm/*.ts). One instance for each
 * thread. Its areas are work space: whoever puts secrets there clears them before it returns, on every path.
 */
export const kernel = instance.exports as Exports

/** The kernel's memory, which never grows. */
export const memory = new Uint8Array(kernel.memory.buffer)

export const put = (area: Area, bytes: Uint8Array): void => memory.set(bytes, area.value)

/** A copy. */
export const take = (area: Area, length: number): Uint8Array => memory.slice(area.value, area.value + length)

/** The memory itself: gone with the next call. */
export const view = (area: Area, length: number): Uint8Array => memory.subarray(area.value, area.value + length)
