import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base58 } from '@scure/base'
import { concat, utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { describe as describeEffects } from '../describe.ts'
import { addressOfKey, comparableAddress, familyOf, parseFamilyAddress } from '../family.ts'
import { formatHex } from '../hex.ts'
import { decodeMessage } from '../message.ts'
import { knownChain } from '../registry.ts'
import type { Chain } from '../types.ts'
import { parseSolanaAddress, solanaAddressBytes } from './address.ts'

const chain = knownChain('solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp') as Chain
const publicKey = ed25519.getPublicKey(new Uint8Array(32).fill(7))
const source = addressOfKey('solana', publicKey)
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

describe('a Solana address', () => {
  it('is the key in base58, and nothing else', () => {
    expect(source).toBe(base58.encode(publicKey))
    expect(solanaAddressBytes(source)).toEqual(publicKey)
    expect(parseFamilyAddress('solana', '11111111111111111111111111111111')).toBe('11111111111111111111111111111111')
    expect(familyOf(501)).toBe('solana')
    expect(() => addressOfKey('solana', bytes(33, 2))).toThrow(
      expect.objectContaining({ code: 'public_key_malformed' }),
    )
  })

  it('keeps its case when addresses are compared', () => {
    expect(comparableAddress(source)).toBe(source)
    expect(comparableAddress('0xAB')).toBe('0xab')
  })

  it.each([
    '',
    '0x1111111111111111111111111111111111111111',
    base58.encode(bytes(31, 9)),
    base58.encode(bytes(33, 9)),
    `${source} `,
    `1${source}`,
    source.toLowerCase(),
    source.replace(/.$/, '0'),
    'l'.repeat(44),
    '1'.repeat(100_000),
  ])('is refused as %j', text =>
    expect(() => parseSolanaAddress(text)).toThrow(expect.objectContaining({ code: 'address_malformed' })),
  )
})

describe('a message for an Ed25519 key', () => {
  const decode = (dataToSign: string, typeOfSigning = 'personal_sign') =>
    decodeMessage({ chain, source, typeOfSigning, dataToSign })
  const refused = (code: string) => expect.objectContaining({ code })

  it('is signed as it is', () => {
    const effects = decode('Log in to example.com\nnonce 7')
    expect(effects.message).toEqual(utf8('Log in to example.com\nnonce 7'))
    expect(effects).toMatchObject({
      ...{ family: 'solana', from: source, function: 'personal sign', grade: 'decoded', anyChain: true },
      ...{ unknownAmounts: true, movements: [], feeCeiling: 0n, text: ['Log in to example.com', 'nonce 7'] },
    })
    expect(effects.digest).toEqual(sha256(effects.message))
    expect(decode(formatHex(utf8('hello'))).message).toEqual(utf8('hello'))
    expect(describeEffects(effects, { chain, tokens: () => undefined }).join('\n')).toContain('nonce 7')
  })

  it('is opaque when it is not text', () => {
    expect(decode('0x00ff00', 'raw')).toMatchObject({
      function: 'raw digest',
      grade: 'opaque',
      message: bytes(3, 0).with(1, 255),
    })
    expect(decode(formatHex(concat(Uint8Array.of(255), utf8('solana offchain'))), 'raw')).toMatchObject({
      grade: 'opaque',
    })
    expect(() => decode('0x00ff00')).toThrow(refused('message_malformed'))
  })

  it('has one of the types of its family, and a length', () => {
    expect(() => decode('{}', 'eth_signTypedData_v4')).toThrow(refused('signing_type_unknown'))
    expect(() => decode('text', 'raw')).toThrow(refused('hex_malformed'))
    expect(() => decode('')).toThrow(refused('message_malformed'))
    expect(() => decode('x'.repeat(65_537))).toThrow(refused('message_malformed'))
    expect(() =>
      decodeMessage({ chain, source: `0x${'11'.repeat(20)}`, typeOfSigning: 'raw', dataToSign: '0x01' }),
    ).toThrow(refused('address_malformed'))
  })

  /** A transfer: header, two keys and the system program, blockhash, one instruction. */
  const legacy = (changes: { header?: number[]; program?: number; data?: Uint8Array } = {}): Uint8Array =>
    concat(
      Uint8Array.from(changes.header ?? [1, 0, 1]),
      Uint8Array.of(3),
      publicKey,
      bytes(32, 5),
      bytes(32, 0),
      bytes(32, 6),
      Uint8Array.of(1, changes.program ?? 2, 2, 0, 1, 12),
      changes.data ?? Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
    )
  const v0 = (): Uint8Array => concat(Uint8Array.of(0x80), legacy(), Uint8Array.of(0))

  it.each([
    ['a legacy transaction', legacy()],
    ['a legacy transaction with bytes behind it', concat(legacy(), utf8('harmless text'))],
    ['a legacy transaction without instructions', concat(legacy().slice(0, 132), Uint8Array.of(0))],
    ['a version 0 transaction', v0()],
    ['a transaction of a version to come', concat(Uint8Array.of(0x81), legacy())],
    ['the beginning of a version 0 transaction', v0().slice(0, 40)],
  ])('is refused when it is %s', (_name, message) => {
    expect(() => decode(formatHex(message), 'raw')).toThrow(refused('message_malformed'))
    expect(() => decode(formatHex(message))).toThrow(refused('message_malformed'))
  })

  it.each([
    ['is cut off', legacy().slice(0, -1)],
    ['has no signer', legacy({ header: [0, 0, 1] })],
    ['has only read-only signers', legacy({ header: [1, 1, 1] })],
    ['has fewer keys than its header says', legacy({ header: [1, 0, 3] })],
    ['calls a program that it does not name', legacy({ program: 3 })],
  ])('is no transaction when it %s', (_name, message) => {
    expect(decode(formatHex(message), 'raw').grade).toBe('opaque')
  })

  it('may be long text, whatever numbers its letters make', () => {
    for (let i = 32; i < 127; i++) expect(decode(String.fromCharCode(i).repeat(60_000)).grade).toBe('decoded')
  })
})
