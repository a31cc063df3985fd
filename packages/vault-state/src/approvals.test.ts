import type { TransactionRestriction } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { awaitedApprovers, canApprove, operationOf, PersistentMap, standingOf, statusOf } from './index.ts'

const to = '0x00000000000000000000000000000000000000AA'
const quarter = [{ Address: to, Amount: '0.25' }]
const alice = { initiator: 'alice@example.com' }
const refusal = (code: string) => expect.objectContaining({ code })

const statusIn = (vault: TestVault, id: string) => statusOf(vault.state, operationOf(vault.state, id))

function restrict(vault: TestVault, restriction: TransactionRestriction | undefined, remove?: string): void {
  const id = vault.start(
    vault.intent('update transaction restriction', {
      ...(restriction && { Add: restriction }),
      ...(remove !== undefined && { Delete: { RestrictionID: remove } }),
    }),
  )
  vault.approve(id, vault.person('bob'))
  vault.execute(id)
}

const both: TransactionRestriction = {
  RestrictionID: 'both',
  Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }],
}

describe('approvals', () => {
  it('count once per user', () => {
    const vault = TestVault.founded()
    restrict(vault, both)
    const id = vault.start(vault.transferIntent(quarter, alice))
    vault.approve(id, vault.person('alice'))
    expect(() => vault.approve(id, vault.person('alice'))).toThrow(refusal('already-approved'))
    const shouting = { ...vault.approval(id, vault.person('alice')), userId: 'ALICE@EXAMPLE.COM' }
    expect(vault.try(shouting)).toMatchObject({ ok: false, code: 'already-approved' })
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    vault.approve(id, vault.person('bob'))
    vault.execute(id)
  })

  it('are refused from unregistered keys, for other operations, from other people', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter, alice))
    const other = vault.start(vault.transferIntent(quarter, alice))
    const bad = [
      [vault.approval(id, vault.person('alice', 2)), 'unknown-key'],
      [vault.approval(id, vault.person('carol')), 'unknown-key'],
      [vault.approval(id, vault.person('nobody')), 'unknown-user'],
      [vault.approval(id, vault.person('bob')), 'not-an-approver'],
      [vault.approval(id, vault.person('alice'), other), 'bad-signature'],
      [{ ...vault.approval(id, vault.person('alice')), signature: new Uint8Array(70) }, 'bad-signature'],
      [{ ...vault.approval(id, vault.person('alice')), operationId: 'none' }, 'unknown-operation'],
      [{ ...vault.approval(id, vault.person('bob')), userId: 'alice@example.com' }, 'unknown-key'],
    ] as const
    for (const [command, code] of bad) expect(vault.try(command)).toMatchObject({ ok: false, code })
    vault.approve(id, vault.person('alice'))
  })

  it('of a replaced key count no more; the new key can approve again', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter, alice))
    vault.approve(id, vault.person('alice'))
    vault.pair(vault.person('alice', 2), vault.person('bob'))
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    expect(canApprove(vault.state, operationOf(vault.state, id), 'alice@example.com')).toBe(true)
    expect(vault.try(vault.approval(id, vault.person('alice')))).toMatchObject({ ok: false, code: 'unknown-key' })
    vault.approve(id, vault.person('alice', 2))
    expect(operationOf(vault.state, id).approvals).toHaveLength(1)
    vault.execute(id)
  })

  it('of people who left the group count no more', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter))
    vault.approve(id, vault.person('bob'))
    const RemoveUsers = ['Bob@example.com']
    const leave = vault.start(vault.intent('update group', { Group: 'owner', AddUsers: [], RemoveUsers }))
    vault.approve(leave, vault.person('alice'))
    vault.execute(leave)
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
  })

  it('must satisfy what held at the start and what holds now', () => {
    const vault = TestVault.founded()
    const before = vault.start(vault.transferIntent(quarter, alice))
    vault.approve(before, vault.person('alice'))
    restrict(vault, both)
    expect(() => vault.execute(before)).toThrow(refusal('approvals-missing'))

    const during = vault.start(vault.transferIntent(quarter, alice))
    restrict(vault, undefined, 'both')
    vault.approve(during, vault.person('alice'))
    expect(() => vault.execute(during)).toThrow(refusal('approvals-missing'))
    vault.execute(before)

    const after = vault.start(vault.transferIntent(quarter, alice))
    vault.approve(after, vault.person('alice'))
    vault.execute(after)
  })
})

