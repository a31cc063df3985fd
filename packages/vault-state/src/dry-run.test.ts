import type { TransactionRestriction } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { dryRun } from './index.ts'

const to = '0x00000000000000000000000000000000000000AA'
const restriction = (id: string, changes: Partial<TransactionRestriction> = {}): TransactionRestriction => ({
  RestrictionID: id,
  Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }],
  ...changes,
})

function founded(...rules: TransactionRestriction[]) {
  const vault = TestVault.founded()
  const alice = vault.person('alice')
  for (const Add of rules) {
    const intent = vault.intent('update transaction restriction', { Add })
    vault.start(intent)
    vault.approve(intent.OperationID, alice)
    vault.execute(intent.OperationID)
  }
  const transfer = (Amount = '1') => vault.transferIntent([{ Address: to, Amount }], { initiator: alice.id })
  const run = (intent = transfer(), options = {}) => dryRun(vault.state, intent, { time: vault.time, ...options })
  return { vault, alice, transfer, run }
}

describe('a dry run', () => {
  it('names the first unmet requirement of each matching restriction, and those that do not match', () => {
    const { run } = founded(
      restriction('two'),
      restriction('large', { Amount: { Above: '100', Currency: 'ETH' } }),
      restriction('both', {
        Approvers: [
          { Groups: ['owner'], RequiredApprovers: 1 },
          { Groups: ['owner'], RequiredApprovers: 2 },
        ],
      }),
    )
    const { restrictions } = run(undefined, { approvals: ['alice@example.com'] })
    expect(restrictions).toEqual([
      { id: 'both', matches: true, firstUnmet: '2 approvals from owner; 1 given' },
      { id: 'large', matches: false, firstUnmet: undefined },
      { id: 'two', matches: true, firstUnmet: '2 approvals from owner; 1 given' },
    ])
    expect(run(undefined, { approvals: ['alice@example.com', 'bob@example.com'] })).toMatchObject({
      blocked: undefined,
      unmet: [],
      restrictions: [{ firstUnmet: undefined }, {}, { firstUnmet: undefined }],
    })
  })

  it('supposes no approval of somebody without a device', () => {
    const { run } = founded(restriction('two'))
    const { unmet } = run(undefined, { approvals: ['alice@example.com', 'carol@example.com'] })
    expect(unmet).toEqual(['2 approvals from owner'])
  })

  it('judges by a draft instead of what is in force, and leaves the vault as it is', () => {
    const { vault, run } = founded(restriction('two'))
    const before = vault.state
    expect(run(undefined, { restrictions: [] }).needs).toEqual(['the approval of alice@example.com'])
    const blocking = run(undefined, { restrictions: [restriction('stop', { Approvers: [] })] })
    expect(blocking.blocked).toMatchObject({ code: 'blocked-by-policy' })
    expect(blocking.restrictions).toEqual([
      { id: 'stop', matches: true, firstUnmet: 'restriction "stop" allows nobody to approve this' },
    ])
    expect(vault.state).toBe(before)
    expect(run().needs).toHaveLength(2)
  })

  it('says what the nodes would say: the same requirements as a start', () => {
    const { vault, transfer, run } = founded(restriction('two'))
    const intent = transfer()
    const dry = run(intent)
    vault.start(intent)
    expect(dry.needs).toHaveLength(vault.state.operations.get(intent.OperationID)?.needsAtStart.length ?? -1)
  })

  it('tells why an intent does not fit the vault', () => {
    const { vault, run } = founded()
    const intent = vault.intent('update group', { Group: 'nobody', AddUsers: ['bob@example.com'], RemoveUsers: [] })
    expect(run(intent).blocked).toMatchObject({ code: 'unknown-group' })
  })

  it('tells what holds it up: freeze, full window, delay', () => {
    const limit = { Limit: '10', Currency: 'ETH', Per: 'vault', WindowSeconds: 3600 } as const
    const { vault, alice, transfer, run } = founded(
      restriction('limit', { Velocity: limit, Approvers: [{ Groups: ['owner'], RequiredApprovers: 1 }] }),
    )
    const id = vault.start(transfer('9'))
    vault.approve(id, alice)
    vault.execute(id)
    vault.apply(vault.hold(alice, 1))
    expect(run(transfer('5')).heldUp.map(({ code }) => code)).toEqual(['frozen', 'velocity-exceeded'])
    expect(run(transfer('50')).blocked).toMatchObject({ code: 'velocity-exceeded' })
    const settings = vault.intent('update settings', { LooseningDelaySeconds: 60 })
    vault.start(settings)
    vault.approve(settings.OperationID, alice)
    vault.execute(settings.OperationID)
    expect(run(vault.intent('unfreeze', { Freeze: 1 })).heldUp).toMatchObject([{ code: 'delay-not-over' }])
  })
})
