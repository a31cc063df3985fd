import { Alert, Button, Group, Loader, Stack, Text, Title } from '@mantine/core'
import { IconAlertTriangle, IconInbox } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { explainError, isExpired } from './errors.ts'

/** The one heading of a page, with what can be done on the page at its right. */
export function PageTitle({ children, actions }: { children: ReactNode; actions?: ReactNode }) {
  return (
    <Group justify="space-between" mb="md" gap="sm">
      <Title order={1} size="h2">
        {children}
      </Title>
      {actions}
    </Group>
  )
}

/** What happened, what to do, and a way to try again. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, remedy } = explainError(error)
  if (isExpired(error)) return <Text c="dimmed">Sign in again to go on; nothing is lost.</Text>
  return (
    <Alert role="alert" variant="light" color="red" icon={<IconAlertTriangle size={20} />} title={title}>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{remedy}</Text>
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  )
}

/** Nothing here, why that is, and what comes next. */
export function EmptyState(props: { title: string; children?: ReactNode; icon?: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py={48} ta="center">
      <Text c="dimmed" component="span" aria-hidden>
        {props.icon ?? <IconInbox size={40} stroke={1.4} />}
      </Text>
      <Text fw={600}>{props.title}</Text>
      {props.children && (
        <Text c="dimmed" size="sm" maw={420}>
          {props.children}
        </Text>
      )}
      {props.action}
    </Stack>
  )
}

/** Says what is awaited. */
export function LoadingState({ what, children }: { what: string; children?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py={48} role="status">
      <Loader size="sm" type="dots" />
      <Text c="dimmed" size="sm">
        {what}
      </Text>
      {children}
    </Stack>
  )
}

/** One of loading, failed and there, for a query of TanStack Query. */
export function QueryView<T>(props: {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown }
  what: string
  children: (data: T) => ReactNode
}) {
  const { data, error, refetch } = props.query
  if (data !== undefined) return <>{props.children(data)}</>
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  return <LoadingState what={props.what} />
}
