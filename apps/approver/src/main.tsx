import { RouterProvider } from '@tanstack/react-router'
import { createApi, ServicesProvider, Session, UiProvider } from '@trivault/ui'
import { readEnvConfig } from '@trivault/web-config'
import { createRoot } from 'react-dom/client'
import './approver.css'
import { connectDevice } from './device/remote.ts'
import type { Progress } from './device/views.ts'
import { type DeviceLink, DeviceProvider } from './device-context.tsx'
import { watchRelease } from './release/page.ts'
import { ReleaseProvider } from './release/release-gate.tsx'
import { router } from './router.tsx'

function deviceLink(apiUrl: string, session: Session): DeviceLink {
  let progress: Progress | undefined
  const listeners = new Set<() => void>()
  const api = connectDevice({
    start: () => new Worker(new URL('./device/worker.ts', import.meta.url), { type: 'module', name: apiUrl }),
    token: () => session.token(),
    onDenied: () => session.expire(),
    onProgress: now => {
      progress = now
      for (const listener of listeners) listener()
    },
  })
  return {
    api,
    progress: () => progress,
    subscribe: listener => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

async function start(root: HTMLElement): Promise<void> {
  const env = readEnvConfig()
  const session = new Session(env, env.CLIENT_ID_NATIVE)
  await session.open()
  const services = { env, session, api: createApi(env.API_URL, session) }
  const link = deviceLink(env.API_URL, session)
  createRoot(root).render(
    <UiProvider>
      <ReleaseProvider release={watchRelease()}>
        <ServicesProvider services={services}>
          <DeviceProvider link={link}>
            <RouterProvider router={router} />
          </DeviceProvider>
        </ServicesProvider>
      </ReleaseProvider>
    </UiProvider>,
  )
}

const root = document.getElementById('root') ?? document.body
start(root).catch((error: unknown) => {
  root.textContent = `The Approver App cannot start: ${error instanceof Error ? error.message : 'unknown reason'}`
})
