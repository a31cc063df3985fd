import { describe, expect, it } from 'vitest'
import { draftOf, emptyDraft, problemsOf, type Rule, ruleOf } from './rule-draft.ts'

const full: Rule = {
  RestrictionID: 'large',
  Approvers: [{ Groups: ['owner', 'desk'], RequiredApprovers: 2 }],
  Amount: { Above: '1000.00000000000000000001', Currency: 'USD' },
  Fee: { Above: '0', Currency: 'ETH' },
  Symbol: { Only: ['ETH', 'USDC'] },
  Source: { Except: [{ MasterKeyName: 'main' }, { MasterKeyName: 'main', AccountName: 'hot wallet' }] },
  Destination: { Only: [{ Address: '0xAA' }, { MasterKeyName: 'main', AccountName: 'treasury' }] },
  ExternalDestination: { Except: ['0xBB'] },
  TransactionFunction: { Only: ['transfer'] },
  TestNetwork: false,
  Velocity: { Limit: '10.5', Currency: 'ETH', Per: 'source', WindowSeconds: 90 },
}

describe('the form of a restriction', () => {
  it('gives back what it was made of, to the last digit', () => {
    expect(ruleOf(draftOf(full), 'transaction')).toEqual(full)
    const plain: Rule = { RestrictionID: 'all', Approvers: [{ Groups: ['owner'], RequiredApprovers: 1 }] }
    expect(ruleOf(draftOf(plain), 'transaction')).toEqual(plain)
    expect(ruleOf(draftOf({ RestrictionID: 'closed' }), 'config')).toEqual({ RestrictionID: 'closed' })
  })

  it('of a kind without criteria sends none', () => {
    expect(Object.keys(ruleOf(draftOf(full), 'policy'))).toEqual(['RestrictionID', 'Approvers'])
  })

  it('leaves out a criterion that lists nothing: it would match everything anyway', () => {
    const draft = { ...emptyDraft, id: 'x', approvers: [], symbol: { mode: 'only' as const, values: [''] } }
    expect(ruleOf(draft, 'transaction')).toEqual({ RestrictionID: 'x' })
  })

  it('says what is missing', () => {
    expect(Object.keys(problemsOf(emptyDraft, 'transaction'))).toEqual(['id', 'approvers'])
    expect(problemsOf(draftOf(full), 'transaction')).toEqual({})
    const bad = { ...draftOf(full), amountAbove: '1e3', feeAbove: '-1', limit: '01', windowHours: '0.001' }
    expect(Object.keys(problemsOf(bad, 'transaction'))).toEqual(['amountAbove', 'feeAbove', 'limit', 'windowHours'])
    expect(problemsOf(bad, 'config')).toEqual({})
    for (const count of ['0', '1.5', '', '1000'])
      expect(problemsOf({ ...draftOf(full), approvers: [{ groups: ['owner'], count }] }, 'policy')).toHaveProperty(
        'approvers',
      )
  })
})
