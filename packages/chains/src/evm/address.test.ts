import { secp256k1 } from '@noble/curves/secp256k1.js'
import { computeAddress, getAddress } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatHex } from '../hex.ts'
import { addressBytes, addressOfPublicKey, derivationPath, formatAddress, parseAddress } from './address.ts'

// EIP-55, "Test Cases"
const vectors = [
  '0x52908400098527886E0F7030069857D2E4169EE7',
  '0x8617E340B3D01FA5F11F306F4090FD50E238070D',
  '0xde709f2102306220921060314715629080e2fb77',
  '0x27b1fdb04752bbc536007a920d24acb045561c26',
  '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
  '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
  '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
]

describe('EVM addresses', () => {
  it.each(vectors)('agrees with EIP-55 on %s', text => {
    expect(parseAddress(text)).toBe(text)
    expect(parseAddress(text.toLowerCase())).toBe(text)
    expect(parseAddress(`0x${text.slice(2).toUpperCase()}`)).toBe(text)
  })

  it('agrees with ethers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), bytes => {
        const text = formatAddress(bytes)
        expect(text).toBe(getAddress(formatHex(bytes)))
        expect(addressBytes(text)).toEqual(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('finds every mistyped letter case', () => {
    const text = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
    for (let i = 2; i < text.length; i++) {
      const flipped =
        text.charAt(i) === text.charAt(i).toLowerCase() ? text.charAt(i).toUpperCase() : text.charAt(i).toLowerCase()
      if (flipped === text.charAt(i)) continue
      const wrong = text.slice(0, i) + flipped + text.slice(i + 1)
      expect(() => parseAddress(wrong)).toThrow(expect.objectContaining({ code: 'address_checksum' }))
    }
  })

  it.each([
    '',
    '0x',
    '5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    '0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed',
    '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae',
    '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaedd',
    '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg',
    ' 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed',
    '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\n',
    'vitalik.eth',
  ])('rejects %j', text =>
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'address_malformed' })),
  )

  it('derives the address of a public key in both forms', () => {
    for (let i = 1; i <= 20; i++) {
      const secret = new Uint8Array(32).fill(i)
      const address = computeAddress(formatHex(secret))
      expect(addressOfPublicKey(secp256k1.getPublicKey(secret, true))).toBe(address)
      expect(addressOfPublicKey(secp256k1.getPublicKey(secret, false))).toBe(address)
    }
  })

  it('rejects what is no public key', () => {
    const key = secp256k1.getPublicKey(new Uint8Array(32).fill(1), true)
    const offCurve = new Uint8Array(65).fill(1)
    offCurve[0] = 4
    for (const bytes of [
      new Uint8Array(0),
      key.subarray(1),
      new Uint8Array(33),
      offCurve,
      Uint8Array.of(5, ...key.subarray(1)),
    ])
      expect(() => addressOfPublicKey(bytes)).toThrow(expect.objectContaining({ code: 'public_key_malformed' }))
  })
})

describe('derivation paths', () => {
  it('are four non-hardened steps', () => {
    expect(derivationPath(60, 0, 0)).toEqual([44, 60, 0, 0])
    expect(derivationPath(60, 3, 2 ** 31 - 1)).toEqual([44, 60, 3, 2 ** 31 - 1])
  })

  it.each([
    [60, -1, 0],
    [60, 0, 2 ** 31],
    [60, 0.5, 0],
    [Number.NaN, 0, 0],
    [2 ** 31 + 60, 0, 0],
  ])('reject %s/%s/%s', (slip44, account, index) => {
    expect(() => derivationPath(slip44, account, index)).toThrow(expect.objectContaining({ code: 'path_out_of_range' }))
  })
})
