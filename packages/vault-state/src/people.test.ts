import { toBase64 } from '@trivault/codec'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { activeKeyOf, groupsOf, operationOf } from './index.ts'

const refusal = (code: string) => expect.objectContaining({ code })
const carol = { UserID: 'carol@example.com', UserName: 'Carol' }

function change(vault: TestVault, intent: ReturnType<TestVault['intent']>): string {
  const id = vault.start(intent)
  vault.approve(id, vault.person('alice'))
  vault.execute(id)
  return id
}

describe('people', () => {
  it('are deleted and reset by their registered name, once, and never below the owner quorum', () => {
    const vault = TestVault.founded({ approvalsRequired: 2 })
    const start = (type: 'delete user' | 'reset user', UserID: string, UserName: string) =>
      vault.start(vault.intent(type, { UserID, UserName }))
    expect(() => start('delete user', carol.UserID, 'Carola')).toThrow(refusal('intent-mismatch'))
    expect(() => start('delete user', 'nobody@example.com', 'Nobody')).toThrow(refusal('unknown-user'))
    expect(() => start('delete user', 'bootstrap@system.trivault', 'bootstrap')).toThrow(refusal('malformed'))
    expect(() => start('reset user', carol.UserID, 'Carol')).toThrow(refusal('unknown-key'))
    for (const type of ['delete user', 'reset user'] as const)
      expect(() => start(type, 'bob@example.com', 'Bob')).toThrow(refusal('quorum-would-break'))
    const id = start('delete user', carol.UserID, 'Carol')
    vault.approve(id, vault.person('alice'), vault.person('bob'))
    vault.execute(id)
    expect(() => start('delete user', carol.UserID, 'Carol')).toThrow(refusal('unknown-user'))
  })

  it('come back with their number and nothing else', () => {
    const vault = TestVault.founded()
    const number = vault.state.users.get(carol.UserID)?.number
    vault.pair(vault.person('carol'), vault.person('alice'))
    change(vault, vault.intent('delete user', carol))
    expect(groupsOf(vault.state, carol.UserID)).toEqual([])
    vault.execute(vault.start(vault.intent('register user', { ...carol, UserName: 'Caroline' })))
    const user = vault.state.users.get(carol.UserID)
    expect(user).toMatchObject({ number, name: 'Caroline', deleted: false, keyId: undefined })
    expect(user?.revokedAt).toBeGreaterThan(0)
    const again = { UserID: carol.UserID, PublicKey: toBase64(vault.person('carol').publicKey) }
    expect(() => vault.start(vault.intent('set user public key', again))).toThrow(refusal('bad-public-key'))
    expect(activeKeyOf(vault.state, carol.UserID)).toBeUndefined()
    const more = vault.start(vault.intent('register user', { UserID: 'dave@example.com', UserName: 'Dave' }))
    vault.execute(more)
    const numbers = vault.state.users.values().map(one => one.number)
    expect(new Set(numbers).size).toBe(numbers.length)
  })

  it('may take the id of a deleted system user: nobody is kept out by it', () => {
    const vault = TestVault.founded()
    const squatter = {
      type: 'createSystemUser',
      by: '',
      name: 'erin@example.com',
      role: 'Viewer',
      confirmer: undefined,
    } as const
    vault.apply(squatter)
    const register = () =>
      vault.execute(vault.start(vault.intent('register user', { UserID: 'erin@example.com', UserName: 'Erin' })))
    expect(register).toThrow(refusal('duplicate-user'))
    vault.apply({ type: 'deleteSystemUser', by: '', id: 'erin@example.com' })
    register()
    expect(vault.state.users.get('erin@example.com')).toMatchObject({ name: 'Erin', systemRole: undefined })
    change(vault, vault.intent('delete user', { UserID: 'erin@example.com', UserName: 'Erin' }))
    expect(vault.try(squatter)).toMatchObject({ code: 'duplicate-user' })
  })

  it('who come back are not those whom kept approvals were for', () => {
    const vault = TestVault.founded()
    const alice = vault.person('alice')
    const PublicKey = toBase64(vault.person('carol').publicKey)
    const kept = [
      vault.start(vault.intent('set user public key', { UserID: carol.UserID, PublicKey })),
      vault.start(vault.intent('update group', { Group: 'owner', AddUsers: [carol.UserID], RemoveUsers: [] })),
    ]
    for (const id of kept) vault.approve(id, alice)
    change(vault, vault.intent('delete user', carol))
    vault.execute(vault.start(vault.intent('register user', carol)))
    for (const id of kept) {
      vault.execute(id)
      expect(operationOf(vault.state, id).failure?.code).toBe('intent-mismatch')
    }
    expect(activeKeyOf(vault.state, carol.UserID)).toBeUndefined()
    expect(groupsOf(vault.state, carol.UserID)).toEqual([])
  })

  it('who are deleted approve nothing, reject nothing and start nothing', () => {
    const vault = TestVault.founded()
    const id = vault.start(
      vault.transferIntent([{ Address: '0x00000000000000000000000000000000000000AA', Amount: '1' }], {
        initiator: 'bob@example.com',
      }),
    )
    change(vault, vault.intent('delete user', { UserID: 'bob@example.com', UserName: 'Bob' }))
    expect(vault.try(vault.approval(id, vault.person('bob')))).toMatchObject({ code: 'unknown-user' })
    const rejection = { type: 'reject', operationId: id, userId: 'bob@example.com', reason: '' } as const
    expect(vault.try(rejection)).toMatchObject({ code: 'unknown-user' })
    const intent = vault.intent('create account', { Name: 'x', MasterKey: 'Default' }, { initiator: 'bob@example.com' })
    expect(() => vault.start(intent)).toThrow(refusal('unknown-user'))
    // The named initiator had to approve, and can no more: an owner does not stand in afterwards.
    vault.approve(id, vault.person('alice'))
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
  })
})

