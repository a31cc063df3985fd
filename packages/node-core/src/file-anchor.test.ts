import { spawn } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { anchorContract } from '@trivault/testkit'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { anchorKeyOf, createFileAnchor, openFileAnchor } from './file-anchor.ts'

const root = mkdtempSync(join(tmpdir(), 'trivault-anchor-'))
const key = new Uint8Array(32).fill(7)
const record = (text: string) => new TextEncoder().encode(text)
let dir: string
let made = 0

beforeEach(() => {
  made += 1
  dir = join(root, `${made}`)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

anchorContract('file anchor', async () => {
  const options = { dir: join(root, `contract-${Math.random()}`), key }
  await createFileAnchor(options)
  return { anchor: await openFileAnchor(options), again: () => openFileAnchor(options) }
})

/** An anchor whose newest row is version 2. */
async function used() {
  await createFileAnchor({ dir, key })
  const anchor = await openFileAnchor({ dir, key })
  await anchor.compareAndSet(0, { version: 1, record: record('one') })
  await anchor.compareAndSet(1, { version: 2, record: record('two') })
  return anchor
}
const newest = () => join(dir, '2'.padStart(16, '0'))

describe('file anchor', () => {
  it('shows no row where none was made', async () => {
    expect(await (await openFileAnchor({ dir, key })).load()).toBeUndefined()
    expect(await (await openFileAnchor({ dir, key })).compareAndSet(0, { version: 1, record: record('x') })).toBe(false)
  })

  it('is private and holds one file', async () => {
    await used()
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(statSync(newest()).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir)).toHaveLength(1)
  })

  it('is never replaced by making it again', async () => {
    const anchor = await used()
    await expect(createFileAnchor({ dir, key })).rejects.toMatchObject({ code: 'anchor' })
    expect(await anchor.load()).toEqual({ version: 2, record: record('two') })
  })

  it('is made anew for another secret as long as no node used it', async () => {
    await createFileAnchor({ dir, key: new Uint8Array(32) })
    await createFileAnchor({ dir, key })
    expect(await (await openFileAnchor({ dir, key })).load()).toMatchObject({ version: 0 })
  })

  it('keeps the old row when the crash came before the link, the new one when it came after', async () => {
    const anchor = await used()
    const bytes = readFileSync(newest())
    writeFileSync(join(dir, 'new-1-3'), bytes.subarray(0, 10))
    expect(await anchor.load()).toEqual({ version: 2, record: record('two') })
    expect(await anchor.compareAndSet(2, { version: 3, record: record('three') })).toBe(true)
    writeFileSync(newest(), bytes)
    expect(await anchor.load()).toEqual({ version: 3, record: record('three') })
    linkSync(join(dir, '3'.padStart(16, '0')), join(dir, 'new-2'))
    expect(await (await openFileAnchor({ dir, key })).compareAndSet(3, { version: 4, record: record('four') })).toBe(
      true,
    )
    expect(readdirSync(dir)).toEqual(['4'.padStart(16, '0')])
  })

  it('refuses a row of another key, an altered one, a cut one, an empty one and a renamed one', async () => {
    const anchor = await used()
    await expect((await openFileAnchor({ dir, key: new Uint8Array(32) })).load()).rejects.toMatchObject({
      code: 'anchor',
    })
    const bytes = readFileSync(newest())
    for (let i = 0; i < bytes.length; i++) {
      const altered = Buffer.from(bytes)
      altered[i] = (altered[i] ?? 0) ^ 1
      writeFileSync(newest(), altered)
      await expect(anchor.load()).rejects.toMatchObject({ code: 'anchor' })
    }
    for (const cut of [bytes.subarray(0, -1), bytes.subarray(0, 0)]) {
      writeFileSync(newest(), cut)
      await expect(anchor.load()).rejects.toMatchObject({ code: 'anchor' })
    }
    writeFileSync(newest(), bytes)
    renameSync(newest(), join(dir, '9'.padStart(16, '0')))
    await expect(anchor.load()).rejects.toMatchObject({ code: 'anchor' })
  })

  it('does not go back when a process with an old view writes a version that was removed', async () => {
    const anchor = await used()
    await anchor.compareAndSet(2, { version: 3, record: record('three') })
    // The slow process looked before version 2 was there; only its link comes now.
    const slow = await openFileAnchor({ dir, key })
    expect(await slow.compareAndSet(1, { version: 2, record: record('other') })).toBe(false)
    expect(await anchor.load()).toEqual({ version: 3, record: record('three') })
  })

  it('lets one of many processes win each version', async () => {
    await createFileAnchor({ dir, key })
    const handles = await Promise.all(Array.from({ length: 4 }, () => openFileAnchor({ dir, key })))
    for (let version = 1; version <= 20; version++) {
      const wins = await Promise.all(
        handles.map((handle, i) =>
          handle.compareAndSet(version - 1, { version, record: record(`${version} by ${i}`) }),
        ),
      )
      expect(wins.filter(Boolean)).toHaveLength(1)
    }
  })

  it('loses no confirmed row to kill -9', async () => {
    await createFileAnchor({ dir, key })
    const program = `
      import { openFileAnchor } from ${JSON.stringify(import.meta.resolve('./file-anchor.ts'))}
      const anchor = await openFileAnchor({ dir: ${JSON.stringify(dir)}, key: new Uint8Array(32).fill(7) })
      let { version } = await anchor.load()
      for (;;) {
        if (!(await anchor.compareAndSet(version, { version: version + 1, record: new Uint8Array(200).fill(version) }))) process.exit(1)
        version += 1
        process.stdout.write(version + '\\n')
      }`
    const path = join(root, `writer-${made}.mjs`)
    writeFileSync(path, program)
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] })
      let confirmed = 0
      createInterface({ input: child.stdout }).on('line', line => {
        confirmed = Number(line)
        if (confirmed % 10 === 7) child.kill('SIGKILL')
      })
      await new Promise(resolve => child.once('close', resolve))
      expect(confirmed).toBeGreaterThan(0)
      const row = await (await openFileAnchor({ dir, key })).load()
      expect(row?.version).toBeGreaterThanOrEqual(confirmed)
    }
  })

  it('reports a directory that it cannot write', async () => {
    const anchor = await used()
    if (process.getuid?.() === 0) return
    chmodSync(dir, 0o500)
    await expect(anchor.compareAndSet(2, { version: 3, record: record('x') })).rejects.toThrow()
    chmodSync(dir, 0o700)
  })

  it('has a key of its own for each secret', () => {
    const [a, b] = [0, 1].map(fill => anchorKeyOf({ encryptorMasterPassword: new Uint8Array(32).fill(fill) }))
    expect(a).not.toEqual(b)
  })
})
