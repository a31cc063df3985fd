import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileAnchor, openFileAnchor } from './file-anchor.ts'
import { openFileHolds } from './file-holds.ts'

const key = new Uint8Array(32).fill(1)
const [a, b] = ['a'.repeat(64), 'b'.repeat(64)]
let dir: string

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'trivault-holds-')), 'anchor')
  await createFileAnchor({ dir, key })
})
afterEach(() => rm(join(dir, '..'), { recursive: true }))

describe('holds in files', () => {
  it('stay over restarts beside the anchor, for its owner only, until they are removed', async () => {
    await openFileHolds(dir).save(a, Uint8Array.of(1))
    await openFileHolds(dir).save(b, Uint8Array.of(2))
    const again = openFileHolds(dir)
    expect((await again.load()).map(([byte]) => byte).sort()).toEqual([1, 2])
    expect((await stat(join(dir, `hold-${a}`))).mode & 0o777).toBe(0o600)
    await again.save(a, Uint8Array.of(1))
    await again.remove(a)
    await again.remove(a)
    expect(await openFileHolds(dir).load()).toEqual([Uint8Array.of(2)])
    const anchor = await openFileAnchor({ dir, key })
    expect(await anchor.load()).toMatchObject({ version: 0 })
    expect(await anchor.compareAndSet(0, { version: 1, record: Uint8Array.of(1) })).toBe(true)
    expect(await openFileHolds(dir).load()).toHaveLength(1)
  })

  it('are not confirmed when they cannot be written, and leave no half file', async () => {
    await expect(openFileHolds(join(dir, 'missing')).save(a, Uint8Array.of(1))).rejects.toMatchObject({
      code: 'ENOENT',
    })
    expect((await readdir(dir)).filter(name => name.includes('hold'))).toEqual([])
  })
})
