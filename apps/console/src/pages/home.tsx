import { Alert, Anchor, Group, Text } from '@mantine/core'
import { IconDeviceMobile } from '@tabler/icons-react'
import { PageTitle, useEnv } from '@trivault/ui'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { Checklist } from '../parts/checklist.tsx'
import { Waiting } from '../parts/waiting.tsx'

/** Where things stand: set-up, what waits, what is held. */
export function Home() {
  const me = useMe()
  return (
    <>
      <PageTitle>Welcome, {me.name}</PageTitle>
      <Asked />
      <Checklist />
      <Waiting />
    </>
  )
}

/** Operations that wait for the device of whoever looks. */
function Asked() {
  const { APPROVER_URL } = useEnv()
  const { data = [] } = useCall('cwplistPendingApprovals')
  if (data.length === 0) return null
  return (
    <Alert
      variant="light"
      mb="md"
      icon={<IconDeviceMobile size={20} />}
      title={`Your approval is asked for: ${data.length}`}
    >
      <Group justify="space-between">
        <Text size="sm">You approve in the Approver App, on the device that is paired for you.</Text>
        <Anchor href={APPROVER_URL} target="_blank" rel="noreferrer" size="sm">
          Open the Approver App
        </Anchor>
      </Group>
    </Alert>
  )
}
