import { type Codec, concat, encode, utf8 } from '@trivault/codec'
import { type AnchorRow, Committee, createVoteRecord, LedgerError } from '@trivault/ledger'
import {
  type AdminOrder,
  type AdminSigner,
  type AdminStatements,
  adminSignerOf,
  adminStatementsCodec,
  type FoundingEpoch,
  noStatements,
  quarantineHash,
  type Recreate,
  sha256,
  signOrder,
  vaultIdOf,
  withOrder,
} from '@trivault/protocol'
import { TestVault, testGenesis } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { carryOutReleases, ordersOf } from '../src/admin-orders.ts'
import { endorsementOf } from '../src/founding-epoch.ts'
import type { AdminStore, Mailbox } from '../src/ports.ts'
import { Quarantine } from '../src/quarantine.ts'
import { recreateIfOrdered } from '../src/recreate.ts'
import { memoryAnchor, memoryQuarantine } from '../src/testing/memory.ts'

// What a hostile host can lay beside a node in its admin's name.

const genesis = testGenesis()
const admin = adminSignerOf(sha256(utf8('admin 0')))
const stranger = adminSignerOf(sha256(utf8('infrastructure admin')))
const epoch: FoundingEpoch = {
  ...{ epoch: 1, required: 1 },
  owners: [{ id: 'dave@example.com', name: 'Dave', key: undefined }],
}
const recreate: Recreate = { seq: 17, hash: new Uint8Array(32).fill(6), time: 1_800_000_000_000 }
const release = { peer: 1, quarantine: quarantineHash(1, utf8('{}')) }
const pins: AdminOrder = { type: 'pins' }
const requests: AdminOrder[] = [
  { type: 'founding-epoch', ...epoch },
  { type: 'recreate', ...recreate },
  { type: 'release', ...release },
]

const say = async (
  orders: readonly AdminOrder[],
  { by = admin, of = genesis, node = 0, start = noStatements }: SayOptions = {},
): Promise<AdminStatements> => {
  let statements = start
  for (const order of orders) statements = withOrder(statements, order, await signOrder(by, of, node, order))
  return statements
}
interface SayOptions {
  by?: AdminSigner
  of?: typeof genesis
  node?: number
  start?: AdminStatements
}
const bytesOf = (statements: AdminStatements) => encode(adminStatementsCodec as Codec<AdminStatements>, statements)
const take = (statements: AdminStatements | Uint8Array, of = genesis, index = 0) =>
  ordersOf({
    statements: statements instanceof Uint8Array ? statements : bytesOf(statements),
    ...{ genesis: of, index, secret: admin },
  })
const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'not-signed', message: expect.stringMatching(message) })

