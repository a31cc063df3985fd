import { fetchListed, fetchManifest } from './fetch.ts'
import { ReleaseError, workerPath } from './manifest.ts'

/** What is known of the files that this App runs from. */
export type ReleaseState =
  | { readonly kind: 'checking' }
  /** Files are not verified here. */
  | { readonly kind: 'none'; readonly why: string }
  | {
      readonly kind: 'installed'
      readonly version: string
      /** SHA-256 of the signed list of files. */
      readonly hash: string
      readonly label: string
      /** Why the host's newer release was not taken. */
      readonly refusedUpdate?: string
      readonly updateReady?: boolean
    }
  | { readonly kind: 'refused'; readonly why: string }

export interface Release {
  readonly state: () => ReleaseState
  readonly subscribe: (listener: () => void) => () => void
  /** Runs the release that waits. */
  readonly update: () => void
}

/** Registers the service worker and follows what becomes of it. */
export function watchRelease(): Release {
  let state: ReleaseState = { kind: 'checking' }
  let waiting: ServiceWorker | undefined
  const listeners = new Set<() => void>()
  const set = (next: ReleaseState): void => {
    state = next
    for (const listener of listeners) listener()
  }
  const refuse = (why: string): void =>
    set(state.kind === 'installed' ? { ...state, refusedUpdate: why } : { kind: 'refused', why })

  const follow = (worker: ServiceWorker): void => {
    const look = async (): Promise<void> => {
      if (worker.state === 'redundant') refuse(await refusalOf())
      else if (worker.state === 'installed' && state.kind === 'installed') {
        waiting = worker
        set({ ...state, updateReady: true })
      } else if (worker.state === 'activated' && state.kind === 'checking') set(await installedBy(worker))
    }
    worker.addEventListener('statechange', () => void look())
    void look()
  }

  const start = async (): Promise<void> => {
    if (import.meta.env.DEV) return set({ kind: 'none', why: 'development server: files are not verified' })
    if (!('serviceWorker' in navigator))
      return set({ kind: 'none', why: 'this browser has no service worker: files are not verified' })
    const registration = await navigator.serviceWorker.register(workerPath, { updateViaCache: 'none' })
    if (registration.active) set(await installedBy(registration.active))
    for (const worker of [registration.installing, registration.waiting]) if (worker) follow(worker)
    registration.addEventListener('updatefound', () => registration.installing && follow(registration.installing))
    const fault = await hostFault()
    if (fault !== undefined) refuse(fault)
  }
  start().catch(() => refuse('its service worker could not be installed'))

  return {
    state: () => state,
    subscribe: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    update: () => {
      navigator.serviceWorker.addEventListener('controllerchange', () => window.location.reload(), { once: true })
      waiting?.postMessage('activate')
    },
  }
}

async function installedBy(worker: ServiceWorker): Promise<ReleaseState> {
  const { port1, port2 } = new MessageChannel()
  const told = new Promise<{ version: string; hash: string; label: string } | undefined>(resolve => {
    port1.onmessage = ({ data }) => resolve(data)
  })
  worker.postMessage('release', [port2])
  const installed = await told
  return installed === undefined
    ? { kind: 'refused', why: 'its service worker is not of this App' }
    : { kind: 'installed', ...installed }
}

async function refusalOf(): Promise<string> {
  const refused = await (await caches.open('trivault-meta')).match('/refused')
  const found: { why?: string } = refused === undefined ? {} : await refused.json()
  return found.why ?? 'it could not be installed'
}

/** Is what the host has now signed, its service worker above all? Nothing is said when the host is away. */
async function hostFault(): Promise<string | undefined> {
  try {
    await fetchListed(await fetchManifest(__RELEASE_KEY__), workerPath)
    return undefined
  } catch (error) {
    return error instanceof ReleaseError ? error.message : undefined
  }
}
