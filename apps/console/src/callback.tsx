import { Button, Paper, Stack } from '@mantine/core'
import { useRouter } from '@tanstack/react-router'
import { ErrorState, LoadingState, useSession } from '@trivault/ui'
import { useEffect, useRef, useState } from 'react'

/** Where the identity provider sends people back to. */
export function Callback() {
  const session = useSession()
  const router = useRouter()
  const [failure, setFailure] = useState<unknown>()
  const begun = useRef(false)
  useEffect(() => {
    if (begun.current) return
    begun.current = true
    session
      .complete()
      .then(({ returnTo }) => router.history.replace(returnTo))
      .catch((cause: unknown) =>
        setFailure(
          Object.assign(new Error('the sign-in was not finished', { cause }), {
            remedy: 'start it again; if it fails again, ask who runs the identity provider',
          }),
        ),
      )
  }, [session, router])
  if (failure === undefined) return <LoadingState what="Finishing your sign-in" />
  return (
    <Paper maw={460} mx="auto" mt={48} p="md">
      <Stack>
        <ErrorState error={failure} />
        <Button component="a" href="/">
          Back to the start
        </Button>
      </Stack>
    </Paper>
  )
}
