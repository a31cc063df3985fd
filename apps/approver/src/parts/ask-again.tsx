import { Button, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'

/** A button that tells what follows and asks once more before it acts. */
export function AskAgain(props: {
  label: string
  size?: 'xs'
  consequence: string
  confirm: string
  busy: boolean
  onConfirm: () => void
}) {
  const { label, size, consequence, confirm, busy, onConfirm } = props
  const [asking, setAsking] = useState(false)
  if (!asking)
    return (
      <Group>
        <Button variant="default" {...(size && { size })} onClick={() => setAsking(true)}>
          {label}
        </Button>
      </Group>
    )
  return (
    <Stack gap="xs">
      <Text size="sm">{consequence}</Text>
      <Group>
        <Button color="red" loading={busy} onClick={onConfirm}>
          {confirm}
        </Button>
        <Button variant="default" onClick={() => setAsking(false)}>
          Keep it
        </Button>
      </Group>
    </Stack>
  )
}
