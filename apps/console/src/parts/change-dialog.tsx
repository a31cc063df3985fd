import { Button, Divider, Group, Modal, Stack, Text } from '@mantine/core'
import { ErrorState, useApi } from '@trivault/ui'
import type { ReactNode } from 'react'
import { PolicyPreview, type Request, usePreview } from './policy-preview.tsx'
import { useStart } from './use-start.ts'

/**
 * Asks for the fields of an administrative change, shows what it would need, and starts it as an operation. `request` is
 * undefined while fields are missing.
 */
export function ChangeDialog(props: {
  opened: boolean
  onClose: () => void
  title: string
  segment: string
  request: Request | undefined
  children: ReactNode
  /** How it is started, where that is not the segment's own route; `request` then is only what is previewed. */
  start?: () => Promise<string>
  confirm?: string
  danger?: boolean
}) {
  const { opened, onClose, title } = props
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      {opened && <Change {...props} />}
    </Modal>
  )
}

function Change(props: Parameters<typeof ChangeDialog>[0]) {
  const { segment, request, children, onClose, danger = false, confirm = 'Start' } = props
  const api = useApi()
  const preview = usePreview(segment, request)
  const start = useStart(
    props.start ?? (() => api.start(segment as 'createAccount', request as { Name: string; MasterKey: string })),
    onClose,
  )
  const blocked = preview.current && (preview.query.isError || preview.query.data?.Blocked !== undefined)
  return (
    <form
      onSubmit={event => {
        event.preventDefault()
        if (request !== undefined && !blocked) start.mutate()
      }}
    >
      <Stack>
        {children}
        <Divider />
        <div>
          <Text fw={600} mb={4}>
            What happens next
          </Text>
          <PolicyPreview preview={preview} empty="Fill in the fields to see who must approve this." />
          {request !== undefined && preview.query.data?.Needs.length !== 0 && (
            <Text size="sm" c="dimmed" mt="xs">
              Starting it makes an operation. Those who must approve find it in their Approver App; nothing changes
              before.
            </Text>
          )}
        </div>
        {start.error && <ErrorState error={start.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Back
          </Button>
          <Button
            type="submit"
            {...(danger && { color: 'red' })}
            loading={start.isPending}
            disabled={request === undefined || blocked}
          >
            {confirm}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
