import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileAnchor, openFileAnchor } from './file-anchor.ts'
import { openFileQuarantine } from './file-quarantine.ts'
import type { Quarantined } from './ports.ts'
import { Quarantine } from './quarantine.ts'
import { memoryQuarantine } from './testing/memory.ts'

const entry: Quarantined = { peer: 2, check: 'S3.1', kind: 'accusation', where: 'sign/op/0/0', time: 1_700_000_000_000 }
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
    await store.save(entry)
    await store.save({ ...entry, peer: 0, kind: 'equivocation' })
    expect((await openFileQuarantine(dir).load()).sort()).toEqual([0, 2])
    const file = join(dir, 'quarantine-2.json')
    const { peer: _, ...cause } = entry
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(cause)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const anchor = await openFileAnchor({ dir, key })
    expect(await anchor.load()).toMatchObject({ version: 0 })
    expect(await anchor.compareAndSet(0, { version: 1, record: Uint8Array.of(1) })).toBe(true)
    expect((await store.load()).sort()).toEqual([0, 2])
    await unlink(file)
    expect(await store.load()).toEqual([0])
  })

  it('count by being there: empty or unreadable ones too, and nothing else does', async () => {
    await writeFile(join(dir, 'quarantine-1.json'), '')
    await writeFile(join(dir, 'quarantine-3.json'), '{}')
    await writeFile(join(dir, 'new-quarantine-0.json'), '{}')
    expect(await openFileQuarantine(dir).load()).toEqual([1])
  })

  it('are not confirmed when they cannot be written, and leave no half file', async () => {
    const gone = openFileQuarantine(join(dir, 'missing'))
    await expect(gone.save(entry)).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await readdir(dir)).filter(name => name.includes('quarantine'))).toEqual([])
  })

  it('cannot be read: the node does not start', async () => {
    const file = join(dir, 'quarantine-1.json')
    await writeFile(file, '')
    const notDirectory = openFileQuarantine(file)
    await expect(Quarantine.open(notDirectory, () => {})).rejects.toMatchObject({ code: 'ENOTDIR' })
  })
})

describe('a quarantine', () => {
  it('holds at once, and is durable only once it is stored', async () => {
    const store = memoryQuarantine()
    const lines: string[] = []
    const quarantine = await Quarantine.open(store, (_level, message) => void lines.push(message))
    store.failure = new Error('disk full')
    let durable = 0
    const added = [quarantine.add(entry), quarantine.add({ ...entry, check: 'F.5' })]
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
    expect(store.held.get(2)).toEqual(entry)
    expect((await Quarantine.open(store, () => {})).peers).toEqual([2])
  })

  it('that is known from an earlier start keeps its first cause', async () => {
    const store = memoryQuarantine()
    await store.save(entry)
    const quarantine = await Quarantine.open(store, () => {})
    await quarantine.add({ ...entry, check: 'F.5' })
    expect(store.held.get(2)).toEqual(entry)
    expect(quarantine.peers).toEqual([2])
    expect(quarantine.has(1)).toBe(false)
  })
})
