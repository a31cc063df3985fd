import type { TransactionRestriction } from '@trivault/protocol'
import { describe, expect, it } from 'vitest'
import { alice, bob, dollarCoin, ether, money, movement, traders, transfer, view } from '../test/support.ts'
import { decide, type Movement, type Rate, type TransactionSubject } from './index.ts'

type Criteria = Omit<TransactionRestriction, 'RestrictionID' | 'Approvers'>

/** Whether a restriction with these criteria matches, or the code of the block. */
function match(
  criteria: Criteria,
  subject: Partial<TransactionSubject> = {},
  rates: Record<string, Partial<Rate>> = {},
): boolean | string {
  const decision = decide(
    money(subject),
    view([{ RestrictionID: 'r', Approvers: traders, ...criteria }], { profile: 'local', rates }),
  )
  return decision.kind === 'blocked' ? decision.code : decision.requirements.length === 2
}
const pays = (...movements: Partial<Movement>[]) => ({ movements: movements.map(movement) })

describe('Amount', () => {
  const above = (Above: string, Currency: string) => ({ Amount: { Above, Currency } })
  const wei = (amount: bigint) => pays({ amount })

  it('is strictly more, to the last of 18 decimals', () => {
    expect(match(above('1', 'ETH'), wei(10n ** 18n))).toBe(false)
    expect(match(above('1', 'ETH'), wei(10n ** 18n + 1n))).toBe(true)
    expect(match(above('0.000000000000000001', 'ETH'), wei(1n))).toBe(false)
    expect(match(above('0.000000000000000001', 'ETH'), wei(2n))).toBe(true)
    expect(
      match(above('123456789012345678901234567890.1', 'ETH'), wei(123456789012345678901234567890n * 10n ** 18n)),
    ).toBe(false)
  })

  it('has no rounding: 0.1 + 0.2 is not above 0.3', () => {
    const parts = pays({ amount: 10n ** 17n }, { amount: 2n * 10n ** 17n })
    expect(match(above('0.3', 'ETH'), parts)).toBe(false)
    expect(match(above('0.29999999999999999999', 'ETH'), parts)).toBe(true)
    expect(match(above('0.30000000000000000001', 'ETH'), parts)).toBe(false)
    // As doubles 9007199254740993 equals 9007199254740992.
    expect(match(above('9007199254740992', 'ETH'), wei(9007199254740993n * 10n ** 18n))).toBe(true)
  })

  it('takes the asset by symbol or CAIP-19 without a rate', () => {
    expect(match(above('1', ether.caip19), wei(2n * 10n ** 18n))).toBe(true)
    expect(match(above('3', ether.caip19), wei(2n * 10n ** 18n))).toBe(false)
  })

  it('counts all destinations together, per asset', () => {
    const parts = pays({ amount: 6n * 10n ** 17n }, { amount: 6n * 10n ** 17n, destination: { address: bob } })
    expect(match(above('1', 'ETH'), parts)).toBe(true)
    expect(match({ ...above('1', 'ETH'), Destination: { Only: [{ Address: bob }] } }, parts)).toBe(true)
    const mixed = pays({ amount: 10n ** 18n }, { ...dollarCoin, amount: 1_000_000n })
    expect(match(above('1', 'USD'), mixed, { ETH: { usdMax: '1' }, USDC: { usdMax: '1' } })).toBe(false)
    expect(match(above('1', 'USD'), mixed, { ETH: { usdMax: '1' }, USDC: { usdMax: '1.000001' } })).toBe(true)
  })

  it('matches any amount above nothing where Above is absent or 0, without a rate', () => {
    for (const Amount of [{}, { Above: '0' }, { Currency: 'USD' }, { Above: '0', Currency: 'USD' }]) {
      expect(match({ Amount }, wei(1n))).toBe(true)
      expect(match({ Amount }, wei(0n))).toBe(false)
      expect(match({ Amount }, { movements: [] })).toBe(false)
    }
  })

  it('matches unknown amounts always', () => {
    expect(match(above('1000000', 'USD'), pays({ amount: undefined }))).toBe(true)
    expect(match(above('1000000', 'ETH'), pays({ amount: 1n }, { amount: undefined }, { amount: 1n }))).toBe(true)
    expect(match(above('1000000', 'GOLD'), pays({ amount: 1n, ...dollarCoin }, { amount: undefined }))).toBe(true)
  })

  it('converts with the upper bound, or the spot rate where there are no bounds', () => {
    const two = wei(2n * 10n ** 18n)
    expect(match(above('4000', 'USD'), two, { ETH: { usdMin: '1500', usdRate: '1900', usdMax: '2000' } })).toBe(false)
    expect(match(above('3999.99', 'USD'), two, { ETH: { usdMin: '1500', usdRate: '1900', usdMax: '2000' } })).toBe(true)
    expect(match(above('3800', 'USD'), two, { ETH: { usdRate: '1900' } })).toBe(false)
    expect(match(above('3799', 'USD'), two, { ETH: { usdRate: '1900' } })).toBe(true)
  })

  it('prefers the rate of the exact asset to that of its symbol', () => {
    const rates = { [ether.caip19]: { usdMax: '1' }, ETH: { usdMax: '1000' } }
    expect(match(above('5', 'USD'), wei(10n ** 18n), rates)).toBe(false)
  })

  it('converts to another currency at the dearest asset and the cheapest currency', () => {
    const rates = { ETH: { usdMin: '1000', usdMax: '2000' }, EUR: { usdMin: '0.8', usdRate: '1', usdMax: '1.25' } }
    expect(match(above('2500', 'EUR'), wei(10n ** 18n), rates)).toBe(false)
    expect(match(above('2499.99', 'EUR'), wei(10n ** 18n), rates)).toBe(true)
    expect(match(above('2000', 'EUR'), wei(10n ** 18n), { ...rates, EUR: { usdRate: '1' } })).toBe(false)
  })

  it('reads USD as the dollar even where a token calls itself USD', () => {
    const fake = pays({ symbol: 'USD', caip19: 'eip155:1/erc20:0x22', decimals: 18, amount: 1n })
    expect(match(above('1', 'USD'), fake)).toBe('no-rate')
    expect(match(above('1', 'USD'), fake, { 'eip155:1/erc20:0x22': { usdMax: '9000000000000000000000' } })).toBe(true)
  })

  it('blocks without a rate, only where one is needed', () => {
    expect(match(above('1', 'USD'))).toBe('no-rate')
    expect(match(above('1', 'USD'), {}, { ETH: {} })).toBe('no-rate')
    expect(match(above('1', 'USD'), {}, { ETH: { usdMin: '5' } })).toBe('no-rate')
    expect(match(above('1', 'EUR'), {}, { ETH: { usdMax: '5' } })).toBe('no-rate')
    expect(match(above('1', 'EUR'), {}, { EUR: { usdMin: '5' } })).toBe('no-rate')
    expect(match(above('1', 'EUR'), {}, { ETH: { usdMax: '5' }, EUR: { usdMax: '5' } })).toBe('no-rate')
    expect(match({ ...above('1', 'USD'), TestNetwork: true })).toBe(false)
    expect(match({ ...above('1', 'USD'), Fee: { Above: '1', Currency: 'ETH' } })).toBe(false)
    expect(match(above('1', 'USD'), wei(0n))).toBe(false)
    const decision = decide(money(), view([{ RestrictionID: 'r', Amount: { Above: '1', Currency: 'USD' } }]))
    expect(decision).toMatchObject({ reason: 'no rate for ETH, which restriction "r" needs' })
  })

  it('needs no rate of one asset where another settles it', () => {
    const mixed = pays({ amount: 10n ** 18n }, { ...dollarCoin, amount: 1n })
    expect(match(above('1', 'USD'), mixed, { ETH: { usdMax: '2' } })).toBe(true)
    expect(match(above('3', 'USD'), mixed, { ETH: { usdMax: '2' } })).toBe('no-rate')
  })

  it('rejects what is not an exact amount', () => {
    for (const Above of ['', '-1', '1e3', '1.', '.5', ' 1', '0x10', 'NaN', '1,5', '9'.repeat(81)])
      expect(match({ Amount: { Above, Currency: 'ETH' } })).toBe('internal-error')
    expect(match({ Amount: { Above: '1' } })).toBe('internal-error')
    expect(match(above('1', 'USD'), {}, { ETH: { usdMax: '1e3' } })).toBe('internal-error')
    expect(match(above('1', 'ETH'), wei(-1n))).toBe('internal-error')
    expect(match(above('1', 'ETH'), pays({ amount: -1n }, { amount: 5n }))).toBe('internal-error')
    expect(match(above('1', 'ETH'), pays({ amount: 1 as unknown as bigint }))).toBe('internal-error')
    expect(match(above('1', 'ETH'), pays({ decimals: -1 }))).toBe('internal-error')
    expect(match(above('1', 'ETH'), pays({ decimals: 1.5 }))).toBe('internal-error')
    expect(match(above('1', 'ETH'), pays({}, { decimals: 6 }))).toBe('internal-error')
    expect(match({ ...above('x', 'ETH'), TestNetwork: true })).toBe('internal-error')
  })
})

