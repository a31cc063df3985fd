import { Tabs } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { PageTitle } from '@trivault/ui'
import { ApiKeys } from '../parts/api-keys.tsx'
import { Devices } from '../parts/devices.tsx'
import { Groups } from '../parts/groups.tsx'
import { Users } from '../parts/users.tsx'

const tabs = ['users', 'groups', 'devices', 'keys'] as const

/** Who there is, in which groups, with which devices; and the API keys of programs. */
export function People() {
  const { tab = 'users' } = useSearch({ from: '/frame/people' })
  const navigate = useNavigate({ from: '/people' })
  return (
    <>
      <PageTitle>People</PageTitle>
      <Tabs
        value={(tabs as readonly string[]).includes(tab) ? tab : 'users'}
        onChange={value => void navigate({ search: { tab: value ?? undefined } })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="users">Users</Tabs.Tab>
          <Tabs.Tab value="groups">Groups</Tabs.Tab>
          <Tabs.Tab value="devices">Devices</Tabs.Tab>
          <Tabs.Tab value="keys">API keys</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="users">
          <Users />
        </Tabs.Panel>
        <Tabs.Panel value="groups">
          <Groups />
        </Tabs.Panel>
        <Tabs.Panel value="devices">
          <Devices />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <ApiKeys />
        </Tabs.Panel>
      </Tabs>
    </>
  )
}
