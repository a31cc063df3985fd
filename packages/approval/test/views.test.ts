import { toBase64 } from '@trivault/codec'
import type { View } from '@trivault/protocol'
import { TestVault, verdictsOf } from '@trivault/testkit'
import { beforeAll, describe, expect, it } from 'vitest'
import { agreedViews, type Replica, replay, type Verdicts } from '../src/index.ts'

const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
let replica: Replica
let id: string
let other: string

beforeAll(async () => {
  const vault = TestVault.founded()
  id = vault.start(vault.transferIntent([{ Address: to, Amount: '0.25' }], { initiator: 'alice@example.com' }))
  other = vault.start(vault.transferIntent([{ Address: to, Amount: '0.26' }], { initiator: 'alice@example.com' }))
  replica = await replay(vault.genesis, await vault.certified())
})

const refusal = (verdicts: Verdicts): string => {
  try {
    agreedViews(replica, id, verdicts)
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
}
const node2 = (change: Partial<View>) => (view: View, node: number) => (node === 2 ? { ...view, ...change } : view)

describe('views of the three nodes', () => {
  it('are taken when all three see what is computed here', () => {
    expect(agreedViews(replica, id, verdictsOf(replica, id)).map(view => view.node)).toEqual([0, 1, 2])
  })

  it.each<[string, Partial<View>, string]>([
    ['another intent', { intentHash: new Uint8Array(32) }, 'another intent'],
    ['other effects', { effectsHash: new Uint8Array(32) }, 'other effects'],
    ['no effects', { effectsHash: undefined }, 'other effects'],
    ['another grade', { grade: 'opaque' }, 'grades'],
    ['another vault', { vaultId: new Uint8Array(32) }, 'another vault'],
    ['another operation', { operationId: 'op-77' }, 'another node or operation'],
    ['another node', { node: 1 }, 'another node or operation'],
    ['an entry that the wallet hides', { headSeq: 1000 }, 'does not show'],
    ['another log', { headHash: new Uint8Array(32) }, 'does not show'],
    ['other needs', { needs: ['1 approval from owner'] }, 'same approvals'],
  ])('refuses when one node signs %s', (_what, change, message) => {
    expect(refusal(verdictsOf(replica, id, node2(change)))).toContain(message)
  })

  it('refuses a view that another signed, a view of another operation, and a silent or doubled node', () => {
    expect(
      refusal(
        verdictsOf(
          replica,
          id,
          view => view,
          () => 0,
        ),
      ),
    ).toContain('signature of node 1')
    expect(refusal(verdictsOf(replica, other))).toContain('another node or operation')
    const verdicts = verdictsOf(replica, id)
    const [a, b, c] = verdicts.Verdicts
    if (a === undefined || b === undefined || c === undefined) return expect.fail()
    expect(refusal({ ...verdicts, Verdicts: [a, b], Missing: [2] })).toContain('did not answer')
    expect(refusal({ ...verdicts, Verdicts: [a, b] })).toContain('one view of node 2')
    expect(refusal({ ...verdicts, Verdicts: [a, b, b] })).toContain('one view of node 1')
    expect(refusal({ ...verdicts, Verdicts: [a, b, { ...c, View: 'AAAA' }] })).toContain('cannot be read')
    expect(refusal({ ...verdicts, Verdicts: [a, b, { ...c, Signature: toBase64(new Uint8Array(64)) }] })).toContain(
      'node 2',
    )
    expect(refusal({ ...verdicts, Verdicts: [a, b, { ...c, Signature: '!' }] })).toContain('node 2')
  })
})
