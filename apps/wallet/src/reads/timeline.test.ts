import { describe, expect, it } from 'vitest'
import { byAlice, quarter, TestWallet, valid } from '../../test/reads.ts'

const kinds = ({ Steps }: { Steps: readonly { Kind: string }[] }) => Steps.map(({ Kind }) => Kind)

describe('timeline', () => {
  it('tells every step of a transfer with its time, up to the chain', async () => {
    const wallet = new TestWallet()
    const id = wallet.signedTransfer()
    wallet.deliver(id, 'confirmed', { transactionHash: '0xabcd', updatedAt: 77 })
    const reads = wallet.reads({}, await wallet.certifiedView())
    const { Steps, ExpiresAt } = valid('trivaultOperationTimeline', await reads.timeline(id))
    expect(Steps.map(({ Kind, By }) => [Kind, By])).toEqual([
      ['started', 'alice@example.com'],
      ['approved', 'Alice@example.com'],
      ['executed', undefined],
      ['signed', undefined],
      ['confirmed', undefined],
    ])
    expect(Steps.at(-1)).toMatchObject({ At: '1970-01-01T00:00:00.077Z', Note: '0xabcd' })
    const times = Steps.slice(0, 4).map(({ At }) => Date.parse(At ?? ''))
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(ExpiresAt).toBeUndefined()
  })

  it('tells parts apart, and which are not signed yet', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const id = vault.start(vault.transferIntent([...quarter, ...quarter], byAlice))
    vault.approve(id, wallet.alice)
    vault.execute(id)
    vault.execute(id, { part: 1 })
    vault.apply(vault.signature(id))
    const { Steps } = await wallet.reads({}, await wallet.certifiedView()).timeline(id)
    expect(Steps.map(({ Kind, Part, Parts }) => [Kind, Part, Parts]).slice(2)).toEqual([
      ['executed', 0, 2],
      ['executed', 1, 2],
      ['signed', 0, 2],
    ])
    expect(Steps.at(-1)?.At).toBeUndefined()
  })

  it('says when what is pending expires, and why something ended', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const id = vault.start(vault.transferIntent(quarter, byAlice))
    const pending = valid('trivaultOperationTimeline', await wallet.reads().timeline(id))
    expect(Date.parse(pending.ExpiresAt ?? '')).toBeGreaterThan(vault.time)
    vault.apply({ type: 'reject', operationId: id, userId: 'alice@example.com', reason: 'not ours' })
    const rejected = valid('trivaultOperationTimeline', await wallet.reads().timeline(id))
    expect(kinds(rejected)).toEqual(['started', 'rejected', 'failed'])
    expect(rejected.ExpiresAt).toBeUndefined()
    expect(rejected.Steps[1]?.By).toBe('Alice@example.com')
  })

  it('of what the log does not hold is what the wallet received; of nothing, unknown', async () => {
    const wallet = new TestWallet()
    await expect(wallet.reads().timeline('none')).rejects.toMatchObject({ code: 'not-found' })
    const intent = wallet.vault.transferIntent(quarter, { ...byAlice, id: 'early' })
    const refused = { code: 'frozen', message: 'the vault is frozen', at: 9 } as const
    wallet.waiting.push({ id: 'early', type: 'make transaction', intent, createdAt: 5, refused })
    expect(valid('trivaultOperationTimeline', await wallet.reads().timeline('early')).Steps).toEqual([
      { Kind: 'received', At: '1970-01-01T00:00:00.005Z', By: 'alice@example.com' },
      { Kind: 'failed', At: '1970-01-01T00:00:00.009Z', Note: 'the vault is frozen' },
    ])
  })
})

describe('activity', () => {
  it('measures signatures and nothing else', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const first = wallet.signedTransfer()
    const open = vault.start(vault.transferIntent(quarter, byAlice))
    const { Operations } = valid('trivaultActivity', await wallet.reads({}, await wallet.certifiedView()).activity())
    expect(Operations.slice(0, 2)).toEqual([
      { OperationID: open, OperationType: 'make transaction', CreatedAt: expect.any(String), Outcome: 'open' },
      expect.objectContaining({ OperationID: first, Outcome: 'succeeded', SigningMilliseconds: expect.any(Number) }),
    ])
    const administrative = Operations.filter(({ OperationType }) => OperationType !== 'make transaction')
    expect(administrative.length).toBeGreaterThan(0)
    expect(administrative.every(({ SigningMilliseconds }) => SigningMilliseconds === undefined)).toBe(true)
  })
})

describe('audit rows', () => {
  it('come by pages, newest first, each once', async () => {
    const wallet = new TestWallet()
    const id = wallet.signedTransfer()
    const reads = wallet.reads({}, await wallet.certifiedView())
    const seen: number[] = []
    for (let before: number | undefined; ; ) {
      const page = valid('trivaultAuditRows', await reads.auditRows({ entries: 3, ...(before && { before }) }))
      seen.push(...page.Rows.map(({ Seq }) => Seq))
      if (before === undefined) {
        expect(page.Rows[0]).toMatchObject({ Command: 'signed', OperationID: id, Seq: wallet.vault.seq })
      }
      before = page.Before
      if (before === undefined) break
    }
    expect(seen).toEqual([...seen].sort((a, b) => b - a))
    expect(new Set(seen).size).toBe(wallet.vault.seq)
    expect(await reads.auditRows({ before: 1 })).toEqual({ Rows: [] })
  })
})
