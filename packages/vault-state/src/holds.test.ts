import { TestVault, testGenesis } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { lastHoldCounter, operationOf } from './index.ts'

const to = '0x00000000000000000000000000000000000000AA'

function founded(options: Parameters<typeof TestVault.founded>[0] = {}) {
  const vault = TestVault.founded(options)
  const [alice, bob, carol] = [vault.person('alice'), vault.person('bob'), vault.person('carol')]
  const transfer = (): string => {
    const id = vault.start(vault.transferIntent([{ Address: to, Amount: '1' }], { initiator: alice.id }))
    vault.approve(id, alice)
    return id
  }
  const unfreeze = (number: number, ...approvers: (typeof alice)[]): string => {
    const id = vault.start(vault.intent('unfreeze', { Freeze: number }))
    vault.approve(id, ...approvers)
    return id
  }
  return { vault, alice, bob, carol, transfer, unfreeze }
}

describe('freeze', () => {
  it('by one owner stops executions until the owner quorum unfreezes', () => {
    const { vault, alice, bob, transfer, unfreeze } = founded({ approvalsRequired: 2 })
    const id = transfer()
    vault.apply(vault.hold(bob, 1))
    expect(vault.state.freeze).toEqual({ number: 1, by: 'bob@example.com', at: vault.time })
    expect(vault.try(vault.execution(id))).toMatchObject({ ok: false, code: 'frozen' })
    expect(operationOf(vault.state, id).phase).toBe('pending')
    const lift = unfreeze(1, alice)
    expect(vault.try(vault.execution(lift, {}, new Uint8Array()))).toMatchObject({
      ok: false,
      code: 'approvals-missing',
    })
    vault.approve(lift, bob)
    vault.execute(lift)
    expect(vault.state.freeze).toBeUndefined()
    vault.execute(id)
    expect(operationOf(vault.state, id).phase).toBe('executing')
  })

  it('leaves administration possible: the key that should go can go', () => {
    const { vault, alice, bob } = founded()
    vault.apply(vault.hold(alice, 1))
    const id = vault.start(vault.intent('update group', { Group: 'owner', AddUsers: [], RemoveUsers: [bob.id] }))
    vault.approve(id, alice)
    vault.execute(id)
    expect(vault.state.groups.get('owner')?.members).not.toContain(bob.id)
  })

  it('still records a signature that was under way', () => {
    const { vault, bob, transfer } = founded()
    const id = transfer()
    vault.execute(id)
    vault.apply(vault.hold(bob, 1))
    vault.apply(vault.signature(id))
    expect(operationOf(vault.state, id).phase).toBe('succeeded')
  })

  it('is not lifted by approvals that were kept from an earlier one', () => {
    const { vault, alice, bob, unfreeze } = founded()
    vault.apply(vault.hold(bob, 1))
    const [used, kept] = [unfreeze(1, alice), unfreeze(1, alice)]
    vault.execute(used)
    vault.apply(vault.hold(bob, 2))
    vault.execute(kept)
    expect(operationOf(vault.state, kept)).toMatchObject({ phase: 'failed', failure: { code: 'not-frozen' } })
    expect(vault.state.freeze?.number).toBe(2)
    expect(() => unfreeze(1)).toThrow(expect.objectContaining({ code: 'not-frozen' }))
    vault.execute(unfreeze(2, alice))
    expect(vault.state.freeze).toBeUndefined()
    expect(() => unfreeze(2)).toThrow(expect.objectContaining({ code: 'not-frozen' }))
  })
})

