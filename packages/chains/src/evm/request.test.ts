import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evmFieldsOf } from '../caip.ts'
import { customChain, knownChain } from '../registry.ts'
import type { Chain, ChainContext, RawRequest, StructuredRequest, TransactionEffects } from '../types.ts'
import { formatAddress } from './address.ts'
import { decodeEffects } from './effects.ts'
import { matchesRequest, plannedEffects, requestParts } from './request.ts'
import { type EvmTransaction, encodeTransaction } from './transaction.ts'

const chain = knownChain('eip155:31337') as Chain
const from = '0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F'
const alice = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
const bob = '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB'
const token = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359'
const asset = `eip155:31337/erc20:${token}`
const context: ChainContext = { chain, tokens: name => (name === asset ? { symbol: 'TKN', decimals: 6 } : undefined) }

const request: StructuredRequest = {
  kind: 'structured',
  asset: chain.nativeAsset,
  source: from,
  destinations: [
    { address: alice, amount: 250n },
    { address: bob, amount: 1n },
  ],
  gas: 21_000n,
  maxFeePerGas: 100n,
  maxPriorityFeePerGas: 10n,
}
const tokenRequest: StructuredRequest = { ...request, asset, gas: 80_000n }
const legacyChain = customChain({
  name: 'Old',
  nativeAsset: 'eip155:424242/slip44:60',
  symbol: 'OLD',
  decimals: 18,
  testNetwork: true,
  transactionType: 0,
})

/** The honest transaction of a part, then changed. */
function build(
  of: StructuredRequest,
  part: number,
  change: Partial<EvmTransaction> = {},
  ctx = context,
): TransactionEffects {
  const wanted = requestParts(of, ctx)[part]
  if (wanted === undefined) throw new Error('no such part')
  const { to, value, data, nonce } = wanted
  const { gas, maxFeePerGas } = of
  const { transactionType, chainId } = evmFieldsOf(ctx.chain)
  const maxPriorityFeePerGas = transactionType === 0 ? maxFeePerGas : of.maxPriorityFeePerGas
  const honest = { transactionType, chainId, gas, maxFeePerGas, maxPriorityFeePerGas }
  const unsigned = encodeTransaction({ ...honest, nonce: nonce ?? 4n, to, value, data, ...change })
  return decodeEffects(unsigned, of.source, ctx)
}

describe('planned effects', () => {
  it('sum the parts of a request', () => {
    expect(plannedEffects(request, context)).toEqual({
      family: 'evm',
      caip2: 'eip155:31337',
      from,
      function: 'transfer',
      movements: [
        { asset: chain.nativeAsset, destination: alice, amount: 250n },
        { asset: chain.nativeAsset, destination: bob, amount: 1n },
      ],
      unknownAmounts: false,
      feeCeiling: 2n * 21_000n * 100n,
      grade: 'decoded',
    })
    expect(plannedEffects(tokenRequest, context)).toMatchObject({
      function: 'token transfer',
      movements: [
        { asset, destination: alice, amount: 250n },
        { asset, destination: bob },
      ],
      grade: 'decoded',
    })
  })

  it('say the same as the transactions that follow', () => {
    for (const of of [request, tokenRequest]) {
      const planned = plannedEffects(of, context)
      const built = of.destinations.map((_, part) => build(of, part))
      expect(built.flatMap(effects => effects.movements)).toEqual(planned.movements)
      expect(built.reduce((sum, effects) => sum + effects.feeCeiling, 0n)).toBe(planned.feeCeiling)
      for (const effects of built)
        expect(effects).toMatchObject({ function: planned.function, grade: planned.grade, from: planned.from })
    }
  })

  it('take call data as a contract call', () => {
    const call: StructuredRequest = {
      ...request,
      destinations: [{ address: bob, amount: 3n }],
      data: Uint8Array.of(1, 2, 3, 4),
    }
    expect(plannedEffects(call, context)).toMatchObject({
      function: 'contract call',
      grade: 'exact',
      unknownAmounts: true,
    })
    expect(matchesRequest(call, 0, build(call, 0), context)).toEqual({ ok: true })
  })

  it('of a raw request are those of its bytes', () => {
    const unsigned = build(request, 0).unsigned
    const planned = plannedEffects({ kind: 'raw', source: from, unsigned }, context)
    expect(planned).toEqual({
      ...plannedEffects({ ...request, destinations: [{ address: alice, amount: 250n }] }, context),
    })
    expect(planned).not.toHaveProperty('digest')
  })

  it.each<[string, Partial<StructuredRequest>, string]>([
    ['without destination', { destinations: [] }, 'request_malformed'],
    [
      'with 101 destinations',
      { destinations: Array.from({ length: 101 }, () => ({ address: bob, amount: 1n })) },
      'request_malformed',
    ],
    ['for another chain', { asset: 'eip155:1/slip44:60' }, 'transaction_other_chain'],
    ['for a native asset that the chain does not have', { asset: 'eip155:31337/slip44:1' }, 'request_malformed'],
    ['for an unregistered token', { asset: `eip155:31337/erc20:${bob}` }, 'request_malformed'],
    ['with malformed asset', { asset: 'ETH' }, 'caip_malformed'],
    ['with malformed destination', { destinations: [{ address: 'bob', amount: 1n }] }, 'address_malformed'],
    [
      'with mistyped destination',
      { destinations: [{ address: bob.replace('dbF', 'dBF'), amount: 1n }] },
      'address_checksum',
    ],
    ['with mistyped source', { source: from.replace('9d8A', '9D8A') }, 'address_checksum'],
    ['with negative amount', { destinations: [{ address: bob, amount: -1n }] }, 'amount_out_of_range'],
    ['with an amount of 257 bits', { destinations: [{ address: bob, amount: 2n ** 256n }] }, 'amount_out_of_range'],
    ['with call data for two destinations', { data: Uint8Array.of(1) }, 'request_malformed'],
    [
      'with call data for a token',
      { asset, destinations: [{ address: bob, amount: 1n }], data: Uint8Array.of(1) },
      'request_malformed',
    ],
    ['with a priority fee above the fee', { maxPriorityFeePerGas: 101n }, 'transaction_malformed'],
    ['with negative gas', { gas: -1n }, 'transaction_field_out_of_range'],
    ['with negative nonce', { nonce: -1n }, 'transaction_field_out_of_range'],
    ['whose second nonce is out of range', { nonce: 2n ** 64n - 2n }, 'transaction_field_out_of_range'],
    ['with a fee above the chain maximum', { maxFeePerGas: 10n ** 15n }, 'fee_above_maximum'],
  ])('reject a request %s', (_, change, code) => {
    expect(() => plannedEffects({ ...request, ...change }, context)).toThrow(expect.objectContaining({ code }))
  })

  it('reject raw bytes that do not decode, or cost too much', () => {
    const raw: RawRequest = { kind: 'raw', source: from, unsigned: Uint8Array.of(2, 0xc0) }
    expect(() => plannedEffects(raw, context)).toThrow(expect.objectContaining({ code: 'transaction_malformed' }))
    const unsigned = build(request, 0, { maxFeePerGas: 10n ** 15n }).unsigned
    expect(() => plannedEffects({ ...raw, unsigned }, context)).toThrow(
      expect.objectContaining({ code: 'fee_above_maximum' }),
    )
  })
})

