/** What a release consists of: the hash (SHA-256, hex) of every file by its path. */
export interface Manifest {
  readonly version: string
  readonly files: Readonly<Record<string, string>>
}

/** A release that is not taken; the message says why. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError'
}

export const manifestPath = '/release.json'
export const signaturePath = '/release.sig'
export const workerPath = '/sw.js'
export const envPath = '/env-config.js'

const versionForm = /^\d{1,6}\.\d{1,6}\.\d{1,6}$/
const pathForm = /^\/[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/

/** Hex SHA-256. */
export async function hashOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)))
  return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * The manifest, if `signature` (base64 of r ‖ s) is the release key's over its exact bytes. `key`: base64 of an uncompressed P-256
 * point. Throws `ReleaseError`.
 */
export async function verifyManifest(text: string, signature: string, key: string): Promise<Manifest> {
  const imported = await crypto.subtle.importKey('raw', bytesOf(key), { name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'verify',
  ])
  const good = await crypto.subtle
    .verify({ name: 'ECDSA', hash: 'SHA-256' }, imported, bytesOf(signature), new TextEncoder().encode(text))
    .catch(() => false)
  if (!good) throw new ReleaseError('its list of files is not signed by the release key')
  return parseManifest(text)
}

function parseManifest(text: string): Manifest {
  const value: unknown = JSON.parse(text)
  const field = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  const [version, files] = [field('version'), field('files')]
  if (typeof version !== 'string' || !versionForm.test(version) || typeof files !== 'object' || files === null)
    throw new ReleaseError('its list of files cannot be read')
  for (const [path, hash] of Object.entries(files))
    if (!pathForm.test(path) || typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash))
      throw new ReleaseError('its list of files cannot be read')
  return { version, files: files as Manifest['files'] }
}

/** Does `a` come before `b`? Both as in a manifest. */
export function isOlder(a: string, b: string): boolean {
  const [left, right] = [a, b].map(text => text.split('.').map(Number))
  const first = [0, 1, 2].find(i => left?.[i] !== right?.[i])
  return first !== undefined && (left?.[first] ?? 0) < (right?.[first] ?? 0)
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64.trim()), letter => letter.charCodeAt(0))
  } catch (cause) {
    throw new ReleaseError('its signature cannot be read', { cause })
  }
}
