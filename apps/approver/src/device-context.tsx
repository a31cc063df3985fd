import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { type Live, useApi, useLiveEvents, useSessionView } from '@trivault/ui'
import { createContext, type ReactNode, useCallback, useContext, useSyncExternalStore } from 'react'
import type { DeviceApi } from './device/remote.ts'
import type { Progress } from './device/views.ts'

export interface DeviceLink {
  readonly api: DeviceApi
  readonly progress: () => Progress | undefined
  readonly subscribe: (listener: () => void) => () => void
}

const Link = createContext<DeviceLink | undefined>(undefined)

export function DeviceProvider({ link, children }: { link: DeviceLink; children: ReactNode }) {
  return <Link value={link}>{children}</Link>
}

function useLink(): DeviceLink {
  const link = useContext(Link)
  if (link === undefined) throw new Error('DeviceProvider is missing')
  return link
}

export const useDevice = (): DeviceApi => useLink().api

/** How far the log is verified, while that takes time. */
export function useProgress(): Progress | undefined {
  const { subscribe, progress } = useLink()
  return useSyncExternalStore(subscribe, progress)
}

const everything = ['device'] as const

export function usePinned() {
  const device = useDevice()
  const { state } = useSessionView()
  const inside = state === 'signed-in' || state === 'expired'
  return useQuery({ queryKey: [...everything, 'pinned'], queryFn: () => device.isPinned(), enabled: inside })
}

/** Enabled once the vault is pinned and somebody has signed in. */
export function useOverview() {
  const device = useDevice()
  const pinned = usePinned()
  return useQuery({
    queryKey: [...everything, 'overview'],
    queryFn: () => device.overview(),
    enabled: pinned.data === true,
    refetchInterval: 10_000,
  })
}

export function useExamination(id: string) {
  const device = useDevice()
  return useQuery({
    queryKey: [...everything, 'examination', id],
    queryFn: () => device.examine(id),
    // An approval that leaves the status as it is makes no event.
    refetchInterval: ({ state }) => (state.data?.item.endedAt === undefined ? 4_000 : false),
  })
}

/** What is read from the log, again with every entry that the overview has taken. */
function useLogQuery<T>(what: string, read: () => Promise<T>) {
  const seq = useOverview().data?.log.seq
  return useQuery({ queryKey: [...everything, what, seq], queryFn: read, placeholderData: keepPreviousData })
}

export function useHistory() {
  const device = useDevice()
  return useLogQuery('history', () => device.history())
}

export function usePeople() {
  const device = useDevice()
  return useLogQuery('people', () => device.people())
}

export function useFounding() {
  const device = useDevice()
  return useLogQuery('founding', () => device.founding())
}

/** Everything that the device told is asked for again. */
export function useRefresh(): () => void {
  const queries = useQueryClient()
  return useCallback(() => void queries.invalidateQueries({ queryKey: everything }), [queries])
}

/** Refreshes with every event of the vault. */
export function useLive(): Live {
  const refresh = useRefresh()
  const { state } = useSessionView()
  return useLiveEvents(useApi(), state === 'signed-in', refresh)
}
