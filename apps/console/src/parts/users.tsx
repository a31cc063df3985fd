import { Badge, Group, Text, TextInput } from '@mantine/core'
import { IconUserPlus } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ResponseOf } from '@trivault/api-contract'
import { EmptyState } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ChangeButton } from './change-dialog.tsx'
import { DataTable } from './data-table.tsx'
import { smallButton, smallDanger } from './dialog.tsx'
import { ListSection } from './list-section.tsx'

type User = ResponseOf<'getAllUsers'>['Users'][number]

const stateWords: Readonly<Record<string, string>> = {
  Active: 'Paired',
  PendingOnboarding: 'No device yet',
  Deleted: 'Deleted',
}

/** `PendingResetApproval` becomes "Pending reset approval". */
const spaced = (state: string): string => state.replace(/(?<=[a-z])[A-Z]/g, letter => ` ${letter.toLowerCase()}`)

export function Users() {
  const me = useMe()
  const users = useCall('getAllUsers', { query: { user_type: 'approver' } })
  const groups = useCall('cwpgetAllGroupMembers')
  const present = users.data?.Users.filter(({ State }) => State !== 'Deleted')
  return (
    <ListSection
      title="Users"
      note="Their rights come from groups; what they approve counts once a device of theirs is paired."
      actions={me.writes && <Register />}
      query={{ ...users, data: present }}
      what="Reading the users"
      empty={<EmptyState title="No users yet">The tenant set-up registers the owners.</EmptyState>}
    >
      {list => (
        <DataTable
          label="Users"
          rows={list}
          keyOf={({ IdpUserId }) => IdpUserId}
          columns={[
            {
              head: 'User',
              lead: true,
              cell: ({ Name, IdpUserId }) => (
                <>
                  <Text fw={600}>{Name}</Text>
                  <Text size="sm">{IdpUserId}</Text>
                </>
              ),
            },
            { head: 'Role here', cell: ({ Role }) => Role },
            { head: 'Groups', cell: ({ IdpUserId }) => <Memberships groups={groups.data} user={IdpUserId} /> },
            { head: 'Device', cell: user => <State user={user} /> },
          ]}
          actions={me.writes && (user => <Actions user={user} />)}
        />
      )}
    </ListSection>
  )
}

function Memberships({ groups, user }: { groups: ResponseOf<'cwpgetAllGroupMembers'> | undefined; user: string }) {
  const names = Object.entries(groups ?? {}).flatMap(([name, members]) => (members.includes(user) ? [name] : []))
  return <>{names.join(', ') || 'none'}</>
}

function State({ user: { State: state, AsyncOperationID } }: { user: User }) {
  const label = stateWords[state] ?? spaced(state)
  if (AsyncOperationID !== undefined)
    return (
      <Link className="cn-link" to="/operations/$id" params={{ id: AsyncOperationID }}>
        {label}
      </Link>
    )
  return (
    <Badge variant="light" tt="none" radius="sm" color={state === 'Active' ? 'green' : 'yellow'}>
      {label}
    </Badge>
  )
}

function Actions({ user: { IdpUserId, Name, State: state } }: { user: User }) {
  return (
    <Group gap={4}>
      {state === 'Active' && (
        <ChangeButton
          label="Lost device"
          look={{ ...smallButton, 'aria-label': `Lost device of ${Name}` }}
          title={`Take the device key from ${Name}`}
          segment="resetUser"
          request={{ UserID: IdpUserId }}
          danger
        >
          <Text size="sm">
            The device key of this user counts no more, nor does what it signed for operations that are still pending.
            The user stays and pairs a new device.
          </Text>
        </ChangeButton>
      )}
      <ChangeButton
        label="Delete"
        look={{ ...smallDanger, 'aria-label': `Delete ${Name}` }}
        title={`Delete ${Name}`}
        segment="deleteUser"
        request={{ UserID: IdpUserId }}
        danger
      >
        <Text size="sm">
          The user, the device key and all memberships go; API keys that stand for this user stop working.
        </Text>
      </ChangeButton>
    </Group>
  )
}

function Register() {
  const [id, setId] = useState('')
  const [name, setName] = useState('')
  const bad = id !== '' && !/^[!-?A-~]+@[!-?A-~]+$/.test(id)
  return (
    <ChangeButton
      label="Register a user"
      look={{ leftSection: <IconUserPlus size={18} /> }}
      segment="registerUser"
      request={id !== '' && !bad && name.trim() !== '' ? { UserID: id, UserName: name.trim() } : undefined}
    >
      <TextInput
        label="E-mail address"
        description="As the identity provider knows this person"
        data-autofocus
        value={id}
        onChange={event => setId(event.currentTarget.value.trim())}
        error={bad && 'An e-mail address of ASCII characters'}
      />
      <TextInput label="Name" value={name} onChange={event => setName(event.currentTarget.value)} />
      <Text size="sm" c="dimmed">
        A new user has no right. Next, this person pairs a device in the Approver App, and the owners add the user to
        groups.
      </Text>
    </ChangeButton>
  )
}
