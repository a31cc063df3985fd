import type { TransactionRestriction } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { operationOf, statusOf } from './index.ts'

const to = '0x00000000000000000000000000000000000000AA'
const quarter = [{ Address: to, Amount: '0.25' }]
const alice = { initiator: 'alice@example.com' }
const refusal = (code: string) => expect.objectContaining({ code })

const statusIn = (vault: TestVault, id: string) => statusOf(vault.state, operationOf(vault.state, id))

describe('execute', () => {
  const approved = (destinations = quarter) => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(destinations, alice))
    vault.approve(id, vault.person('alice'))
    return { vault, id }
  }

  it('takes no other bytes than the approved intent', () => {
    const { vault, id } = approved()
    const other = vault.start(vault.transferIntent([{ Address: to, Amount: '0.26' }], alice))
    const bad = [
      vault.unsigned(id, { value: 250_000_000_000_000_001n }),
      vault.unsigned(id, { to: '0x00000000000000000000000000000000000000bb' }),
      vault.unsigned(id, { maxFeePerGas: 2_000_000_001n }),
      vault.unsigned(other),
    ]
    for (const transaction of bad)
      expect(() => vault.execute(id, {}, transaction)).toThrow(refusal('transaction-differs'))
    for (const transaction of [new Uint8Array(0), Uint8Array.of(2, 0xc0), vault.unsigned(id).slice(1)])
      expect(() => vault.execute(id, {}, transaction)).toThrow(refusal('bad-transaction'))
    vault.execute(id)
  })

  it('keeps the slot over variants', () => {
    const { vault, id } = approved()
    expect(() => vault.execute(id, { variant: 1 })).toThrow(refusal('slot-conflict'))
    vault.execute(id, {}, vault.unsigned(id, { nonce: 7n, maxFeePerGas: 1_000_000_000n }))
    expect(() => vault.execute(id, {})).toThrow(refusal('slot-conflict'))
    expect(() => vault.execute(id, { variant: 1 }, vault.unsigned(id, { nonce: 8n }))).toThrow(
      refusal('transaction-differs'),
    )
    vault.execute(id, { variant: 1 }, vault.unsigned(id, { nonce: 7n }))
    vault.apply(vault.signature(id, { variant: 1 }))
    expect(statusIn(vault, id)).toBe('Succeeded')
    expect(vault.state.unsigned.has(id)).toBe(true)
    vault.apply(vault.signature(id, { variant: 0 }))
    expect(vault.state.unsigned.has(id)).toBe(false)
    expect(() => vault.execute(id, { variant: 2 }, vault.unsigned(id, { nonce: 7n }))).toThrow(
      refusal('operation-not-pending'),
    )
  })

  it('gives every part a slot of its own: two in one would lose a payment', () => {
    const { vault, id } = approved([...quarter, ...quarter])
    vault.execute(id, {}, vault.unsigned(id, { nonce: 7n }))
    const same = vault.unsigned(id, { part: 1, nonce: 7n })
    expect(() => vault.execute(id, { part: 1 }, same)).toThrow(refusal('slot-conflict'))
    vault.execute(id, { part: 1 }, vault.unsigned(id, { part: 1, nonce: 8n }))
  })

  it('signs a message once', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.messageIntent('hello', alice))
    vault.approve(id, vault.person('alice'))
    expect(() => vault.execute(id, {}, Uint8Array.of(1))).toThrow(refusal('transaction-differs'))
    vault.execute(id)
    expect(() => vault.execute(id, { variant: 1 })).toThrow(refusal('transaction-differs'))
    vault.apply(vault.signature(id))
    expect(statusIn(vault, id)).toBe('Succeeded')
  })

  it('runs an administrative operation once', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.intent('register user', { UserID: 'dave@example.com', UserName: 'Dave' }))
    expect(() => vault.execute(id, { part: 1 }, new Uint8Array(0))).toThrow(refusal('malformed'))
    expect(() => vault.execute(id, {}, Uint8Array.of(1))).toThrow(refusal('malformed'))
    vault.execute(id)
    expect(() => vault.execute(id)).toThrow(refusal('operation-not-pending'))
  })
})

