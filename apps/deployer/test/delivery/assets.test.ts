import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Asset, actionFor, applyAssets } from '../../src/delivery/assets.ts'
import { sha256 } from '../../src/delivery/signing.ts'
import { type DeliveryStore, fetchListed, folderStore, readListed } from '../../src/delivery/store.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const asset = (path: string, text: string): Asset => ({ path, bytes: utf8(text) })
let cwd = ''
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'trivault-assets-'))
})
const read = (path: string) => readFileSync(join(cwd, path), 'utf8')
const pull = (assets: Asset[], options: { syncMakefile?: boolean; dryRun?: boolean } = {}) =>
  applyAssets(cwd, assets, { syncMakefile: false, dryRun: false, ...options })

describe('the bundle in the working directory', () => {
  it('is written the first time, scripts to be run', () => {
    pull([asset('Makefile', 'one'), asset('scripts/a.sh', '#!/bin/sh')])
    expect(read('Makefile')).toBe('one')
    expect(statSync(join(cwd, 'scripts/a.sh')).mode & 0o777).toBe(0o755)
  })

  it('takes a newer file in place of one that nobody edited', () => {
    pull([asset('tenant-setup.json', 'one')])
    expect(pull([asset('tenant-setup.json', 'two')])).toEqual([{ path: 'tenant-setup.json', action: 'update' }])
    expect(read('tenant-setup.json')).toBe('two')
  })

  it.each(['customer-config.yml', 'tenant-setup.json', 'scripts/a.sh', '.gitignore'])(
    'never overwrites an edited %s',
    path => {
      pull([asset(path, 'one')])
      writeFileSync(join(cwd, path), 'mine')
      expect(pull([asset(path, 'two')])).toEqual([{ path, action: 'keep', beside: `${path}.new` }])
      expect([read(path), read(`${path}.new`)]).toEqual(['mine', 'two'])
      pull([asset(path, 'three')], { syncMakefile: true })
      expect(read(path)).toBe('mine')
    },
  )

  it('keeps a file that it did not write itself', () => {
    writeFileSync(join(cwd, 'tenant-setup.json'), 'from elsewhere')
    expect(pull([asset('tenant-setup.json', 'one')])[0]?.action).toBe('keep')
  })

  it('keeps an edited file edited, also when its remembered hash is lost', () => {
    pull([asset('customer-config.yml', 'one')])
    writeFileSync(join(cwd, 'customer-config.yml'), 'mine')
    writeFileSync(join(cwd, '.trivault/assets.json'), '{}')
    pull([asset('customer-config.yml', 'two')])
    expect(read('customer-config.yml')).toBe('mine')
  })

  it('keeps any local Makefile; PULL_SYNC_MAKEFILE=1 replaces it after a copy, each time a new one', () => {
    pull([asset('Makefile', 'one')])
    expect(pull([asset('Makefile', 'two')])[0]?.action).toBe('keep')
    expect(read('Makefile')).toBe('one')
    for (const [mine, delivered, copy] of [
      ['mine', 'three', 'Makefile.backup-1'],
      ['mine again', 'four', 'Makefile.backup-2'],
    ] as const) {
      writeFileSync(join(cwd, 'Makefile'), mine)
      expect(pull([asset('Makefile', delivered)], { syncMakefile: true })).toEqual([
        { path: 'Makefile', action: 'replace', beside: copy },
      ])
      expect([read('Makefile'), read(copy)]).toEqual([delivered, mine])
    }
  })

  it('writes nothing in a dry run', () => {
    pull([asset('Makefile', 'one')], { dryRun: true })
    expect(readdirSync(cwd)).toEqual([])
  })

  it('is not written through a symbolic link', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'trivault-elsewhere-'))
    writeFileSync(join(elsewhere, 'secret'), 'keep')
    symlinkSync(elsewhere, join(cwd, 'scripts'))
    symlinkSync(join(elsewhere, 'secret'), join(cwd, 'Makefile'))
    expect(() => pull([asset('scripts/a.sh', 'x')])).toThrow('symbolic link')
    expect(() => pull([asset('Makefile', 'x')], { syncMakefile: true })).toThrow('symbolic link')
    expect(readFileSync(join(elsewhere, 'secret'), 'utf8')).toBe('keep')
  })

  it.each([
    ['the local file is the delivered one', { local: 'a', delivered: 'a', written: undefined }, 'same'],
    ['it is as written last', { local: 'a', delivered: 'b', written: 'a' }, 'update'],
    ['it is neither', { local: 'c', delivered: 'b', written: 'a' }, 'keep'],
  ] as const)('decides by hashes: %s', (_when, hashes, action) => {
    expect(actionFor('x', hashes, true)).toBe(action)
  })
})

