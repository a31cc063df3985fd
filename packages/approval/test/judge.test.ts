import { encodeIntent, type View } from '@trivault/protocol'
import { TestVault, verdictsOf } from '@trivault/testkit'
import { deviceKeyId, operationOf } from '@trivault/vault-state'
import { beforeAll, describe, expect, it } from 'vitest'
import { graveRefusals, type Judgement, judge, type Question, type Replica, replay } from '../src/index.ts'

const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
let vault: TestVault
let replica: Replica
let id: string
let ended: string
let unreadable: string
let byBob: string
const keyOf = (name: string, device = 1): string => deviceKeyId(vault.person(name, device).publicKey)

beforeAll(async () => {
  vault = TestVault.founded()
  const transfer = (Amount: string, initiator: string) =>
    vault.transferIntent([{ Address: to, Amount }], { initiator: `${initiator}@example.com` })
  id = vault.start(transfer('0.25', 'alice'))
  ended = vault.start(transfer('0.26', 'alice'))
  vault.apply({ type: 'cancel', operationId: ended, by: 'alice@example.com' })
  byBob = vault.start(transfer('0.27', 'bob'))
  vault.start(transfer('0.28', 'alice'))
  unreadable = [...vault.state.operations.keys()].at(-1) ?? ''
  replica = await replay(vault.genesis, await vault.certified())
})

const ask = (changes: Partial<Question> = {}): Judgement =>
  judge({
    replica,
    operationId: id,
    verdicts: changes.verdicts ?? verdictsOf(replica, changes.operationId ?? id),
    keyId: keyOf('alice'),
    seen: undefined,
    ...changes,
  })
const reason = (judgement: Judgement): string => (judgement.offer ? 'offered' : judgement.reason)
const oneNode = (change: Partial<View>) =>
  verdictsOf(replica, id, (view, node) => (node === 2 ? { ...view, ...change } : view))
const head = (): { seq: number; hash: string } => ({ seq: replica.seq, hash: replica.hashAt(replica.seq) ?? '' })

describe('a device offers Approve', () => {
  it('when the log goes on, three nodes agree, it can decode, and its approval counts', () => {
    const judgement = ask({ seen: head(), shown: operationOf(replica.state, id).intentBytes })
    expect(judgement).toMatchObject({ offer: true, user: 'alice@example.com' })
    expect(judgement.offer && judgement.lines.join('\n')).toContain(`Send 0.25 ETH to ${to}`)
    expect(judgement.offer && judgement.views.map(({ node }) => node)).toEqual([0, 1, 2])
  })
})

describe('a device does not offer Approve', () => {
  it.each<[string, () => Judgement, string]>([
    ['on a log older than it has seen', () => ask({ seen: { ...head(), seq: replica.seq + 1 } }), 'log-old'],
    ['on another log than it has seen', () => ask({ seen: { seq: 1, hash: '0'.repeat(64) } }), 'log-forked'],
    [
      'for what is not in the log',
      () => ask({ operationId: 'op-none', verdicts: verdictsOf(replica, id) }),
      'unknown-operation',
    ],
    ['when the wallet shows another intent', () => ask({ shown: forged() }), 'wallet-lies'],
    ['when the wallet shows no bytes at all', () => ask({ shown: new Uint8Array(0) }), 'wallet-lies'],
    [
      'when a node did not answer',
      () => ask({ verdicts: { ...verdictsOf(replica, id), Missing: [1] } }),
      'view-missing',
    ],
    ['without any view', () => ask({ verdicts: { OperationID: id, Verdicts: [], Missing: [] } }), 'view-untrusted'],
    ['with the views of another operation', () => ask({ verdicts: verdictsOf(replica, byBob) }), 'view-untrusted'],
    [
      'when one node signed for all',
      () =>
        ask({
          verdicts: verdictsOf(
            replica,
            id,
            view => view,
            () => 0,
          ),
        }),
      'view-untrusted',
    ],
    [
      'when a node sees another intent',
      () => ask({ verdicts: oneNode({ intentHash: new Uint8Array(32) }) }),
      'views-differ',
    ],
    [
      'when a node computes other effects',
      () => ask({ verdicts: oneNode({ effectsHash: new Uint8Array(32) }) }),
      'views-differ',
    ],
    ['when a node sees no effects', () => ask({ verdicts: oneNode({ effectsHash: undefined }) }), 'views-differ'],
    ['when a node grades it worse', () => ask({ verdicts: oneNode({ grade: 'opaque' }) }), 'views-differ'],
    ['when a node asks for less', () => ask({ verdicts: oneNode({ needs: [] }) }), 'views-differ'],
    [
      'when a node is ahead of what the wallet shows',
      () => ask({ verdicts: oneNode({ headSeq: 1000 }) }),
      'views-differ',
    ],
    [
      'when a node stands on another log',
      () => ask({ verdicts: oneNode({ headHash: new Uint8Array(32) }) }),
      'views-differ',
    ],
    [
      'with a view of another vault',
      () => ask({ verdicts: oneNode({ vaultId: new Uint8Array(32) }) }),
      'view-untrusted',
    ],
    ['to a key that nobody has paired', () => ask({ keyId: keyOf('mallory') }), 'not-paired'],
    ['to a key that was replaced', () => ask({ keyId: keyOf('alice', 2) }), 'not-paired'],
    ['for what was cancelled', () => ask({ operationId: ended }), 'not-pending'],
    ['to somebody whose approval does not count', () => ask({ operationId: byBob }), 'not-asked'],
  ])('%s', (_what, question, expected) => {
    const judgement = question()
    expect(reason(judgement)).toBe(expected)
    expect(judgement.offer || judgement.remedy.length > 10).toBe(true)
  })

  it('twice to the same person', async () => {
    const again = TestVault.founded({ approvalsRequired: 2 })
    const change = again.start(again.intent('update settings', { NoSelfApproval: true }))
    again.approve(change, again.person('alice'))
    const later = await replay(again.genesis, await again.certified())
    const asked = (name: string) =>
      judge({
        replica: later,
        operationId: change,
        verdicts: verdictsOf(later, change),
        keyId: deviceKeyId(again.person(name).publicKey),
        seen: undefined,
      })
    expect(reason(asked('alice'))).toBe('already-approved')
    expect(reason(asked('bob'))).toBe('offered')
  })

  it('for what it cannot decode, even when three nodes sign that they can', () => {
    const operation = operationOf(replica.state, unreadable)
    const intent = { ...operation.intent, CAIP19: 'eip155:1/slip44:60' } as typeof operation.intent
    const operations = replica.state.operations.set(unreadable, { ...operation, intent })
    const blind: Replica = {
      ...replica,
      hashAt: seq => replica.hashAt(seq),
      seq: replica.seq,
      state: { ...replica.state, operations },
    }
    const judgement = ask({ replica: blind, operationId: unreadable, verdicts: verdictsOf(replica, unreadable) })
    expect(reason(judgement)).toBe('not-decoded')
  })

  it('and calls a lie a lie', () => {
    for (const code of ['wallet-lies', 'views-differ', 'log-old', 'log-forked'] as const)
      expect(graveRefusals.has(code)).toBe(true)
    for (const code of ['view-missing', 'not-pending', 'not-asked'] as const)
      expect(graveRefusals.has(code)).toBe(false)
  })
})

const forged = (): Uint8Array => encodeIntent({ ...operationOf(replica.state, id).intent, InitiatorName: 'Mallory' })
