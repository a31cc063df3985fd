import { randomUUID } from 'node:crypto'
import { link, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HostError } from './errors.ts'

/** Writes a file of mode 0600 that must not be there yet; durable when it resolves. Throws HostError provisioned. */
export const keepNew = (path: string, content: Uint8Array | string): Promise<void> =>
  keep(path, content, async (from, to) => {
    await link(from, to)
    await unlink(from)
  })

/** Writes a file of mode 0600 or replaces it as a whole; durable when it resolves. Throws HostError provisioned. */
export const keepFile = (path: string, content: Uint8Array | string): Promise<void> => keep(path, content, rename)

async function keep(
  path: string,
  content: Uint8Array | string,
  publish: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const fresh = `${path}.${randomUUID()}`
  const handle = await open(fresh, 'wx', 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    await publish(fresh, path)
  } catch (cause) {
    await unlink(fresh)
    throw new HostError('provisioned', `${path} cannot be made`, { cause })
  }
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r')).close()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}
