import type { TransactionRestriction } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { operationOf, standingOf, statusOf } from './index.ts'
import { isTightening } from './settings.ts'

const to = '0x00000000000000000000000000000000000000AA'
const day = 86_400
type Settings = { PendingExpirySeconds?: number; LooseningDelaySeconds?: number; NoSelfApproval?: boolean }

function founded() {
  const vault = TestVault.founded()
  const [alice, bob] = [vault.person('alice'), vault.person('bob')]
  const approved = (...args: Parameters<TestVault['intent']>): string => {
    const id = vault.start(vault.intent(...args))
    vault.approve(id, alice)
    return id
  }
  const set = (settings: Settings): string => {
    const id = approved('update settings', settings)
    vault.execute(id)
    return id
  }
  const phase = (id: string) => operationOf(vault.state, id).phase
  return { vault, alice, bob, approved, set, phase }
}
const restriction = (RestrictionID: string, changes: Partial<TransactionRestriction> = {}): TransactionRestriction => ({
  RestrictionID,
  Approvers: [{ Groups: ['owner'], RequiredApprovers: 1 }],
  ...changes,
})

describe('update settings', () => {
  it('needs the owner quorum, changes what it names, and keeps the rest', () => {
    const { vault, set } = founded()
    const id = vault.start(vault.intent('update settings', { NoSelfApproval: true }))
    expect(vault.try(vault.execution(id, {}, new Uint8Array()))).toMatchObject({ code: 'approvals-missing' })
    set({ PendingExpirySeconds: 3600 })
    set({ NoSelfApproval: true })
    expect(vault.state.settings).toEqual({
      pendingLifetime: 3_600_000,
      looseningDelay: 0,
      noSelfApproval: true,
      moneyDefault: 'initiator',
    })
  })

  it('rejects what is out of bounds', () => {
    const { vault } = founded()
    for (const settings of [
      { PendingExpirySeconds: 3599 },
      { PendingExpirySeconds: 367 * day },
      { LooseningDelaySeconds: 91 * day },
    ])
      expect(() => vault.start(vault.intent('update settings', settings))).toThrow(
        expect.objectContaining({ code: 'bad-settings' }),
      )
    expect(() => vault.start(vault.intent('update settings', {}))).toThrow(
      expect.objectContaining({ code: 'malformed' }),
    )
  })
})

describe('expiry', () => {
  it('is 7 days, then what the owners set, in log time, for operations started from there on', () => {
    const { vault, set, phase } = founded()
    const old = vault.start(vault.transferIntent([{ Address: to, Amount: '1' }]))
    set({ PendingExpirySeconds: 3600 })
    const next = vault.start(vault.transferIntent([{ Address: to, Amount: '1' }]))
    vault.time += 3_600_000
    vault.apply()
    expect([phase(old), phase(next)]).toEqual(['pending', 'failed'])
    expect(operationOf(vault.state, next).failure).toMatchObject({ code: 'expired' })
    vault.time += 7 * day * 1000
    vault.apply()
    expect(phase(old)).toBe('failed')
  })
})

describe('no self-approval', () => {
  const asked = () => {
    const context = founded()
    const { vault, approved } = context
    vault.execute(approved('update transaction restriction', { Add: restriction('two eyes more') }))
    return context
  }

  it('is off at first: the approval of the initiator counts for lists', () => {
    const { vault, alice } = asked()
    const id = vault.start(vault.transferIntent([{ Address: to, Amount: '1' }], { initiator: alice.id }))
    vault.approve(id, alice)
    expect(statusOf(vault.state, operationOf(vault.state, id))).toBe('Pending execution')
  })

  it('asks somebody else of the list, also of what is pending', () => {
    const { vault, alice, bob, set } = asked()
    const id = vault.start(vault.transferIntent([{ Address: to, Amount: '1' }], { initiator: alice.id }))
    vault.approve(id, alice)
    set({ NoSelfApproval: true })
    expect(vault.try(vault.execution(id))).toMatchObject({ ok: false, code: 'approvals-missing' })
    vault.approve(id, bob)
    vault.execute(id)
    expect(operationOf(vault.state, id).phase).toBe('executing')
  })

  it('helps nothing that is pending when it is switched off', () => {
    const { vault, alice, set } = asked()
    set({ NoSelfApproval: true })
    const id = vault.start(vault.transferIntent([{ Address: to, Amount: '1' }], { initiator: alice.id }))
    vault.approve(id, alice)
    set({ NoSelfApproval: false })
    expect(vault.try(vault.execution(id))).toMatchObject({ ok: false, code: 'approvals-missing' })
  })

  it('needs an initiator who signs: nobody gets round it by naming nobody', () => {
    const { vault, set } = asked()
    set({ NoSelfApproval: true })
    for (const initiator of ['', 'carol@example.com']) {
      const id = vault.start(vault.transferIntent([{ Address: to, Amount: '1' }], { initiator }))
      expect(operationOf(vault.state, id).failure).toMatchObject({ code: 'blocked-by-policy' })
    }
  })

  it('leaves the owner quorum as it is: the switch can be put back', () => {
    const { vault, alice, set } = asked()
    set({ NoSelfApproval: true })
    const id = vault.start(vault.intent('update settings', { NoSelfApproval: false }, { initiator: alice.id }))
    vault.approve(id, alice)
    vault.execute(id)
    expect(vault.state.settings.noSelfApproval).toBe(false)
  })
})

