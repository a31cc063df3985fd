import { describe, expect, it } from 'vitest'
import { bytes, CodecError, decode, encode, fromHex, int53, list, passing, struct, text, u8, u16 } from './index.ts'

function refusal(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof CodecError) return error.code
    throw error
  }
  return 'nothing refused'
}

describe('large values and integers', () => {
  it('writes large values between small ones, as they are at the end, and shares no memory with them', () => {
    const row = struct({ first: u8, big: bytes(9000), name: text(9), other: passing(9000), last: u16 })
    const big = new Uint8Array(5000).map((_, i) => i)
    const value = { first: 7, big, name: 'between', other: big.map(byte => byte ^ 1), last: 258 }
    const encoded = encode(list(row, 2), [value, { ...value, big: new Uint8Array(), last: 3 }])
    expect(encoded.length).toBe(4 + (1 + 4 + 5000 + 4 + 7 + 4 + 5000 + 2) + (1 + 4 + 4 + 7 + 4 + 5000 + 2))
    const expected = structuredClone(value)
    big.fill(9)
    expect(decode(list(row, 2), encoded)).toEqual([expected, { ...expected, big: new Uint8Array(), last: 3 }])
  })

  it('lets a value pass as a view of what was read, within the same bounds as a copy', () => {
    const encoded = encode(passing(3), Uint8Array.of(1, 2, 3))
    expect(encoded).toEqual(encode(bytes(3), Uint8Array.of(1, 2, 3)))
    const value = decode(passing(3), encoded)
    encoded[4] = 9
    expect(value).toEqual(Uint8Array.of(9, 2, 3))
    expect(refusal(() => decode(passing(2), fromHex('00000003010203')))).toBe('too-long')
    expect(refusal(() => decode(passing(3), fromHex('000000030102')))).toBe('truncated')
    expect(refusal(() => encode(passing(2), Uint8Array.of(1, 2, 3)))).toBe('too-long')
  })

  it('refuses integers above 2^53 - 1 where they do not fit a number', () => {
    expect(decode(int53, fromHex('001fffffffffffff'))).toBe(Number.MAX_SAFE_INTEGER)
    for (const raw of ['0020000000000000', '0020000000000001', 'ffffffffffffffff'])
      expect(refusal(() => decode(int53, fromHex(raw)))).toBe('out-of-range')
    expect(encode(int53, 2 ** 32 + 5)).toEqual(fromHex('0000000100000005'))
  })
})
