import type { MoneyDefault } from '@trivault/protocol'
import { describe, expect, it } from 'vitest'
import { SealedVault } from '../test/sealed-vault.ts'
import { operationOf } from './index.ts'
import { isTightening } from './settings.ts'

const refusal = (code: string) => expect.objectContaining({ code })
const day = 86_400
const owners = ['alice', 'bob', 'carol']

describe('what money needs by default', () => {
  it('is lowered by the owner quorum alone', () => {
    const vault = new SealedVault('enclave')
    vault.nameBots()
    vault.join('owner', vault.bot)
    const wish = (initiator: string) =>
      vault.start(vault.intent('update settings', { MoneyDefault: 'initiator' }, { initiator }))
    for (const initiator of ['', vault.dave.id, vault.alice.id, vault.bot.id]) {
      const id = wish(initiator)
      expect(vault.takes(id)).toEqual(initiator === vault.dave.id ? [...owners, 'dave'] : owners)
      if (initiator === vault.dave.id) vault.approve(id, vault.dave)
      vault.approve(id, vault.alice)
      expect(vault.try(vault.execution(id))).toMatchObject({ code: 'approvals-missing' })
    }
    expect(vault.state.settings.moneyDefault).toBe('owner quorum')
    vault.money('initiator')
    expect(vault.state.settings.moneyDefault).toBe('initiator')
  })

  it('is one of two words', () => {
    const vault = new SealedVault('enclave')
    for (const MoneyDefault of ['', 'nobody', 'Initiator', 'owner-quorum', 0, null])
      expect(() =>
        vault.start(vault.intent('update settings', { MoneyDefault: MoneyDefault as MoneyDefault })),
      ).toThrow(refusal('malformed'))
  })

  it('lowered, is still the device of the initiator: nobody else, and an owner where there is none', () => {
    const vault = new SealedVault('enclave')
    vault.money('initiator')
    const byDave = vault.transfer(vault.dave.id)
    expect(vault.takes(byDave)).toEqual(['dave'])
    expect(vault.misses(byDave)).toBe(true)
    vault.approve(byDave, vault.dave)
    vault.execute(byDave)
    const byNobody = vault.transfer()
    expect(vault.takes(byNobody)).toEqual(owners)
    expect(vault.misses(byNobody)).toBe(true)
    vault.approve(byNobody, vault.carol)
    vault.execute(byNobody)
  })

  it('lowered, takes nothing from restrictions, configuration or authority', () => {
    const vault = new SealedVault('enclave')
    vault.money('initiator')
    const rule = { RestrictionID: 'two', Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }] }
    vault.change(vault.intent('update transaction restriction', { Add: rule }))
    const restricted = vault.transfer(vault.dave.id)
    vault.approve(restricted, vault.dave, vault.alice)
    expect(vault.misses(restricted)).toBe(true)
    for (const intent of [
      vault.intent('backup master key', { Name: 'Default' }),
      vault.intent('update settings', { NoSelfApproval: true }),
    ]) {
      const id = vault.start({ ...intent, InitiatorID: vault.dave.id, InitiatorName: vault.dave.id })
      vault.approve(id, vault.dave)
      expect(vault.misses(id)).toBe(true)
    }
  })

  it('lowered, helps nothing that is pending', () => {
    const vault = new SealedVault('enclave')
    const pending = vault.transfer(vault.dave.id)
    vault.approve(pending, vault.dave)
    vault.money('initiator')
    expect(vault.misses(pending)).toBe(true)
    vault.approve(pending, vault.alice)
    expect(vault.misses(pending)).toBe(true)
    const next = vault.transfer(vault.dave.id)
    vault.approve(next, vault.dave)
    vault.execute(next)
    vault.approve(pending, vault.bob)
    vault.execute(pending)
  })

  it.each(['enclave', 'local'] as const)('raised, acts at once on what is pending, in profile %s', profile => {
    const vault = new SealedVault(profile)
    vault.money('initiator')
    vault.change(vault.intent('update settings', { LooseningDelaySeconds: 2 * day }))
    const pending = vault.transfer(vault.dave.id)
    vault.approve(pending, vault.dave)
    expect(vault.misses(pending)).toBe(false)
    const raise = vault.money('owner quorum')
    expect(operationOf(vault.state, raise).phase).toBe('succeeded')
    expect(vault.misses(pending)).toBe(true)
    vault.approve(pending, vault.alice)
    expect(vault.misses(pending)).toBe(true)
    vault.approve(pending, vault.bob)
    vault.execute(pending)
  })

  it('lowered, waits for the delay, open to vetoes, and until then nothing is lower', () => {
    const vault = new SealedVault('enclave')
    vault.change(vault.intent('update settings', { LooseningDelaySeconds: day }))
    const began = vault.time
    const [lower, vetoed] = [vault.money('initiator'), vault.money('initiator')]
    vault.apply(vault.hold(vault.carol, 1, vetoed))
    vault.time = began + day * 1000
    const meanwhile = vault.transfer(vault.dave.id)
    vault.approve(meanwhile, vault.dave)
    expect(vault.misses(meanwhile)).toBe(true)
    expect([lower, vetoed].map(id => operationOf(vault.state, id).phase)).toEqual(['pending', 'failed'])
    vault.time += 10_000
    vault.execute(lower)
    expect(vault.state.settings.moneyDefault).toBe('initiator')
    expect(vault.misses(meanwhile)).toBe(true)
  })

  it('waits too where it is raised together with anything else, or lowered in a local vault', () => {
    const vault = new SealedVault('local')
    expect(vault.state.settings.moneyDefault).toBe('initiator')
    const tightens = (settings: object) => isTightening(vault.state, vault.intent('update settings', settings))
    expect(tightens({ MoneyDefault: 'owner quorum' })).toBe(true)
    for (const settings of [
      { MoneyDefault: 'initiator' },
      { MoneyDefault: 'owner quorum', LooseningDelaySeconds: 0 },
      { MoneyDefault: 'owner quorum', NoSelfApproval: true },
      { MoneyDefault: 'owner quorum', NoSelfApproval: false },
      { MoneyDefault: 'owner quorum', PendingExpirySeconds: day },
      { NoSelfApproval: true },
    ])
      expect(tightens(settings), JSON.stringify(settings)).toBe(false)
  })
})
