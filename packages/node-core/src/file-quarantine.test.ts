import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8, utf8 } from '@trivault/codec'
import { quarantineHash } from '@trivault/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileAnchor, openFileAnchor } from './file-anchor.ts'
import { openFileQuarantine } from './file-quarantine.ts'
import type { Log, QuarantineCause, QuarantineStore } from './ports.ts'
import { Quarantine } from './quarantine.ts'
import { memoryQuarantine } from './testing/memory.ts'

const cause: QuarantineCause = { check: 'S3.1', kind: 'accusation', where: 'sign/op/0/0', time: 1_700_000_000_000 }
const record = utf8(JSON.stringify(cause))
const peersOf = async (store: QuarantineStore) => (await store.load()).map(({ peer }) => peer).sort()
let drawn = 0
const open = (store: QuarantineStore, log: Log = () => {}) =>
  Quarantine.open({ store, log, random: length => new Uint8Array(length).fill(++drawn) })
const key = new Uint8Array(32).fill(1)
let dir: string

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'trivault-quarantine-')), 'anchor')
  await createFileAnchor({ dir, key })
})
afterEach(() => rm(join(dir, '..'), { recursive: true }))

describe('quarantines in files', () => {
  it('stay over restarts beside the anchor, readable for the admin only, until the file is removed', async () => {
    const store = openFileQuarantine(dir)
    expect(await store.load()).toEqual([])
    await store.save(2, record)
    await store.save(0, Uint8Array.of(1))
    expect(await peersOf(openFileQuarantine(dir))).toEqual([0, 2])
    expect(await store.load()).toContainEqual({ peer: 2, record })
    const file = join(dir, 'quarantine-2.json')
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(cause)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const anchor = await openFileAnchor({ dir, key })
    expect(await anchor.load()).toMatchObject({ version: 0 })
    expect(await anchor.compareAndSet(0, { version: 1, record: Uint8Array.of(1) })).toBe(true)
    expect(await peersOf(store)).toEqual([0, 2])
    await unlink(file)
    expect(await peersOf(store)).toEqual([0])
  })

  it('are removed only as what they are', async () => {
    const store = openFileQuarantine(dir)
    await store.save(2, record)
    await expect(store.remove(2, record.slice(1))).rejects.toThrow('another one')
    await expect(store.remove(1, record)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await peersOf(store)).toEqual([2])
    await store.remove(2, record)
    expect(await store.load()).toEqual([])
  })

  it('count by being there: empty or unreadable ones too, and nothing else does', async () => {
    await writeFile(join(dir, 'quarantine-1.json'), '')
    await writeFile(join(dir, 'quarantine-3.json'), '{}')
    await writeFile(join(dir, 'new-quarantine-0.json'), '{}')
    expect(await openFileQuarantine(dir).load()).toEqual([{ peer: 1, record: new Uint8Array(0) }])
  })

  it('are not confirmed when they cannot be written, and leave no half file', async () => {
    const gone = openFileQuarantine(join(dir, 'missing'))
    await expect(gone.save(2, record)).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await readdir(dir)).filter(name => name.includes('quarantine'))).toEqual([])
  })

  it('cannot be read: the node does not start', async () => {
    const file = join(dir, 'quarantine-1.json')
    await writeFile(file, '')
    const notDirectory = openFileQuarantine(file)
    await expect(open(notDirectory)).rejects.toMatchObject({ code: 'ENOTDIR' })
  })
})

describe('a quarantine', () => {
  it('holds at once, and is durable only once it is stored', async () => {
    const store = memoryQuarantine()
    const lines: string[] = []
    const quarantine = await open(store, (_level, message) => void lines.push(message))
    store.failure = new Error('disk full')
    let durable = 0
    const added = [quarantine.add(2, cause), quarantine.add(2, { ...cause, check: 'F.5' })]
    for (const one of added) void one.then(() => durable++)
    expect(quarantine.has(2)).toBe(true)
    await new Promise(resolve => setImmediate(resolve))
    quarantine.tick()
    await new Promise(resolve => setImmediate(resolve))
    expect([durable, store.held.size]).toEqual([0, 0])
    expect(lines).toEqual(['quarantine could not be stored', 'quarantine could not be stored'])
    store.failure = undefined
    quarantine.tick()
    await Promise.all(added)
    expect(JSON.parse(fromUtf8(store.held.get(2) ?? record))).toEqual({
      ...cause,
      nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    expect((await open(store)).peers).toEqual([2])
  })

  it('that is known from an earlier start keeps its first cause', async () => {
    const store = memoryQuarantine()
    await store.save(2, record)
    const quarantine = await open(store)
    await quarantine.add(2, { ...cause, check: 'F.5' })
    expect(store.held.get(2)).toEqual(record)
    expect(quarantine.peers).toEqual([2])
    expect(quarantine.has(1)).toBe(false)
  })

  it('has a name of its own, also when its cause and time are those of an earlier one', async () => {
    const [first, second] = [memoryQuarantine(), memoryQuarantine()]
    for (const store of [first, second]) await (await open(store)).add(2, cause)
    const [a = record, b = record] = [first.held.get(2), second.held.get(2)]
    expect(quarantineHash(2, a)).not.toEqual(quarantineHash(2, b))
    expect(quarantineHash(1, a)).not.toEqual(quarantineHash(2, a))
  })
})
