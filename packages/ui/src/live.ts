import type { ClientEvent } from '@trivault/api-contract'
import type { Client } from '@trivault/client'
import { useEffect, useRef, useState } from 'react'

export type Live = 'connecting' | 'live' | 'offline'

const firstPause = 500
const longestPause = 15_000
/** An open stream says nothing by itself: one that stayed open this long is taken for live. */
const settled = 300

/**
 * Listens to the vault's events while `enabled`, and connects again after a failure. `onEvent` is called for each event, and
 * with undefined after each connection, since something may have happened in between.
 */
export function useLiveEvents(
  client: Client,
  enabled: boolean,
  onEvent: (event: ClientEvent | undefined) => void,
): Live {
  const [live, setLive] = useState<Live>('connecting')
  const latest = useRef(onEvent)
  latest.current = onEvent
  useEffect(() => {
    if (!enabled) return
    const abort = new AbortController()
    const run = async (): Promise<void> => {
      for (let pause = firstPause; !abort.signal.aborted; pause = Math.min(pause * 2, longestPause)) {
        const timer = setTimeout(() => {
          pause = firstPause
          setLive('live')
          latest.current(undefined)
        }, settled)
        const cut = new AbortController()
        const onOffline = (): void => cut.abort()
        window.addEventListener('offline', onOffline)
        try {
          const signal = AbortSignal.any([abort.signal, cut.signal])
          for await (const event of client.events({ signal })) latest.current(event)
        } catch {
          // The next attempt follows; what is shown is `offline`.
        } finally {
          clearTimeout(timer)
          window.removeEventListener('offline', onOffline)
        }
        if (abort.signal.aborted) return
        setLive('offline')
        await new Promise(resolve => setTimeout(resolve, pause))
      }
    }
    void run()
    return () => abort.abort()
  }, [client, enabled])
  return live
}
