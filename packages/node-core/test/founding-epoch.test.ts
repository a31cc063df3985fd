import { Committee, createVoteRecord } from '@trivault/ledger'
import { type CommandOf, type FoundingEpoch, vaultIdOf } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { foundingEpochRecord } from '@trivault/vault-state'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { endorsementOf } from '../src/founding-epoch.ts'
import { memoryAnchor, memoryRecords } from '../src/testing/memory.ts'
import { Cluster, newErsKey, type Snapshot, sealedVault, wait } from './cluster.ts'

const epoch: FoundingEpoch = {
  epoch: 1,
  owners: [{ id: 'dave@example.com', name: 'Dave', key: undefined }],
  required: 1,
}

it('a node states its pin until the log has it, also when the owners before never sealed', () => {
  const { state } = TestVault.founded()
  const sign = () => new Uint8Array(64)
  const refounded = { ...state, sealedAt: undefined, epoch: 1, endorsed: epoch }
  expect(endorsementOf({ ...state, sealedAt: undefined }, epoch, sign)).toBeUndefined()
  expect(endorsementOf(state, epoch, sign)).toMatchObject({ epoch: 1 })
  expect(endorsementOf(refounded, epoch, sign)).toBeUndefined()
  expect(endorsementOf(refounded, { ...epoch, epoch: 2 }, sign)).toMatchObject({ epoch: 2 })
})

describe('nodes with different pins', () => {
  it('tell their admins which one differs', async () => {
    const cluster = await Cluster.start({ ers: newErsKey().spki, away: [2] })
    try {
      cluster.records[2] = memoryRecords()
      const genesis = { ...cluster.genesis, founders: ['eve@example.com'] }
      cluster.anchors[2] = memoryAnchor(createVoteRecord(new Committee(vaultIdOf(genesis), genesis.identityKeys), 2))
      await cluster.boot(2, { genesis })
      const reason = (node: 0 | 1 | 2) => cluster.node(node).status().reason
      await cluster.until(() => reason(0) !== '' && reason(2) !== '', 'both sides know')
      expect([reason(0), reason(1)]).toEqual(Array(2).fill('pins differ from those of node 2: founders'))
      expect(reason(2)).toContain('pins differ from those of node 0: founders')
    } finally {
      cluster.close()
    }
  })
})

it('an old signed set of pins makes no voter of a node that has voted in its vault', async () => {
  const cluster = await Cluster.start({ ers: newErsKey().spki })
  try {
    await cluster.submit()
    const genesis = { ...cluster.genesis, founders: ['eve@example.com'] }
    // Its own database belongs to the other vault; the host can also give it an empty one.
    await expect(cluster.boot(2, { genesis })).rejects.toMatchObject({ code: 'seal-broken' })
    cluster.records[2] = memoryRecords()
    await cluster.boot(2, { genesis })
    expect(cluster.node(2).status()).toMatchObject({
      ...{ phase: 'no-anchor', reason: expect.stringContaining('the vote record belongs to another vault or node') },
    })
  } finally {
    cluster.close()
  }
})

describe('three nodes', () => {
  let sealed: Snapshot
  let cluster: Cluster
  beforeAll(async () => {
    sealed = await sealedVault()
  })
  afterEach(() => cluster.close())

  const start = async (pins: (FoundingEpoch | undefined)[]) => {
    cluster = await Cluster.start({ from: sealed })
    for (const node of [0, 1, 2] as const) {
      const foundingEpoch = pins[node]
      await cluster.boot(node, foundingEpoch && { foundingEpoch })
    }
    await cluster.connected()
  }
  const told = () => cluster.events.flatMap(({ node, event }) => (event.type === 'endorsed' ? [{ node, event }] : []))
  const command = (): CommandOf<'endorse'> => ({
    type: 'endorse',
    ...epoch,
    signatures: [0, 1, 2].map(node => told().find(one => one.node === node)?.event.signature ?? new Uint8Array(64)),
  })

  it('endorse what all their admins pinned; then nothing is signed', async () => {
    await start([epoch, epoch, epoch])
    await cluster.prepare('tx')
    await cluster.until(() => new Set(told().map(({ node }) => node)).size === 3, 'all three nodes tell')
    await cluster.submit(command())
    expect(foundingEpochRecord(cluster.state)).toMatchObject({ Epoch: 1, Owners: [{ UserID: 'dave@example.com' }] })
    await expect(cluster.execute('tx')).rejects.toThrow('frozen')
    await wait(500)
    const count = told().length
    await wait(6_000)
    expect(told()).toHaveLength(count)
  })

  it('endorse nothing as long as one admin pinned nothing or something else', async () => {
    await start([epoch, { ...epoch, owners: [{ id: 'eve@example.com', name: 'Eve', key: undefined }] }, undefined])
    await cluster.until(() => new Set(told().map(({ node }) => node)).size === 2, 'two nodes tell')
    await wait(6_000)
    expect(told().some(({ node }) => node === 2)).toBe(false)
    await expect(cluster.submit(command())).rejects.toThrow('bad-founding-epoch')
    expect(cluster.state.freeze).toBeUndefined()
  })
})