describe('the end of an operation', () => {
  const ends = (vault: TestVault, id: string) => operationOf(vault.state, id).failure?.code

  it('by policy at the start is recorded', () => {
    const vault = TestVault.founded()
    restrict(vault, { RestrictionID: 'nobody', Approvers: [] })
    const id = vault.start(vault.transferIntent(quarter, alice))
    expect(ends(vault, id)).toBe('blocked-by-policy')
    expect(statusIn(vault, id)).toBe('Failed')
  })

  it('by policy while pending comes at execute', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter, alice))
    vault.approve(id, vault.person('alice'))
    restrict(vault, { RestrictionID: 'nobody', Approvers: [] })
    expect(statusIn(vault, id)).toBe('Pending approval')
    vault.execute(id)
    expect(ends(vault, id)).toBe('blocked-by-policy')
    expect(operationOf(vault.state, id).executions).toEqual([])
  })

  it('of one that makes no sense any more comes at execute; until then it reads as blocked', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter, alice))
    vault.approve(id, vault.person('alice'))
    const transaction = vault.unsigned(id)
    vault.state = { ...vault.state, chains: PersistentMap.empty() }
    const operation = operationOf(vault.state, id)
    expect(standingOf(vault.state, operation)).toMatchObject({ kind: 'blocked', code: 'unknown-chain' })
    expect(statusOf(vault.state, operation)).toBe('Pending approval')
    expect(awaitedApprovers(vault.state, operation)).toEqual([])
    expect(canApprove(vault.state, operation, 'bob@example.com')).toBe(false)
    vault.execute(id, {}, transaction)
    expect(ends(vault, id)).toBe('unknown-chain')
  })

  it('by rejection is for those who may approve', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter, alice))
    const reject = (userId: string, reason = '') => ({ type: 'reject', operationId: id, userId, reason }) as const
    expect(vault.try(reject('bob@example.com'))).toMatchObject({ ok: false, code: 'not-an-approver' })
    expect(vault.try(reject('nobody@example.com'))).toMatchObject({ ok: false, code: 'unknown-user' })
    for (const reason of ['two\nlines', 'turned \u202e around', 'x'.repeat(201)])
      expect(vault.try(reject('alice@example.com', reason))).toMatchObject({ ok: false, code: 'malformed' })
    vault.apply(reject('Alice@example.com', 'I do not know this address'))
    expect(ends(vault, id)).toBe('rejected')
    expect(operationOf(vault.state, id).failure?.reason).toBe(
      'rejected by Alice@example.com: I do not know this address',
    )
    expect(operationOf(vault.state, id).rejectedBy).toBe('alice@example.com')
    expect(vault.try(vault.approval(id, vault.person('alice')))).toMatchObject({ code: 'operation-not-pending' })
    expect(() => vault.execute(id)).toThrow(refusal('operation-not-pending'))
  })

  it('by cancel or rejection is impossible once it is executed', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter, alice))
    vault.approve(id, vault.person('alice'))
    vault.execute(id)
    const commands = [
      { type: 'cancel', operationId: id, by: '' },
      { type: 'reject', operationId: id, userId: 'alice@example.com', reason: '' },
    ] as const
    for (const command of commands)
      expect(vault.try(command)).toMatchObject({ ok: false, code: 'operation-not-pending' })
  })

  it('by its deadline comes with the next entry', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter, alice))
    vault.time += vault.state.settings.pendingLifetime - 2000
    vault.apply({ type: 'createGroup', by: '', name: 'a' })
    expect(statusIn(vault, id)).toBe('Pending confirmation')
    const late = vault.start(vault.transferIntent(quarter, alice))
    vault.apply({ type: 'createGroup', by: '', name: 'b' })
    expect(ends(vault, id)).toBe('expired')
    expect(vault.try(vault.approval(id, vault.person('alice')))).toMatchObject({ code: 'operation-not-pending' })
    vault.approve(late, vault.person('alice'))
    vault.execute(late)
  })

  it('comes at execute when another operation did the same meanwhile', () => {
    const vault = TestVault.founded()
    const intent = () => vault.intent('create account', { Name: 'trading', MasterKey: 'Default' })
    const [first, second] = [vault.start(intent()), vault.start(intent())]
    vault.execute(first)
    vault.execute(second)
    expect(statusIn(vault, first)).toBe('Succeeded')
    expect(ends(vault, second)).toBe('duplicate-account')
  })
})
