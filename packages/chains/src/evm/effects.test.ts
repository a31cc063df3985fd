import { fromHex } from '@trivault/codec'
import { getCreateAddress, Interface, id } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { effectsHash } from '../effects-hash.ts'
import { knownChain } from '../registry.ts'
import type { Chain, ChainContext } from '../types.ts'
import { formatAddress } from './address.ts'
import { decodeCall, decodeTokenTransfer, encodeTokenTransfer } from './call.ts'
import { decodeEffects } from './effects.ts'
import { type EvmTransaction, encodeTransaction } from './transaction.ts'

const chain = knownChain('eip155:1') as Chain
const from = '0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F'
const to = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
const token = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359'
const asset = `eip155:1/erc20:${token}`
const context: ChainContext = { chain, tokens: name => (name === asset ? { symbol: 'TKN', decimals: 6 } : undefined) }

const base: EvmTransaction = {
  transactionType: 2,
  chainId: 1,
  nonce: 7n,
  gas: 21_000n,
  maxFeePerGas: 30n,
  maxPriorityFeePerGas: 2n,
  to,
  value: 0n,
  data: new Uint8Array(0),
}
const effects = (change: Partial<EvmTransaction>) =>
  decodeEffects(encodeTransaction({ ...base, ...change }), from, context)
const transferData = encodeTokenTransfer(to, 1_500_000n)
const erc20 = new Interface([
  'function transfer(address to, uint256 amount)',
  'function approve(address spender, uint256 amount)',
  'function transferFrom(address from, address to, uint256 amount)',
  'function increaseAllowance(address spender, uint256 amount)',
  'function decreaseAllowance(address spender, uint256 amount)',
  'function setApprovalForAll(address operator, bool approved)',
])

describe('effects of a transaction', () => {
  it('decodes a native transfer', () => {
    expect(effects({ value: 5n })).toMatchObject({
      family: 'evm',
      caip2: 'eip155:1',
      from,
      function: 'transfer',
      movements: [{ asset: 'eip155:1/slip44:60', destination: to, amount: 5n }],
      unknownAmounts: false,
      feeCeiling: 630_000n,
      grade: 'decoded',
      slot: `eip155:1/${from}/7`,
    })
  })

  it('decodes the transfer of a registered token', () => {
    expect(effects({ to: token, data: transferData })).toMatchObject({
      function: 'token transfer',
      movements: [{ asset, destination: to, amount: 1_500_000n }],
      unknownAmounts: false,
      grade: 'decoded',
    })
  })

  it.each<[string, Partial<EvmTransaction>]>([
    ['a transfer call to an unregistered contract', { to, data: transferData }],
    ['a token transfer with native value', { to: token, data: transferData, value: 1n }],
    ['a token transfer with a byte more', { to: token, data: Uint8Array.of(...transferData, 0) }],
    ['a token transfer with a byte less', { to: token, data: transferData.subarray(0, 67) }],
    ['a token transfer with dirty padding', { to: token, data: transferData.with(4, 1) }],
    ['a token transfer with dirty padding at its end', { to: token, data: transferData.with(15, 1) }],
    ['another function of the token', { to: token, data: transferData.with(0, 1) }],
    ['an approval', { to: token, data: fromHex(erc20.encodeFunctionData('approve', [to, 1n])) }],
    ['one byte of data', { data: Uint8Array.of(0) }],
  ])('takes %s for a contract call with unknown amounts', (_, change) => {
    const result = effects(change)
    expect(result).toMatchObject({ function: 'contract call', unknownAmounts: true, grade: 'exact' })
    expect(result.movements).toEqual([
      { asset: chain.nativeAsset, destination: change.to ?? to, amount: change.value ?? 0n },
    ])
  })

  it('names the contract that a deployment creates', () => {
    const created = getCreateAddress({ from, nonce: 7 })
    expect(effects({ to: null, data: Uint8Array.of(0x60), value: 3n })).toMatchObject({
      function: 'deploy',
      movements: [{ asset: chain.nativeAsset, destination: created, amount: 3n }],
      unknownAmounts: true,
      grade: 'exact',
    })
  })

  it('rejects a transaction for another chain', () => {
    expect(() => effects({ chainId: 11155111 })).toThrow(expect.objectContaining({ code: 'transaction_other_chain' }))
  })

  it('rejects a malformed signer', () => {
    expect(() => decodeEffects(encodeTransaction(base), 'someone', context)).toThrow(
      expect.objectContaining({ code: 'address_malformed' }),
    )
  })

  it('keeps its own copy of the bytes', () => {
    const bytes = encodeTransaction({ ...base, data: Uint8Array.of(1, 2, 3) })
    const decoded = decodeEffects(bytes, from, context)
    bytes.fill(0)
    expect(decoded.data).toEqual(Uint8Array.of(1, 2, 3))
    expect(encodeTransaction(decoded)).toEqual(decoded.unsigned)
  })
})

describe('the hash of effects', () => {
  it('differs with every field that matters', () => {
    const variants = [
      effects({}),
      effects({ value: 1n }),
      effects({ nonce: 8n }),
      effects({ gas: 21_001n }),
      effects({ maxFeePerGas: 31n }),
      effects({ maxPriorityFeePerGas: 1n }),
      effects({ to: token }),
      effects({ data: Uint8Array.of(1) }),
      effects({ transactionType: 0, maxPriorityFeePerGas: 30n }),
      { ...effects({}), from: to },
      { ...effects({}), grade: 'exact' as const },
      { ...effects({}), unknownAmounts: true },
      { ...effects({}), movements: [] },
      { ...effects({}), digest: undefined },
    ].map(effectsHash)
    expect(new Set(variants.map(hash => hash.toString())).size).toBe(variants.length)
    expect(effectsHash(effects({}))).toEqual(effectsHash(effects({})))
  })
})

describe('known calls', () => {
  it('have the selectors of their signatures', () => {
    for (const fragment of erc20.fragments) {
      const selector = id(fragment.format('sighash')).slice(0, 10)
      const words = fragment.inputs.length
      const call = decodeCall(fromHex(selector + '00'.repeat(32 * words)))
      expect(`${call?.name}(${call?.words.map(word => word.type).join(',')})`).toBe(fragment.format('sighash'))
      expect(call?.words.map(word => word.name)).toEqual(fragment.inputs.map(input => input.name))
    }
  })

  it('agree with ethers on transfers', () => {
    const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(formatAddress)
    fc.assert(
      fc.property(address, fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (destination, amount) => {
        const data = fromHex(erc20.encodeFunctionData('transfer', [destination, amount]))
        expect(encodeTokenTransfer(destination, amount)).toEqual(data)
        expect(decodeTokenTransfer(data)).toEqual({ destination, amount })
      }),
      { numRuns: 500 },
    )
  })

  it('refuse a boolean that is neither 0 nor 1, and short data', () => {
    const data = fromHex(erc20.encodeFunctionData('setApprovalForAll', [to, true]))
    expect(decodeCall(data)?.words[1]?.value).toBe(true)
    expect(decodeCall(data.with(67, 2))).toBeUndefined()
    expect(decodeCall(data.subarray(0, 3))).toBeUndefined()
  })
})
