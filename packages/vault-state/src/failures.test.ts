import type { CommandOf } from '@trivault/protocol'
import { signingFailureCommand, TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { operationOf, statusOf } from './index.ts'

const to = '0x00000000000000000000000000000000000000AA'
const quarter = { Address: to, Amount: '0.25' }
const alice = { initiator: 'alice@example.com' }

function approved(destinations = [quarter]) {
  const vault = TestVault.founded()
  const id = vault.start(vault.transferIntent(destinations, alice))
  vault.approve(id, vault.person('alice'))
  return { vault, id }
}

function executing(destinations = [quarter]) {
  const { vault, id } = approved(destinations)
  vault.execute(id)
  return { vault, id }
}

describe('signingFailed', () => {
  it.each(['accusation', 'equivocation'] as const)('ends the operation with check, node, %s and slot', kind => {
    const { vault, id } = executing()
    const slot = operationOf(vault.state, id).executions[0]?.slot
    vault.apply(signingFailureCommand(vault.state, id, { kind, node: 2 }))
    const operation = operationOf(vault.state, id)
    expect(statusOf(vault.state, operation)).toBe('Failed')
    expect(operation.failure).toEqual({
      code: 'signing-failed',
      reason: `check S3.1 failed at node 2 (${kind}); may still land, slot ${slot}`,
      time: vault.time,
    })
    expect(vault.state.unsigned.has(id)).toBe(false)
    expect(vault.state.pending.has(id)).toBe(false)
  })

  it('counts once, from whomever', () => {
    const { vault, id } = executing()
    const [first, second] = [
      signingFailureCommand(vault.state, id),
      signingFailureCommand(vault.state, id, { node: 0 }),
    ]
    vault.apply(first)
    for (const again of [first, second])
      expect(vault.try(again)).toMatchObject({ ok: false, code: 'operation-not-executing' })
  })

  it('names the slots of all parts: one of them may be out', () => {
    const { vault, id } = executing([quarter, quarter])
    vault.execute(id, { part: 1 })
    vault.apply(vault.signature(id, { part: 0 }))
    const slots = operationOf(vault.state, id).executions.map(({ slot }) => slot)
    vault.apply(signingFailureCommand(vault.state, id, { part: 1 }))
    expect(operationOf(vault.state, id).failure?.reason).toContain(`may still land, slots ${slots.join(', ')}`)
    expect(operationOf(vault.state, id).executions[0]?.signature).toBeDefined()
  })

  it('leaves a signature that comes later on record, and the operation failed', () => {
    const { vault, id } = executing()
    const signed = vault.signature(id)
    vault.apply(signingFailureCommand(vault.state, id))
    const { failure } = operationOf(vault.state, id)
    const bad = { ...signed, signature: new Uint8Array(65) } as CommandOf<'signed'>
    expect(vault.try(bad)).toMatchObject({ code: 'bad-signature' })
    vault.apply(signed)
    const operation = operationOf(vault.state, id)
    expect(operation.executions[0]?.signature).toEqual((signed as CommandOf<'signed'>).signature)
    expect(operation).toMatchObject({ phase: 'failed', failure })
    expect(vault.state.unsigned.has(id)).toBe(false)
    expect(() => vault.execute(id, { variant: 1 })).toThrow(expect.objectContaining({ code: 'operation-not-pending' }))
  })

  it('is refused for another digest, part, variant or operation', () => {
    const { vault, id } = executing()
    const other = vault.start(vault.transferIntent([{ ...quarter, Amount: '0.5' }], alice))
    const refusals: [CommandOf<'signingFailed'>, string][] = [
      [signingFailureCommand(vault.state, id, { digest: new Uint8Array(32).fill(1) }), 'transaction-differs'],
      [signingFailureCommand(vault.state, id, { part: 1 }), 'operation-not-executing'],
      [signingFailureCommand(vault.state, id, { variant: 1 }), 'operation-not-executing'],
      [{ ...signingFailureCommand(vault.state, id), operationId: other }, 'operation-not-executing'],
      [{ ...signingFailureCommand(vault.state, id), operationId: 'unknown' }, 'unknown-operation'],
    ]
    for (const [command, code] of refusals) expect(vault.try(command)).toMatchObject({ ok: false, code })
    vault.approve(other, vault.person('alice'))
    vault.execute(other, {}, vault.unsigned(other, { nonce: 1n }))
    expect(vault.try({ ...signingFailureCommand(vault.state, id), operationId: other })).toMatchObject({
      code: 'transaction-differs',
    })
    expect(vault.try({ ...signingFailureCommand(vault.state, other), operationId: id })).toMatchObject({
      code: 'transaction-differs',
    })
  })

  it('is refused without the signature of the node that it names, over exactly this', () => {
    const { vault, id } = executing()
    const good = signingFailureCommand(vault.state, id)
    const bad: CommandOf<'signingFailed'>[] = [
      signingFailureCommand(vault.state, id, { node: 1 }, 2),
      signingFailureCommand(vault.state, id, { node: 3 }, 1),
      signingFailureCommand(vault.state, id, { vaultId: new Uint8Array(32) }),
      { ...good, node: 0 },
      { ...good, check: 'S3.2' },
      { ...good, kind: 'equivocation' },
      { ...good, signature: new Uint8Array(64) },
      { ...good, signature: good.signature.with(5, (good.signature[5] ?? 0) ^ 1) },
    ]
    for (const command of bad) expect(vault.try(command)).toMatchObject({ ok: false, code: 'bad-signature' })
    vault.apply(good)
  })

  it.each(['', 's3', 'all is well', 'S3.1; pay', `S${'1'.repeat(16)}`])(
    'quotes no other words of a node: %j',
    check => {
      const { vault, id } = executing()
      expect(vault.try(signingFailureCommand(vault.state, id, { check }))).toMatchObject({
        ok: false,
        code: 'malformed',
      })
    },
  )

  it('is refused before the execution, after the signature, and for what signs nothing', () => {
    const { vault, id } = approved()
    expect(vault.try(signingFailureCommand(vault.state, id))).toMatchObject({ code: 'operation-not-executing' })
    vault.execute(id)
    const failed = signingFailureCommand(vault.state, id)
    vault.apply(vault.signature(id))
    expect(vault.try(failed)).toMatchObject({ code: 'operation-not-executing' })
    expect(statusOf(vault.state, operationOf(vault.state, id))).toBe('Succeeded')
    const key = vault.start(vault.intent('create master key', { Name: 'Second' }))
    vault.approve(key, vault.person('alice'))
    vault.execute(key)
    expect(vault.try(signingFailureCommand(vault.state, key))).toMatchObject({ code: 'operation-not-executing' })
  })

  it('is refused for a part that is signed while another waits', () => {
    const { vault, id } = executing([quarter, quarter])
    vault.execute(id, { part: 1 })
    vault.apply(vault.signature(id, { part: 0 }))
    expect(vault.try(signingFailureCommand(vault.state, id, { part: 0 }))).toMatchObject({
      code: 'operation-not-executing',
    })
  })
})
