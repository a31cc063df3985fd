import { BINARY } from './binary.ts'

type Address = { readonly value: number }

/** What wasm/index.ts exports: functions over fixed areas of memory. */
type Exports = {
  memory: WebAssembly.Memory
  constants: Address
  loadConstants(): void
  uniform: Address
  points: Address
  hashToCurve(count: number): void
}

const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(BINARY, 'base64')))

/**
 * Straight-line field and scalar arithmetic and vectorised BLAKE3 in WebAssembly (wasm/*.ts). One instance for each
 * thread; a call puts its inputs into the work area, and clears what is secret there before it returns.
 */
export const kernel = instance.exports as Exports

/** The kernel's memory, which never grows. */
export const memory = new Uint8Array(kernel.memory.buffer)
