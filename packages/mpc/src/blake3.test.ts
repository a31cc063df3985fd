import { blake3 } from '@noble/hashes/blake3.js'
import { describe, expect, it } from 'vitest'
import { blake3Keyed } from './blake3.ts'

const bytesOf = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer)

describe('keyed BLAKE3 for one block', () => {
  it.each([0, 1, 20, 32, 63, 64])('agrees with @noble/hashes for %i message bytes', length => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + length)
    const message = Uint8Array.from({ length }, (_, i) => i * 13 + 5)
    const block = new Uint8Array(64)
    block.set(message)
    const out = new Uint32Array(52)
    blake3Keyed(new Uint32Array(key.buffer), new Uint32Array(block.buffer), length, out, 2, 3)
    expect(bytesOf(out).slice(8, 8 + 192)).toEqual(blake3(message, { key, dkLen: 192 }))
    expect(bytesOf(out).slice(0, 8)).toEqual(new Uint8Array(8))
    expect(bytesOf(out).slice(200)).toEqual(new Uint8Array(8))
  })
})
