import { describe, expect, it } from 'vitest'
import { evmCaip2, evmChainId, parseCaip2, parseCaip19 } from './caip.ts'

const usdc = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48'

describe('CAIP-2', () => {
  it('accepts eip155 chains', () => {
    expect(parseCaip2('eip155:1')).toEqual({ family: 'evm', caip2: 'eip155:1' })
    expect(evmChainId('eip155:9007199254740991')).toBe(Number.MAX_SAFE_INTEGER)
    expect(evmCaip2(31337)).toBe('eip155:31337')
  })

  it.each([
    '',
    'eip155',
    'eip155:',
    ':1',
    'eip155:0',
    'eip155:01',
    'eip155:-1',
    'eip155:1.0',
    'eip155:0x1',
    'eip155:1 ',
    ' eip155:1',
    'EIP155:1',
    'eip155:1\n',
    'eip155:9007199254740992',
    'eip155:11111111111111111',
    'eip155:1/slip44:60',
    'e:1',
    'toolongns:1',
    'eip155:１',
    'solana:abc',
    'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvd0',
    'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvd',
  ])('rejects %j', text => expect(() => parseCaip2(text)).toThrow(expect.objectContaining({ code: 'caip_malformed' })))

  it('accepts solana clusters', () => {
    const mainnet = 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp'
    expect(parseCaip2(mainnet)).toEqual({ family: 'solana', caip2: mainnet })
    expect(() => evmChainId(mainnet)).toThrow(expect.objectContaining({ code: 'family_unsupported' }))
    expect(parseCaip19(`${mainnet}/slip44:501`)).toMatchObject({ family: 'solana', kind: 'native', slip44: 501 })
    for (const asset of [`erc20:0x${'11'.repeat(20)}`, 'token:EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v'])
      expect(() => parseCaip19(`${mainnet}/${asset}`)).toThrow(expect.objectContaining({ code: 'caip_malformed' }))
  })

  it.each(['bip122:000000000019d6689c085ae165831e93', 'canton:devnet'])('names the unsupported family of %s', text =>
    expect(() => parseCaip2(text)).toThrow(expect.objectContaining({ code: 'family_unsupported' })),
  )

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53])('rejects the chain id %s', id => {
    expect(() => evmCaip2(id)).toThrow(expect.objectContaining({ code: 'caip_malformed' }))
  })
})

describe('CAIP-19', () => {
  it('accepts the native asset', () => {
    expect(parseCaip19('eip155:137/slip44:966')).toEqual({
      family: 'evm',
      caip2: 'eip155:137',
      caip19: 'eip155:137/slip44:966',
      kind: 'native',
      slip44: 966,
    })
    expect(parseCaip19('eip155:5/slip44:0')).toMatchObject({ slip44: 0 })
  })

  it('gives a token one canonical text', () => {
    const canonical = `eip155:1/erc20:${usdc}`
    for (const text of [canonical, canonical.toLowerCase(), `eip155:1/erc20:0x${usdc.slice(2).toUpperCase()}`])
      expect(parseCaip19(text)).toMatchObject({ caip19: canonical, kind: 'token', address: usdc })
  })

  it.each([
    '',
    'eip155:1',
    'eip155:1/',
    '/slip44:60',
    'eip155:1/slip44',
    'eip155:1/slip44:',
    'eip155:1/slip44:060',
    'eip155:1/slip44:2147483648',
    'eip155:1/slip44:60/1',
    'eip155:1/slip44:60 ',
    'eip155:1/SLIP44:60',
    'eip155:1/erc721:1',
    'eip155:1/slip44:-1',
  ])('rejects %j', text => expect(() => parseCaip19(text)).toThrow(expect.objectContaining({ code: 'caip_malformed' })))

  it('rejects bad token addresses', () => {
    expect(() => parseCaip19('eip155:1/erc20:0x12')).toThrow(expect.objectContaining({ code: 'address_malformed' }))
    expect(() => parseCaip19(`eip155:1/erc20:${usdc.replace('A0b', 'a0b')}`)).toThrow(
      expect.objectContaining({ code: 'address_checksum' }),
    )
  })
})
