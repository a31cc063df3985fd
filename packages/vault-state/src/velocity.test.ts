import type { TransactionRestriction } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { operationOf } from './index.ts'

const hour = 3_600_000
const a = '0x00000000000000000000000000000000000000AA'
const b = '0x00000000000000000000000000000000000000bb'

/** A vault with one limit; `pay` starts, approves and executes a transfer of so much ether. */
function limited(velocity: Partial<NonNullable<TransactionRestriction['Velocity']>>, changes = {}) {
  const vault = TestVault.founded()
  const alice = vault.person('alice')
  const change = (Add: TransactionRestriction | undefined, Delete?: string): void => {
    const intent = vault.intent('update transaction restriction', {
      ...(Add && { Add }),
      ...(Delete !== undefined && { Delete: { RestrictionID: Delete } }),
    })
    vault.start(intent)
    vault.approve(intent.OperationID, alice)
    vault.execute(intent.OperationID)
  }
  const limit = (more: typeof velocity = {}): TransactionRestriction => ({
    RestrictionID: 'limit',
    Approvers: [{ Groups: ['owner'], RequiredApprovers: 1 }],
    Velocity: { Limit: '10', Currency: 'ETH', Per: 'vault', WindowSeconds: 3600, ...velocity, ...more },
    ...changes,
  })
  change(limit())
  let nonce = 0n
  const start = (...to: [address: string, amount: string][]): string => {
    const id = vault.start(
      vault.transferIntent(
        to.map(([Address, Amount]) => ({ Address, Amount })),
        { initiator: alice.id },
      ),
    )
    if (operationOf(vault.state, id).phase === 'pending') vault.approve(id, alice)
    return id
  }
  const execute = (id: string, part = 0): string | undefined => {
    const unsigned = vault.unsigned(id, { part, nonce: nonce++ })
    const result = vault.try(vault.execution(id, { part }, unsigned))
    if (!result.ok) return result.code
    vault.execute(id, { part }, unsigned)
    return undefined
  }
  const pay = (amount: string, address = a): string | undefined => {
    const id = start([address, amount])
    return operationOf(vault.state, id).failure?.code ?? execute(id)
  }
  return { vault, alice, change, limit, start, execute, pay }
}
// Of each transfer: 21,000 gas at 2 gwei.
const fee = '0.000042'

describe('a velocity limit', () => {
  it('counts amounts and fee ceilings exactly, and holds up what would go beyond', () => {
    const { vault, pay } = limited({})
    expect(pay('6')).toBeUndefined()
    // 6 + 3.999916 + 2 fees of 0.000042 = 10 exactly.
    expect(pay('3.999917')).toBe('velocity-exceeded')
    expect(pay('3.999916')).toBeUndefined()
    expect(pay('0.000000000000000001')).toBe('velocity-exceeded')
    vault.time += hour
    expect(pay('1')).toBe('velocity-exceeded')
  })

  it('lets what waits go once the window, and two clocks of skew, have passed', () => {
    const { vault, start, execute, pay } = limited({})
    expect(pay('9')).toBeUndefined()
    const spentAt = vault.time
    const waiting = start([a, '5'])
    expect(execute(waiting)).toBe('velocity-exceeded')
    vault.time = spentAt + hour + 120_000 - 2000
    expect(execute(waiting)).toBe('velocity-exceeded')
    // A hundredth of the window is one step of the counting.
    vault.time = spentAt + hour + 120_000 + hour / 100
    expect(execute(waiting)).toBeUndefined()
  })

  it('counts a whole operation at its first part, and variants and further parts not again', () => {
    const { vault, start, execute, pay } = limited({})
    const id = start([a, '4'], [b, '4'])
    expect(execute(id)).toBeUndefined()
    expect(pay('3')).toBe('velocity-exceeded')
    expect(execute(id, 1)).toBeUndefined()
    const unsigned = vault.unsigned(id, { part: 0, nonce: 0n, maxFeePerGas: 1_900_000_000n })
    vault.execute(id, { part: 0, variant: 1 }, unsigned)
    expect(pay('1.9')).toBeUndefined()
  })

  it('gives nothing back: not for failures, not for vetoes', () => {
    const { vault, alice, start, execute, pay } = limited({})
    const id = start([a, '9'])
    expect(execute(id)).toBeUndefined()
    vault.apply(vault.hold(alice, 1, id))
    expect(operationOf(vault.state, id).phase).toBe('failed')
    expect(pay('2')).toBe('velocity-exceeded')
  })

  it('blocks at once what exceeds it alone, and what nobody can tell the amount of', () => {
    const { vault, pay } = limited({})
    expect(pay('10')).toBe('velocity-exceeded')
    const id = vault.start(vault.messageIntent('hello', { initiator: 'alice@example.com' }))
    expect(operationOf(vault.state, id).failure?.code).toBe('velocity-exceeded')
    const call = vault.transferIntent(
      [{ Address: a, Amount: '0' }],
      {},
      {
        Function: { Name: 'contract call' },
        EVM: { Gas: '50000', MaxFeePerGas: '2000000000', MaxPriorityFeePerGas: '1000000000', Data: '0x12345678' },
      },
    )
    const callId = vault.start(call)
    expect(operationOf(vault.state, callId).failure?.code).toBe('velocity-exceeded')
  })

  it('counts each destination for itself, without fees', () => {
    const { pay } = limited({ Per: 'destination' })
    expect([pay('10'), pay('10', b), pay('0.1'), pay('0.1', b)]).toEqual([
      undefined,
      undefined,
      'velocity-exceeded',
      'velocity-exceeded',
    ])
  })

  it('counts in dollars at the rate that makes it most', () => {
    const { pay } = limited({ Currency: 'USD', Limit: '3000.126' })
    expect(pay('1')).toBeUndefined()
    expect(pay('0')).toBe('velocity-exceeded')
    expect(Number(fee) * 3000).toBeCloseTo(0.126)
  })

  it('counts only what the restriction matches', () => {
    const { pay } = limited({}, { Destination: { Only: [{ Address: a }] } })
    expect([pay('9'), pay('9', b), pay('2')]).toEqual([undefined, undefined, 'velocity-exceeded'])
  })

  it('keeps its sums when the limit changes: nobody starts anew by that', () => {
    const { pay, change, limit } = limited({})
    expect(pay('9')).toBeUndefined()
    change(limit({ Limit: '12' }), 'limit')
    expect(pay('4')).toBe('velocity-exceeded')
    expect(pay('2')).toBeUndefined()
  })

  it('is the same for any order of restrictions', () => {
    const { vault, change, limit, pay } = limited({ Limit: '100' })
    change({ ...limit({ Limit: '5' }), RestrictionID: 'another' })
    expect(pay('4')).toBeUndefined()
    expect(pay('2')).toBe('velocity-exceeded')
    expect(vault.state.velocity.size).toBe(2)
  })
})
