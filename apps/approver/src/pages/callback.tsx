import { useNavigate } from '@tanstack/react-router'
import { ErrorState, LoadingState, useSession } from '@trivault/ui'
import { useEffect, useRef, useState } from 'react'
import { useDevice } from '../device-context.tsx'
import { vouchPath } from '../parts/vouch.ts'

/** The way back from the identity provider. */
export function Callback() {
  const session = useSession()
  const device = useDevice()
  const navigate = useNavigate()
  const [failure, setFailure] = useState<unknown>()
  const started = useRef(false)
  useEffect(() => {
    if (started.current) return
    started.current = true
    const run = async (): Promise<void> => {
      const { returnTo, idToken } = await session.complete()
      if (returnTo === vouchPath) {
        await device.vouch(idToken ?? '')
        await device.startPairing()
      }
      const url = new URL(returnTo, window.location.origin)
      await navigate({ href: url.pathname + url.search + url.hash, replace: true })
    }
    run().catch(setFailure)
  }, [session, device, navigate])
  if (failure === undefined) return <LoadingState what="Signing you in" />
  return (
    <ErrorState
      error={Object.assign(failure instanceof Error ? failure : new Error('the sign-in failed'), {
        remedy: Reflect.get(Object(failure), 'remedy') ?? 'go back to the App and start the sign-in again',
      })}
      onRetry={() => void navigate({ to: '/' })}
    />
  )
}
