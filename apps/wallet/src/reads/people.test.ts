import { TestVault, testGenesis } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { TestWallet, valid } from '../../test/reads.ts'
import type { Caller } from '../service.ts'
import { callerOf, roleOf } from './people.ts'

const admin: Caller = { id: 'ALICE@example.com', name: 'x', role: 'Admin', kind: 'user' }

function populated(): TestWallet {
  const wallet = new TestWallet()
  const { vault } = wallet
  vault.apply(
    { type: 'createGroup', by: '', name: 'traders' },
    { type: 'createSystemUser', by: '', name: 'Pay Bot', role: 'MarketOps', confirmer: undefined },
    { type: 'createSystemUser', by: '', name: 'old@example.com', role: 'Viewer', confirmer: undefined },
    { type: 'deleteSystemUser', by: '', id: 'old@example.com' },
  )
  vault.execute(vault.start(vault.intent('register user', { UserID: 'Dave@example.com', UserName: 'Dave' })))
  return wallet
}

describe('callerOf', () => {
  it('knows people in any letters, and neither system users nor deleted ones', () => {
    const { state } = populated().vault
    expect(callerOf(state, 'ALICE@example.com')).toEqual({
      id: 'Alice@example.com',
      name: 'Alice',
      role: 'Admin',
      kind: 'user',
    })
    expect(callerOf(state, 'dave@example.com')).toMatchObject({ role: 'MarketOps' })
    for (const id of ['pay-bot@system.trivault', 'old@example.com', 'nobody@example.com'])
      expect(callerOf(state, id)).toBeUndefined()
  })

  it('knows the pinned founders, and only them, as Admin before the set-up', () => {
    const genesis = testGenesis({ founders: ['Ann@example.com'], foundersRequired: 1, foundingMode: 'identity' })
    const young = new TestVault(genesis).state
    expect(callerOf(young, 'ann@example.com')).toEqual({
      id: 'Ann@example.com',
      name: 'Ann@example.com',
      role: 'Admin',
      kind: 'user',
    })
    expect(callerOf(young, 'eve@example.com')).toBeUndefined()
    expect(callerOf({ ...populated().vault.state, genesis }, 'ann@example.com')).toBeUndefined()
  })
})