describe('an operation whose parts are not all executed', () => {
  const halfway = () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent([...quarter, ...quarter], alice))
    vault.approve(id, vault.person('alice'))
    vault.execute(id)
    return { vault, id, second: vault.unsigned(id, { part: 1 }) }
  }
  const restrict = (vault: TestVault, Add: TransactionRestriction) => {
    const change = vault.start(vault.intent('update transaction restriction', { Add }))
    vault.approve(change, vault.person('bob'))
    vault.execute(change)
  }
  const failureOf = (vault: TestVault, id: string) => operationOf(vault.state, id).failure

  it('ends when an approver lost the key: nobody can approve any more', () => {
    const { vault, id, second } = halfway()
    const firstSignature = vault.signature(id)
    vault.pair(vault.person('alice', 2), vault.person('bob'))
    vault.execute(id, { part: 1 }, second)
    expect(failureOf(vault, id)).toMatchObject({ code: 'approvals-missing' })
    expect(failureOf(vault, id)?.reason).toContain('1 of 2 parts executed, may still land')
    expect(operationOf(vault.state, id).executions).toHaveLength(1)
    expect(vault.state.unsigned.size + vault.state.pending.size).toBe(0)
    vault.apply(firstSignature)
    expect(statusIn(vault, id)).toBe('Failed')
    expect(operationOf(vault.state, id).executions[0]?.signature).toBeDefined()
  })

  it('ends when policy blocks it', () => {
    const { vault, id, second } = halfway()
    restrict(vault, { RestrictionID: 'nobody', Approvers: [] })
    vault.execute(id, { part: 1 }, second)
    expect(failureOf(vault, id)).toMatchObject({ code: 'blocked-by-policy' })
  })

  it('ends by its deadline, 7 days after the last execution', () => {
    const { vault, id, second } = halfway()
    vault.time += vault.state.settings.pendingLifetime - 3000
    vault.execute(id, { variant: 1 }, vault.unsigned(id))
    vault.time += vault.state.settings.pendingLifetime - 3000
    vault.apply({ type: 'createGroup', by: '', name: 'a' })
    expect(statusIn(vault, id)).toBe('Pending signature')
    vault.time += 3000
    vault.apply({ type: 'createGroup', by: '', name: 'b' })
    expect(failureOf(vault, id)).toMatchObject({ code: 'expired' })
    expect(failureOf(vault, id)?.reason).toContain('may still land')
    expect(() => vault.execute(id, { part: 1 }, second)).toThrow(refusal('operation-not-pending'))
  })

  it('is not ended by a variant once all of them are executed', () => {
    const { vault, id, second } = halfway()
    vault.execute(id, { part: 1 }, second)
    restrict(vault, { RestrictionID: 'nobody', Approvers: [] })
    const bumped = vault.unsigned(id, { maxFeePerGas: 1_500_000_000n })
    expect(() => vault.execute(id, { variant: 1 }, bumped)).toThrow(refusal('blocked-by-policy'))
    for (const part of [0, 1]) vault.apply(vault.signature(id, { part }))
    expect(statusIn(vault, id)).toBe('Succeeded')
  })
})

describe('a new master key', () => {
  it('that the nodes do not make within 7 days ends its operation', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.intent('create master key', { Name: 'Second' }))
    vault.approve(id, vault.person('alice'))
    vault.execute(id)
    vault.time += vault.state.settings.pendingLifetime
    vault.apply({ type: 'createGroup', by: '', name: 'a' })
    expect(operationOf(vault.state, id).failure?.code).toBe('expired')
    vault.activate('Second')
    expect(statusIn(vault, id)).toBe('Failed')
  })
})

describe('signed', () => {
  it('takes the signature of the source over the executed digest only', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter, alice))
    expect(
      vault.try({ type: 'signed', operationId: id, part: 0, variant: 0, signature: new Uint8Array(65) }),
    ).toMatchObject({
      code: 'operation-not-executing',
    })
    vault.approve(id, vault.person('alice'))
    vault.execute(id)
    const good = vault.signature(id)
    if (good.type !== 'signed') throw new Error('a signature')
    for (const place of [0, 40, 64]) {
      const signature = Uint8Array.from(good.signature, (byte, i) => (i === place ? byte ^ 1 : byte))
      expect(vault.try({ ...good, signature })).toMatchObject({ ok: false, code: 'bad-signature' })
    }
    expect(vault.try({ ...good, signature: Uint8Array.from(good.signature).fill(2, 64) })).toMatchObject({
      code: 'bad-signature',
    })
    expect(vault.try({ ...good, part: 1 })).toMatchObject({ code: 'operation-not-executing' })
    vault.apply(good)
    vault.apply(good)
    expect(operationOf(vault.state, id).executions[0]?.signature).toEqual(good.signature)
  })
})
