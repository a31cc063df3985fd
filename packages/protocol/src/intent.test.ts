import { fromUtf8, utf8 } from '@trivault/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { intent, intentsByType, refused } from '../test/support.ts'
import { decodeIntent, encodeIntent, type Intent, operationTypeNames } from './index.ts'

const sample = (type: Intent['OperationType']): Intent =>
  fc.sample(intentsByType[type] as fc.Arbitrary<Intent>, { numRuns: 1, seed: 7 })[0] as Intent
const textOf = (value: Intent) => fromUtf8(encodeIntent(value))
const code = (text: string) => refused(() => decodeIntent(utf8(text)))
const registration = textOf({
  OperationType: 'register user',
  OperationID: 'op-1',
  InitiatorID: 'ann@example.com',
  InitiatorName: 'Ann',
  Timestamp: '2026-11-22T12:00:00.000Z',
  UserID: 'bob@example.com',
  UserName: 'Bob',
})

describe('intents', () => {
  it('have one text, written down here', () => {
    expect(registration).toBe(
      '{"OperationType":"register user","OperationID":"op-1","InitiatorID":"ann@example.com","InitiatorName":"Ann",' +
        '"Timestamp":"2026-11-22T12:00:00.000Z","UserID":"bob@example.com","UserName":"Bob"}',
    )
  })

  it.each(operationTypeNames)('round trip: %s', type => {
    fc.assert(
      fc.property(intentsByType[type] as fc.Arbitrary<Intent>, value => {
        const bytes = encodeIntent(value)
        expect(decodeIntent(bytes)).toEqual(value)
        const turned = Object.fromEntries(Object.entries(value).reverse()) as Intent
        expect(encodeIntent(turned)).toEqual(bytes)
      }),
      { numRuns: 50 },
    )
  })

  it.each(['2026-02-30T12:00:00.000Z', '2026-11-22T24:00:00.000Z', '2026-13-22T12:00:00.000Z'])(
    'rejects the time %s, which parsers take differently',
    time => {
      expect(code(registration)).toBeUndefined()
      expect(code(registration.replace('2026-11-22T12:00:00.000Z', time))).toBe('malformed')
    },
  )

  it.each(['b\u00f6b@example.com', '\u0430nn@example.com', 'bob@example.com\u200b'])(
    'rejects the user id %j: it could be read as another one',
    id => {
      expect(code(registration.replace('bob@example.com', id))).toBe('malformed')
    },
  )

  it('rejects changed bytes, or reads another intent that has exactly these bytes', () => {
    fc.assert(
      fc.property(intent, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, position, flip) => {
        const bytes = encodeIntent(value)
        const at = position % bytes.length
        const changed = bytes.map((byte, i) => (i === at ? byte ^ flip : byte))
        let other: Intent | undefined
        expect([undefined, 'malformed']).toContain(
          refused(() => {
            other = decodeIntent(changed)
          }),
        )
        if (other === undefined) return
        expect(other).not.toEqual(value)
        expect(encodeIntent(other)).toEqual(changed)
      }),
      { numRuns: 2000 },
    )
  })

  it.each(operationTypeNames)('rejects truncation, extension, duplicate, unknown and missing fields: %s', type => {
    // JSON.parse below rounds decimals that are not doubles.
    const text = textOf(sample(type)).replace(/"(Above|USD\w+)":[^,}]+/g, '"$1":1')
    const bytes = utf8(text)
    for (let end = 0; end < bytes.length; end++)
      expect(refused(() => decodeIntent(bytes.subarray(0, end)))).toBe('malformed')
    for (const more of [' ', '\n', '{}', '\0', ',']) expect(code(text + more)).toBe('malformed')
    const fields = Object.entries(JSON.parse(text) as Record<string, unknown>)
    const write = (entries: [string, unknown][]) =>
      `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`
    expect(write(fields)).toBe(text)
    for (const field of fields) {
      expect(code(write([...fields, field]))).toBe('malformed')
      expect(code(write([...fields.filter(other => other !== field), field].reverse()))).toBe('malformed')
      expect(code(write(fields.map(other => (other === field ? [other[0], null] : other))))).toBe('malformed')
      expect(code(write(fields.map(other => (other === field ? [other[0].toLowerCase(), other[1]] : other))))).toBe(
        'malformed',
      )
    }
    for (const key of ['Other', '__proto__', 'constructor'])
      expect(code(write([...fields, [key, 'x']]))).toBe('malformed')
    for (const key of ['OperationType', 'OperationID', 'InitiatorID', 'InitiatorName', 'Timestamp'])
      expect(code(write(fields.filter(([other]) => other !== key)))).toBe('malformed')
  })

  it('rejects white space outside strings and escapes that are not needed', () => {
    for (let at = 0; at <= registration.length; at++) {
      const inString = (registration.slice(0, at).match(/"/g)?.length ?? 0) % 2 === 1
      if (!inString) expect(code(`${registration.slice(0, at)} ${registration.slice(at)}`)).toBe('malformed')
    }
    expect(code(registration.replace('"Bob"', '"\\u0042ob"'))).toBe('malformed')
    expect(code(registration.replace('"UserName"', '"\\u0055serName"'))).toBe('malformed')
  })

  it('rejects an unknown operation type, and the fields of another one', () => {
    expect(code(registration.replace('register user', 'register admin'))).toBe('malformed')
    expect(code(registration.replace('register user', 'create account'))).toBe('malformed')
    expect(code(registration.replace('register user', 'Register user'))).toBe('malformed')
    for (const text of ['', '{}', 'null', '[]', '"register user"']) expect(code(text)).toBe('malformed')
    expect(
      refused(() => encodeIntent({ ...sample('register user'), OperationType: 'other' } as unknown as Intent)),
    ).toBe('malformed')
  })

  it('rejects text that reads differently from what it says', () => {
    for (const trick of ['\u202ebob', 'a\u200fb', 'a\u2066b', 'a\\nb', 'a\u0000b', 'a\u2028b', '\ufeffa', '\\ud800'])
      expect(code(registration.replace('"Bob"', `"${trick}"`))).toBe('malformed')
  })

  it('rejects malformed times, ids and addresses of people', () => {
    for (const time of ['2026-11-22T12:00:00Z', '2026-11-22T12:00:00.000+00:00', '2026-11-22 12:00:00.000Z', 'now'])
      expect(code(registration.replace('2026-11-22T12:00:00.000Z', time))).toBe('malformed')
    for (const id of ['', 'a b', 'a_b', 'é', 'x'.repeat(97)])
      expect(code(registration.replace('op-1', id))).toBe('malformed')
    for (const id of ['', 'bob', '@', 'bob@', 'a b@x', 'a@b@c'])
      expect(code(registration.replace('bob@example.com', id))).toBe('malformed')
  })

  it('rejects numbers that are not plain', () => {
    const text = textOf(sample('register token'))
    const decimals = /"Decimals":\d+/
    expect(text).toMatch(decimals)
    for (const number of ['1.0', '-1', '1e1', '01', '78', '"6"', 'null', '6 '])
      expect(code(text.replace(decimals, `"Decimals":${number}`))).toBe('malformed')
    expect(code(text.replace(decimals, '"Decimals":77'))).toBeUndefined()
  })

  it('rejects fee fields, data and indices in another form', () => {
    const base = {
      ...(sample('make transaction') as Extract<Intent, { OperationType: 'make transaction' }>),
      EVM: { Gas: '21000', Data: '0xab' },
    }
    const text = textOf(base)
    for (const gas of ['"0x5208"', '"021000"', '"-1"', '"1e5"', '"21000.0"', '""', '21000'])
      expect(code(text.replace('"Gas":"21000"', `"Gas":${gas}`))).toBe('malformed')
    for (const data of ['ab', '0xAB', '0xa', '0X00', '0xzz'])
      expect(code(text.replace('"Data":"0xab"', `"Data":"${data}"`))).toBe('malformed')
    for (const index of ['2147483648', '-1', '0.5'])
      expect(code(text.replace(/"AddressIndex":\d+/, `"AddressIndex":${index}`))).toBe('malformed')
    expect(
      refused(() =>
        encodeIntent({ ...base, Destination: Array.from({ length: 101 }, () => ({ Address: 'a', Amount: '1' })) }),
      ),
    ).toBe('malformed')
  })

  it('rejects a change of restrictions that changes nothing', () => {
    const { Add, Delete, ...rest } = sample('update transaction restriction') as Extract<
      Intent,
      { OperationType: 'update transaction restriction' }
    >
    expect(Add ?? Delete).toBeDefined()
    expect(refused(() => encodeIntent(rest))).toBe('malformed')
  })

  it('rejects deep nesting', () => {
    const text = `{"OperationType":"register user",${'"A":['.repeat(1)}${'['.repeat(100_000)}`
    expect(code(text)).toBe('malformed')
  })

  it('names the field in the message', () => {
    expect(() => decodeIntent(utf8(registration.replace('"Bob"', '5')))).toThrow(/UserName/)
  })
})