describe('users', () => {
  it('are listed with the spelling of their registration; deleted ones are not', async () => {
    const users = valid('cwplistUsers', await populated().reads().listUsers())
    expect(users).toContainEqual({ ID: 'Alice@example.com', Name: 'Alice', Active: true })
    expect(users).toContainEqual({ ID: 'Dave@example.com', Name: 'Dave', Active: false })
    expect(users).toContainEqual({ ID: 'pay-bot@system.trivault', Name: 'Pay Bot', Active: true })
    expect(users.map(({ ID }) => ID)).not.toContain('old@example.com')
  })

  it('are found by id in any letters; an unknown one is told', async () => {
    const reads = populated().reads()
    expect(valid('cwpgetUserById', await reads.userById('dave@EXAMPLE.com')).Name).toBe('Dave')
    for (const id of ['nobody@example.com', 'old@example.com'])
      await expect(reads.userById(id)).rejects.toMatchObject({ code: 'bad-request', errorCode: 'M0110' })
  })

  it('have numbers, roles and states in the legacy lists', async () => {
    const reads = populated().reads()
    const all = valid('getAllUsers', await reads.users({}))
    expect(all.Users.map(({ Name, Role, State }) => [Name, Role, State])).toEqual([
      ['Alice', 'Admin', 'Active'],
      ['Bob', 'Admin', 'Active'],
      ['Carol', 'Admin', 'PendingOnboarding'],
      ['Dave', 'MarketOps', 'PendingOnboarding'],
    ])
    expect(all.SystemUsers.map(({ Name, State }) => [Name, State])).toEqual([
      ['bootstrap', 'Active'],
      ['Pay Bot', 'Active'],
      ['old@example.com', 'Deleted'],
    ])
    const ids = [...all.Users, ...all.SystemUsers].map(({ Id }) => Id)
    expect(new Set(ids).size).toBe(7)
    expect(all.Users[3]?.CreatedAt).toMatch(/^2026-01-02T/)
    expect((await reads.users({ user_type: 'approver' })).SystemUsers).toEqual([])
    expect((await reads.users({ user_type: 'system_user' })).Users).toEqual([])
  })

  it('have the role of their group; an auditor is shown as Viewer, and an owner is Admin in any group', async () => {
    const wallet = populated()
    const { vault } = wallet
    const people = ['carol@example.com', 'dave@example.com']
    for (const [Group, role, shown] of [
      ['automated approver', 'AutomatedApprover', 'AutomatedApprover'],
      ['viewer', 'Viewer', 'Viewer'],
      ['auditor', 'Auditor', 'Viewer'],
    ] as const) {
      vault.apply({ type: 'createGroup', by: '', name: Group })
      const id = vault.start(vault.intent('update group', { Group, AddUsers: people, RemoveUsers: [] }))
      vault.approve(id, wallet.alice)
      vault.execute(id)
      const dave = vault.state.users.get('dave@example.com') ?? expect.fail()
      expect(roleOf(vault.state, dave)).toBe(role)
      const { Users } = valid('getAllUsers', await wallet.reads().users({}))
      expect(Users.map(({ Role }) => Role)).toEqual(['Admin', 'Admin', 'Admin', shown])
    }
  })

  it('who are about to be reset or deleted say so, with the operation', async () => {
    const wallet = populated()
    const { vault } = wallet
    const stateOf = async (name: string) => {
      const { Users } = valid('getAllUsers', await wallet.reads().users({}))
      const { State, AsyncOperationID } = Users.find(({ Name }) => Name === name) ?? expect.fail()
      return [State, AsyncOperationID]
    }
    const bob = { UserID: 'bob@example.com', UserName: 'Bob' }
    const reset = vault.start(vault.intent('reset user', bob, { initiator: 'alice@example.com' }))
    expect(await stateOf('Bob')).toEqual(['PendingResetConfirmation', reset])
    vault.approve(reset, wallet.alice)
    expect(await stateOf('Bob')).toEqual(['PendingReset', reset])
    const remove = vault.start(vault.intent('delete user', { UserID: 'dave@example.com', UserName: 'Dave' }))
    expect(await stateOf('Dave')).toEqual(['PendingDeletionApproval', remove])
    vault.approve(remove, wallet.alice)
    vault.execute(remove)
    expect(await stateOf('Dave')).toEqual(['Deleted', undefined])
    expect(await stateOf('Alice')).toEqual(['Active', undefined])
  })

  it('confirm when they are people', async () => {
    const reads = populated().reads()
    expect(valid('getAllConfirmers', await reads.confirmers({})).Users).toHaveLength(4)
    expect((await reads.confirmers({ role: 'MarketOps' })).Users.map(({ Name }) => Name)).toHaveLength(4)
    expect((await reads.confirmers({ role: 'Admin' })).Users.map(({ Name }) => Name)).toEqual(['Alice', 'Bob', 'Carol'])
    expect((await reads.confirmers({})).SystemUsers).toEqual([])
  })

  it('learn who they are, also when the log does not know them', async () => {
    const reads = populated().reads()
    expect(valid('getUserInfo', await reads.userInfo(admin))).toEqual({
      Name: 'Alice',
      Email: 'Alice@example.com',
      Role: 'Admin',
      Status: 'Active',
    })
    const stranger: Caller = { id: 'setup', name: 'Set-up', role: 'Admin', kind: 'system' }
    expect(valid('getUserInfo', await reads.userInfo(stranger))).toMatchObject({ Name: 'Set-up', Status: 'Active' })
  })
})

describe('groups', () => {
  it('are listed with their members, empty ones too', async () => {
    const reads = populated().reads()
    expect(valid('cwpgetAllGroupMembers', await reads.groups())).toEqual({
      owner: ['Alice@example.com', 'bob@example.com', 'carol@example.com'],
      traders: [],
    })
    const members = valid('cwplistGroupMembers', await reads.groupMembers('owner'))
    expect(members.map(({ Active }) => Active)).toEqual([true, true, false])
    expect(await reads.groupMembers('traders')).toEqual([])
    await expect(reads.groupMembers('none')).rejects.toMatchObject({ code: 'bad-request', errorCode: 'M0112' })
  })
})
