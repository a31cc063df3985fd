import { ed25519 } from '@noble/curves/ed25519.js'
import { Committee, decodeMessage } from '@trivault/ledger'
import { decodeEnvelope, vaultIdOf } from '@trivault/protocol'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { recreateIfOrdered } from '../src/recreate.ts'
import { Cluster, type ClusterOptions, type Index, type Snapshot, sealedVault, secretOf, wait } from './cluster.ts'

// Databases and anchors that come back older than they were, or not at all.

/** A sealed vault with one key and its first signature. */
let sealed: Snapshot
let cluster: Cluster

beforeAll(async () => {
  sealed = await sealedVault()
})
afterEach(() => cluster.close())

const start = async (options: ClusterOptions = {}) => {
  cluster = await Cluster.start({ from: sealed, ...options })
}
const signed = async (id: string) => {
  await cluster.prepare(id)
  await cluster.execute(id)
  await cluster.signed(id)
}
const executions = () => cluster.state.operations.values().reduce((sum, { executions }) => sum + executions.length, 0)
const rollBack = (node: Index) => {
  const tables = cluster.records[node]?.tables
  tables?.clear()
  for (const [name, rows] of sealed.tables[node] ?? []) tables?.set(name, new Map(rows))
}
const phase = (node: Index) => cluster.node(node).status().phase

describe('a database that comes back older, under a kept anchor', () => {
  it.each([[[2]], [[0, 1]], [[0, 1, 2]]] as [Index[]][])(
    'of nodes %j: they catch up and repeat nothing',
    async nodes => {
      await start()
      await signed('first')
      const before = cluster.signatures('first')
      for (const node of nodes) {
        cluster.kill(node)
        rollBack(node)
      }
      for (const node of nodes) await cluster.boot(node)
      for (const node of nodes) expect(phase(node)).toBe('behind')
      await signed('second')
      expect(nodes.map(phase)).toEqual(nodes.map(() => 'voting'))
      expect(executions()).toBe(2)
      const again = await cluster.query(nodes[0] ?? 0, { type: 'signature', operationId: 'first', part: 0, variant: 0 })
      const told = cluster.signatures('first').map(({ signature }) => signature)
      for (const signature of told) expect(signature).toEqual(before[0]?.signature)
      expect(again).toMatchObject({ failure: undefined })
    },
  )

  it("the wallet's: it takes the log from the nodes", async () => {
    await start()
    await signed('first')
    const { tables, anchors } = cluster.snapshot()
    cluster.close()
    cluster = await Cluster.start({ from: { ...sealed, tables, anchors } })
    await cluster.submit()
    await cluster.until(() => cluster.state.operations.get('first')?.phase === 'succeeded', 'the log')
    await signed('second')
    expect(executions()).toBe(2)
  })

  it('all four: nobody has the entries any more, so nothing is voted on or signed', async () => {
    await start()
    await signed('first')
    const { anchors } = cluster.snapshot()
    cluster.close()
    cluster = await Cluster.start({ from: { ...sealed, anchors } })
    await wait(500)
    expect(([0, 1, 2] as const).map(phase)).toEqual(['behind', 'behind', 'behind'])
    cluster.prepare('second').catch(() => undefined)
    await wait(500)
    expect(cluster.state.operations.get('second')).toBeUndefined()
  })
})

const committee = () => new Committee(vaultIdOf(cluster.genesis), cluster.genesis.identityKeys)
const said: string[] = []
/** What the core does with its admin's order. */
const recreate = async (node: Index, changes: { seq?: number; hash?: Uint8Array; time?: number } = {}) => {
  const { seq, hash } = cluster.node(node === 0 ? 1 : 0).status()
  const anchor = cluster.anchors[node]
  if (anchor === undefined) throw new Error('unreachable')
  await recreateIfOrdered({
    order: { seq: changes.seq ?? seq, hash: changes.hash ?? hash, time: changes.time ?? 1_000_000 },
    votes: {
      ...anchor,
      async replace(least, make) {
        anchor.row = await make(Math.max((anchor.row?.version ?? 0) + 1, least))
      },
    },
    log: (_level, message) => void said.push(message),
    committee: committee(),
    signer: { node, sign: message => ed25519.sign(message, secretOf(node).identitySeed) },
    mailbox: cluster.hub.mailbox(`node${node}`),
    every: 20,
    patience: 400,
  })
  await cluster.boot(node)
}
const lose = async (node: Index) => {
  cluster.kill(node)
  const anchor = cluster.anchors[node]
  if (anchor !== undefined) anchor.row = undefined
}