describe('Fee', () => {
  const Fee = { Above: '0.001', Currency: 'ETH' }
  const fee = (amount: bigint | undefined) => ({ fee: { ...ether, amount } })

  it('is strictly more, by its own asset', () => {
    expect(match({ Fee }, fee(10n ** 15n))).toBe(false)
    expect(match({ Fee }, fee(10n ** 15n + 1n))).toBe(true)
    expect(match({ Fee }, fee(undefined))).toBe(true)
    expect(match({ Fee: {} }, fee(0n))).toBe(false)
    expect(match({ Fee: { Above: '1', Currency: 'USD' } }, fee(1n))).toBe('no-rate')
    expect(match({ Fee: { Above: '1', Currency: 'USD' } }, fee(10n ** 15n), { ETH: { usdMax: '2000' } })).toBe(true)
  })

  it('does not count as amount', () => {
    expect(match({ Amount: { Above: '1', Currency: 'ETH' } }, fee(10n ** 19n))).toBe(false)
  })
})

describe('Only and Except', () => {
  it('match symbols as they are written', () => {
    expect(match({ Symbol: { Only: ['BTC', 'ETH'] } })).toBe(true)
    expect(match({ Symbol: { Only: ['eth', 'ETHX'] } })).toBe(false)
    expect(match({ Symbol: { Except: ['ETH'] } })).toBe(false)
    expect(match({ Symbol: { Except: ['BTC'] } })).toBe(true)
    for (const empty of [{}, { Only: [] }, { Except: [] }, { Only: [], Except: [] }])
      expect(match({ Symbol: empty })).toBe(true)
  })

  it('are met by one movement of several', () => {
    const both = pays({}, { ...dollarCoin, amount: 1n, destination: { address: bob } })
    expect(match({ Symbol: { Only: ['USDC'] } }, both)).toBe(true)
    expect(match({ Symbol: { Except: ['ETH'] } }, both)).toBe(true)
    expect(match({ Symbol: { Except: ['ETH', 'USDC'] } }, both)).toBe(false)
    expect(match({ Destination: { Except: [{ Address: alice }] } }, both)).toBe(true)
    expect(match({ ExternalDestination: { Except: [alice] } }, both)).toBe(true)
    expect(match({ ExternalDestination: { Except: [alice, bob] } }, both)).toBe(false)
  })

  it('match any symbol where more may move than is known', () => {
    const permit = { ...pays({ amount: undefined }), function: 'typed data' as const }
    expect(match({ Symbol: { Only: ['USDC'] }, Amount: { Above: '5', Currency: 'USD' } }, permit)).toBe(true)
    expect(match({ Symbol: { Except: ['ETH'] } }, permit)).toBe(true)
    expect(match({ Symbol: { Only: ['USDC'] } }, pays({}))).toBe(false)
  })

  it('rejects both at once', () => {
    for (const key of ['Symbol', 'ExternalDestination', 'TransactionFunction'] as const)
      expect(match({ [key]: { Only: ['a'], Except: ['b'] } })).toBe('internal-error')
  })

  it('match sources by key and account', () => {
    expect(match({ Source: { Only: [{ MasterKeyName: 'main' }] } })).toBe(true)
    expect(match({ Source: { Only: [{ MasterKeyName: 'main', AccountName: 'treasury' }] } })).toBe(true)
    expect(match({ Source: { Only: [{ MasterKeyName: 'main', AccountName: 'other' }] } })).toBe(false)
    expect(match({ Source: { Only: [{ MasterKeyName: 'other', AccountName: 'treasury' }] } })).toBe(false)
    expect(match({ Source: { Except: [{ MasterKeyName: 'main' }] } })).toBe(false)
  })

  it('match functions', () => {
    expect(match({ TransactionFunction: { Only: ['transfer'] } })).toBe(true)
    expect(match({ TransactionFunction: { Only: ['token transfer'] } })).toBe(false)
    expect(match({ TransactionFunction: { Except: ['transfer'] } })).toBe(false)
  })

  it('match test networks', () => {
    expect(match({ TestNetwork: false })).toBe(true)
    expect(match({ TestNetwork: true })).toBe(false)
    expect(match({ TestNetwork: false }, transfer({ testNetwork: true }))).toBe(false)
  })

  it('match whatever a signature is good for on any chain', () => {
    const message = { ...transfer({ movements: [], testNetwork: undefined }), function: 'personal sign' as const }
    for (const TestNetwork of [true, false]) expect(match({ TestNetwork }, message)).toBe(true)
  })
})

