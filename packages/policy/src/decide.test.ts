import { type OperationType, operationTypeNames, operationTypes, type TransactionRestriction } from '@trivault/protocol'
import { describe, expect, it } from 'vitest'
import { alice, ann, bob, dollarCoin, ether, money, movement, told, traders, view } from '../test/support.ts'
import { decide, type PolicyView, type Subject, type TransactionSubject } from './index.ts'

const me = 'ann@example.com'
const standIn = '1 of owner (an owner stands in for the initiator)'
const signQuorum = '2 of owner (every signature needs the owner quorum)'
const configOwner = '1 of owner (configuration needs an owner)'
const quorum = '2 of owner (authority needs the owner quorum)'
const keyless = { ...ann, hasKey: false }
const enclave = view([], { profile: 'enclave' })

const operation = (type: OperationType, kind: Subject['class'], initiator: Subject['initiator']): Subject => ({
  type,
  class: kind,
  initiator,
})

describe('defaults by class', () => {
  it('asks nothing for free operations, whoever is named', () => {
    for (const initiator of [undefined, keyless, ann])
      for (const where of [view(), enclave, view([], { ownerGroup: undefined })])
        expect(told(decide(operation('create account', 'free', initiator), where))).toEqual([])
  })

  it('asks for the initiator of a transaction in local', () => {
    expect(told(decide(money(), view()))).toEqual([me])
    expect(told(decide(money({}, { ...ann, automated: true }), view()))).toEqual([me])
  })

  it('lets one owner stand in for a missing initiator or one without a key', () => {
    expect(told(decide(money({}, keyless), view()))).toEqual([standIn])
    expect(told(decide({ ...money(), initiator: undefined }, view()))).toEqual([standIn])
  })

  it('adds the owner quorum to every signature in an enclave', () => {
    expect(told(decide(money(), enclave))).toEqual([me, signQuorum])
    expect(told(decide(money({}, keyless), enclave))).toEqual([standIn, signQuorum])
  })

  it('takes the confirmation of an automated key in an enclave only where a restriction names one of its groups', () => {
    const bot = { ...ann, automated: true, groups: ['bots'] }
    const named = (group: string) => ({ RestrictionID: 'r', Approvers: [{ Groups: [group], RequiredApprovers: 1 }] })
    const within = (group: string) => view([named(group)], { profile: 'enclave' })
    expect(told(decide(money({}, bot), enclave))).toEqual([standIn, signQuorum])
    expect(told(decide(money({}, { ...ann, automated: true }), enclave))).toEqual([standIn, signQuorum])
    expect(told(decide(money({}, bot), within('traders')))).not.toContain(me)
    expect(told(decide(money({}, bot), within('bots')))).toContain(me)
    expect(told(decide(money({}, bot), view()))).toEqual([me])
  })

  it('takes it only where that restriction speaks of all that is signed, and for certain', () => {
    const bot = { ...ann, automated: true, groups: ['bots'] }
    const Approvers = [{ Groups: ['bots'], RequiredApprovers: 1 }]
    const confirms = (criteria: Partial<TransactionRestriction>, change: Partial<TransactionSubject> = {}) =>
      told(
        decide(money(change, bot), view([{ RestrictionID: 'r', Approvers, ...criteria }], { profile: 'enclave' })),
      ).includes(me)
    const toAlice = { Destination: { Only: [{ Address: alice }] } }
    const outAlice = { ExternalDestination: { Only: [alice] } }
    const notBob = { ExternalDestination: { Except: [bob] } }
    const ofEther = { Symbol: { Only: ['ETH'] } }
    const two = { movements: [movement(), movement({ destination: { address: bob } })] }
    const assets = { movements: [movement(), movement(dollarCoin)] }
    const call = { grade: 'exact' as const, function: 'contract call' as const }
    const message = {
      function: 'personal sign' as const,
      movements: [movement({ amount: undefined, destination: undefined })],
    }
    const plain = { RestrictionID: 'r', TransactionFunction: { Only: ['raw digest' as const] } }
    for (const criteria of [{}, toAlice, outAlice, notBob, ofEther, { Amount: {} }, { TestNetwork: false }])
      expect(confirms(criteria), JSON.stringify(criteria)).toBe(true)
    expect(confirms({}, two)).toBe(true)
    expect(confirms(toAlice, call)).toBe(true)
    expect(confirms(plain, { grade: 'opaque', function: 'raw digest' })).toBe(true)
    for (const [criteria, change] of [
      [toAlice, two],
      [outAlice, two],
      [notBob, two],
      [ofEther, assets],
      [ofEther, call],
      [{ Amount: {} }, call],
      [notBob, message],
      [ofEther, message],
      [{ Fee: {} }, { fee: { ...ether, amount: undefined } }],
      [{ TestNetwork: false }, { testNetwork: undefined }],
      [{ Destination: {} }, { movements: [] }],
      [{ Destination: {} }, { grade: 'opaque' as const }],
    ] as const) {
      const [why, subject] = [JSON.stringify(criteria), change as Partial<TransactionSubject>]
      const asked = decide(
        money(subject, ann),
        view([{ RestrictionID: 'r', Approvers, ...criteria } as TransactionRestriction]),
      )
      if (subject.grade !== 'opaque') expect(told(asked), why).toContain('1 of bots (restriction "r")')
      expect(confirms(criteria as Partial<TransactionRestriction>, subject), why).toBe(false)
    }
  })

  it('treats an unknown profile as an enclave', () => {
    const odd = view([], { profile: 'other' as PolicyView['profile'] })
    expect(told(decide(money({}, { ...ann, automated: true }), odd))).toEqual([standIn, signQuorum])
    expect(told(decide(operation('register token', 'config', undefined), odd))).toEqual([configOwner])
  })

  it('asks the owner quorum for money unless the setting says that the initiator is enough, in either profile', () => {
    for (const profile of ['local', 'enclave'] as const) {
      const by = (moneyDefault: PolicyView['moneyDefault']) => view([], { profile, moneyDefault })
      expect(told(decide(money(), by('initiator')))).toEqual([me])
      expect(told(decide(money({}, keyless), by('initiator')))).toEqual([standIn])
      expect(told(decide(money(), by('owner quorum')))).toEqual([me, signQuorum])
      for (const odd of [undefined, '', 'nobody', 'Initiator'])
        expect(told(decide(money(), by(odd as PolicyView['moneyDefault'])))).toEqual([me, signQuorum])
    }
    const bot = { ...ann, automated: true, groups: ['bots'] }
    expect(told(decide(money({}, bot), view([], { profile: 'enclave', moneyDefault: 'initiator' })))).toEqual([standIn])
  })

  it('asks one owner and the named initiator for configuration', () => {
    expect(told(decide(operation('create master key', 'config', undefined), view()))).toEqual([configOwner])
    expect(told(decide(operation('create master key', 'config', keyless), view()))).toEqual([configOwner])
    expect(told(decide(operation('create master key', 'config', ann), view()))).toEqual([me, configOwner])
    expect(told(decide(operation('register token', 'config', ann), enclave))).toEqual([me, configOwner])
  })

  it('asks nothing for tokens and chains in local, only there', () => {
    for (const type of ['register token', 'register custom chain'] as const) {
      expect(told(decide(operation(type, 'config', ann), view()))).toEqual([])
      expect(told(decide(operation(type, 'config', undefined), view([], { ownerGroup: undefined })))).toEqual([])
      expect(told(decide(operation(type, 'config', undefined), enclave))).toEqual([configOwner])
    }
  })

  it('asks the owner quorum and the named initiator for authority', () => {
    expect(told(decide(operation('set user public key', 'authority', ann), view()))).toEqual([me, quorum])
    expect(told(decide(operation('update group', 'authority', undefined), enclave))).toEqual([quorum])
  })

  it('rejects what needs an owner before there is an owner group', () => {
    const fresh = view([], { ownerGroup: undefined })
    expect(told(decide(money({}, keyless), fresh))).toBe('not-set-up')
    expect(told(decide(money(), { ...fresh, moneyDefault: 'owner quorum' }))).toBe('not-set-up')
    expect(told(decide(operation('create master key', 'config', ann), fresh))).toBe('not-set-up')
    expect(told(decide(operation('update group', 'authority', ann), fresh))).toBe('not-set-up')
  })

  it('rejects an owner quorum that asks nobody', () => {
    for (const ownersRequired of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(told(decide(operation('update group', 'authority', ann), view([], { ownersRequired })))).toBe(
        'internal-error',
      )
  })

  it('rejects money without a transaction and unknown classes', () => {
    expect(told(decide(operation('make transaction', 'money', ann), view()))).toBe('internal-error')
    expect(told(decide({ ...money(), class: 'other' } as unknown as Subject, view()))).toBe('internal-error')
  })
})

describe('restrictions', () => {
  const small: TransactionRestriction = { RestrictionID: 'all', Approvers: traders }

  it('adds every list item of every matching restriction', () => {
    const large: TransactionRestriction = {
      RestrictionID: 'large',
      Amount: { Above: '0.5', Currency: 'ETH' },
      Approvers: [
        { Groups: ['risk', 'cfo', 'risk'], RequiredApprovers: 2 },
        { Groups: ['cfo'], RequiredApprovers: 1 },
      ],
    }
    const never: TransactionRestriction = { RestrictionID: 'never', TestNetwork: true, Approvers: traders }
    expect(told(decide(money(), view([small, large, never])))).toEqual([
      me,
      '2 of cfo|risk (restriction "large")',
      '1 of cfo (restriction "large")',
      '1 of trader (restriction "all")',
    ])
  })

  it('names a duplicate once', () => {
    expect(told(decide(money(), view([small, { ...small }])))).toEqual([me, '1 of trader (restriction "all")'])
  })

  it('blocks where a matching restriction lets nobody approve', () => {
    for (const closed of [{ RestrictionID: 'closed' }, { RestrictionID: 'closed', Approvers: [] }]) {
      const decision = decide(money(), view([small, closed]))
      expect(decision).toEqual({
        kind: 'blocked',
        code: 'blocked-by-policy',
        reason: 'restriction "closed" allows nobody to approve this',
      })
    }
    expect(told(decide(money(), view([{ RestrictionID: 'closed', TestNetwork: true }])))).toEqual([me])
  })

  it('does not apply to operations without a transaction', () => {
    expect(told(decide(operation('create account', 'free', ann), view([{ RestrictionID: 'closed' }])))).toEqual([])
  })

  it('rejects approvers that ask nobody', () => {
    for (const approvers of [
      { Groups: [], RequiredApprovers: 1 },
      { Groups: ['a'], RequiredApprovers: 0 },
      { Groups: ['a'], RequiredApprovers: 0.5 },
    ])
      expect(told(decide(money(), view([{ RestrictionID: 'bad', Approvers: [approvers] }])))).toBe('internal-error')
  })
})

describe('config and policy restrictions', () => {
  const desk = { RestrictionID: 'desk', Approvers: [{ Groups: ['desk'], RequiredApprovers: 1 }] }
  const nobody = { RestrictionID: 'nobody' }
  const asked = (type: OperationType, kind: Subject['class'], change: Partial<PolicyView>) =>
    told(decide(operation(type, kind, undefined), view([], change)))

  it('add their approvers to every operation of their kind, and to no other', () => {
    for (const type of operationTypeNames) {
      const { class: kind, governedBy } = operationTypes[type]
      if (kind === 'money') continue
      const plain = asked(type, kind, {})
      const more = [...plain, '1 of desk (restriction "desk")'].sort()
      for (const field of ['configRestrictions', 'policyRestrictions'] as const) {
        const governs = field === `${governedBy}Restrictions` && kind !== 'free'
        expect([type, [...asked(type, kind, { [field]: [desk] })].sort()]).toEqual([type, governs ? more : plain])
        expect(asked(type, kind, { [field]: [desk, nobody] })).toEqual(governs ? 'blocked-by-policy' : plain)
      }
    }
  })

  it('do not touch what is free now, nor transactions', () => {
    const closed = { configRestrictions: [nobody], policyRestrictions: [nobody] }
    expect(asked('update rates', 'free', closed)).toEqual([])
    expect(told(decide(money(), view([], closed)))).toEqual([me])
  })

  it('block on any error while they are read', () => {
    const odd = [null, { RestrictionID: 'x', Approvers: [null] }, { RestrictionID: 'x', Approvers: 7 }] as never[]
    for (const item of odd)
      for (const field of ['configRestrictions', 'policyRestrictions'] as const) {
        const type = field === 'configRestrictions' ? 'delete user' : 'update group'
        expect(asked(type, 'authority', { [field]: [item] })).toBe('internal-error')
      }
    expect(asked('make transaction', 'config', {})).toBe('internal-error')
    expect(asked('no such operation' as OperationType, 'config', {})).toBe('internal-error')
  })
})

describe('grades', () => {
  const opaque = money({ grade: 'opaque', function: 'raw digest', movements: [] })
  const named: TransactionRestriction = {
    RestrictionID: 'raw',
    TransactionFunction: { Only: ['raw digest'] },
    Approvers: traders,
  }

  it('refuses opaque bytes in a fresh vault', () => {
    expect(told(decide(opaque, view()))).toBe('opaque-refused')
    expect(told(decide(opaque, view([], { profile: 'enclave' })))).toBe('opaque-refused')
  })

  it('lets a matching restriction name them', () => {
    expect(told(decide(opaque, view([named])))).toEqual([me, '1 of trader (restriction "raw")'])
    const from = { ...named, Source: { Only: [{ MasterKeyName: 'main' }] } }
    expect(told(decide(opaque, view([from])))).toEqual([me, '1 of trader (restriction "raw")'])
  })

  it('refuses them where no restriction that matches names them', () => {
    const others: TransactionRestriction[] = [
      { RestrictionID: 'any', Approvers: traders },
      { ...named, TransactionFunction: {} },
      { ...named, TransactionFunction: { Only: ['transfer'] } },
      { ...named, TransactionFunction: { Except: ['transfer'] } },
      { ...named, Source: { Only: [{ MasterKeyName: 'other' }] } },
    ]
    for (const restriction of others) expect(told(decide(opaque, view([restriction])))).toBe('opaque-refused')
  })

  it('refuses them where the restriction that names them relies on their contents', () => {
    const claims: Partial<TransactionRestriction>[] = [
      { TestNetwork: false },
      { Amount: {} },
      { Fee: {} },
      { Symbol: {} },
      { Destination: {} },
      { ExternalDestination: {} },
    ]
    for (const claim of claims) expect(told(decide(opaque, view([{ ...named, ...claim }])))).toBe('opaque-refused')
  })

  it('applies restrictions on contents to opaque bytes, whatever the wallet says these are', () => {
    const restriction: TransactionRestriction = {
      RestrictionID: 'content',
      Amount: { Above: '1000000', Currency: 'USD' },
      Fee: { Above: '5', Currency: 'USD' },
      Symbol: { Only: ['BTC'] },
      Destination: { Only: [{ Address: 'x' }] },
      ExternalDestination: { Only: ['x'] },
      TestNetwork: true,
      Approvers: [{ Groups: ['risk'], RequiredApprovers: 1 }],
    }
    expect(told(decide(opaque, view([named, restriction])))).toEqual([
      me,
      '1 of risk (restriction "content")',
      '1 of trader (restriction "raw")',
    ])
    expect(told(decide(opaque, view([named, { ...restriction, Approvers: [] }])))).toBe('blocked-by-policy')
  })

  it('allows exact bytes, which match every Amount and Symbol criterion', () => {
    const exact = money({ grade: 'exact', function: 'contract call', movements: [movement({ amount: 0n })] })
    expect(told(decide(exact, view()))).toEqual([me])
    const large: TransactionRestriction = {
      RestrictionID: 'large',
      Amount: { Above: '1000000', Currency: 'USDC' },
      Symbol: { Only: ['USDC'] },
      Approvers: traders,
    }
    expect(told(decide(exact, view([large], { rates: { ETH: { usdRate: '1' }, USDC: { usdRate: '1' } } })))).toEqual([
      me,
      '1 of trader (restriction "large")',
    ])
  })
})

describe('no self-approval', () => {
  const rule: TransactionRestriction = { RestrictionID: 'r', Approvers: traders }
  const bot = { userId: 'bot@example.com', hasKey: true, automated: true, groups: ['bots'] }

  it('blocks where the initiator is a bot whose key confirms nothing: anybody could name it and approve', () => {
    const others = { noSelfApproval: true, profile: 'enclave' } as const
    expect(told(decide(money({}, bot), view([rule], others)))).toBe('blocked-by-policy')
    const named = { ...bot, groups: ['trader'] }
    expect(decide(money({}, named), view([rule], others))).toMatchObject({
      requirements: [{ kind: 'initiator', user: bot.userId }, {}, { notBy: bot.userId, groups: ['trader'] }],
    })
  })

  it('asks for the initiator also where nothing else does', () => {
    const subject: Subject = { type: 'register token', class: 'config', initiator: ann }
    const asked = view([], { configRestrictions: [rule] })
    expect(decide(subject, asked)).toMatchObject({ requirements: [{ kind: 'groups' }] })
    expect(decide(subject, { ...asked, noSelfApproval: true })).toMatchObject({
      requirements: [{ kind: 'initiator', user: ann.userId }, { notBy: ann.userId }],
    })
  })
})

describe('which block is told', () => {
  const closed: TransactionRestriction = { RestrictionID: 'closed' }
  const rateless: TransactionRestriction = { RestrictionID: 'usd', Amount: { Above: '1', Currency: 'USD' } }
  const broken: TransactionRestriction = { RestrictionID: 'broken', Amount: { Above: 'x', Currency: 'USD' } }

  it('is the same for every order', () => {
    for (const [a, b, code] of [
      [closed, rateless, 'blocked-by-policy'],
      [closed, broken, 'internal-error'],
      [rateless, broken, 'internal-error'],
    ] as const) {
      expect(told(decide(money(), view([a, b])))).toBe(code)
      expect(decide(money(), view([a, b]))).toEqual(decide(money(), view([b, a])))
    }
    const reason = (restrictions: TransactionRestriction[]) => decide(money(), view(restrictions))
    expect(reason([{ RestrictionID: 'b' }, { RestrictionID: 'a' }])).toEqual(
      reason([{ RestrictionID: 'a' }, { RestrictionID: 'b' }]),
    )
  })
})
