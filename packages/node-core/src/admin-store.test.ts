import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LedgerError } from '@trivault/ledger'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openAdminStore, untilReachable } from './admin-store.ts'
import { anchorKeyOf, createFileAnchor } from './file-anchor.ts'
import type { AdminStore, AnchorAccess, NodeSecret } from './ports.ts'
import { memoryHolds, memoryQuarantine } from './testing/memory.ts'

const secret: NodeSecret = {
  encryptorMasterPassword: new Uint8Array(32).fill(1),
  identitySeed: new Uint8Array(32).fill(2),
  adminKey: new Uint8Array(33),
}
const access: AnchorAccess = {
  ...{ region: 'eu-central-1', host: 'dynamodb.eu-central-1.amazonaws.com', table: 'anchor' },
  ...{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
}
const random = (length: number) => new Uint8Array(length)
let dir: string
beforeAll(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'trivault-admin-store-')), 'anchor')
  await createFileAnchor({ dir, key: anchorKeyOf(secret) })
})
afterAll(() => rm(join(dir, '..'), { recursive: true }))

describe('the store of a node', () => {
  const noPipe = () => expect.fail('no pipe is needed')

  it('is the directory of the host where the secret names no table', async () => {
    const store = await openAdminStore({ secret, directory: dir, openPipe: noPipe, clock: Date.now, random })
    expect(await store.votes.load()).toMatchObject({ version: 0 })
    await store.votes.replace(40, async version => ({ version, record: Uint8Array.of(1) }))
    expect(await store.votes.load()).toMatchObject({ version: 40 })
    const none = openAdminStore({ secret, directory: undefined, openPipe: noPipe, clock: Date.now, random })
    await expect(none).rejects.toMatchObject({ code: 'no-anchor' })
  })

  it('is the table where the secret names one, whatever directory the host names', async () => {
    let asked = 0
    const server = createServer(() => (asked += 1))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const openPipe = () => {
      asked += 1
      return connect(port, '127.0.0.1')
    }
    const options = { secret: { ...secret, anchor: access }, directory: dir, openPipe, clock: Date.now, random }
    const store = await openAdminStore(options)
    // Nobody answers there: the attempts go on in the background.
    store.votes.load().catch(() => undefined)
    await vi.waitFor(() => expect(asked).toBeGreaterThan(0))
    server.close()
  })
})

describe('waiting for the anchor', () => {
  const storeWith = (load: AdminStore['votes']['load']): AdminStore => ({
    votes: { load, compareAndSet: async () => false, replace: async () => undefined },
    quarantine: memoryQuarantine(),
    holds: memoryHolds(),
  })
  const never = new Promise<never>(() => undefined)

  it('goes on when it answers, and says meanwhile why not', async () => {
    const silent = [
      new LedgerError('anchor-unreachable', 'no way there'),
      new LedgerError('anchor-refused', 'the clocks differ'),
    ]
    const told: unknown[] = []
    const store = storeWith(async () => {
      const error = silent.shift()
      if (error !== undefined) throw error
      return undefined
    })
    await untilReachable(store, (level, message, fields) => told.push([level, message, fields?.reason]), never)
    expect(told).toEqual([
      ['warn', 'waiting for the anchor', 'no way there'],
      ['warn', 'waiting for the anchor', 'the clocks differ'],
    ])
  })

  it('is not for a row that is wrong: whoever reads it next says so', async () => {
    for (const error of [new LedgerError('anchor', 'damaged'), new Error('EACCES')])
      await untilReachable(
        storeWith(() => Promise.reject(error)),
        () => expect.fail('nothing is said'),
        never,
      )
  })

  it('ends with the link', async () => {
    const store = storeWith(() => Promise.reject(new LedgerError('anchor-unreachable', 'no way there')))
    const waiting = untilReachable(store, () => undefined, Promise.resolve('closed'))
    await expect(waiting).rejects.toMatchObject({ code: 'closed' })
  })
})
