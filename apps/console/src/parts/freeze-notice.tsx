import { Alert, Text } from '@mantine/core'
import { IconSnowflake } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { Time } from '@trivault/ui'
import { useCall } from '../calls.ts'

/** No event tells of a freeze: it is asked for this often. */
const asked = 4_000

/** On every page while nothing is signed. */
export function FreezeNotice() {
  const { data } = useCall('trivaultSettings', undefined, { refetchInterval: asked })
  if (data?.Freeze === undefined) return null
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      mb="md"
      icon={<IconSnowflake size={20} />}
      title="The vault is frozen: nothing is signed"
    >
      <Text size="sm" component="div">
        {data.Freeze.By} froze it <Time at={data.Freeze.At} />. Find out why before anybody ends it:{' '}
        <Link className="cn-link" to="/policies" search={{ tab: 'settings' }}>
          Settings
        </Link>
      </Text>
    </Alert>
  )
}
