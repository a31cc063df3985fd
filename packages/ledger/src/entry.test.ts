import { toHex, utf8 } from '@trivault/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeEntry,
  domainTag,
  type Entry,
  encodeEntry,
  entryHash,
  FORMAT_VERSION,
  initialResults,
  MAX_COMMANDS,
  MAX_ENTRY_BYTES,
  nextResults,
} from './entry.ts'

const filled = (byte: number) => new Uint8Array(32).fill(byte)
const sample: Entry = {
  version: FORMAT_VERSION,
  vaultId: filled(1),
  seq: 1,
  prev: filled(2),
  results: filled(3),
  time: 1_700_000_000_000,
  commands: [utf8('one'), new Uint8Array()],
}
const malformed = expect.objectContaining({ code: 'malformed' })

describe('entry', () => {
  it('has one layout', () => {
    const expected = [
      '01',
      '01'.repeat(32),
      '0000000000000001',
      '02'.repeat(32),
      '03'.repeat(32),
      '0000018bcfe56800',
      '00000002',
      '000000036f6e65',
      '00000000',
    ]
    expect(toHex(encodeEntry(sample))).toBe(expected.join(''))
    expect(toHex(entryHash(encodeEntry(sample)))).toBe(
      'b15cf471d3a485d211627d13504118348c8cdf5cf3e7cbd6f0afd8355a048c04',
    )
  })

  it('survives the round trip', () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const entries = fc.record({
      version: fc.constant(FORMAT_VERSION),
      vaultId: bytes32,
      seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      prev: bytes32,
      results: bytes32,
      time: fc.maxSafeNat(),
      commands: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
    })
    fc.assert(
      fc.property(entries, entry => {
        expect(decodeEntry(encodeEntry(entry))).toEqual(entry)
      }),
    )
  })

  it('is rejected after any change of length, and is another entry after any change of a byte', () => {
    const good = encodeEntry(sample)
    for (let cut = 0; cut < good.length; cut++) expect(() => decodeEntry(good.slice(0, cut))).toThrow(malformed)
    expect(() => decodeEntry(new Uint8Array([...good, 0]))).toThrow(malformed)
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = good.map((byte, i) => (i === at ? byte ^ change : byte))
        try {
          expect(encodeEntry(decodeEntry(changed))).toEqual(changed)
        } catch (error) {
          expect(error).toEqual(malformed)
        }
        expect(entryHash(changed)).not.toEqual(entryHash(good))
      }),
    )
  })

  it.each<[string, Partial<Entry>]>([
    ['another format version', { version: 2 }],
    ['sequence number 0', { seq: 0 }],
    ['an unsafe sequence number', { seq: Number.MAX_SAFE_INTEGER + 1 }],
    ['a negative time', { time: -1 }],
    ['a fractional time', { time: 1.5 }],
    ['a short prev', { prev: new Uint8Array(31) }],
    ['too many commands', { commands: Array.from({ length: MAX_COMMANDS + 1 }, () => utf8('x')) }],
    ['too many bytes', { commands: [new Uint8Array(MAX_ENTRY_BYTES - 120)] }],
  ])('rejects %s', (_, changes) => {
    expect(() => encodeEntry({ ...sample, ...changes })).toThrow(malformed)
  })

  it('takes exactly the largest entry', () => {
    const largest = encodeEntry({ ...sample, commands: [new Uint8Array(MAX_ENTRY_BYTES - 121)] })
    expect(largest.length).toBe(MAX_ENTRY_BYTES)
    expect(decodeEntry(largest).commands[0]?.length).toBe(MAX_ENTRY_BYTES - 121)
    expect(() => decodeEntry(new Uint8Array([...largest, 0]))).toThrow(malformed)
  })

  it('rejects bytes of a foreign version and a count beyond the bytes', () => {
    const good = encodeEntry(sample)
    expect(() => decodeEntry(new Uint8Array([2, ...good.slice(1)]))).toThrow(malformed)
    const huge = new Uint8Array(good)
    huge.set([0, 0, 1, 0], 113)
    expect(() => decodeEntry(huge)).toThrow(malformed)
  })
})

describe('results', () => {
  it('depend on every outcome, their order, borders and slot', () => {
    const start = initialResults(filled(1))
    const hash = filled(9)
    const all = [
      nextResults(start, hash, []),
      nextResults(start, hash, [utf8('a')]),
      nextResults(start, hash, [utf8('a'), utf8('b')]),
      nextResults(start, hash, [utf8('b'), utf8('a')]),
      nextResults(start, hash, [utf8('ab')]),
      nextResults(start, hash, [utf8('a'), utf8('b'), new Uint8Array()]),
      nextResults(start, filled(8), [utf8('a')]),
      nextResults(initialResults(filled(2)), hash, [utf8('a')]),
      start,
    ]
    expect(new Set(all.map(toHex)).size).toBe(all.length)
  })

  it('tags are no prefix of each other', () => {
    const tags = ['entry', 'results', 'outcome', 'vote', 'report'].map(name => toHex(domainTag(name)))
    for (const a of tags) for (const b of tags) expect(a === b || !a.startsWith(b)).toBe(true)
  })
})
