import type { TransactionRestriction } from '@trivault/protocol'
import type { Decision, Movement, PolicyView, Rate, Requirement, Subject, TransactionSubject } from '../src/index.ts'

export const ether = { caip19: 'eip155:1/slip44:60', symbol: 'ETH', decimals: 18 }
export const dollarCoin = {
  caip19: 'eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
  symbol: 'USDC',
  decimals: 6,
}
export const alice = '0xAbCdEf0123456789aBcDeF0123456789AbCdEf01'
export const bob = '0x1111111111111111111111111111111111111111'

export const movement = (change: Partial<Movement> = {}): Movement => ({
  ...ether,
  amount: 10n ** 18n,
  destination: { address: alice },
  ...change,
})

export const transfer = (change: Partial<TransactionSubject> = {}): TransactionSubject => ({
  function: 'transfer',
  grade: 'decoded',
  testNetwork: false,
  source: { masterKey: 'main', account: 'treasury' },
  movements: [movement()],
  fee: { ...ether, amount: 10n ** 15n },
  ...change,
})

export const ann = { userId: 'ann@example.com', hasKey: true, automated: false }

export const money = (change: Partial<TransactionSubject> = {}, initiator: Subject['initiator'] = ann): Subject => ({
  type: 'make transaction',
  class: 'money',
  initiator,
  transaction: transfer(change),
})

export const traders = [{ Groups: ['trader'], RequiredApprovers: 1 }]

export function view(
  restrictions: TransactionRestriction[] = [],
  change: Partial<PolicyView> & { rates?: Record<string, Partial<Rate>> } = {},
): PolicyView {
  const { rates = {}, ...rest } = change
  return {
    profile: 'local',
    ownerGroup: 'owner',
    ownersRequired: 2,
    moneyDefault: rest.profile === undefined || rest.profile === 'local' ? 'initiator' : 'owner quorum',
    restrictions,
    configRestrictions: [],
    policyRestrictions: [],
    rate: asset =>
      Object.hasOwn(rates, asset)
        ? { usdRate: undefined, usdMin: undefined, usdMax: undefined, ...rates[asset] }
        : undefined,
    ...rest,
  }
}

/** The requirements in words; a block as its code. */
export function told(decision: Decision): string[] | string {
  return decision.kind === 'blocked' ? decision.code : decision.requirements.map(inWords)
}
function inWords(requirement: Requirement): string {
  return requirement.kind === 'initiator'
    ? requirement.user
    : `${requirement.count} of ${requirement.groups.join('|')} (${requirement.because})`
}
