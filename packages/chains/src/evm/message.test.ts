import { toHex } from '@trivault/codec'
import { hashMessage, TypedDataEncoder, toUtf8Bytes } from 'ethers'
import fc from 'fast-check'
import { hashTypedData } from 'viem'
import { describe, expect, it } from 'vitest'
import { effectsHash } from '../effects-hash.ts'
import { formatHex } from '../hex.ts'
import { decodeMessage } from '../message.ts'
import { knownChain } from '../registry.ts'
import type { Chain } from '../types.ts'
import { formatAddress } from './address.ts'

const chain = knownChain('eip155:1') as Chain
const source = '0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F'
const message = (typeOfSigning: string, dataToSign: string) =>
  decodeMessage({ chain, source, typeOfSigning, dataToSign })
const typed = (data: unknown) => message('eth_signTypedData_v4', JSON.stringify(data))

describe('personal_sign', () => {
  it('agrees with ethers', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), text => {
        if (text.startsWith('0x')) return
        expect(formatHex(message('personal_sign', text).digest)).toBe(hashMessage(text))
        expect(formatHex(message('personal_sign', formatHex(toUtf8Bytes(text))).digest)).toBe(hashMessage(text))
      }),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        expect(formatHex(message('personal_sign', formatHex(bytes)).digest)).toBe(hashMessage(bytes))
      }),
      { numRuns: 500 },
    )
  })

  it('has effects that every amount criterion matches', () => {
    const effects = message('personal_sign', 'Hello\nworld')
    expect(effects).toMatchObject({
      family: 'evm',
      caip2: 'eip155:1',
      from: source,
      function: 'personal sign',
      movements: [],
      unknownAmounts: true,
      feeCeiling: 0n,
      grade: 'decoded',
      text: ['Hello', 'world'],
    })
    expect(effectsHash(effects)).not.toEqual(effectsHash(message('personal_sign', 'Hello world')))
  })

  it('shows what hides', () => {
    expect(message('personal_sign', 'pay \u202e001\u202c\r\0 \\u{202e}\u00a0').text).toEqual([
      'pay \\u{202e}001\\u{202c}\\u{d}\\u{0} \\\\u{202e}\\u{a0}',
    ])
    expect(message('personal_sign', '0xff00').text).toEqual(['Bytes 0xff00'])
  })

  it.each([
    ['odd hex', '0x123', 'hex_malformed'],
    ['hex with other letters', '0xhello', 'hex_malformed'],
    ['a lone surrogate', 'a\ud800', 'message_malformed'],
    ['64 KiB and a byte', 'x'.repeat(65537), 'message_malformed'],
    ['64 KiB and a byte as hex', `0x${'00'.repeat(65537)}`, 'message_malformed'],
  ])('rejects %s', (_, data, code) => {
    expect(() => message('personal_sign', data)).toThrow(expect.objectContaining({ code }))
  })
})

describe('raw digests', () => {
  it('are opaque', () => {
    const digest = `0x${'ab'.repeat(32)}`
    expect(message('raw', digest)).toMatchObject({ function: 'raw digest', grade: 'opaque', unknownAmounts: true })
    expect(formatHex(message('raw', digest).digest)).toBe(digest)
  })

  it.each([
    ['', 'hex_malformed'],
    ['ab'.repeat(32), 'hex_malformed'],
    [`0x${'ab'.repeat(31)}`, 'message_malformed'],
    [`0x${'ab'.repeat(33)}`, 'message_malformed'],
  ])('reject %s', (data, code) => {
    expect(() => message('raw', data)).toThrow(expect.objectContaining({ code }))
  })
})

describe('TypeOfSigning', () => {
  it.each(['', 'eth_sign', 'eth_signTypedData', 'eth_signTypedData_v3', 'PERSONAL_SIGN', 'toString'])(
    'rejects %j',
    type => {
      expect(() => message(type, 'x')).toThrow(expect.objectContaining({ code: 'signing_type_unknown' }))
    },
  )

  it('does not excuse a malformed source', () => {
    expect(() => decodeMessage({ chain, source: 'me', typeOfSigning: 'personal_sign', dataToSign: 'x' })).toThrow(
      expect.objectContaining({ code: 'address_malformed' }),
    )
  })
})

