import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const sha = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** A registry in this process that speaks the distribution protocol, and misbehaves when told to. */
export interface TestRegistry {
  readonly url: string
  /** By `<repository>:<tag or digest>`. */
  readonly manifests: Map<string, Uint8Array>
  /** By `<repository>@<digest>`. */
  readonly blobs: Map<string, Uint8Array>
  /** `METHOD path`, in order. */
  readonly requests: string[]
  /** Breaks a blob's download after so many bytes, once each. */
  readonly breakDownloads: number[]
  /** Closes the connection at the nth PATCH of an upload (from 1). */
  breakPatch: number
  stop(): Promise<void>
}

export async function startRegistry(): Promise<TestRegistry> {
  const uploads = new Map<string, Uint8Array>()
  let patches = 0
  const state = {
    manifests: new Map<string, Uint8Array>(),
    blobs: new Map<string, Uint8Array>(),
    requests: [] as string[],
    breakDownloads: [] as number[],
    breakPatch: 0,
  }
  const server = createServer((request, response) => void answer(request, response))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    state.requests.push(`${method} ${url}`)
    const end = (status: number, headers: Record<string, string> = {}, body?: Uint8Array) => {
      response.writeHead(status, { ...headers, ...(body && { 'content-length': String(body.length) }) })
      response.end(method === 'HEAD' ? undefined : body)
    }
    const body = await bytesOf(request)
    const [path = '', query = ''] = url.split('?')
    const manifest = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(path)
    const blob = /^\/v2\/(.+)\/blobs\/(sha256:.+)$/.exec(path)
    const upload = /^\/v2\/(.+)\/blobs\/uploads\/(.*)$/.exec(path)
    if (manifest) {
      const [, repository = '', reference = ''] = manifest
      if (method === 'PUT') {
        state.manifests.set(`${repository}:${reference}`, body).set(`${repository}:${sha(body)}`, body)
        return end(201, { 'docker-content-digest': sha(body) })
      }
      const found = state.manifests.get(`${repository}:${reference}`)
      return found ? end(200, { 'docker-content-digest': sha(found) }, found) : end(404)
    }
    if (upload) {
      const [, repository = '', id = ''] = upload
      const location = (name: string) => ({ location: `/v2/${repository}/blobs/uploads/${name}` })
      if (method === 'POST') {
        const name = randomUUID()
        uploads.set(name, new Uint8Array())
        return end(202, location(name))
      }
      const so_far = uploads.get(id)
      if (so_far === undefined) return end(404)
      if (method === 'GET') return end(204, { ...location(id), range: `0-${so_far.length - 1}` })
      if (method === 'PATCH') {
        if (++patches === state.breakPatch) return void request.socket.destroy()
        if (request.headers['content-range'] !== `${so_far.length}-${so_far.length + body.length - 1}`) return end(416)
        uploads.set(id, Buffer.concat([so_far, body]))
        return end(202, location(id))
      }
      const digest = new URLSearchParams(query).get('digest') ?? ''
      if (sha(so_far) !== digest) return end(400)
      state.blobs.set(`${repository}@${digest}`, so_far)
      return end(201)
    }
    if (blob) {
      const [, repository = '', digest = ''] = blob
      const found = state.blobs.get(`${repository}@${digest}`)
      if (!found) return end(404)
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
      const rest = found.subarray(from)
      const cut = method === 'GET' ? state.breakDownloads.shift() : undefined
      if (cut === undefined) return end(from > 0 ? 206 : 200, {}, rest)
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': String(rest.length) })
      return void response.write(rest.subarray(0, cut), () => setImmediate(() => request.socket.destroy()))
    }
    end(404)
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}

async function bytesOf(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = []
  try {
    for await (const part of request) parts.push(part as Buffer)
  } catch {
    // The caller went away.
  }
  return new Uint8Array(Buffer.concat(parts))
}
