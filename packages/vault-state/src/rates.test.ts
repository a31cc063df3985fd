import type { IntentOf } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { operationOf } from './index.ts'

const refusal = (code: string) => expect.objectContaining({ code })
type Update = IntentOf<'update rates'>['Updates'][number]

const start = (vault: TestVault, ...Updates: Update[]) => vault.start(vault.intent('update rates', { Updates }))
const approved = (vault: TestVault, ...updates: Update[]) => {
  const id = start(vault, ...updates)
  vault.approve(id, vault.person('alice'))
  vault.execute(id)
}
const free = (vault: TestVault, ...updates: Update[]) => vault.execute(start(vault, ...updates))
const rateOf = (vault: TestVault, asset: string) => vault.state.rates.get(asset)
const bounded = () => {
  const vault = TestVault.founded()
  approved(vault, { Asset: 'ETH', USDMin: '2000', USDMax: '4000.5' })
  return vault
}

describe('rates', () => {
  it('inside approved bounds are free, bounds and everything else need the owners', () => {
    const vault = bounded()
    expect(rateOf(vault, 'ETH')).toEqual({ usdRate: '3000', usdMin: '2000', usdMax: '4000.5' })
    for (const USDRate of ['2000', '4000.5', '3123.000000000000000001']) {
      free(vault, { Asset: 'ETH', USDRate })
      expect(rateOf(vault, 'ETH')?.usdRate).toBe(USDRate)
    }
    const dear: Update[] = [
      { Asset: 'ETH', USDMax: '5000' },
      { Asset: 'ETH', USDMin: '1' },
      { Asset: 'ETH' },
      { Asset: 'BTC', USDRate: '100000' },
    ]
    for (const update of dear) {
      expect(() => free(vault, update), JSON.stringify(update)).toThrow(refusal('approvals-missing'))
      expect(() => free(vault, { Asset: 'ETH', USDRate: '3000' }, { ...update, Asset: 'BTC', USDRate: '1' })).toThrow()
    }
  })

  it('outside approved bounds do not exist', () => {
    const vault = bounded()
    for (const USDRate of ['1999.99', '4000.500000000000000001', '0', '99999999999999999999'])
      expect(() => start(vault, { Asset: 'ETH', USDRate })).toThrow(refusal('bad-rate'))
  })

  it('that contradict themselves are refused', () => {
    const vault = bounded()
    const bad: Update[][] = [
      [{ Asset: 'BTC', USDMin: '2', USDMax: '1' }],
      [{ Asset: 'ETH', USDMin: '5000' }],
      [{ Asset: 'BTC', USDRate: '1', USDMax: '2' }],
      [{ Asset: 'BTC' }],
      [{ Asset: 'USD', USDRate: '1' }],
      [
        { Asset: 'ETH', USDRate: '3000' },
        { Asset: 'ETH', USDRate: '3001' },
      ],
    ]
    for (const updates of bad)
      expect(() => start(vault, ...updates), JSON.stringify(updates)).toThrow(refusal('bad-rate'))
    expect(() => start(vault)).toThrow(refusal('malformed'))
  })

  it('of the set-up are held to the same', () => {
    const rate = (usdRate: string | undefined, usdMin: string | undefined, usdMax: string | undefined, asset = 'ETH') =>
      new TestVault().setup({ rates: [{ asset, usdRate, usdMin, usdMax }] })
    expect(() => rate('1', '2', '3')).toThrow(refusal('bad-rate'))
    expect(() => rate(undefined, '3', '2')).toThrow(refusal('bad-rate'))
    expect(() => rate('1', undefined, undefined, 'USD')).toThrow(refusal('bad-rate'))
    expect(() => rate('1e3', undefined, undefined)).toThrow(refusal('malformed'))
    rate('2', '2', '2')
  })

  it('that nobody approved never stand in for a bound', () => {
    const vault = bounded()
    free(vault, { Asset: 'ETH', USDRate: '2000' })
    approved(vault, { Asset: 'ETH' })
    approved(vault, { Asset: 'ETH', USDMin: '1' })
    expect(rateOf(vault, 'ETH')).toEqual({ usdRate: undefined, usdMin: '1', usdMax: undefined })
    expect(() => free(vault, { Asset: 'ETH', USDRate: '2' })).toThrow(refusal('approvals-missing'))
  })

  it('outside new bounds are dropped, inside they stay', () => {
    const vault = bounded()
    approved(vault, { Asset: 'ETH', USDMax: '3000' })
    expect(rateOf(vault, 'ETH')?.usdRate).toBe('3000')
    approved(vault, { Asset: 'ETH', USDMin: '1', USDMax: '2999.99' })
    expect(rateOf(vault, 'ETH')).toEqual({ usdRate: undefined, usdMin: '1', usdMax: '2999.99' })
  })

  it('decide by their upper bound: what a free spot rate says does not matter', () => {
    const vault = bounded()
    approved(vault, { Asset: 'ETH', USDMin: '1000', USDMax: '4000' })
    const rule = { RestrictionID: 'large', Amount: { Above: '3999.999999999999999999', Currency: 'USD' } }
    const change = vault.start(vault.intent('update transaction restriction', { Add: rule }))
    vault.approve(change, vault.person('alice'))
    vault.execute(change)
    free(vault, { Asset: 'ETH', USDRate: '1000' })
    const send = (Amount: string) => {
      const id = vault.start(vault.transferIntent([{ Address: '0x00000000000000000000000000000000000000AA', Amount }]))
      return operationOf(vault.state, id).failure?.code
    }
    expect(send('1')).toBe('blocked-by-policy')
    expect(send('0.999999999999999999')).toBeUndefined()
    approved(vault, { Asset: 'ETH' })
    expect(send('1')).toBe('no-rate')
  })

  it('approved for one state of the bounds are not free in another', () => {
    const vault = bounded()
    const id = start(vault, { Asset: 'ETH', USDRate: '3500' })
    approved(vault, { Asset: 'ETH' })
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
  })
})
