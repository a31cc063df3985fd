import type { Client } from '@trivault/client'
import type { EnvConfig } from '@trivault/web-config'
import { createContext, type ReactNode, useContext, useSyncExternalStore } from 'react'
import type { Session, SessionView } from './session.ts'

export interface AppServices {
  env: EnvConfig
  session: Session
  api: Client
}

const Services = createContext<AppServices | undefined>(undefined)

export function ServicesProvider({ services, children }: { services: AppServices; children: ReactNode }) {
  return <Services value={services}>{children}</Services>
}

function useServices(): AppServices {
  const services = useContext(Services)
  if (services === undefined) throw new Error('ServicesProvider is missing')
  return services
}

export const useEnv = (): EnvConfig => useServices().env
export const useApi = (): Client => useServices().api
export const useSession = (): Session => useServices().session

/** Rerenders when the person signs in, out, or the session expires. */
export function useSessionView(): SessionView {
  const { session } = useServices()
  return useSyncExternalStore(session.subscribe, session.view)
}