describe('a large file', () => {
  const bytes = Buffer.alloc(100_000, 'enclave')
  const entry = { sha256: sha256(bytes), size: bytes.length }
  const key = 'enclave/v1/enclave.eif'
  const store = (contents: Uint8Array = bytes): DeliveryStore => {
    const folder = mkdtempSync(join(tmpdir(), 'trivault-store-'))
    mkdirSync(join(folder, 'enclave/v1'), { recursive: true })
    writeFileSync(join(folder, key), contents)
    return folderStore(folder)
  }
  const target = () => join(cwd, 'enclave.eif')
  const never = new AbortController().signal
  const fetch = (from: DeliveryStore, tell: (line: string) => void = () => {}, signal = never) =>
    fetchListed(from, key, entry, target(), { tell, signal })

  it('arrives whole', async () => {
    await fetch(store())
    expect(readFileSync(target())).toEqual(bytes)
    expect(existsSync(`${target()}.part`)).toBe(false)
  })

  it('goes on where the last download stopped', async () => {
    writeFileSync(`${target()}.part`, bytes.subarray(0, 60_000))
    const told: string[] = []
    await fetch(store(), line => told.push(line))
    expect(told).toEqual(['goes on at 60000 of 100000 bytes'])
    expect(readFileSync(target())).toEqual(bytes)
  })

  it('keeps what has come at Ctrl-C', async () => {
    const stop = new AbortController()
    const slow = store()
    const read: DeliveryStore['read'] = async (path, from) => {
      if (from > 0) stop.abort()
      return slow.read(path, from, 30_000)
    }
    await expect(fetch({ ...slow, read }, () => {}, stop.signal)).rejects.toThrow('aborted')
    expect(readFileSync(`${target()}.part`)).toEqual(bytes.subarray(0, 60_000))
    await fetch(slow)
    expect(readFileSync(target())).toEqual(bytes)
  })

  it('does not appear when it is cut short, altered, or continues a part of another file', async () => {
    await expect(fetch(store(bytes.subarray(0, 99_999)))).rejects.toThrow('ends after 99999 of 100000')
    const altered = Buffer.from(bytes)
    altered[50_000] = 0
    writeFileSync(`${target()}.part`, '')
    await expect(fetch(store(altered))).rejects.toThrow('not the file that the release lists')
    writeFileSync(`${target()}.part`, Buffer.alloc(60_000))
    await expect(fetch(store())).rejects.toThrow('not the file that the release lists')
    expect(existsSync(target())).toBe(false)
    await fetch(store())
    expect(readFileSync(target())).toEqual(bytes)
  })

  it('is refused when it is listed with other bytes, more bytes or fewer', async () => {
    await expect(readListed(store(bytes.subarray(1)), key, entry)).rejects.toThrow('cut short')
    await expect(readListed(store(Buffer.concat([bytes, bytes])), key, entry)).rejects.toThrow('larger than it can be')
    await expect(readListed(store(Buffer.alloc(100_000)), key, entry)).rejects.toThrow('not the file')
    await expect(readListed(store(), 'enclave/v2/enclave.eif', entry)).rejects.toThrow('has no enclave/v2')
  })
})
