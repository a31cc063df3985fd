import type { FoundSignature } from './cosign.ts'
import { signatureAnnotation, signatureTag } from './cosign.ts'
import { digestOf, type Image, type Manifest, mediaTypes } from './oci.ts'
import { failed, reason, unreachable, untrusted } from './refusals.ts'
import { type Digest, isDigest } from './release.ts'

/** Remembers where an upload of a blob stopped, so that the next run goes on there. */
export interface UploadJournal {
  get(key: string): string | undefined
  set(key: string, location: string | undefined): void
}

export interface RegistryOptions {
  /** Such as `https://111111111111.dkr.ecr.eu-west-1.amazonaws.com`; a path in front of `/v2/` is kept. */
  readonly url: string
  /** Value of the Authorization header. Never logged. */
  readonly authorization?: () => Promise<string>
  readonly journal?: UploadJournal
  readonly signal?: AbortSignal
  /** Bytes per request of an upload. */
  readonly chunk?: number
}

const MAX_MANIFEST = 4 << 20
const ATTEMPTS = 4
const CHUNK = 8 << 20

// Nothing here lies in memory that workers share, which fetch would not take.
const bodyOf = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>

/** The distribution protocol (OCI distribution-spec 1.1) as far as images are copied. Whatever is named by a digest is checked against it. */
export class Registry {
  readonly name: string
  readonly #options: RegistryOptions

  constructor(options: RegistryOptions) {
    this.#options = options
    this.name = new URL(options.url).host
  }

