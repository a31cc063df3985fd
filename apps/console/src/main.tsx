import './console.css'
import { RouterProvider } from '@tanstack/react-router'
import { createApi, ErrorState, ServicesProvider, Session, UiProvider } from '@trivault/ui'
import { readEnvConfig } from '@trivault/web-config'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { router } from './router.tsx'

function start(): void {
  const root = document.getElementById('root')
  if (root === null) throw new Error('index.html has no root')
  const show = createRoot(root)
  try {
    const env = readEnvConfig()
    const session = new Session(env, env.CLIENT_ID_SPA)
    const services = { env, session, api: createApi(env.API_URL, session) }
    show.render(
      <StrictMode>
        <UiProvider>
          <ServicesProvider services={services}>
            <RouterProvider router={router} />
          </ServicesProvider>
        </UiProvider>
      </StrictMode>,
    )
    void session.open()
  } catch (error) {
    show.render(
      <UiProvider>
        <ErrorState error={error} />
      </UiProvider>,
    )
  }
}

start()
