import { Alert, Group, Text } from '@mantine/core'
import { IconSnowflake } from '@tabler/icons-react'
import type { ResponseOf } from '@trivault/api-contract'
import { Time } from '@trivault/ui'
import type { ReactNode } from 'react'

type Freeze = ResponseOf<'trivaultSettings'>['Freeze']

/** Shown wherever a freeze matters; `children`: what can be done about it there. */
export function FreezeNotice({ freeze, children }: { freeze: Freeze; children?: ReactNode }) {
  if (freeze === undefined) return null
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      mb="md"
      icon={<IconSnowflake size={20} />}
      title="The vault is frozen: nothing is signed"
    >
      <Group justify="space-between">
        <Text size="sm" component="div">
          {freeze.By} froze it <Time at={freeze.At} />. Find out why before anybody ends it.
        </Text>
        {children}
      </Group>
    </Alert>
  )
}
