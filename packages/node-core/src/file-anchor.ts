import { createHmac, hkdfSync, randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bytes, decode, encode, equalBytes, fixed, int53, struct, u8 } from '@trivault/codec'
import { type Anchor, type AnchorRow, LedgerError } from '@trivault/ledger'
import type { NodeSecret } from './ports.ts'

const FORMAT = 1
const body = struct({ format: u8, version: int53, record: bytes(65_536) })
const file = struct({ body: bytes(70_000), mac: fixed(32) })
const ROW = /^[0-9]{16}$/
const UNFINISHED = 'new-'
const nameOf = (version: number) => version.toString().padStart(16, '0')

export interface FileAnchorOptions {
  /** Directory of its own, on a local file system, outside the database. */
  dir: string
  /** From `anchorKeyOf`. */
  key: Uint8Array
}

/** The key that authenticates a node's anchor rows: HKDF-SHA256 of the Encryptor Master Password, 32 bytes. */
export function anchorKeyOf({ encryptorMasterPassword }: Pick<NodeSecret, 'encryptorMasterPassword'>): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', encryptorMasterPassword, new Uint8Array(0), 'trivault/v1/anchor', 32))
}

/**
 * Makes the anchor of a new secret: row 0 without a record, which says that the node may write its first vote record.
 * Only the step that provisions the secret calls this. Throws LedgerError anchor when the anchor was used.
 */
export async function createFileAnchor(options: FileAnchorOptions): Promise<void> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  await syncDirectory(dirname(options.dir))
  const newest = (await versionsIn(options.dir)).at(-1)
  if (newest !== undefined && newest > 0)
    throw new LedgerError('anchor', `the anchor in ${options.dir} was used by a node`)
  if (newest === 0) await unlink(join(options.dir, nameOf(0)))
  await publish(options, { version: 0, record: new Uint8Array(0) })
}

/**
 * The vote record in a directory: one file per version, named by it, made under another name, synced, and linked to its
 * own name, which fails if that version exists; the newest file counts and older ones are removed. So of two processes
 * only one can write a version, and a crash at any point leaves the old row or the new one.
 * Rows are authenticated (HMAC-SHA256) against foreign and damaged files. An older row put back is not noticed here: the
 * directory is the root of freshness.
 */
export async function openFileAnchor(options: FileAnchorOptions): Promise<Anchor> {
  await removeUnfinished(options.dir)
  return {
    async load() {
      const newest = (await versionsIn(options.dir)).at(-1)
      return newest === undefined ? undefined : readRow(options, newest)
    },
    async compareAndSet(expected, next) {
      if (next.version !== expected + 1) throw new RangeError('an anchor row is followed by the next version')
      if ((await versionsIn(options.dir)).at(-1) !== expected) return false
      return publish(options, next)
    },
  }
}

/**
 * Puts a re-created record into an anchor that was lost, damaged or set back, above every version in it and above `least`. Only
 * the node admin's request leads here, before the node runs.
 */
export async function replaceFileAnchor(
  options: FileAnchorOptions,
  least: number,
  make: (version: number) => Promise<AnchorRow>,
): Promise<void> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const newest = (await versionsIn(options.dir)).at(-1) ?? 0
  const row = await make(Math.max(newest + 1, least))
  if (!(await publish(options, row))) throw new LedgerError('anchor', 'another process of this node uses the anchor')
}

/** Writes a row unless its version, or a later one, is there. Durable when true is returned. */
async function publish({ dir, key }: FileAnchorOptions, row: AnchorRow): Promise<boolean> {
  const content = encode(body, { format: FORMAT, ...row })
  const fresh = await writeFresh(dir, encode(file, { body: content, mac: macOf(key, content) }))
  try {
    await link(fresh, join(dir, nameOf(row.version)))
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await unlink(fresh)
  }
  await syncDirectory(dir)
  // Another process may have written this version, gone on, and removed it: then a later one is there.
  const versions = await versionsIn(dir)
  if (versions.at(-1) !== row.version) return false
  for (const version of versions)
    if (version < row.version) await unlink(join(dir, nameOf(version))).catch(ignoreMissing)
  return true
}

/** A synced file under a name never used before: a leftover may be a second link to a row, which must not be written to. */
export async function writeFresh(dir: string, content: Uint8Array): Promise<string> {
  const fresh = join(dir, `${UNFINISHED}${randomUUID()}`)
  const handle = await open(fresh, 'wx', 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return fresh
}

async function readRow({ dir, key }: FileAnchorOptions, version: number): Promise<AnchorRow> {
  let row: { format: number; version: number; record: Uint8Array }
  try {
    const stored = decode(file, await readFile(join(dir, nameOf(version))))
    if (!equalBytes(stored.mac, macOf(key, stored.body))) throw new RangeError('wrong authentication code')
    row = decode(body, stored.body)
  } catch (cause) {
    throw new LedgerError('anchor', 'the anchor is damaged or belongs to another node', { cause })
  }
  if (row.format !== FORMAT || row.version !== version)
    throw new LedgerError('anchor', 'the anchor has an unknown format or a renamed file')
  return { version: row.version, record: row.record }
}

/** What a killed process left. */
async function removeUnfinished(dir: string): Promise<void> {
  for (const name of await namesIn(dir))
    if (name.startsWith(UNFINISHED)) await unlink(join(dir, name)).catch(ignoreMissing)
}

/** File names in a directory; none when there is no directory. */
export async function namesIn(dir: string): Promise<string[]> {
  return readdir(dir).catch(error => {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  })
}

/** Versions present, ascending; none when there is no directory. */
async function versionsIn(dir: string): Promise<number[]> {
  return (await namesIn(dir))
    .filter(name => ROW.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const macOf = (key: Uint8Array, content: Uint8Array) =>
  new Uint8Array(createHmac('sha256', key).update('trivault/v1/anchor-row').update(content).digest())

const hasCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code

export function ignoreMissing(error: unknown): void {
  if (!hasCode(error, 'ENOENT')) throw error
}