describe('delay for loosening', () => {
  const user = { UserID: 'dave@example.com', UserName: 'Dave' }

  it('is none in a fresh vault', () => {
    const { vault, approved, phase } = founded()
    const id = approved('update group', { Group: 'owner', AddUsers: ['carol@example.com'], RemoveUsers: [] })
    vault.execute(id)
    expect(phase(id)).toBe('succeeded')
  })

  it('lets an approved loosening wait in log time, open to vetoes, and asks for the approvals again at its end', () => {
    const { vault, bob, approved, set, phase } = founded()
    set({ LooseningDelaySeconds: 2 * day })
    const change = { Group: 'owner', AddUsers: ['carol@example.com'], RemoveUsers: [] }
    const [acts, vetoed] = [approved('update group', change), approved('update group', change)]
    for (const id of [acts, vetoed]) vault.execute(id)
    const began = vault.time
    expect(operationOf(vault.state, vetoed).waitsUntil).toBe(began + 2 * day * 1000)
    expect(vault.try(vault.execution(acts, {}, new Uint8Array()))).toMatchObject({ ok: false, code: 'delay-not-over' })
    vault.apply(vault.hold(bob, 1, vetoed))
    vault.time = began + 2 * day * 1000 - 1
    vault.execute(acts)
    expect(vault.state.groups.get('owner')?.members).toContain('carol@example.com')
    expect([phase(acts), phase(vetoed)]).toEqual(['succeeded', 'failed'])
  })

  it('does not act when an approval stopped counting meanwhile', () => {
    const { vault, alice, bob, approved, set, phase } = founded()
    set({ LooseningDelaySeconds: day })
    const id = approved('update group', { Group: 'owner', AddUsers: ['carol@example.com'], RemoveUsers: [] })
    vault.execute(id)
    const out = vault.start(vault.intent('update group', { Group: 'owner', AddUsers: [], RemoveUsers: [alice.id] }))
    vault.approve(out, bob)
    vault.execute(out)
    expect(phase(out)).toBe('succeeded')
    vault.time += day * 1000
    expect(vault.try(vault.execution(id, {}, new Uint8Array()))).toMatchObject({ code: 'approvals-missing' })
  })

  it('holds for its own change, for settings and for the end of a freeze', () => {
    const { vault, bob, approved, set, phase } = founded()
    set({ LooseningDelaySeconds: day })
    vault.apply(vault.hold(bob, 1))
    const waiting = [
      set({ LooseningDelaySeconds: 0 }),
      set({ NoSelfApproval: true }),
      approved('unfreeze', { Freeze: 1 }),
    ]
    vault.execute(waiting[2] ?? '')
    expect(waiting.map(phase)).toEqual(['pending', 'pending', 'pending'])
    expect(vault.state.freeze).toBeDefined()
    vault.time += day * 1000
    for (const id of waiting) vault.execute(id)
    expect(vault.state).toMatchObject({ freeze: undefined, settings: { looseningDelay: 0, noSelfApproval: true } })
  })

  it('does not touch transfers, accounts or users without rights', () => {
    const { vault, alice, set, phase } = founded()
    set({ LooseningDelaySeconds: day })
    const id = vault.start(vault.transferIntent([{ Address: to, Amount: '1' }], { initiator: alice.id }))
    vault.approve(id, alice)
    vault.execute(id)
    expect(phase(id)).toBe('executing')
    const other = vault.start(vault.intent('register user', user))
    vault.execute(other)
    expect(phase(other)).toBe('succeeded')
  })
})

