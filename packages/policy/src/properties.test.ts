import type { TransactionRestriction } from '@trivault/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alice, ann, bob, dollarCoin, ether, view } from '../test/support.ts'
import {
  type CountedApproval,
  type Decision,
  decide,
  indexRestrictions,
  restrictionsFor,
  type Subject,
  unmet,
} from './index.ts'

const decimal = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.integer({ min: 0, max: 30 }))
  .map(([units, scale]) => {
    const digits = units.toString().padStart(scale + 1, '0')
    const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
    return text.includes('.') ? text.replace(/\.?0+$/, '') : text
  })
const amount = fc.record({ Above: decimal, Currency: fc.constantFrom('USD', 'ETH', 'USDC', 'EUR', 'GOLD') })
const criterion = <T>(item: fc.Arbitrary<T>) =>
  fc.oneof(
    fc.record({ Only: fc.array(item, { maxLength: 2 }) }),
    fc.record({ Except: fc.array(item, { maxLength: 2 }) }),
  )
const account = fc.record({ MasterKeyName: fc.constantFrom('m', 'n'), AccountName: fc.constantFrom('a', 'b') })
const base58 = 'Vote111111111111111111111111111111111111111'
const address = fc.constantFrom(alice, bob, alice.toLowerCase(), base58, base58.toLowerCase(), '')
const approvers = fc.record({
  Groups: fc.subarray(['owner', 'trader', 'risk'], { minLength: 1 }),
  RequiredApprovers: fc.integer({ min: 1, max: 3 }),
})
const restriction: fc.Arbitrary<TransactionRestriction> = fc.record(
  {
    RestrictionID: fc.constantFrom('r1', 'r2', 'r3', 'r4'),
    Approvers: fc.array(approvers, { minLength: 1, maxLength: 2 }),
    Amount: amount,
    Fee: amount,
    Symbol: criterion(fc.constantFrom('ETH', 'USDC')),
    Source: criterion(
      fc.oneof(
        account,
        account.map(({ MasterKeyName }) => ({ MasterKeyName })),
      ),
    ),
    Destination: criterion(
      fc.oneof(
        address.map(Address => ({ Address })),
        account,
      ),
    ),
    ExternalDestination: criterion(address),
    TransactionFunction: criterion(fc.constantFrom('transfer', 'contract call', 'raw digest')),
    TestNetwork: fc.boolean(),
    Velocity: fc.record({
      Limit: decimal,
      Currency: fc.constantFrom('USD', 'ETH'),
      Per: fc.constantFrom('vault', 'source', 'destination', 'asset'),
      WindowSeconds: fc.constant(60),
    }),
  },
  { requiredKeys: ['RestrictionID', 'Approvers'] },
)
const value = fc.option(fc.bigInt({ min: 0n, max: 10n ** 22n }), { nil: undefined })
const movement = fc.record({
  asset: fc.constantFrom(ether, dollarCoin),
  amount: value,
  destination: fc.option(
    fc.record({
      address,
      internal: fc.option(fc.record({ masterKey: fc.constantFrom('m', 'n'), account: fc.constantFrom('a', 'b') }), {
        nil: undefined,
      }),
    }),
    { nil: undefined },
  ),
})
const subject: fc.Arbitrary<Subject> = fc.record({
  type: fc.constant('make transaction' as const),
  class: fc.constant('money' as const),
  initiator: fc.constantFrom(undefined, ann, { ...ann, hasKey: false }, { ...ann, automated: true }),
  transaction: fc.record({
    function: fc.constantFrom('transfer', 'contract call', 'raw digest'),
    grade: fc.constantFrom('decoded', 'exact', 'opaque'),
    testNetwork: fc.option(fc.boolean(), { nil: undefined }),
    source: fc.record({ masterKey: fc.constantFrom('m', 'n'), account: fc.constantFrom('a', 'b') }),
    movements: fc
      .array(movement, { maxLength: 3 })
      .map(list => list.map(({ asset, ...rest }) => ({ ...asset, ...rest }))),
    fee: value.map(amount => ({ ...ether, amount })),
  }),
})
const rates = fc
  .subarray(['ETH', 'USDC', 'EUR'])
  .chain(names =>
    fc
      .array(fc.record({ usdMin: decimal, usdMax: decimal }), { minLength: names.length, maxLength: names.length })
      .map(list => Object.fromEntries(names.map((name, i) => [name, list[i] ?? {}]))),
  )
const profile = fc.constantFrom('local' as const, 'enclave' as const)
const vault = fc.record({ restrictions: fc.array(restriction, { maxLength: 5 }), rates, profile })

const shuffled = <T>(list: T[]) => fc.shuffledSubarray(list, { minLength: list.length })

const isBlocked = (decision: Decision) => decision.kind === 'blocked'
const keys = (decision: Decision) =>
  new Set(decision.kind === 'needs' ? decision.requirements.map(requirement => JSON.stringify(requirement)) : [])