describe('an anchor that is lost', () => {
  it('stops its node until the admin re-creates it from both peers; then the vault goes on and repeats nothing', async () => {
    await start()
    await signed('first')
    await lose(2)
    await cluster.boot(2)
    expect(phase(2)).toBe('no-anchor')
    cluster.kill(2)
    await recreate(2)
    expect(phase(2)).toBe('voting')
    await signed('second')
    expect(executions()).toBe(2)
  })

  it('together with its database: the node catches up first', async () => {
    await start()
    await signed('first')
    await lose(1)
    rollBack(1)
    await recreate(1)
    expect(phase(1)).toBe('behind')
    await signed('second')
    expect(phase(1)).toBe('voting')
  })

  it('while an entry is half voted: what two voted for is kept, and votes of the lost record stop nobody', async () => {
    await start()
    await cluster.connected()
    // Node 0 hears no vote and the wallet none of node 0's: the slot stays open with three votes in it.
    const votes: Uint8Array[] = []
    cluster.onWire = (from, to, raw) => {
      const message = ledger(raw)
      if (from === 'node2' && to === 'node0' && message?.type === 'vote') {
        votes.push(raw)
        cluster.kill(2)
      }
    }
    const pending = cluster.prepare('kept')
    pending.catch(() => undefined)
    await cluster.until(() => votes.length > 0, 'a vote of node 2')
    cluster.onWire = () => {}
    const anchor = cluster.anchors[2]
    if (anchor !== undefined) anchor.row = undefined
    await wait(300)
    await recreate(2)
    for (const raw of votes) cluster.inject('node2', 'node1', raw)
    for (const raw of votes) cluster.inject('wallet', 'node2', raw)
    await pending
    await cluster.execute('kept')
    await cluster.signed('kept')
    expect(([0, 1, 2] as const).map(phase)).toEqual(['voting', 'voting', 'voting'])
    expect(executions()).toBe(1)
  })

  it('of two nodes: neither peer of the other can vouch, so both stay stopped', async () => {
    await start()
    await signed('first')
    await lose(1)
    await lose(2)
    await cluster.boot(1)
    await expect(recreate(2)).rejects.toThrow(/node 1 says no-anchor/)
  })

  it('is not re-created on another head or while a peer is away', async () => {
    await start()
    await signed('first')
    await lose(2)
    const { seq, hash } = cluster.node(0).status()
    await expect(recreate(2, { seq: seq - 1 })).rejects.toThrow(`node 0 is at entry ${seq}`)
    await expect(recreate(2, { hash: hash.with(0, (hash[0] ?? 0) ^ 1) })).rejects.toThrow('another entry')
    cluster.kill(1)
    await expect(recreate(2)).rejects.toThrow('node 1 does not answer')
  })
})

describe('an order for a vote record that the host lays down again', () => {
  const nothingToDo = 'the request for a new vote record is older than the record: nothing to do'

  it('does nothing after it was carried out, neither at the same head nor later', async () => {
    await start()
    await signed('first')
    await lose(2)
    const { seq, hash } = cluster.node(0).status()
    await recreate(2, { seq, hash })
    const { row } = cluster.anchors[2] ?? {}
    said.length = 0
    cluster.kill(2)
    await recreate(2, { seq, hash })
    expect([said, cluster.anchors[2]?.row]).toEqual([[nothingToDo], row])
    await signed('second')
    cluster.kill(2)
    await recreate(2, { seq, hash })
    expect(said).toEqual([nothingToDo, nothingToDo])
    expect(phase(2)).toBe('voting')
    await signed('third')
    expect(executions()).toBe(3)
  })

  it('that was never carried out does nothing to a record that went on, and harms none at its head', async () => {
    await start()
    await signed('first')
    const { seq, hash } = cluster.node(0).status()
    cluster.kill(2)
    await recreate(2, { seq, hash })
    expect(phase(2)).toBe('voting')
    await signed('second')
    cluster.kill(2)
    await expect(recreate(2, { seq, hash, time: 2_000_000 })).rejects.toThrow('a newer head than entry')
    await cluster.boot(2)
    await signed('third')
    expect(executions()).toBe(3)
  })
})

describe('an anchor that came back older', () => {
  it('stops its node for good, until the admin has it re-created', async () => {
    await start()
    await signed('first')
    cluster.kill(2)
    const anchor = cluster.anchors[2]
    if (anchor !== undefined) anchor.row = sealed.anchors[2]
    await cluster.boot(2)
    expect(phase(2)).toBe('restored')
    await cluster.boot(2)
    expect(phase(2)).toBe('restored')
    cluster.kill(2)
    await recreate(2)
    await signed('second')
    expect(phase(2)).toBe('voting')
    expect(executions()).toBe(2)
  })
})

const ledger = (raw: Uint8Array) => {
  const envelope = decodeEnvelope(raw)
  return envelope.type === 'ledger' ? decodeMessage(envelope.body) : undefined
}