const domainType = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
]
const domain = {
  name: 'Ether Mail',
  version: '1',
  chainId: 1,
  verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC',
}
// EIP-712, "Example"
const mail = {
  types: {
    EIP712Domain: domainType,
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallet', type: 'address' },
    ],
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'to', type: 'Person' },
      { name: 'contents', type: 'string' },
    ],
  },
  primaryType: 'Mail',
  domain,
  message: {
    from: { name: 'Cow', wallet: '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826' },
    to: { name: 'Bob', wallet: '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB' },
    contents: 'Hello, Bob!',
  },
}
/** Typed data with one field of the given type. */
const single = (type: string, value: unknown, types: Record<string, unknown> = {}) => ({
  types: { EIP712Domain: domainType, Single: [{ name: 'x', type }], ...types },
  primaryType: 'Single',
  domain,
  message: { x: value },
})

describe('EIP-712', () => {
  it('agrees with the example', () => {
    const effects = typed(mail)
    expect(toHex(effects.digest)).toBe('be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2')
    expect(effects).toMatchObject({ function: 'typed data', grade: 'decoded', unknownAmounts: true })
    expect(effects.text).toEqual([
      'Domain (EIP712Domain)',
      '  name: Ether Mail',
      '  version: 1',
      '  chainId: 1',
      '  verifyingContract: 0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC',
      'Mail (Mail)',
      '  from (Person)',
      '    name: Cow',
      '    wallet: 0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826',
      '  to (Person)',
      '    name: Bob',
      '    wallet: 0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB',
      '  contents: Hello, Bob!',
    ])
  })

  it('does not mind white space', () => {
    const spaced = message(
      'eth_signTypedData_v4',
      JSON.stringify({ ...mail, message: { ...mail.message, contents: ' a  "b" \\ ' } }, null, '\t'),
    )
    const compact = typed({ ...mail, message: { ...mail.message, contents: ' a  "b" \\ ' } })
    expect(spaced.digest).toEqual(compact.digest)
  })

  it('agrees with ethers and viem on random types and values', () => {
    const atoms: Record<string, fc.Arbitrary<unknown>> = {
      string: fc.string({ unit: 'grapheme', maxLength: 20 }),
      bool: fc.boolean(),
      address: fc.uint8Array({ minLength: 20, maxLength: 20 }).map(formatAddress),
      bytes: fc.uint8Array({ maxLength: 70 }).map(formatHex),
      bytes1: fc.uint8Array({ minLength: 1, maxLength: 1 }).map(formatHex),
      bytes32: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(formatHex),
      uint8: fc.integer({ min: 0, max: 255 }),
      uint256: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map(String),
      int16: fc.integer({ min: -32768, max: 32767 }),
      int256: fc.bigInt({ min: -(2n ** 255n), max: 2n ** 255n - 1n }).map(String),
    }
    const field = fc.constantFrom(...Object.keys(atoms)).chain(base =>
      fc.constantFrom('', '[]', '[2]', '[][2]', '[2][]').chain(suffix => {
        const value = atoms[base] ?? fc.constant(0)
        const pair = (of: fc.Arbitrary<unknown>) => fc.array(of, { minLength: 2, maxLength: 2 })
        const some = (of: fc.Arbitrary<unknown>) => fc.array(of, { maxLength: 3 })
        const shapes: Record<string, fc.Arbitrary<unknown>> = {
          '': value,
          '[]': some(value),
          '[2]': pair(value),
          '[][2]': pair(some(value)),
          '[2][]': some(pair(value)),
        }
        return (shapes[suffix] ?? value).map(made => ({ type: base + suffix, value: made }))
      }),
    )
    fc.assert(
      fc.property(
        fc.array(field, { minLength: 1, maxLength: 6 }),
        fc.array(field, { maxLength: 4 }),
        (outer, inner) => {
          const fields = (of: { type: string }[]) => of.map(({ type }, i) => ({ name: `f${i}`, type }))
          const values = (of: { value: unknown }[]) => Object.fromEntries(of.map(({ value }, i) => [`f${i}`, value]))
          const types = {
            Zoo: [...fields(outer), { name: 'one', type: 'Ant' }, { name: 'many', type: 'Ant[]' }],
            Ant: fields(inner),
          }
          const data = { ...values(outer), one: values(inner), many: [values(inner), values(inner)] }
          const all = { types: { EIP712Domain: domainType, ...types }, primaryType: 'Zoo', domain, message: data }
          const digest = formatHex(typed(all).digest)
          expect(digest).toBe(TypedDataEncoder.hash(domain, types, data))
          expect(digest).toBe(hashTypedData(all as Parameters<typeof hashTypedData>[0]))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('takes integers as numbers, decimal text and hex text', () => {
    const digests = [255, '255', '0xff', '0x00ff'].map(value => toHex(typed(single('uint8', value)).digest))
    expect(new Set(digests).size).toBe(1)
  })

  it('takes a domain without chain id, and no other chain', () => {
    const partial = { ...mail, types: { ...mail.types, EIP712Domain: domainType.slice(0, 1) }, domain: { name: 'x' } }
    expect(typed(partial)).toMatchObject({ anyChain: true })
    expect(typed(mail)).toMatchObject({ anyChain: false })
    expect(message('personal_sign', 'hello')).toMatchObject({ anyChain: true })
    expect(message('raw', `0x${'11'.repeat(32)}`)).toMatchObject({ anyChain: true })
    for (const chainId of [2, '2', '0x2', '11155111'])
      expect(() => typed({ ...mail, domain: { ...domain, chainId } })).toThrow(
        expect.objectContaining({ code: 'typed_data_other_chain' }),
      )
  })

  const other = { ...mail.types, EIP712Domain: [...domainType].reverse() }
  it.each<[string, unknown]>([
    ['null', null],
    ['an array', []],
    ['nothing', {}],
    ['an unknown key', { ...mail, extra: 1 }],
    ['a missing domain', { ...mail, domain: undefined }],
    ['an unknown primary type', { ...mail, primaryType: 'Letter' }],
    ['the domain as primary type', { ...mail, primaryType: 'EIP712Domain' }],
    ['a primary type out of the prototype', { ...mail, primaryType: 'toString' }],
    ['no domain type', { ...mail, types: { ...mail.types, EIP712Domain: undefined } }],
    ['an empty domain type', { ...mail, types: { ...mail.types, EIP712Domain: [] }, domain: {} }],
    ['a domain type in another order', { ...mail, types: other }],
    [
      'a domain type with another field',
      { ...mail, types: { ...mail.types, EIP712Domain: [...domainType, { name: 'x', type: 'string' }] } },
    ],
    [
      'a domain chain id as string',
      { ...mail, types: { ...mail.types, EIP712Domain: domainType.with(2, { name: 'chainId', type: 'string' }) } },
    ],
    ['a domain field without type', { ...mail, domain: { ...domain, salt: '0x00' } }],
    ['a missing domain field', { ...mail, domain: { name: 'x' } }],
    ['an unknown message field', { ...mail, message: { ...mail.message, cc: 'x' } }],
    ['a missing message field', { ...mail, message: { from: mail.message.from } }],
    ['null for a struct', { ...mail, message: { ...mail.message, from: null } }],
    ['an array for a struct', { ...mail, message: { ...mail.message, from: [] } }],
    [
      'a repeated field',
      {
        ...mail,
        types: {
          ...mail.types,
          Person: [
            { name: 'a', type: 'bool' },
            { name: 'a', type: 'bool' },
          ],
        },
      },
    ],
    ['a type named as an atom', single('bool', true, { uint256: [] })],
    ['a type named as a former atom', single('bool', true, { uint257: [] })],
    ['a type with a bad name', single('bool', true, { 'A(B)': [] })],
    ['an unknown type', single('Letter', {})],
    ['uint without size', single('uint', 1)],
    ['int7', single('int7', 1)],
    ['bytes33', single('bytes33', '0x')],
    ['function', single('function', '0x')],
    ['fixed', single('fixed128x18', 1)],
    ['a type that contains itself', single('A', {}, { A: [{ name: 'a', type: 'A[]' }] })],
    [
      'types that contain each other',
      single('bool', true, { A: [{ name: 'b', type: 'B' }], B: [{ name: 'a', type: 'A[]' }] }),
    ],
    ['a fixed array of zero', single('bool[0]', [])],
    ['five dimensions', single('bool[][][][][]', [])],
    ['a text for a boolean', single('bool', 'true')],
    ['a number for a boolean', single('bool', 1)],
    ['a number for a string', single('string', 1)],
    ['a lone surrogate', single('string', '\ud800')],
    ['256 for uint8', single('uint8', 256)],
    ['-1 for uint8', single('uint8', -1)],
    ['128 for int8', single('int8', 128)],
    ['-129 for int8', single('int8', '-129')],
    ['2^256 for uint256', single('uint256', (2n ** 256n).toString())],
    ['a fraction', single('uint8', 1.5)],
    ['an unsafe number', single('uint256', 2 ** 53)],
    ['an empty integer', single('uint8', '')],
    ['an integer with leading zero', single('uint8', '01')],
    ['an integer with a sign', single('uint8', '+1')],
    ['an integer with a blank', single('uint8', ' 1')],
    ['minus zero', single('int8', '-0')],
    ['null for an integer', single('uint8', null)],
    ['an address with a wrong checksum', single('address', '0xcD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826')],
    ['a short address', single('address', '0x12')],
    ['short bytes32', single('bytes32', '0x12')],
    ['bytes without prefix', single('bytes', '12')],
    ['an object for an array', single('bool[]', {})],
    ['an array that is too short', single('bool[2]', [true])],
    ['an array that is too long', single('bool[2]', [true, true, true])],
    ['65 types', single('bool', true, Object.fromEntries(Array.from({ length: 63 }, (_, i) => [`T${i}`, []])))],
    ['types that are not lists', single('bool', true, { A: {} })],
    ['a field that is text', single('bool', true, { A: ['bool a'] })],
    ['a field with more keys', single('bool', true, { A: [{ name: 'a', type: 'bool', x: 1 }] })],
  ])('rejects %s', (_, data) => {
    expect(() => typed(data)).toThrow(expect.objectContaining({ code: 'typed_data_malformed' }))
  })

  const text = JSON.stringify(mail)
  it.each([
    ['no JSON', 'hello'],
    ['trailing text', `${text}x`],
    ['a repeated key', text.replace('"contents":"Hello, Bob!"', '"contents":"Hello, Bob!","contents":"Hello, Eve!"')],
    ['a repeated top-level key', text.replace('"primaryType":"Mail"', '"primaryType":"Mail","primaryType":"Person"')],
    ['a number with exponent', text.replace('"chainId":1', '"chainId":1e0')],
    ['a number with fraction', text.replace('"chainId":1', '"chainId":1.0')],
    ['a number that is rounded', text.replace('"chainId":1', '"chainId":1.00000000000000000001')],
    ['an escaped letter', text.replace('Hello', '\\u0048ello')],
    ['a wide blank', text.replace(',', ',\u00a0')],
    ['a byte order mark', `\ufeff${text}`],
    ['deep nesting', '['.repeat(60_000)],
    ['deep nesting that closes', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['64 KiB and more', JSON.stringify({ ...mail, message: { ...mail.message, contents: 'x'.repeat(65536) } })],
  ])('rejects %s', (_, data) => {
    expect(() => message('eth_signTypedData_v4', data)).toThrow(
      expect.objectContaining({ code: 'typed_data_malformed' }),
    )
  })

  it('is quick on types that refer to each other in many ways', () => {
    const layers = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [
        `T${i}`,
        i === 59 ? [] : Array.from({ length: 25 }, (_, k) => ({ name: `f${k}`, type: `T${i + 1}[]` })),
      ]),
    )
    const started = performance.now()
    expect(typed(single('T0[]', [], layers)).digest).toHaveLength(32)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
