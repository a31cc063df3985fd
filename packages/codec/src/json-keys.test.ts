import { describe, expect, it } from 'vitest'
import { fromBase64Url, requireUniqueKeys, toBase64Url } from './index.ts'

describe('requireUniqueKeys', () => {
  it.each([
    '{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}',
    '{"a":"a","b":"\\"a\\":","c":["a","a"]}',
    '[]',
    '"a"',
    '{"a\\"":1,"a":2}',
  ])('takes %s', text => {
    JSON.parse(text)
    expect(() => requireUniqueKeys(text)).not.toThrow()
  })

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"x":[{"a":1,"b":2,"a" :3}]}',
    `{"a":1,"a"${' '.repeat(100)}:2}`,
    '{"a":{"b":1},"b":"\\\\","a":2}',
    '{"":1,"":2}',
  ])('refuses %s', text => {
    JSON.parse(text)
    expect(() => requireUniqueKeys(text)).toThrow(/twice/)
  })
})

describe('fromBase64Url', () => {
  it('gives back every length', () => {
    for (let length = 0; length < 20; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => 255 - i * 7)
      expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes)
    }
  })

  it.each(['A', 'AA==', 'AB', 'A+8', 'A/8', 'AA A', 'AAB'])('refuses %j', text => {
    expect(() => fromBase64Url(text)).toThrow()
  })
})