describe('matching a structured request', () => {
  it('takes what was approved, and anything cheaper', () => {
    for (const of of [request, tokenRequest])
      for (const part of [0, 1]) {
        expect(matchesRequest(of, part, build(of, part), context)).toEqual({ ok: true })
        const cheaper = build(of, part, { gas: 1n, maxFeePerGas: 1n, maxPriorityFeePerGas: 0n })
        expect(matchesRequest(of, part, cheaper, context)).toEqual({ ok: true })
      }
  })

  it('takes any nonce unless one was given, then counts up by part', () => {
    expect(matchesRequest(request, 0, build(request, 0, { nonce: 77n }), context)).toEqual({ ok: true })
    const exact = { ...request, nonce: 5n }
    expect(matchesRequest(exact, 0, build(exact, 0, { nonce: 5n }), context)).toEqual({ ok: true })
    expect(matchesRequest(exact, 1, build(exact, 1, { nonce: 6n }), context)).toEqual({ ok: true })
    expect(matchesRequest(exact, 1, build(exact, 1, { nonce: 5n }), context)).toMatchObject({ code: 'wrong_nonce' })
  })

  it('lets variants change the fee and nothing else', () => {
    const { slot } = build(request, 0, { nonce: 8n, maxFeePerGas: 50n })
    expect(matchesRequest(request, 0, build(request, 0, { nonce: 8n }), context, slot)).toEqual({ ok: true })
    expect(matchesRequest(request, 0, build(request, 0, { nonce: 9n }), context, slot)).toMatchObject({
      code: 'wrong_slot',
    })
  })

  it.each<[string, StructuredRequest, Partial<EvmTransaction>, string]>([
    ['another recipient', request, { to: bob }, 'wrong_to'],
    ['a creation', request, { to: null, data: Uint8Array.of(0) }, 'wrong_to'],
    ['a higher value', request, { value: 251n }, 'wrong_value'],
    ['a lower value', request, { value: 249n }, 'wrong_value'],
    ['added data', request, { data: Uint8Array.of(0) }, 'wrong_data'],
    ['more gas', request, { gas: 21_001n }, 'gas_above_cap'],
    ['a higher fee', request, { maxFeePerGas: 101n }, 'fee_above_cap'],
    ['a higher priority fee', request, { maxPriorityFeePerGas: 11n }, 'priority_fee_above_cap'],
    ['a legacy transaction', request, { transactionType: 0, maxPriorityFeePerGas: 100n }, 'wrong_transaction_type'],
    ['another token', tokenRequest, { to: bob }, 'wrong_to'],
    ['native value beside tokens', tokenRequest, { value: 1n }, 'wrong_value'],
    ['another token destination or amount', tokenRequest, { data: build(tokenRequest, 1).data }, 'wrong_data'],
    ['no token call', tokenRequest, { data: new Uint8Array(0) }, 'wrong_data'],
    ['a fee above the chain maximum', request, { gas: 2n ** 40n, maxFeePerGas: 2n ** 40n }, 'fee_above_chain_maximum'],
  ])('refuses %s', (_, of, change, code) => {
    expect(matchesRequest(of, 0, build(of, 0, change), context)).toMatchObject({ ok: false, code })
  })

  it('takes a fee of exactly the chain maximum, and no more', () => {
    const at = (maxFee: bigint): ChainContext => ({ ...context, chain: { ...chain, maxFee } })
    const fee = 21_000n * 100n
    expect(plannedEffects(request, at(fee)).feeCeiling).toBe(2n * fee)
    expect(matchesRequest(request, 0, build(request, 0), at(fee))).toEqual({ ok: true })
    expect(() => plannedEffects(request, at(fee - 1n))).toThrow(expect.objectContaining({ code: 'fee_above_maximum' }))
    expect(matchesRequest(request, 0, build(request, 0), at(fee - 1n))).toMatchObject({
      code: 'fee_above_chain_maximum',
    })
  })

  it('refuses another part, another source, another chain', () => {
    const honest = build(request, 0)
    expect(matchesRequest(request, 1, honest, context)).toMatchObject({ code: 'wrong_to' })
    for (const part of [2, -1, 0.5])
      expect(matchesRequest(request, part, honest, context)).toMatchObject({ code: 'wrong_part' })
    expect(matchesRequest({ ...request, source: bob }, 0, honest, context)).toMatchObject({ code: 'wrong_source' })
    const elsewhere: ChainContext = { ...context, chain: legacyChain }
    expect(matchesRequest(request, 0, honest, elsewhere)).toMatchObject({ code: 'wrong_chain' })
  })

  it('takes only legacy transactions on a legacy chain, within the approved gas price', () => {
    const ctx: ChainContext = { chain: legacyChain, tokens: () => undefined }
    const of = { ...request, asset: legacyChain.nativeAsset, maxPriorityFeePerGas: 0n }
    expect(matchesRequest(of, 0, build(of, 0, {}, ctx), ctx)).toEqual({ ok: true })
    const dear = build(of, 0, { maxFeePerGas: 101n, maxPriorityFeePerGas: 101n }, ctx)
    expect(matchesRequest(of, 0, dear, ctx)).toMatchObject({ code: 'fee_above_cap' })
    const modern = build(of, 0, { transactionType: 2 }, ctx)
    expect(matchesRequest(of, 0, modern, ctx)).toMatchObject({ code: 'wrong_transaction_type' })
  })

  it('accepts exactly the transactions that pay the approved sums under the ceilings', () => {
    const near = (value: bigint): fc.Arbitrary<bigint> => fc.constantFrom(value - 1n, value, value + 1n)
    const addresses = fc.constantFrom(alice, bob, formatAddress(new Uint8Array(20)))
    const candidates = fc.record({
      to: addresses,
      value: near(250n),
      gas: near(21_000n),
      maxFeePerGas: near(100n),
      maxPriorityFeePerGas: near(10n),
      data: fc.constantFrom(new Uint8Array(0), new Uint8Array(0), Uint8Array.of(0)),
    })
    fc.assert(
      fc.property(candidates, change => {
        const right = change.to === alice && change.value === 250n && change.data.length === 0
        const cheap = change.gas <= 21_000n && change.maxFeePerGas <= 100n && change.maxPriorityFeePerGas <= 10n
        expect(matchesRequest(request, 0, build(request, 0, change), context).ok).toBe(right && cheap)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('matching a raw request', () => {
  const effects = build(request, 0)
  const raw: RawRequest = { kind: 'raw', source: from, unsigned: effects.unsigned }

  it('takes its bytes only', () => {
    expect(matchesRequest(raw, 0, effects, context)).toEqual({ ok: true })
    expect(matchesRequest(raw, 0, build(request, 0, { maxFeePerGas: 99n }), context)).toMatchObject({
      code: 'wrong_bytes',
    })
    expect(matchesRequest(raw, 1, effects, context)).toMatchObject({ code: 'wrong_part' })
    expect(matchesRequest({ ...raw, source: bob }, 0, effects, context)).toMatchObject({ code: 'wrong_source' })
    expect(matchesRequest(raw, 0, effects, context, 'eip155:31337/other/4')).toMatchObject({ code: 'wrong_slot' })
  })
})