describe('pins', () => {
  it('count with the signature of the node admin', async () => {
    expect(take(await say([pins]))).toEqual({ foundingEpoch: undefined, recreate: undefined, releases: [] })
  })

  it('do not count unsigned, or signed by somebody else, for another node, vault or deployment', async () => {
    expect(() => take(noStatements)).toThrow(refusal(/^the pins are not signed: let the node's admin/))
    const foreign: SayOptions[] = [
      { by: stranger },
      { node: 1 },
      { of: { ...genesis, deploymentId: 'other' } },
      { of: { ...genesis, founders: ['mallory@example.com'] } },
    ]
    for (const options of foreign) {
      const statements = await say([pins], options)
      expect(() => take(statements)).toThrow(refusal(/not signed with the admin key of node 0 for this vault/))
    }
  })

  it('swapped by the host under the signature of the right ones are refused, whichever pin it is', async () => {
    const statements = await say([pins])
    for (const other of [
      { ...genesis, founders: ['mallory@example.com'] },
      { ...genesis, identityKeys: [...genesis.identityKeys].reverse() },
      { ...genesis, ersFingerprint: new Uint8Array(32) },
      { ...genesis, jwksThumbprints: [new Uint8Array(32)] },
      { ...genesis, profile: 'enclave' as const },
    ])
      expect(() => take(statements, other)).toThrow(refusal(/^the pins are not signed with/))
    expect(() => take(statements, genesis, 1)).toThrow(refusal(/admin key of node 1/))
  })

  it('do not count with the signature under any other order', async () => {
    const all = await say(requests)
    const others = [all.foundingEpoch, all.recreate, all.releases[0]].map(one => one?.signature)
    for (const signature of others)
      expect(() => take({ ...noStatements, pins: signature })).toThrow(refusal(/^the pins/))
  })
})

describe('requests', () => {
  it('are taken with their signatures', async () => {
    expect(take(await say([pins, ...requests]))).toEqual({ foundingEpoch: epoch, recreate, releases: [release] })
  })

  it.each(requests)(
    '$type is refused unsigned or altered, also beside signed pins; the way out is named',
    async order => {
      const start = await say([pins])
      const foreign: SayOptions[] = [
        { by: stranger },
        { node: 1 },
        { of: { ...genesis, deploymentId: 'other' } },
        { of: { ...genesis, rulesVersion: 2 } },
      ]
      for (const options of foreign) {
        const statements = await say([order], { ...options, start })
        expect(() => take(statements)).toThrow(
          refusal(/not signed with the admin key of node 0 .*: .* sign it anew or withdraw/),
        )
      }
      const cross = start.pins ?? new Uint8Array(64)
      for (const signature of [new Uint8Array(64), cross])
        expect(() => take(withOrder(start, order, signature))).toThrow(refusal(/sign it anew or withdraw/))
    },
  )

  it('are refused with anything in them changed by the host', async () => {
    const good = await say([pins, ...requests])
    const { foundingEpoch, recreate: again, releases } = good
    if (foundingEpoch === undefined || again === undefined || releases[0] === undefined) throw new Error('unreachable')
    const bad: [AdminStatements, RegExp][] = [
      [{ ...good, foundingEpoch: { ...foundingEpoch, order: { ...epoch, epoch: 2 } } }, /^founding epoch 2/],
      [{ ...good, foundingEpoch: { ...foundingEpoch, order: { ...epoch, required: 2 } } }, /^founding epoch 1/],
      [{ ...good, recreate: { ...again, order: { ...recreate, seq: 16 } } }, /vote record at entry 16/],
      [{ ...good, recreate: { ...again, order: { ...recreate, time: recreate.time + 1 } } }, /vote record at entry 17/],
      [{ ...good, releases: [{ ...releases[0], order: { ...release, peer: 2 } }] }, /^the release of node 2/],
      [
        { ...good, releases: [releases[0], { ...releases[0], order: { ...release, peer: 2 } }] },
        /^the release of node 2/,
      ],
    ]
    for (const [statements, message] of bad) expect(() => take(statements)).toThrow(refusal(message))
  })

  it('are no statements when cut off, longer, or empty', async () => {
    const bytes = bytesOf(await say([pins, ...requests]))
    for (const cut of [0, 1, 30, 64, bytes.length - 1])
      expect(() => take(bytes.slice(0, cut))).toThrow(
        refusal(/signed by the node's admin is not readable: .*bytes expected/),
      )
    expect(() => take(concat(bytes, new Uint8Array(1)))).toThrow(/after the end/)
    expect(() => take(bytes.with(0, 2))).toThrow()
  })
})

describe('an old release, laid down again', () => {
  const cause = { check: 'S3.1', kind: 'accusation', where: 'sign/op/0/0', time: 1_700_000_000_000 } as const
  let drawn = 0
  const quarantined = async (store = memoryQuarantine()) => {
    const quarantine = await Quarantine.open({
      store,
      log: () => {},
      random: size => new Uint8Array(size).fill(++drawn),
    })
    await quarantine.add(1, cause)
    return store
  }
  const lines: string[] = []
  const log = (_level: string, message: string) => void lines.push(message)

  it('ends no later quarantine, though cause, place and clock are the same', async () => {
    const store = await quarantined()
    const [kept] = await store.load()
    if (kept === undefined) throw new Error('unreachable')
    const releases = [{ peer: 1, quarantine: quarantineHash(1, kept.record) }]
    await carryOutReleases(store, releases, log)
    expect([store.held.size, lines]).toEqual([0, ['quarantine of a peer ended by the admin of this node']])
    await carryOutReleases(store, releases, log)
    await quarantined(store)
    await carryOutReleases(store, releases, log)
    expect([store.held.size, lines.length]).toEqual([1, 1])
  })

  it('ends no quarantine of another peer, and none that the host cannot read', async () => {
    const store = await quarantined()
    const record = store.held.get(1) ?? new Uint8Array(0)
    store.held.set(2, record)
    await carryOutReleases(store, [{ peer: 2, quarantine: quarantineHash(1, record) }], log)
    expect([...store.held.keys()]).toEqual([1, 2])
    store.failure = new Error('away')
    await expect(carryOutReleases(store, [], log)).rejects.toThrow('away')
  })
})

describe('an old founding epoch, laid down again', () => {
  const { state } = TestVault.founded()
  const sign = () => new Uint8Array(64)

  it('is not stated once the log holds it or a later one', () => {
    const second = { ...epoch, epoch: 2 }
    expect(endorsementOf(state, epoch, sign)).toMatchObject({ epoch: 1 })
    expect(endorsementOf({ ...state, endorsed: epoch }, epoch, sign)).toBeUndefined()
    expect(endorsementOf({ ...state, endorsed: second }, epoch, sign)).toBeUndefined()
    expect(endorsementOf({ ...state, endorsed: second }, second, sign)).toBeUndefined()
  })
})

describe('an old order for a vote record, laid down again', () => {
  const committee = new Committee(vaultIdOf(genesis), genesis.identityKeys)
  const first = createVoteRecord(committee, 0)
  const votesOf = (row: AnchorRow | undefined): AdminStore['votes'] & { replaced: number } => {
    const anchor = memoryAnchor(row)
    const votes = {
      ...anchor,
      replaced: 0,
      replace: async () => {
        votes.replaced++
      },
    }
    return votes
  }
  const attempt = (votes: AdminStore['votes'], lines: string[] = []) =>
    recreateIfOrdered({
      ...{ order: recreate, votes, committee, every: 1, patience: 1 },
      signer: { node: 0, sign: () => new Uint8Array(64) },
      mailbox: { send: () => expect.fail('asked a peer'), onMessage: () => {} } satisfies Mailbox,
      log: (_level, message) => void lines.push(message),
    })

  it('does nothing to a record that is newer than the order: the one it made, and all that followed', async () => {
    for (const version of [recreate.time, recreate.time + 1, recreate.time + 1_000_000]) {
      const votes = votesOf({ ...first, version })
      const lines: string[] = []
      await attempt(votes, lines)
      expect([votes.replaced, lines]).toEqual([
        0,
        ['the request for a new vote record is older than the record: nothing to do'],
      ])
    }
  })

  it('replaces a record from before the order, and a lost or damaged one', async () => {
    const damaged = { ...votesOf(undefined), load: () => Promise.reject(new LedgerError('anchor', 'damaged')) }
    for (const votes of [votesOf(undefined), votesOf({ ...first, version: recreate.time - 1 })]) {
      await attempt(votes)
      expect(votes.replaced).toBe(1)
    }
    await expect(attempt(damaged)).resolves.toBeUndefined()
  })

  it('is not tried while the anchor cannot be asked: that is no lost record', async () => {
    for (const code of ['anchor-unreachable', 'anchor-refused'] as const) {
      const votes = { ...votesOf(undefined), load: () => Promise.reject(new LedgerError(code, 'the pipe is cut')) }
      await expect(attempt(votes)).rejects.toThrow('the pipe is cut')
    }
  })
})
