import { hashOf, type Manifest, manifestPath, ReleaseError, signaturePath, verifyManifest } from './manifest.ts'

/** A file as the host has it now, past every cache. Throws `ReleaseError` when the host has none, TypeError when it is away. */
export async function fetchFile(path: string): Promise<Uint8Array> {
  const response = await fetch(path, { cache: 'no-store', redirect: 'error' })
  if (!response.ok) throw new ReleaseError(`its file ${path} is missing`)
  return new Uint8Array(await response.arrayBuffer())
}

/** The host's signed list of files, with its own hash. Throws `ReleaseError`. */
export async function fetchManifest(key: string): Promise<Manifest & { hash: string }> {
  const [list, signature] = await Promise.all([fetchFile(manifestPath), fetchFile(signaturePath)])
  const decoder = new TextDecoder()
  const manifest = await verifyManifest(decoder.decode(list), decoder.decode(signature), key)
  return { ...manifest, hash: await hashOf(list) }
}

/** The host's file, if it is the one in the list. Throws `ReleaseError`. */
export async function fetchListed({ files }: Manifest, path: string): Promise<Uint8Array> {
  const bytes = await fetchFile(path)
  if ((await hashOf(bytes)) !== files[path]) throw new ReleaseError(`its file ${path} was changed after it was signed`)
  return bytes
}
