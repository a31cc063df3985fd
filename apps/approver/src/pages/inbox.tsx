import { Alert, Button, Stack, Text, Title } from '@mantine/core'
import { IconCircleCheck } from '@tabler/icons-react'
import { Link, Navigate } from '@tanstack/react-router'
import { EmptyState, ErrorState, PageTitle } from '@trivault/ui'
import type { Overview } from '../device/views.ts'
import { useOverview, usePinned } from '../device-context.tsx'
import { ItemList } from '../parts/item-list.tsx'
import { Verifying } from '../parts/verifying.tsx'

export function Inbox() {
  const pinned = usePinned()
  const { data, error, refetch } = useOverview()
  if (pinned.data === false) return <Navigate to="/pair" replace />
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Verifying />
  if (data.device === undefined) return <Navigate to="/pair" replace />
  return <Pending overview={data} />
}

function Pending({ overview: { inbox, device } }: { overview: Overview }) {
  const asked = inbox.filter(item => item.asked)
  const others = inbox.filter(item => !item.asked)
  return (
    <>
      <PageTitle>Inbox</PageTitle>
      {device?.standing !== 'paired' && (
        <Alert color="yellow" variant="light" mb="md" title="This device does not count yet">
          <Stack gap="xs" align="flex-start">
            <Text size="sm">{device?.why ?? 'Its pairing is not finished. You can read, but not approve.'}</Text>
            <Button size="xs" variant="default" renderRoot={props => <Link to="/pair" {...props} />}>
              Go to pairing
            </Button>
          </Stack>
        </Alert>
      )}
      {asked.length > 0 ? (
        <section aria-label="Asks for your approval">
          <ItemList items={asked} when="started" />
        </section>
      ) : (
        <EmptyState title="Nothing waits for you" icon={<IconCircleCheck size={40} stroke={1.4} />}>
          New operations appear here by themselves.
        </EmptyState>
      )}
      {others.length > 0 && (
        <Stack gap="sm" mt="xl" component="section">
          <Title order={2} size="h4">
            Waits for others
          </Title>
          <ItemList items={others} when="started" />
        </Stack>
      )}
    </>
  )
}
