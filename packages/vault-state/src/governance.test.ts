import { toBase64 } from '@trivault/codec'
import {
  type ApproverRestriction,
  type Intent,
  type OperationType,
  operationTypeNames,
  operationTypes,
} from '@trivault/protocol'
import { ersKey, type Person, TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { activeKeyOf, groupsOf, operationOf, type VaultState } from './index.ts'

const refusal = (code: string) => expect.objectContaining({ code })
const bounds = { Asset: 'ETH', USDMin: '2000', USDMax: '4000' }
const oneOwner = [{ Groups: ['owner'], RequiredApprovers: 1 }]

/** Owners alice, bob and carol with keys, quorum 2; dave without key; the group "desk" with bob. */
class Governed extends TestVault {
  readonly alice = this.person('alice')
  readonly bob = this.person('bob')
  readonly carol = this.person('carol')

  /** The same vault each time; it is founded once. */
  static make(): Governed {
    const vault = new Governed()
    vault.state = founded.state
    vault.time = founded.time
    vault.log.push(...founded.log)
    // Operation ids go on from there.
    for (const _ of founded.log) vault.intent('backup master key', { Name: 'Default' })
    return vault
  }

  static found(): Governed {
    const vault = new Governed()
    vault.setup({ approvalsRequired: 2, chains: ['eip155:31337', 'eip155:1'] })
    vault.activate('Default')
    vault.pair(vault.alice)
    vault.pair(vault.bob)
    vault.pair(vault.carol, vault.alice, vault.bob)
    vault.execute(vault.start(vault.intent('register user', { UserID: 'dave@example.com', UserName: 'Dave' })))
    vault.apply({ type: 'createGroup', by: '', name: 'desk' })
    vault.change(vault.intent('update group', { Group: 'desk', AddUsers: ['bob@example.com'], RemoveUsers: [] }))
    return vault
  }

  /** Approved by two owners, and done. */
  change(intent: Intent, ...people: Person[]): string {
    const id = this.start(intent)
    this.approve(id, ...(people.length === 0 ? [this.alice, this.bob] : people))
    this.execute(id)
    return id
  }

  restrict(kind: 'config' | 'policy', Add: ApproverRestriction): string {
    return this.change(this.intent(`update ${kind} restriction`, { Add }))
  }
}

const founded = Governed.found()

/** One change of authority of each type, and whether the state shows it. */
const changes: Partial<
  Record<OperationType, [make: (vault: Governed) => Intent, done: (state: VaultState) => boolean]>
> = {
  'set user public key': [
    vault =>
      vault.intent('set user public key', {
        UserID: 'dave@example.com',
        PublicKey: toBase64(vault.person('dave').publicKey),
      }),
    state => activeKeyOf(state, 'dave@example.com') !== undefined,
  ],
  'delete user': [
    vault => vault.intent('delete user', { UserID: 'carol@example.com', UserName: 'Carol' }),
    state =>
      state.users.get('carol@example.com')?.deleted === true &&
      activeKeyOf(state, 'carol@example.com') === undefined &&
      groupsOf(state, 'carol@example.com').length === 0,
  ],
  'reset user': [
    vault => vault.intent('reset user', { UserID: 'carol@example.com', UserName: 'Carol' }),
    state =>
      activeKeyOf(state, 'carol@example.com') === undefined && groupsOf(state, 'carol@example.com').join() === 'owner',
  ],
  'update group': [
    vault => vault.intent('update group', { Group: 'desk', AddUsers: ['dave@example.com'], RemoveUsers: [] }),
    state => groupsOf(state, 'dave@example.com').join() === 'desk',
  ],
  'rename group': [
    vault => vault.intent('rename group', { OldName: 'desk', NewName: 'trading' }),
    state => groupsOf(state, 'bob@example.com').join() === 'owner,trading',
  ],
  'set ers public key': [vault => vault.intent('set ers public key', { Key: toBase64(ersKey) }), () => true],
  'update transaction restriction': [
    vault => vault.intent('update transaction restriction', { Add: { RestrictionID: 'r', Approvers: oneOwner } }),
    state => state.restrictions.has('r'),
  ],
  'update config restriction': [
    vault => vault.intent('update config restriction', { Add: { RestrictionID: 'r', Approvers: oneOwner } }),
    state => state.configRestrictions.has('r'),
  ],
  'update policy restriction': [
    vault => vault.intent('update policy restriction', { Add: { RestrictionID: 'r', Approvers: oneOwner } }),
    state => state.policyRestrictions.has('r'),
  ],
  'set issuer keys': [
    vault => vault.intent('set issuer keys', { Thumbprints: ['ab'.repeat(32)] }),
    state => state.issuerKeys.join() === 'ab'.repeat(32),
  ],
  'update settings': [
    vault => vault.intent('update settings', { PendingExpirySeconds: 86_400 }),
    state => state.settings.pendingLifetime === 86_400_000,
  ],
  'update rates': [
    vault => vault.intent('update rates', { Updates: [bounds] }),
    state => state.rates.get('ETH')?.usdMax === '4000',
  ],
}

describe('changes of authority', () => {
  it('are all here, or have tests of their own', () => {
    const elsewhere = ['refresh master key', 'seal', 'found again', 'unfreeze']
    const all = operationTypeNames.filter(type => operationTypes[type].class === 'authority')
    expect([...Object.keys(changes), ...elsewhere].sort()).toEqual([...all].sort())
  })
})

describe.each(Object.entries(changes))('%s', (type, [make, done]) => {
  const { governedBy } = operationTypes[type as OperationType]

  it('needs the owner quorum: not one fewer, nobody twice, nobody else', () => {
    const vault = Governed.make()
    const id = vault.start(make(vault))
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    vault.approve(id, vault.alice)
    expect(() => vault.approve(id, vault.alice)).toThrow(refusal('already-approved'))
    expect(() => vault.approve(id, vault.person('dave'))).toThrow(refusal('unknown-key'))
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    vault.approve(id, vault.bob)
    vault.execute(id)
    expect([operationOf(vault.state, id).phase, done(vault.state)]).toEqual(['succeeded', true])
  })

  it('counts the initiator as one of the quorum, and nobody without the initiator', () => {
    const vault = Governed.make()
    const intent = { ...make(vault), InitiatorID: vault.alice.id, InitiatorName: 'Alice' } as Intent
    const id = vault.start(intent)
    vault.approve(id, vault.bob, vault.carol)
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    const alone = vault.start({ ...intent, OperationID: 'alone' } as Intent)
    vault.approve(alone, vault.alice)
    expect(() => vault.execute(alone)).toThrow(refusal('approvals-missing'))
    vault.approve(id, vault.alice)
    vault.execute(id)
    expect(done(vault.state)).toBe(true)
  })

  it('does not count a lost device, a member who left, or a person who was deleted', () => {
    const away: ((vault: Governed) => Intent)[] = [
      vault => vault.intent('reset user', { UserID: vault.alice.id, UserName: 'Alice' }),
      vault => vault.intent('delete user', { UserID: vault.alice.id, UserName: 'Alice' }),
      vault => vault.intent('update group', { Group: 'owner', AddUsers: [], RemoveUsers: [vault.alice.id] }),
    ]
    const vault = Governed.make()
    const id = vault.start(make(vault))
    vault.approve(id, vault.alice, vault.bob)
    const { state } = vault
    for (const leave of away) {
      vault.state = state
      vault.change(leave(vault), vault.bob, vault.carol)
      expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    }
  })

  it('is held to what governs it at the start and now: tightening acts at once, loosening never helps', () => {
    const kind = governedBy === 'policy' ? 'policy' : 'config'
    const vault = Governed.make()
    const before = vault.start(make(vault))
    vault.approve(before, vault.alice, vault.carol)
    const desk = { RestrictionID: 'desk', Approvers: [{ Groups: ['desk'], RequiredApprovers: 1 }] }
    vault.restrict(kind, desk)
    expect(() => vault.execute(before)).toThrow(refusal('approvals-missing'))
    const during = vault.start({ ...make(vault), OperationID: 'during' } as Intent)
    vault.change(vault.intent(`update ${kind} restriction`, { Delete: desk }))
    vault.approve(during, vault.alice, vault.carol)
    expect(() => vault.execute(during)).toThrow(refusal('approvals-missing'))
    vault.execute(before)
    expect(done(vault.state)).toBe(true)
  })
})

describe('config operations', () => {
  it('need one owner, whoever is named', () => {
    const vault = Governed.make()
    for (const intent of [
      vault.intent('create master key', { Name: 'Second' }),
      vault.intent('backup master key', { Name: 'Default' }, { initiator: 'bob@example.com' }),
    ]) {
      const id = vault.start(intent)
      expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
      vault.approve(id, vault.bob)
      vault.execute(id)
      expect(operationOf(vault.state, id).phase).not.toBe('pending')
    }
  })

  const chain = { ChainName: 'Side', TestNet: true, CAIP19: 'eip155:4242/slip44:60', NativeAssetSymbol: 'S' }
  const makers: ((vault: Governed) => Intent)[] = [
    vault => vault.intent('create master key', { Name: 'Second' }),
    vault => vault.intent('backup master key', { Name: 'Default' }),
    vault => vault.intent('register custom chain', { ...chain, NativeAssetDecimals: 18 }),
    vault => vault.intent('unregister chain', { CAIP2: 'eip155:1' }),
  ]

  it('need what config restrictions ask, and are blocked by one that lets nobody approve', () => {
    for (const make of makers) {
      const vault = Governed.make()
      vault.restrict('config', { RestrictionID: 'desk', Approvers: [{ Groups: ['desk'], RequiredApprovers: 1 }] })
      const id = vault.start(make(vault))
      expect(() => vault.approve(id, vault.person('dave'))).toThrow(refusal('unknown-key'))
      expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
      vault.approve(id, vault.bob)
      vault.execute(id)
      expect(operationOf(vault.state, id).phase).not.toBe('failed')
    }
    const vault = Governed.make()
    vault.restrict('config', { RestrictionID: 'nobody' })
    for (const make of makers) {
      const blocked = vault.start(make(vault))
      expect(operationOf(vault.state, blocked).failure?.code).toBe('blocked-by-policy')
    }
  })

  it('leave what is free free', () => {
    const vault = Governed.make()
    vault.restrict('config', { RestrictionID: 'nobody' })
    vault.execute(vault.start(vault.intent('create account', { Name: 'ops', MasterKey: 'Default' })))
    vault.execute(vault.start(vault.intent('register user', { UserID: 'eve@example.com', UserName: 'Eve' })))
  })
})

describe('policy restrictions', () => {
  const three = { RestrictionID: 'three', Approvers: [{ Groups: ['owner'], RequiredApprovers: 3 }] }

  it('govern their own change', () => {
    const vault = Governed.make()
    vault.restrict('policy', three)
    const id = vault.start(vault.intent('update policy restriction', { Delete: three }))
    vault.approve(id, vault.alice, vault.bob)
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    vault.approve(id, vault.carol)
    vault.execute(id)
    expect(vault.state.policyRestrictions.size).toBe(0)
  })

  it('never lock the vault: nobody can ask for more people than there are, or leave fewer', () => {
    const vault = Governed.make()
    const add = (Add: ApproverRestriction) => vault.start(vault.intent('update policy restriction', { Add }))
    expect(() => add({ RestrictionID: 'nobody' })).toThrow(refusal('bad-restriction'))
    expect(() => add({ RestrictionID: 'nobody', Approvers: [] })).toThrow(refusal('bad-restriction'))
    const four = { RestrictionID: 'four', Approvers: [{ Groups: ['owner', 'desk'], RequiredApprovers: 4 }] }
    expect(() => add(four)).toThrow(refusal('quorum-would-break'))
    vault.change(vault.intent('update group', { Group: 'desk', AddUsers: ['dave@example.com'], RemoveUsers: [] }))
    // Dave is a member, but has no device that could approve a change.
    expect(() => add(four)).toThrow(refusal('quorum-would-break'))
    vault.restrict('policy', three)
    const leave = [
      vault.intent('delete user', { UserID: 'carol@example.com', UserName: 'Carol' }),
      vault.intent('update group', { Group: 'owner', AddUsers: [], RemoveUsers: ['carol@example.com'] }),
    ]
    for (const intent of leave) expect(() => vault.start(intent)).toThrow(refusal('quorum-would-break'))
    vault.change(vault.intent('reset user', { UserID: 'carol@example.com', UserName: 'Carol' }))
  })
})