describe('veto', () => {
  it('ends a pending operation', () => {
    const { vault, bob, transfer } = founded()
    const id = transfer()
    vault.apply(vault.hold(bob, 1, id))
    expect(operationOf(vault.state, id)).toMatchObject({
      phase: 'failed',
      failure: { code: 'vetoed', reason: 'vetoed by bob@example.com' },
    })
    expect(vault.try(vault.execution(id))).toMatchObject({ ok: false, code: 'operation-not-pending' })
  })

  it('ends what is executed and not signed, and says that it may still land', () => {
    const { vault, bob, transfer } = founded()
    const id = transfer()
    vault.execute(id)
    vault.apply(vault.hold(bob, 1, id))
    expect(operationOf(vault.state, id).failure?.reason).toBe(
      'vetoed by bob@example.com; 1 of 1 parts executed, may still land',
    )
    expect(vault.state.unsigned.has(id)).toBe(false)
  })

  it('of what is signed, over or unknown is refused', () => {
    const { vault, bob, transfer } = founded()
    const id = transfer()
    vault.finish(id)
    expect(vault.try(vault.hold(bob, 1, id))).toMatchObject({ ok: false, code: 'operation-not-pending' })
    expect(vault.try(vault.hold(bob, 1, 'nothing'))).toMatchObject({ ok: false, code: 'unknown-operation' })
  })
})

describe('a statement', () => {
  it('counts once: counters only grow, per owner', () => {
    const { vault, alice, bob, transfer } = founded()
    const freeze = vault.hold(bob, 5)
    vault.apply(freeze)
    for (const replayed of [freeze, vault.hold(bob, 4), vault.hold(bob, 5, transfer())])
      expect(vault.try(replayed)).toMatchObject({ ok: false, code: 'hold-replayed' })
    expect(lastHoldCounter(vault.state, bob.id)).toBe(5)
    vault.apply(vault.hold(alice, 1))
    vault.apply(vault.hold(bob, 6))
    expect(vault.state.freezes).toBe(3)
  })

  it('of a device that is gone uses up no numbers of the next one, and never counts again', () => {
    const { vault, alice, bob } = founded()
    const last = vault.hold(bob, Number.MAX_SAFE_INTEGER)
    vault.apply(last)
    const next = vault.person('bob', 2)
    vault.pair(next, alice)
    vault.apply(vault.hold(next, 1))
    for (const replayed of [last, vault.hold(bob, 2)]) expect(vault.try(replayed)).toMatchObject({ code: 'bad-hold' })
  })

  it('of another vault, another person, another key or with other words is refused', () => {
    const { vault, bob, carol, transfer } = founded()
    const id = transfer()
    const freeze = vault.hold(bob, 1)
    const other = TestVault.founded({ genesis: testGenesis({ deploymentId: 'another' }) })
    const refused = [
      other.hold(other.person('bob'), 1),
      { ...other.hold(other.person('bob'), 1), vaultId: vault.state.vaultId },
      vault.hold(carol, 1),
      vault.hold(vault.person('bob', 2), 1),
      { ...vault.hold(vault.person('bob', 2), 1), keyId: bob.keyId },
      { ...freeze, counter: 2 },
      { ...freeze, kind: 'veto' as const },
      { ...freeze, kind: 'veto' as const, operationId: id },
      { ...vault.hold(bob, 1, id), operationId: '' },
      { ...freeze, operationId: id },
      { ...freeze, signature: freeze.signature.with(9, (freeze.signature[9] ?? 0) ^ 1) },
      { ...freeze, signature: new Uint8Array() },
    ]
    for (const hold of refused) expect(vault.try(hold)).toMatchObject({ ok: false, code: 'bad-hold' })
    vault.apply(freeze)
  })

  it('of an owner who is none any more is refused', () => {
    const { vault, alice, bob } = founded()
    const freeze = vault.hold(bob, 1)
    const id = vault.start(vault.intent('update group', { Group: 'owner', AddUsers: [], RemoveUsers: [bob.id] }))
    vault.approve(id, alice)
    vault.execute(id)
    expect(vault.try(freeze)).toMatchObject({ ok: false, code: 'bad-hold' })
  })

  it('counts for nothing before the seal', () => {
    const vault = new TestVault()
    vault.setup({ approvalsRequired: 2 })
    vault.activate('Default')
    vault.pair(vault.person('alice'))
    expect(vault.try(vault.hold(vault.person('alice'), 1))).toMatchObject({ ok: false, code: 'not-sealed' })
  })
})
