import { Alert, Badge, Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { IconKey } from '@tabler/icons-react'
import type { ResponseOf } from '@trivault/api-contract'
import { Digest, EmptyState, Time, useApi } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { DataTable } from './data-table.tsx'
import { ActButton, smallDanger } from './dialog.tsx'
import { ListSection } from './list-section.tsx'

type SystemUser = ResponseOf<'getAllUsers'>['SystemUsers'][number]
const roles = ['Viewer', 'Auditor', 'MarketOps', 'Admin'] as const

/** System users: programs that call the API. Their keys approve nothing. */
export function ApiKeys() {
  const me = useMe()
  const query = useCall('getAllUsers', { query: { user_type: 'system_user' } })
  const present = query.data?.SystemUsers.filter(({ State }) => State !== 'Deleted')
  return (
    <ListSection
      title="API keys"
      note="For programs. A key may ask for things as its role allows; it never approves anything."
      actions={me.administers && <Create />}
      query={{ ...query, data: present }}
      what="Reading the API keys"
      empty={
        <EmptyState title="No API keys">
          {me.administers
            ? 'Make one for each program, so that each can be taken away alone.'
            : 'An owner can make one.'}
        </EmptyState>
      }
    >
      {list => (
        <DataTable
          label="API keys"
          rows={list}
          keyOf={({ Id }) => String(Id)}
          columns={[
            { head: 'Name', lead: true, cell: ({ Name }) => Name },
            {
              head: 'Role',
              cell: ({ Role }) => (
                <Badge variant="light" tt="none" radius="sm">
                  {Role}
                </Badge>
              ),
            },
            { head: 'Made', cell: ({ CreatedAt }) => <Time at={CreatedAt} /> },
          ]}
          actions={me.administers && (user => <Remove user={user} />)}
        />
      )}
    </ListSection>
  )
}

function Create() {
  const api = useApi()
  const [name, setName] = useState('')
  const [role, setRole] = useState<(typeof roles)[number]>('Viewer')
  return (
    <ActButton
      label="New API key"
      look={{ leftSection: <IconKey size={18} /> }}
      act={() => api.call('createSystemUserEndpoint', { body: { Name: name.trim(), Role: role } })}
      confirm="Make it"
      ready={name.trim() !== ''}
      onDone={() => setName('')}
      outcome={({ ApiKey }, close) => <MadeKey value={ApiKey} onSaved={close} />}
    >
      <TextInput
        label="Name of the program"
        data-autofocus
        value={name}
        onChange={event => setName(event.currentTarget.value)}
      />
      <NativeSelect
        label="Role"
        description="Viewer and Auditor read; MarketOps also starts operations; Admin also makes API keys"
        value={role}
        onChange={event => setRole(roles.find(one => one === event.currentTarget.value) ?? 'Viewer')}
        data={roles.map(one => one)}
      />
    </ActButton>
  )
}

function MadeKey({ value, onSaved }: { value: string; onSaved: () => void }) {
  return (
    <Stack>
      <Alert color="yellow" variant="light" title="Copy it now: it is shown this once">
        <Text size="sm">The vault keeps only its hash. Put it where the program finds it, and nowhere else.</Text>
      </Alert>
      <Digest value={value} label="Copy the API key" />
      <Group justify="flex-end">
        <Button onClick={onSaved}>I have it</Button>
      </Group>
    </Stack>
  )
}

function Remove({ user }: { user: SystemUser }) {
  const api = useApi()
  return (
    <ActButton
      label="Delete"
      look={{ ...smallDanger, 'aria-label': `Delete ${user.Name}` }}
      title={`Delete ${user.Name}?`}
      act={() => api.call('deleteSystemUserEndpoint', { params: { id: user.Id } })}
      confirm="Delete it"
      back="Keep it"
      danger
    >
      <Text size="sm">The program's key stops working at once. It cannot be brought back; a new one can be made.</Text>
    </ActButton>
  )
}
