import { describe, expect, it } from 'vitest'
import { parseCaip2, parseCaip19 } from './caip.ts'
import { families } from './family.ts'
import { customChain, knownChain, knownChains } from './registry.ts'

const custom = {
  name: 'House chain',
  nativeAsset: 'eip155:424242/slip44:60',
  symbol: 'HOUSE',
  decimals: 18,
  testNetwork: true,
  transactionType: 2,
} as const

describe('known chains', () => {
  it('are consistent', () => {
    expect(new Set(knownChains.map(chain => chain.caip2)).size).toBe(knownChains.length)
    expect(new Set(knownChains.map(chain => chain.name)).size).toBe(knownChains.length)
    for (const chain of knownChains) {
      expect(parseCaip2(chain.caip2)).toMatchObject({ caip2: chain.caip2, family: chain.family })
      expect(parseCaip19(chain.nativeAsset)).toMatchObject({ caip2: chain.caip2, kind: 'native' })
      expect(chain.slip44).toBe(families[chain.family].slip44)
      expect(knownChain(chain.caip2)).toBe(chain)
    }
    expect(knownChain('eip155:424242')).toBeUndefined()
    expect(knownChain('eip155:31337')).toMatchObject({ name: 'Local dev chain', testNetwork: true })
    expect(knownChain('eip155:1')).toMatchObject({ testNetwork: false })
  })
})

describe('custom chains', () => {
  it('take what the registration says', () => {
    expect(customChain(custom)).toEqual({
      ...custom,
      family: 'evm',
      caip2: 'eip155:424242',
      slip44: 60,
      maxFee: 10n ** 20n,
    })
  })

  it('drop fields that they do not know', () => {
    expect(customChain({ ...custom, maxFee: 1n, caip2: 'eip155:1' } as typeof custom)).toMatchObject({
      caip2: 'eip155:424242',
      maxFee: 10n ** 20n,
    })
  })

  it.each([
    ['shadows a known chain', { nativeAsset: 'eip155:1/slip44:61' }, 'chain_shadows_known'],
    ['has a token as native asset', { nativeAsset: `eip155:424242/erc20:0x${'11'.repeat(20)}` }, 'chain_malformed'],
    ['has another family', { nativeAsset: 'solana:4uhcVJyU9pJkvQyS88uRDiswHXSGkY3z/slip44:501' }, 'family_unsupported'],
    ['has no name', { name: '' }, 'chain_malformed'],
    ['hides characters in its name', { name: 'Ether\u202eeum' }, 'chain_malformed'],
    ['has a long name', { name: 'x'.repeat(65) }, 'chain_malformed'],
    ['has no symbol', { symbol: '' }, 'chain_malformed'],
    ['has a blank in its symbol', { symbol: 'E H' }, 'chain_malformed'],
    ['has too many decimals', { decimals: 78 }, 'amount_malformed'],
  ])('rejects one that %s', (_, change, code) => {
    expect(() => customChain({ ...custom, ...change })).toThrow(expect.objectContaining({ code }))
  })
})
