import { kernel, put, view } from './kernel.ts'

const BLOCK = 64

/**
 * Keyed BLAKE3 of one message of at most 64 bytes, `blocks` times 64 bytes of extendable output.
 * @param key 32 bytes
 */
export const blake3Keyed = (key: Uint8Array, message: Uint8Array, blocks: number): Uint8Array => {
  const block = new Uint8Array(BLOCK)
  block.set(message)
  put(kernel.padKey, key)
  put(kernel.runBlock, block)
  kernel.expandOne(message.length, blocks)
  const area = view(kernel.pads, blocks * BLOCK)
  const out = area.slice()
  area.fill(0)
  return out
}
