import { type Replica, replay } from '@trivault/approval'
import { makeReceipt, readReceipt } from '@trivault/client'
import { toHex } from '@trivault/codec'
import type { StoredEntry } from '@trivault/ledger'
import { TestVault, testGenesis, verdictsOf } from '@trivault/testkit'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { verifyReceipt } from '../src/receipt-verify.ts'

const keys = testGenesis().identityKeys
const to = '0x00000000000000000000000000000000000000AA'
let entries: StoredEntry[]
let replica: Replica
let id: string
let file: Uint8Array

beforeAll(async () => {
  const vault = TestVault.founded()
  const [alice, bob] = [vault.person('alice'), vault.person('bob')]
  const rule = vault.start(
    vault.intent('update transaction restriction', {
      Add: { RestrictionID: 'two', Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }] },
    }),
  )
  vault.approve(rule, alice)
  vault.execute(rule)
  const other = vault.start(vault.transferIntent([{ Address: to, Amount: '9' }], { initiator: alice.id }))
  id = vault.start(vault.transferIntent([{ Address: to, Amount: '0.25' }], { initiator: alice.id }))
  vault.approve(id, alice, bob)
  vault.approve(other, alice)
  vault.finish(id)
  entries = await vault.certified()
  replica = await replay(vault.genesis, entries)
  file = makeReceipt(replica.state, entries, id, verdictsOf(replica, id), 0, undefined)
})

const refused = (bytes: Uint8Array): string => {
  try {
    verifyReceipt(bytes, keys)
    return ''
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'untrusted' ? error.message : `thrown: ${error}`
  }
}
/** The receipt with other content, written as an honest tool would write it. */
const changed = (change: (receipt: Record<string, never[] & string>) => void): Uint8Array => {
  const receipt = JSON.parse(new TextDecoder().decode(file))
  change(receipt)
  return new TextEncoder().encode(`${JSON.stringify(receipt)}\n`)
}

describe('a receipt', () => {
  it('verifies with the three public keys alone, and tells who approved what', () => {
    const { receipt, intent, vaultId, times, views } = verifyReceipt(file, keys)
    expect(receipt.Approvals.map(({ User }) => User)).toEqual(['alice@example.com', 'bob@example.com'])
    expect(intent).toMatchObject({ OperationID: id, Destination: [{ Address: to, Amount: '0.25' }] })
    expect(toHex(vaultId)).toBe(toHex(replica.state.vaultId))
    expect(times.start).toBeLessThan(times.signed)
    expect(views).toHaveLength(3)
    expect(receipt.Entries.length).toBeLessThan(entries.length)
  })

  it('is found out when any one byte is another', () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const broken = file.with(at, (file[at] ?? 0) ^ flip)
        return refused(broken).startsWith('the ')
      }),
      { numRuns: 400 },
    )
  })

  it('is found out when it is cut, or longer', () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), length => refused(file.subarray(0, length)) !== ''),
      { numRuns: 50 },
    )
    expect(refused(new Uint8Array([...file, 10]))).toContain('not a receipt as it was written')
  })

  it('is refused for other nodes', () => {
    expect(() => verifyReceipt(file, [...keys].reverse())).toThrow('other nodes')
  })

  it.each<[string, (receipt: Record<string, never[] & string>) => void, string]>([
    ['without an approval', r => r.Approvals?.pop(), 'Approvals are not those of the log'],
    ['with approvals swapped', r => r.Approvals?.reverse(), 'approval 1 is not that of the log'],
    ['without its start', r => r.Entries?.shift(), 'an approval out of its place'],
    ['without an approval and its entry', r => void [r.Approvals?.pop(), r.Entries?.splice(2, 1)], 'other approvals'],
    ['without its signature', r => r.Entries?.pop(), 'the signature is missing'],
    ['with entries in another order', r => r.Entries?.reverse(), 'order of the log'],
    ['with two verdicts swapped', r => r.Verdicts?.reverse(), 'of another node'],
    ['with one verdict three times', r => r.Verdicts?.fill(r.Verdicts[0] as never), 'of another node'],
  ])('%s is refused', (_, change, reason) => expect(refused(changed(change))).toContain(reason))

  it('holds no entry that has nothing to do with it', () => {
    const stranger = entries[0]
    if (stranger === undefined) throw new Error('no entry')
    const bytes = (part: Uint8Array) => Buffer.from(part).toString('base64')
    const more = changed(r =>
      r.Entries?.unshift({ Entry: bytes(stranger.entry), Certificate: bytes(stranger.certificate) } as never),
    )
    expect(refused(more)).toContain('nothing to do with the operation')
  })

  it.each<[string, Parameters<typeof verdictsOf>[2]]>([
    [
      'another digest',
      view => ({ ...view, executions: view.executions.map(one => ({ ...one, digest: new Uint8Array(32) })) }),
    ],
    ['other approvals', view => ({ ...view, approvals: view.approvals.slice(1) })],
    ['another intent', view => ({ ...view, intentHash: new Uint8Array(32) })],
    ['an older log', view => ({ ...view, headSeq: 1 })],
    ['something else than the others', (view, node) => (node === 2 ? { ...view, needs: ['nothing'] } : view)],
  ])('is refused when a node signed that it sees %s', (_, change) => {
    expect(refused(makeReceipt(replica.state, entries, id, verdictsOf(replica, id, change), 0, undefined))).not.toBe('')
  })

  it('is not made of what is not signed', () => {
    expect(() => makeReceipt(replica.state, entries, id, verdictsOf(replica, id), 1, undefined)).toThrow(
      'no such signature',
    )
    expect(readReceipt(file).receipt.OperationID).toBe(id)
  })
})
