import type { TransactionRestriction } from '@trivault/protocol'
import { describe, expect, it } from 'vitest'
import { describeChange, diffRestrictions } from './index.ts'

const rule = (changes: Partial<TransactionRestriction> = {}): TransactionRestriction => ({
  RestrictionID: 'large',
  Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }],
  Amount: { Above: '1000', Currency: 'USD' },
  ...changes,
})

describe('the difference of two sets of restrictions', () => {
  it('is nothing where they say the same, whatever their order', () => {
    const [a, b] = [rule(), rule({ RestrictionID: 'b' })]
    expect(diffRestrictions([a, b], [b, a])).toEqual([])
    expect(describeChange(undefined, undefined)).toEqual([])
  })

  it('tells in words what is added, removed and changed', () => {
    const limit = { Limit: '5', Currency: 'ETH', Per: 'source', WindowSeconds: 86_400 } as const
    const after = rule({ Amount: { Above: '500', Currency: 'USD' }, Velocity: limit })
    expect(diffRestrictions([rule(), rule({ RestrictionID: 'old' })], [after, rule({ RestrictionID: 'new' })])).toEqual(
      [
        {
          id: 'large',
          kind: 'changed',
          lines: [
            'Rule large changes',
            '- It is about transactions with amount above 1000 USD',
            '+ It is about transactions with amount above 500 USD',
            '+ Limit: at most 5 ETH in 1 day, from each account',
          ],
        },
        {
          id: 'new',
          kind: 'added',
          lines: [
            'A NEW rule',
            '  Rule new',
            '  about transactions with amount above 1000 USD',
            '  needs 2 approvals from owner',
          ],
        },
        expect.objectContaining({ id: 'old', kind: 'removed' }),
      ],
    )
  })

  it('shouts when nobody can approve any more', () => {
    expect(describeChange(rule(), rule({ Approvers: [] }))).toEqual([
      'Rule large changes',
      '- It needs 2 approvals from owner',
      'What matches is now REFUSED',
    ])
  })

  it.each<[string, Partial<TransactionRestriction>]>([
    ['fewer approvals', { Approvers: [{ Groups: ['owner'], RequiredApprovers: 1 }] }],
    ['a criterion less', { Amount: undefined as never }],
    ['a criterion more', { TestNetwork: true }],
    ['a destination', { Destination: { Except: [{ Address: '0xa' }] } }],
    ['an empty criterion', { ExternalDestination: {} }],
    ['a limit', { Velocity: { Limit: '1', Currency: 'USD', Per: 'vault', WindowSeconds: 60 } }],
  ])('never passes over %s', (_, changes) => {
    const { Amount, ...rest } = rule(changes)
    expect(describeChange(rule(), Amount === undefined ? rest : { Amount, ...rest }).length).toBeGreaterThan(1)
  })
})
