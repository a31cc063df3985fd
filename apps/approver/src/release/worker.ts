import { parseEnvConfig, renderEnvConfig, securityHeaders } from '@trivault/web-config'
import { fetchListed, fetchManifest } from './fetch.ts'
import { envPath, isOlder, ReleaseError, workerPath } from './manifest.ts'

/**
 * The service worker: takes a release only as a whole, when the release key signed its list of files and every file is the listed one.
 * Afterwards the App runs from what was taken; the host is asked for env-config.js alone, which is data here.
 */
interface Waitable extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface FetchEvent extends Event {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}
interface Scope {
  readonly location: Location
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: Waitable) => void): void
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}
const scope = self as unknown as Scope

const label = __RELEASE_LABEL__
const build = __RELEASE_BUILD__
/** Of this worker's own release. */
const files = `trivault-files-${build}`
const meta = 'trivault-meta'
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json',
  webmanifest: 'application/manifest+json',
}

interface Installed {
  readonly version: string
  readonly hash: string
  readonly label: string
}

async function remember(name: string, value: object): Promise<void> {
  await (await caches.open(meta)).put(`/${name}`, new Response(JSON.stringify(value)))
}

async function remembered<T>(name: string): Promise<T | undefined> {
  return (await (await caches.open(meta)).match(`/${name}`))?.json()
}

async function install(): Promise<void> {
  try {
    const manifest = await fetchManifest(__RELEASE_KEY__)
    const current = await remembered<Installed>('installed')
    if (current !== undefined && isOlder(manifest.version, current.version))
      throw new ReleaseError(`it is version ${manifest.version}, older than ${current.version}`)
    const taken = await Promise.all(
      Object.keys(manifest.files).map(async path => [path, await fetchListed(manifest, path)] as const),
    )
    const cache = await caches.open(files)
    for (const [path, bytes] of taken)
      if (path !== workerPath) await cache.put(path, new Response(new Uint8Array(bytes)))
    await remember(`release-${build}`, { version: manifest.version, hash: manifest.hash, label })
    await (await caches.open(meta)).delete('/refused')
    await environment()
  } catch (error) {
    const why = error instanceof ReleaseError ? error.message : 'its files could not be read'
    await caches.delete(files)
    await remember('refused', { why })
    throw error
  }
}

async function activate(): Promise<void> {
  const installed = await remembered<Installed>(`release-${build}`)
  if (installed !== undefined) await remember('installed', installed)
  for (const name of await caches.keys()) if (name !== files && name !== meta) await caches.delete(name)
  await scope.clients.claim()
}

async function serve(path: string): Promise<Response> {
  if (path === envPath) return answer(await environment(), 'js')
  const file = /\.\w+$/.test(path) ? path : '/index.html'
  const found = await (await caches.open(files)).match(file)
  if (found === undefined) return new Response('not in this release', { status: 404 })
  return answer(await found.arrayBuffer(), /\.(\w+)$/.exec(file)?.[1] ?? '')
}

/** env-config.js, read as data and written anew: nothing in it can run. The last good one when the host is away. */
async function environment(): Promise<string> {
  try {
    const response = await fetch(envPath, { cache: 'no-store', signal: AbortSignal.timeout(4_000) })
    const json = /^window\.trivaultEnv = (\{[\s\S]*\})\s*$/.exec(await response.text())?.[1]
    const config = parseEnvConfig(JSON.parse(json ?? ''))
    await remember('env', config)
    return renderEnvConfig(config)
  } catch {
    const last = await remembered<object>('env')
    return last === undefined ? '' : renderEnvConfig(parseEnvConfig(last))
  }
}

async function answer(body: string | ArrayBuffer, kind: string): Promise<Response> {
  const env = await remembered<object>('env')
  const headers = env === undefined ? {} : securityHeaders('approver', parseEnvConfig(env))
  return new Response(body, { headers: { ...headers, 'content-type': types[kind] ?? 'application/octet-stream' } })
}

scope.addEventListener('install', event => event.waitUntil(install()))
scope.addEventListener('activate', event => event.waitUntil(activate()))
scope.addEventListener('message', event => {
  if (event.data === 'activate') void scope.skipWaiting()
  else if (event.data === 'release')
    void remembered<Installed>(`release-${build}`).then(installed => event.ports[0]?.postMessage(installed))
})
scope.addEventListener('fetch', event => {
  const url = new URL(event.request.url)
  const ours = url.origin === scope.location.origin && event.request.method === 'GET'
  // The page compares the host's own files past every cache.
  if (ours && event.request.cache !== 'no-store') event.respondWith(serve(url.pathname))
})
