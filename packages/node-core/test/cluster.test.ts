import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Cluster, type ClusterOptions, newErsKey, type Snapshot, wait } from './cluster.ts'

let ers: { spki: Uint8Array; pem: string }
/** After set-up, key generation, activation and seal. */
let sealed: Snapshot
let cluster: Cluster

beforeAll(async () => {
  ers = newErsKey()
  cluster = await Cluster.start({ ers: ers.spki })
  await cluster.setup()
  await cluster.activate()
  await cluster.pair('alice')
  expect(cluster.state.sealedAt).toBeDefined()
  sealed = cluster.snapshot()
  cluster.close()
})
afterEach(() => cluster.close())

const start = async (options: ClusterOptions = {}) => {
  cluster = await Cluster.start({ from: sealed, ...options })
  return cluster
}

describe('signing', () => {
  it('signs a certified transaction: three nodes, one signature, that of the source address', async () => {
    await start()
    await cluster.prepare('tx')
    await wait(300)
    expect(cluster.signatures('tx')).toEqual([])
    await cluster.execute('tx')
    await cluster.signed('tx')
    const [a, b, c] = cluster.signatures('tx')
    expect(b?.signature).toEqual(a?.signature)
    expect(c?.signature).toEqual(a?.signature)
  })
})