describe('decide', () => {
  it('does not depend on the order or repetition of restrictions', () => {
    fc.assert(
      fc.property(
        subject,
        vault.chain(setting =>
          fc.tuple(
            fc.constant(setting),
            fc.shuffledSubarray([...setting.restrictions, ...setting.restrictions], {
              minLength: 2 * setting.restrictions.length,
            }),
          ),
        ),
        (operation, [{ restrictions, ...rest }, shuffled]) => {
          expect(decide(operation, view(shuffled, rest))).toEqual(decide(operation, view(restrictions, rest)))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('does not depend on whether it is shown all restrictions or those of the index', () => {
    fc.assert(
      fc.property(subject, vault, (operation, { restrictions, ...rest }) => {
        if (operation.transaction === undefined) throw new Error('a transaction was made')
        const candidates = restrictionsFor(indexRestrictions(restrictions), operation.transaction)
        expect(decide(operation, view([...candidates], rest))).toEqual(decide(operation, view(restrictions, rest)))
      }),
      { numRuns: 1000 },
    )
  })

  it('does not depend on the order of config and policy restrictions', () => {
    const rule = fc.record(
      { RestrictionID: fc.constantFrom('r1', 'r2', 'r3'), Approvers: fc.array(approvers, { maxLength: 2 }) },
      { requiredKeys: ['RestrictionID'] },
    )
    const rules = fc.array(rule, { maxLength: 5 }).chain(list => fc.tuple(fc.constant(list), shuffled(list)))
    const type = fc.constantFrom('delete user', 'update group', 'update policy restriction', 'create master key')
    fc.assert(
      fc.property(type, rules, (name, [some, others]) => {
        const operation: Subject = { type: name, class: 'authority', initiator: ann }
        const verdict = (list: typeof some) =>
          decide(operation, view([], { configRestrictions: list, policyRestrictions: list }))
        expect(verdict(others)).toEqual(verdict(some))
      }),
      { numRuns: 300 },
    )
  })

  it('never needs less when a restriction is added, except that it may name opaque bytes', () => {
    fc.assert(
      fc.property(subject, vault, restriction, fc.boolean(), (operation, { restrictions, ...rest }, more, closed) => {
        const added = closed ? { ...more, Approvers: [] } : more
        const before = decide(operation, view(restrictions, rest))
        const after = decide(operation, view([...restrictions, added], rest))
        if (before.kind === 'blocked') {
          const names = added.TransactionFunction?.Only?.includes(operation.transaction?.function ?? '') ?? false
          expect(isBlocked(after) || (before.code === 'opaque-refused' && names && !closed)).toBe(true)
        } else if (after.kind === 'needs') {
          const now = keys(after)
          expect([...keys(before)].every(key => now.has(key))).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('always needs somebody for money', () => {
    fc.assert(
      fc.property(subject, vault, (operation, { restrictions, ...rest }) => {
        const decision = decide(operation, view(restrictions, rest))
        expect(isBlocked(decision) || keys(decision).size > 0).toBe(true)
        if (decision.kind === 'needs') expect(unmet(decision.requirements, [])).toEqual(decision.requirements)
      }),
      { numRuns: 300 },
    )
  })

  it('matches a larger amount wherever it matches a smaller one', () => {
    fc.assert(
      fc.property(
        subject,
        vault,
        fc.bigInt({ min: 0n, max: 10n ** 22n }),
        (operation, { restrictions, ...rest }, extra) => {
          const { transaction } = operation
          if (transaction === undefined) throw new Error('no transaction')
          const movements = transaction.movements.map(one => ({
            ...one,
            amount: one.amount === undefined ? undefined : one.amount + extra,
          }))
          const small = decide(operation, view(restrictions, rest))
          const large = decide({ ...operation, transaction: { ...transaction, movements } }, view(restrictions, rest))
          if (large.kind === 'needs' && small.kind === 'needs') {
            const now = keys(large)
            expect([...keys(small)].every(key => now.has(key))).toBe(true)
          } else if (small.kind === 'blocked' && small.code === 'blocked-by-policy') {
            expect(isBlocked(large)).toBe(true)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('blocks on any error while it evaluates', () => {
    const fail = (): never => {
      throw new Error('lost')
    }
    const broken = {
      get restrictions() {
        return fail()
      },
    }
    fc.assert(
      fc.property(subject, vault, (operation, { restrictions, ...rest }) => {
        const usd = { RestrictionID: 'usd', Amount: { Above: '1', Currency: 'USD' } }
        const paying = {
          ...operation,
          transaction: {
            ...(operation.transaction as NonNullable<Subject['transaction']>),
            grade: 'decoded' as const,
            movements: [{ ...ether, amount: 1n, destination: undefined }],
          },
        }
        const failing = { ...view([...restrictions, usd], rest), rate: fail }
        expect(decide(paying, failing)).toMatchObject({ kind: 'blocked', code: 'internal-error' })
        const proxy = Object.defineProperties(view([], rest), Object.getOwnPropertyDescriptors(broken))
        expect(decide(operation, proxy)).toMatchObject({ kind: 'blocked', code: 'internal-error' })
        const odd = [null, undefined, 7, { RestrictionID: 'x', Approvers: [null] }] as unknown[]
        for (const item of odd)
          expect(isBlocked(decide(operation, view([...restrictions, item as TransactionRestriction], rest)))).toBe(true)
      }),
      { numRuns: 100 },
    )
  })
})

describe('unmet', () => {
  it('never grows with more approvals', () => {
    const approval: fc.Arbitrary<CountedApproval> = fc.record({
      user: fc.constantFrom('ann@example.com', 'bob@x', 'cy@x', 'dan@x'),
      groups: fc.subarray(['owner', 'trader', 'risk']),
    })
    fc.assert(
      fc.property(
        subject,
        vault,
        fc.array(approval, { maxLength: 4 }),
        approval,
        (operation, { restrictions, ...rest }, some, more) => {
          const decision = decide(operation, view(restrictions, rest))
          if (decision.kind === 'blocked') return
          const before = unmet(decision.requirements, some)
          expect(before).toEqual(expect.arrayContaining(unmet(decision.requirements, [...some, more])))
        },
      ),
      { numRuns: 200 },
    )
  })
})