  /** Manifest of a tag or digest; undefined when there is none. */
  async manifest(repository: string, reference: string): Promise<{ bytes: Uint8Array; digest: Digest } | undefined> {
    const answer = await this.#ask('GET', `${repository}/manifests/${reference}`, {
      headers: { accept: `${mediaTypes.manifest}, ${mediaTypes.index}` },
    })
    if (answer.status === 404) return undefined
    this.#require(answer, 200, `${repository}:${reference}`)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    const digest = digestOf(bytes)
    if (bytes.length > MAX_MANIFEST) throw untrusted(`${repository}:${reference}: the manifest is too large to be one`)
    if (isDigest(reference) && reference !== digest)
      throw untrusted(`${this.name} gave ${digest} for ${repository}@${reference}`)
    return { bytes, digest }
  }

  async hasBlob(repository: string, digest: Digest): Promise<boolean> {
    const answer = await this.#ask('HEAD', `${repository}/blobs/${digest}`)
    return answer.status === 200
  }

  /** A blob whole; goes on where a connection broke. Throws `untrusted` for other bytes than the digest's. */
  async blob(repository: string, digest: Digest, size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size)
    let at = 0
    for (let attempt = 0; at < size || attempt === 0; attempt++) {
      if (attempt === ATTEMPTS)
        throw failed(`${repository}@${digest} came incomplete ${ATTEMPTS} times`, 'run the same command again')
      const headers = at > 0 ? { range: `bytes=${at}-` } : undefined
      const answer = await this.#ask('GET', `${repository}/blobs/${digest}`, { ...(headers && { headers }) })
      if (answer.status !== 206) {
        this.#require(answer, 200, `${repository}@${digest}`)
        at = 0
      }
      at = await readInto(bytes, at, answer, `${repository}@${digest}`)
    }
    if (digestOf(bytes) !== digest) throw untrusted(`${this.name} gave other bytes than ${repository}@${digest}`)
    return bytes
  }

  /** Signatures of an image in cosign's place; not checked yet. */
  async signatures(repository: string, image: Digest): Promise<FoundSignature[]> {
    const found = await this.manifest(repository, signatureTag(image))
    if (found === undefined) return []
    const layers = parseManifest(found.bytes, `${repository}:${signatureTag(image)}`).layers.slice(0, 16)
    return Promise.all(
      layers.map(async ({ digest, size, annotations }) => ({
        payload: await this.blob(repository, digest, Math.min(size, MAX_MANIFEST)),
        signature: annotations?.[signatureAnnotation] ?? '',
      })),
    )
  }

  /** Uploads a blob unless it is there. Resolves to false when nothing was to do. */
  async push(repository: string, digest: Digest, bytes: Uint8Array): Promise<boolean> {
    if (await this.hasBlob(repository, digest)) return false
    const { journal, chunk = CHUNK } = this.#options
    const key = `${this.name}/${repository}@${digest}`
    const resumed = await this.#resume(journal?.get(key))
    let { location, at } = resumed ?? { location: await this.#begin(repository), at: 0 }
    while (at < bytes.length) {
      journal?.set(key, location)
      const part = bytes.subarray(at, at + chunk)
      const answer = await this.#send('PATCH', location, {
        body: bodyOf(part),
        headers: { 'content-type': 'application/octet-stream', 'content-range': `${at}-${at + part.length - 1}` },
      })
      this.#require(answer, 202, `upload to ${repository}`)
      location = this.#locationOf(answer)
      at += part.length
    }
    const end = new URL(location)
    end.searchParams.set('digest', digest)
    const answer = await this.#send('PUT', end.href, { headers: { 'content-length': '0' } })
    journal?.set(key, undefined)
    this.#require(answer, 201, `upload to ${repository}`)
    return true
  }

  /** Blobs first, the manifest last: whoever finds the tag finds all of it. */
  async putManifest(repository: string, reference: string, image: Pick<Image, 'manifest' | 'digest'>): Promise<void> {
    const answer = await this.#ask('PUT', `${repository}/manifests/${reference}`, {
      body: bodyOf(image.manifest),
      headers: { 'content-type': mediaTypes.manifest },
    })
    this.#require(answer, 201, `${repository}:${reference}`)
    const told = answer.headers.get('docker-content-digest')
    if (told !== null && told !== image.digest)
      throw untrusted(`${this.name} stored ${told} instead of ${image.digest}`)
  }

  async #begin(repository: string): Promise<string> {
    const answer = await this.#ask('POST', `${repository}/blobs/uploads/`)
    this.#require(answer, 202, `upload to ${repository}`)
    return this.#locationOf(answer)
  }

  async #resume(location: string | undefined): Promise<{ location: string; at: number } | undefined> {
    if (location === undefined || !this.#isOwn(location)) return undefined
    const answer = await this.#send('GET', location)
    const last = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers.get('range') ?? '')?.[1]
    if (answer.status !== 204 || last === undefined) return undefined
    return { location: answer.headers.has('location') ? this.#locationOf(answer) : location, at: Number(last) + 1 }
  }

  #isOwn = (location: string): boolean => URL.canParse(location) && new URL(location).host === this.name

  #locationOf(answer: Response): string {
    const location = answer.headers.get('location')
    if (location === null) throw failed(`${this.name} did not say where to upload to`, 'run the same command again')
    const url = new URL(location, this.#options.url).href
    // Our credentials go along with it.
    if (!this.#isOwn(url))
      throw failed(`${this.name} sends uploads to another host`, 'check the address of the registry')
    return url
  }

  #ask(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    return this.#send(method, `${this.#options.url.replace(/\/$/, '')}/v2/${path}`, init)
  }

  async #send(method: string, url: string, init: RequestInit = {}): Promise<Response> {
    const { authorization, signal } = this.#options
    const headers = new Headers(init.headers)
    if (authorization) headers.set('authorization', await authorization())
    try {
      return await fetch(url, { ...init, method, headers, ...(signal && { signal }) })
    } catch (cause) {
      const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : reason(cause)
      throw unreachable(
        `the registry ${this.name} does not answer: ${why}`,
        'check the network, then run the same command again',
        cause,
      )
    }
  }

  #require(answer: Response, status: number, what: string): void {
    if (answer.status === status) return
    const { status: got } = answer
    if (got === 401 || got === 403)
      throw failed(
        `the registry ${this.name} refuses ${what} (${got})`,
        'check that this account id is on the publisher’s delivery list, or for your own registry the rights of your role',
      )
    if (got === 404) throw failed(`${what} is not in the registry ${this.name}`, 'check the tag in your delivery note')
    throw failed(`the registry ${this.name} answered ${got} for ${what}`, 'run the same command again')
  }
}

/** Throws `untrusted` when it is no manifest of one image. */
export function parseManifest(bytes: Uint8Array, name: string): Manifest {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
  const isDescriptor = (d: unknown): boolean =>
    typeof d === 'object' &&
    d !== null &&
    'digest' in d &&
    'size' in d &&
    typeof d.digest === 'string' &&
    isDigest(d.digest) &&
    typeof d.size === 'number' &&
    Number.isSafeInteger(d.size) &&
    d.size >= 0
  if (typeof value === 'object' && value !== null && 'config' in value && 'layers' in value)
    if (isDescriptor(value.config) && Array.isArray(value.layers) && value.layers.every(isDescriptor))
      return value as Manifest
  throw untrusted(`${name} is no image manifest`)
}

async function readInto(bytes: Uint8Array, start: number, answer: Response, name: string): Promise<number> {
  let at = start
  try {
    for await (const part of answer.body ?? []) {
      if (at + part.length > bytes.length) throw untrusted(`${name} is longer than its manifest says`)
      bytes.set(part, at)
      at += part.length
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'DeployerError') throw error
    // A connection that broke: the caller goes on from here.
  }
  return at
}
