import { useNavigate, useSearch } from '@tanstack/react-router'
import { PageTitle } from '@trivault/ui'
import { ApiKeys } from '../parts/api-keys.tsx'
import { Devices } from '../parts/devices.tsx'
import { Groups } from '../parts/groups.tsx'
import { PageTabs } from '../parts/page-tabs.tsx'
import { Users } from '../parts/users.tsx'

const tabs = [
  { value: 'users', label: 'Users', view: <Users /> },
  { value: 'groups', label: 'Groups', view: <Groups /> },
  { value: 'devices', label: 'Devices', view: <Devices /> },
  { value: 'keys', label: 'API keys', view: <ApiKeys /> },
]

/** Who there is, in which groups, with which devices; and the API keys of programs. */
export function People() {
  const { tab } = useSearch({ from: '/frame/people' })
  const navigate = useNavigate({ from: '/people' })
  return (
    <>
      <PageTitle>People</PageTitle>
      <PageTabs tabs={tabs} shown={tab} onShow={shown => void navigate({ search: { tab: shown } })} />
    </>
  )
}
