import { createHash } from 'node:crypto'
import {
  appendFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Aws } from '../aws.ts'
import { failed, reason, unreachable, untrusted } from './refusals.ts'
import type { FileEntry } from './release.ts'

/** Where a delivery lies: the publisher's bucket, or a folder with the same keys. */
export interface DeliveryStore {
  readonly name: string
  /** Undefined when there is no such key. At most `length` bytes from `from`; fewer at the end. */
  read(key: string, from: number, length: number): Promise<Uint8Array | undefined>
  write(key: string, bytes: Uint8Array): Promise<void>
}

export function folderStore(folder: string): DeliveryStore {
  return {
    name: folder,
    async read(key, from, length) {
      const path = join(folder, key)
      if (!existsSync(path)) return undefined
      const file = await open(path)
      try {
        const buffer = new Uint8Array(Math.max(0, Math.min(length, (await file.stat()).size - from)))
        const { bytesRead } = await file.read(buffer, 0, buffer.length, from)
        return buffer.subarray(0, bytesRead)
      } finally {
        await file.close()
      }
    },
    async write(key, bytes) {
      mkdirSync(dirname(join(folder, key)), { recursive: true })
      writeFileSync(join(folder, key), bytes)
    },
  }
}

/** @param abortSignal ends a transfer at Ctrl-C */
export async function bucketStore(
  aws: Aws,
  bucket: string,
  region: string,
  abortSignal: AbortSignal,
): Promise<DeliveryStore> {
  const { S3Client, GetObjectCommand, PutObjectCommand } = await import('@aws-sdk/client-s3')
  const s3 = aws.client(S3Client, region)
  return {
    name: `s3://${bucket}`,
    async read(key, from, length) {
      try {
        const range = `bytes=${from}-${from + length - 1}`
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range }), {
          abortSignal,
        })
        return (await Body?.transformToByteArray()) ?? new Uint8Array()
      } catch (cause) {
        const name = cause instanceof Error ? cause.name : ''
        // Of an empty object no range can be satisfied.
        if (name === 'InvalidRange') return new Uint8Array()
        if (name === 'NoSuchKey' || name === 'NotFound') return undefined
        if (name === 'AccessDenied' || name === 'Forbidden')
          throw failed(
            `s3://${bucket}/${key} is refused to this account`,
            'ask the publisher whether this account id is on the delivery list and the tag exists; check your role’s rights',
            cause,
          )
        throw unreachable(
          `s3://${bucket}/${key} cannot be read: ${reason(cause)}`,
          'check DELIVERY_BUCKET and the network',
          cause,
        )
      }
    },
    async write(key, bytes) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }), { abortSignal })
    },
  }
}

const PART = 8 << 20

/** A small file whole, up to `limit` bytes. Throws `failed` when it is missing or larger. */
export async function readWhole(store: DeliveryStore, key: string, limit: number): Promise<Uint8Array> {
  const bytes = await store.read(key, 0, limit + 1)
  if (bytes === undefined)
    throw failed(`${store.name} has no ${key}`, 'check the tag in your delivery note, and DELIVERY_BUCKET')
  if (bytes.length > limit) throw untrusted(`${key} is larger than it can be`)
  return bytes
}

/** The bytes of a file that a release lists. Throws `untrusted` unless size and hash are the listed ones. */
export async function readListed(store: DeliveryStore, key: string, entry: FileEntry): Promise<Uint8Array> {
  const bytes = await readWhole(store, key, entry.size)
  if (bytes.length < entry.size)
    throw untrusted(
      `${key} has ${bytes.length} of ${entry.size} bytes: the download was cut short`,
      'run the same command again',
    )
  if (createHash('sha256').update(bytes).digest('hex') !== entry.sha256)
    throw untrusted(`${key} is not the file that the release lists`)
  return bytes
}

/**
 * Fetches a large file that a release lists. `<target>.part` keeps what has come, and the next run goes on there; `target` itself
 * appears only whole and checked. Throws `untrusted`, `failed`, `unreachable`.
 */
export async function fetchListed(
  store: DeliveryStore,
  key: string,
  entry: FileEntry,
  target: string,
  { tell, signal }: { readonly tell: (progress: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const part = `${target}.part`
  let at = existsSync(part) ? statSync(part).size : 0
  if (at > entry.size) at = drop(part)
  if (at > 0) tell(`goes on at ${at} of ${entry.size} bytes`)
  mkdirSync(dirname(target), { recursive: true })
  if (at === 0) writeFileSync(part, '')
  while (at < entry.size) {
    signal.throwIfAborted()
    const bytes = await store.read(key, at, Math.min(PART, entry.size - at))
    if (bytes === undefined) throw failed(`${store.name} has no ${key}`, 'check the tag in your delivery note')
    if (bytes.length === 0)
      throw untrusted(
        `${key} ends after ${at} of ${entry.size} bytes`,
        'run the same command again; ask the publisher if it stays so',
      )
    appendFileSync(part, bytes)
    at += bytes.length
  }
  if ((await hashOf(part)) !== entry.sha256) {
    drop(part)
    throw untrusted(`${key} is not the file that the release lists`)
  }
  renameSync(part, target)
}

function drop(path: string): 0 {
  rmSync(path, { force: true })
  return 0
}

export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path)) hash.update(part)
  return hash.digest('hex')
}

/** Whether a file is there with exactly the listed content. */
export async function isListed(path: string, entry: FileEntry): Promise<boolean> {
  return existsSync(path) && statSync(path).size === entry.size && (await hashOf(path)) === entry.sha256
}

/** Text of a file of the working directory; undefined when it is not there. */
export const textIfThere = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8') : undefined