describe('the closed list of tightenings', () => {
  const before = restriction('r', {
    Amount: { Above: '10', Currency: 'USD' },
    Destination: { Except: [{ Address: to }, { MasterKeyName: 'Default', AccountName: 'treasury' }] },
    Velocity: { Limit: '100', Currency: 'USD', Per: 'vault', WindowSeconds: day },
  })
  const velocity = { Limit: '100', Currency: 'USD', Per: 'vault', WindowSeconds: day } as const
  const { vault, approved } = founded()
  vault.execute(approved('update transaction restriction', { Add: before }))
  const judged = (Add: TransactionRestriction | undefined, replaces = Add !== undefined): boolean =>
    isTightening(
      vault.state,
      vault.intent('update transaction restriction', {
        ...(Add && { Add }),
        ...(replaces || Add === undefined ? { Delete: { RestrictionID: 'r' } } : {}),
      }),
    )

  it.each<[string, TransactionRestriction]>([
    ['a lower amount', { ...before, Amount: { Above: '9.99', Currency: 'USD' } }],
    ['a lower velocity limit', { ...before, Velocity: { ...velocity, Limit: '99.5' } }],
    ['a removed exception', { ...before, Destination: { Except: [{ Address: to }] } }],
    ['all at once', { ...before, Amount: { Above: '1', Currency: 'USD' }, Destination: { Except: [] } }],
  ])('has %s', (_, after) => expect(judged(after)).toBe(true))

  it.each<[string, TransactionRestriction | undefined]>([
    ['a removed restriction', undefined],
    ['a higher amount', { ...before, Amount: { Above: '10.01', Currency: 'USD' } }],
    ['an amount in another currency', { ...before, Amount: { Above: '1', Currency: 'ETH' } }],
    ['a higher velocity limit', { ...before, Velocity: { ...velocity, Limit: '101' } }],
    ['a shorter window', { ...before, Velocity: { ...velocity, WindowSeconds: 60 } }],
    ['a window per destination', { ...before, Velocity: { ...velocity, Per: 'destination' } }],
    ['an exception more', { ...before, Destination: { Except: [{ Address: to }, { Address: '0xb' }] } }],
    ['a list instead of exceptions', { ...before, Destination: { Only: [{ Address: to }] } }],
    ['fewer approvers', { ...before, Approvers: [{ Groups: ['owner', 'other'], RequiredApprovers: 1 }] }],
    ['another criterion', { ...before, TestNetwork: true }],
    [
      'a criterion that was absent, for external destinations alone',
      { ...before, ExternalDestination: { Except: [] } },
    ],
    ['another id', { ...before, RestrictionID: 's' }],
    ['no velocity limit', restriction('r', { Amount: before.Amount, Destination: before.Destination } as never)],
  ])('does not have %s', (_, after) => expect(judged(after)).toBe(false))

  it('has a restriction under a new id, but not one that permits bare digests', () => {
    expect(judged(restriction('new'), false)).toBe(true)
    const opaque = restriction('new', { TransactionFunction: { Only: ['raw digest'] } })
    expect(judged(opaque, false)).toBe(false)
  })

  it('has members who go, not members who come', () => {
    const group = (AddUsers: string[], RemoveUsers: string[]) =>
      isTightening(vault.state, vault.intent('update group', { Group: 'owner', AddUsers, RemoveUsers }))
    expect(group([], ['bob@example.com'])).toBe(true)
    expect(group(['carol@example.com'], ['bob@example.com'])).toBe(false)
  })
})

it('a standing under no self-approval names who does not count', () => {
  const { vault, alice, approved, set } = founded()
  vault.execute(approved('update transaction restriction', { Add: restriction('r') }))
  set({ NoSelfApproval: true })
  const id = vault.start(vault.transferIntent([{ Address: to, Amount: '1' }], { initiator: alice.id }))
  const standing = standingOf(vault.state, operationOf(vault.state, id))
  expect(standing).toMatchObject({
    requirements: [{ kind: 'initiator' }, { kind: 'groups', notBy: 'alice@example.com' }],
  })
})