describe('destinations', () => {
  const inside = pays({ destination: { address: bob, internal: { masterKey: 'main', account: 'cold' } } })
  const nowhere = { ...pays({ destination: undefined }), grade: 'exact' as const, function: 'deploy' as const }

  it('compare EVM addresses without letter case, others as text', () => {
    for (const address of [alice, alice.toLowerCase(), `0x${alice.slice(2).toUpperCase()}`]) {
      expect(match({ Destination: { Only: [{ Address: address }] } })).toBe(true)
      expect(match({ ExternalDestination: { Except: [address] } })).toBe(false)
    }
    expect(match({ Destination: { Only: [{ Address: bob }, { Address: alice.slice(0, -1) }] } })).toBe(false)
    const base58 = pays({ destination: { address: 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8' } })
    expect(match({ ExternalDestination: { Only: ['tjrabprwbzy45sbavfcjinpjc18kjprtv8'] } }, base58)).toBe(false)
    expect(match({ ExternalDestination: { Only: ['TJRabPrwbZy45sbavfcjinPJC18kjpRTv8'] } }, base58)).toBe(true)
  })

  it('match accounts of the vault', () => {
    const cold = { MasterKeyName: 'main', AccountName: 'cold' }
    expect(match({ Destination: { Only: [cold] } }, inside)).toBe(true)
    expect(match({ Destination: { Only: [{ Address: bob }] } }, inside)).toBe(true)
    expect(match({ Destination: { Only: [{ ...cold, AccountName: 'hot' }] } }, inside)).toBe(false)
    expect(match({ Destination: { Only: [cold] } })).toBe(false)
    expect(match({ Destination: { Except: [cold] } }, inside)).toBe(false)
  })

  it('rejects a foreign address as an account, and half a selector', () => {
    expect(match({ Destination: { Only: [{}] } })).toBe(false)
    expect(match({ Destination: { Only: [{ MasterKeyName: 'main' }] } }, inside)).toBe(false)
  })

  it('know external from internal', () => {
    expect(match({ ExternalDestination: {} })).toBe(true)
    expect(match({ ExternalDestination: {} }, inside)).toBe(false)
    expect(match({ ExternalDestination: { Only: [bob] } }, inside)).toBe(false)
    expect(match({ ExternalDestination: { Except: [alice] } }, inside)).toBe(false)
    const both = { movements: [...inside.movements, movement()] }
    expect(match({ ExternalDestination: {} }, both)).toBe(true)
  })

  it('take a deployment as external and on no list', () => {
    expect(match({ ExternalDestination: {} }, nowhere)).toBe(true)
    expect(match({ ExternalDestination: { Except: [alice] } }, nowhere)).toBe(true)
    expect(match({ ExternalDestination: { Only: [alice] } }, nowhere)).toBe(false)
    expect(match({ Destination: { Only: [{ Address: alice }] } }, nowhere)).toBe(false)
    expect(match({ Destination: { Except: [{ Address: alice }] } }, nowhere)).toBe(true)
  })

  it('take a message that moves nothing as on no list, and as no external payment', () => {
    const nothing = { ...transfer({ movements: [] }), function: 'typed data' as const }
    expect(match({ Destination: { Except: [{ Address: alice }] } }, nothing)).toBe(true)
    expect(match({ Destination: { Only: [{ Address: alice }] } }, nothing)).toBe(false)
    expect(match({ Symbol: { Except: ['ETH'] } }, nothing)).toBe(true)
    expect(match({ ExternalDestination: {} }, nothing)).toBe(false)
    expect(match({ ExternalDestination: { Except: [alice] } }, nothing)).toBe(false)
  })
})
