import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { IconLogin } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { useEnv, useSession, useSessionView } from './app-context.tsx'
import { ErrorState, LoadingState } from './states.tsx'

// State of a sign-in stays in this browser: what follows # leaves it no more than before.
const here = (): string => window.location.pathname + window.location.search + window.location.hash

function SignInButton({ label }: { label: string }) {
  const session = useSession()
  const [failure, setFailure] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const go = (): void => {
    setBusy(true)
    session.signIn(here()).catch(cause => {
      setBusy(false)
      setFailure(
        Object.assign(new Error('the identity provider cannot be reached', { cause }), {
          remedy: 'check your connection and try again',
        }),
      )
    })
  }
  return (
    <Stack gap="sm">
      <Button leftSection={<IconLogin size={18} />} loading={busy} onClick={go}>
        {label}
      </Button>
      {failure !== undefined && <ErrorState error={failure} />}
    </Stack>
  )
}

/** Shows the app to whoever is signed in; a sign-in page to others; a notice on top once the session has expired. */
export function SessionGate({ app, children }: { app: string; children: ReactNode }) {
  const { state } = useSessionView()
  const env = useEnv()
  if (state === 'loading') return <LoadingState what="Opening" />
  if (state === 'signed-out')
    return (
      <Paper withBorder p="xl" maw={440} mx="auto" mt="xl">
        <Stack>
          <Title order={1} size="h2">
            Sign in
          </Title>
          <Text c="dimmed">
            {app} of the vault <b>{env.ENVIRONMENT}</b>. You are taken to your organisation's identity provider.
          </Text>
          <SignInButton label="Sign in" />
        </Stack>
      </Paper>
    )
  return (
    <>
      {state === 'expired' && (
        <Alert role="alert" color="yellow" variant="light" mb="md" title="Your sign-in has expired">
          <Group justify="space-between">
            <Text size="sm">What you see may be old. Sign in again to go on; nothing is lost.</Text>
            <SignInButton label="Sign in again" />
          </Group>
        </Alert>
      )}
      {children}
    </>
  )
}