describe('a renamed group', () => {
  const rename = (vault: TestVault, OldName: string, NewName: string) =>
    change(vault, vault.intent('rename group', { OldName, NewName }))

  it('keeps its members, its place in every restriction, its ownership, and what open operations need', () => {
    const vault = TestVault.founded({ approvalsRequired: 2 })
    const both = [{ Groups: ['owner'], RequiredApprovers: 2 }]
    const approved = (intent: ReturnType<TestVault['intent']>) => {
      const id = vault.start(intent)
      vault.approve(id, vault.person('alice'), vault.person('bob'))
      vault.execute(id)
    }
    for (const type of [
      'update transaction restriction',
      'update config restriction',
      'update policy restriction',
    ] as const)
      approved(vault.intent(type, { Add: { RestrictionID: 'both', Approvers: both } }))
    const open = vault.start(vault.intent('rename group', { OldName: 'owner', NewName: 'founders' }))
    approved(vault.intent('rename group', { OldName: 'owner', NewName: 'board' }))
    const { state } = vault
    expect(state.setup?.ownerGroup).toBe('board')
    expect([state.groups.has('owner'), state.groups.get('board')?.members.length]).toEqual([false, 3])
    for (const kind of [state.restrictions, state.configRestrictions, state.policyRestrictions])
      expect(kind.get('both')?.Approvers).toEqual([{ Groups: ['board'], RequiredApprovers: 2 }])
    // A new group of the old name inherits nothing.
    vault.apply({ type: 'createGroup', by: '', name: 'owner' })
    approved(vault.intent('update group', { Group: 'owner', AddUsers: [carol.UserID], RemoveUsers: [] }))
    approved(
      vault.intent('set user public key', {
        UserID: carol.UserID,
        PublicKey: toBase64(vault.person('carol').publicKey),
      }),
    )
    approved(vault.intent('update group', { Group: 'board', AddUsers: [], RemoveUsers: [carol.UserID] }))
    expect(() => vault.approve(open, vault.person('carol'))).toThrow(refusal('not-an-approver'))
    vault.approve(open, vault.person('alice'), vault.person('bob'))
    vault.execute(open)
    // It was approved for a group that has another meaning now: it renames that one, which owns nothing.
    expect(vault.state.setup?.ownerGroup).toBe('board')
  })

  it('takes no name that is taken or malformed', () => {
    const vault = TestVault.founded()
    vault.apply({ type: 'createGroup', by: '', name: 'desk' })
    expect(() => rename(vault, 'desk', 'owner')).toThrow(refusal('duplicate-group'))
    expect(() => rename(vault, 'desk', 'desk')).toThrow(refusal('duplicate-group'))
    expect(() => rename(vault, 'none', 'other')).toThrow(refusal('unknown-group'))
    rename(vault, 'desk', 'trading desk')
    expect(vault.state.groups.keys().sort()).toEqual(['owner', 'trading desk'])
  })
})

describe('units', () => {
  const token = { CAIP19: 'eip155:31337/erc20:0x00000000000000000000000000000000000000AA', Symbol: 'T', Decimals: 6 }
  const run = (vault: TestVault, intent: ReturnType<TestVault['intent']>) => vault.execute(vault.start(intent))

  it('stay while an operation moves the asset, and while the chain has tokens', () => {
    const vault = TestVault.founded()
    run(vault, vault.intent('register token', token))
    const chain = () => run(vault, vault.intent('unregister chain', { CAIP2: 'eip155:31337' }))
    expect(chain).toThrow(refusal('still-in-use'))
    const destination = [{ Address: '0x00000000000000000000000000000000000000AA', Amount: '1' }]
    const own = { CAIP19: token.CAIP19, Asset: 'T', Function: { Name: 'token transfer' } }
    const id = vault.start(vault.transferIntent(destination, { initiator: 'alice@example.com' }, own))
    const unregister = () => run(vault, vault.intent('unregister token', { CAIP19: token.CAIP19 }))
    expect(unregister).toThrow(refusal('still-in-use'))
    vault.apply({ type: 'cancel', operationId: id, by: '' })
    unregister()
    expect(unregister).toThrow(refusal('unknown-token'))
    run(vault, vault.intent('register token', { ...token, Decimals: 18 }))
    run(vault, vault.intent('unregister token', { CAIP19: token.CAIP19 }))
    const native = vault.start(vault.transferIntent(destination))
    expect(chain).toThrow(refusal('still-in-use'))
    vault.apply({ type: 'cancel', operationId: native, by: '' })
    chain()
    expect(chain).toThrow(refusal('unknown-chain'))
    expect(operationOf(vault.state, native).failure?.code).toBe('cancelled')
  })
})
