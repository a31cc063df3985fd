import { CodecError } from '@trivault/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amazonRoots } from './amazon-roots.ts'
import { type Item, itemText, readError, readGotten, readPut } from './answers.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const items = fc.record({
  record: fc.constantFrom('votes', 'holds', 'quarantines'),
  version: fc.maxSafeNat(),
  row: fc.uint8Array({ maxLength: 500 }),
})
const answerOf = (item: Item) => `{"Item":${itemText(item)}}`
/** Either what it should be, or CodecError. */
const bounded = <T>(work: () => T): T | undefined => {
  try {
    return work()
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError)
    return undefined
  }
}

describe('answers', () => {
  it('give the item that was put, in any order and with any white space', () => {
    fc.assert(
      fc.property(items, item => {
        expect(readGotten(utf8(answerOf(item)))).toEqual(item)
        const { Item: parsed } = JSON.parse(answerOf(item)) as { Item: Record<string, unknown> }
        const turned = JSON.stringify({ Item: Object.fromEntries(Object.entries(parsed).reverse()) }, undefined, 2)
        expect(readGotten(utf8(turned))).toEqual(item)
      }),
    )
    expect(readGotten(utf8('{}'))).toBeUndefined()
    expect(readPut(utf8('{}'))).toBe(true)
  })

  it('of any bytes are the one thing or refused', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map(utf8),
      fc
        .dictionary(fc.constantFrom('Item', '__type', 'message', 'x'), fc.jsonValue())
        .map(value => utf8(JSON.stringify(value))),
    )
    fc.assert(
      fc.property(bytes, body => {
        for (const read of [readGotten, readPut, readError]) bounded<unknown>(() => read(body))
      }),
      { numRuns: 2_000 },
    )
  })

  it('that were changed in any place are the same item, another well-formed one, or refused', () => {
    fc.assert(
      fc.property(
        items,
        fc.nat(),
        fc.nat(255),
        fc.constantFrom('change', 'insert', 'remove', 'cut'),
        (item, place, byte, how) => {
          const good = [...utf8(answerOf(item))]
          const at = place % good.length
          if (how === 'change') good[at] = byte
          else if (how === 'insert') good.splice(at, 0, byte)
          else if (how === 'remove') good.splice(at, 1)
          else good.splice(at)
          const found = bounded(() => readGotten(Uint8Array.from(good)))
          if (found === undefined) return
          expect(Number.isSafeInteger(found.version) && found.version >= 0).toBe(true)
          expect(readGotten(utf8(answerOf(found)))).toEqual(found)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('that a put was done are exactly that', () => {
    for (const text of ['', 'null', '[]', '{"Attributes":{}}', '{"a":1}', '0', '"{}"', '{}{}'])
      expect(() => readPut(utf8(text))).toThrow(CodecError)
  })

  it('name an error by its last part, and never by more than letters', () => {
    const named = (body: unknown) => readError(utf8(JSON.stringify(body)))
    expect(named({ __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException', Message: 'x' })).toEqual({
      name: 'ThrottlingException',
      isClock: false,
    })
    expect(named({ __type: 'AccessDeniedException' }).name).toBe('AccessDeniedException')
    expect(named({ __type: 'a#InvalidSignatureException', Message: 'Signature expired: now' }).isClock).toBe(true)
    for (const type of ['', 'a#', 'a b', 'x\ny', 'a#b c', 'a'.repeat(65), 7, null])
      expect(() => named({ __type: type })).toThrow(CodecError)
  })
})

it('the roots of Amazon are the published ones, by their fingerprints', () => {
  expect(amazonRoots()).toHaveLength(4)
  for (const root of amazonRoots()) expect(root).toMatch(/^-----BEGIN CERTIFICATE-----/)
})
