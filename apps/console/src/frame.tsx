import {
  IconArrowsExchange,
  IconCoins,
  IconFileText,
  IconHome,
  IconListDetails,
  IconServer,
  IconShieldLock,
  IconUsers,
} from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { Outlet, useLocation, useRouter } from '@tanstack/react-router'
import {
  AppShell,
  type Live,
  LiveMark,
  type NavItem,
  QueryView,
  SessionGate,
  useApi,
  useLiveEvents,
  useSessionView,
} from '@trivault/ui'
import { type ReactNode, useCallback, useEffect, useRef } from 'react'
import { useCall } from './calls.ts'
import { MeContext, meOf } from './me.tsx'
import { FreezeNotice } from './parts/freeze-notice.tsx'

const nav: readonly NavItem[] = [
  { to: '/', label: 'Home', icon: IconHome },
  { to: '/accounts', label: 'Accounts', icon: IconArrowsExchange },
  { to: '/operations', label: 'Operations', icon: IconListDetails },
  { to: '/policies', label: 'Policies', icon: IconShieldLock },
  { to: '/people', label: 'People', icon: IconUsers, secondary: true },
  { to: '/assets', label: 'Assets', icon: IconCoins, secondary: true },
  { to: '/audit', label: 'Audit log', icon: IconFileText, secondary: true },
  { to: '/nodes', label: 'Nodes', icon: IconServer, secondary: true },
]

const burst = 200
/** By then the first page is there. */
const afterwards = 2_000

/** What the live events say changed is asked for again, at most a few times a second. */
function useFreshness(enabled: boolean): Live {
  const api = useApi()
  const queries = useQueryClient()
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const refresh = useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      void queries.invalidateQueries()
    }, burst)
  }, [queries])
  return useLiveEvents(api, enabled, refresh)
}

/** The other pages' code is fetched while nothing else is to do: without a connection they open, and say what is missing. */
function usePagesAtHand(enabled: boolean): void {
  const { routesById } = useRouter()
  useEffect(() => {
    if (!enabled) return
    const timer = setTimeout(() => {
      for (const { options } of Object.values(routesById)) {
        const page: { preload?: () => Promise<unknown> | undefined } = options.component ?? {}
        // Without it the page is fetched when it is opened.
        page.preload?.()?.catch(() => undefined)
      }
    }, afterwards)
    return () => clearTimeout(timer)
  }, [enabled, routesById])
}

/** The tab's title says where one is; screen readers read it after each step. */
function usePageTitle(): void {
  const path = useLocation({ select: ({ pathname }) => pathname })
  const place = path === '/transfer' ? 'New transfer' : nav.findLast(({ to }) => path.startsWith(to))?.label
  useEffect(() => {
    document.title = `${place ?? 'Home'} · Trivault console`
  }, [place])
}

/** Banner, navigation and sign-in around every page; around `children` where the address leads to none. */
export function Frame({ children }: { children?: ReactNode }) {
  const { state } = useSessionView()
  const signedIn = state === 'signed-in'
  const live = useFreshness(signedIn)
  usePagesAtHand(signedIn)
  usePageTitle()
  return (
    <AppShell
      app="Console"
      nav={signedIn || state === 'expired' ? nav : []}
      status={signedIn && <LiveMark live={live} />}
    >
      <SessionGate app="Console">
        <Known>
          <FreezeNotice />
          {children ?? <Outlet />}
        </Known>
      </SessionGate>
    </AppShell>
  )
}

/** Pages are for users of the vault; for others the API says what to do. */
function Known({ children }: { children: ReactNode }) {
  const info = useCall('getUserInfo', undefined, { staleTime: 60_000 })
  return (
    <QueryView query={info} what="Reading who you are">
      {data => <MeContext value={meOf(data)}>{children}</MeContext>}
    </QueryView>
  )
}
