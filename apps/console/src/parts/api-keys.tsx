import { Alert, Badge, Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { IconKey } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ResponseOf } from '@trivault/api-contract'
import { Digest, EmptyState, ErrorState, QueryView, Time, useApi } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { DataTable } from './data-table.tsx'
import { Section } from './section.tsx'

type SystemUser = ResponseOf<'getAllUsers'>['SystemUsers'][number]
const roles = ['Viewer', 'Auditor', 'MarketOps', 'Admin'] as const

/** System users: programs that call the API. Their keys approve nothing. */
export function ApiKeys() {
  const me = useMe()
  const query = useCall('getAllUsers', { query: { user_type: 'system_user' } })
  const present = query.data?.SystemUsers.filter(({ State }) => State !== 'Deleted')
  return (
    <Section
      title="API keys"
      note="For programs. A key may ask for things as its role allows; it never approves anything."
      actions={me.administers && <Create />}
    >
      <QueryView query={{ ...query, data: present }} what="Reading the API keys">
        {list =>
          list.length === 0 ? (
            <EmptyState title="No API keys">
              {me.administers
                ? 'Make one for each program, so that each can be taken away alone.'
                : 'An owner can make one.'}
            </EmptyState>
          ) : (
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
                ...(me.administers ? [{ head: 'Actions', cell: (user: SystemUser) => <Remove user={user} /> }] : []),
              ]}
            />
          )
        }
      </QueryView>
    </Section>
  )
}

function Create() {
  const api = useApi()
  const queries = useQueryClient()
  const [open, setOpen] = useState(false)
  const [name, setName] = useState('')
  const [role, setRole] = useState<(typeof roles)[number]>('Viewer')
  const create = useMutation({
    mutationFn: () => api.call('createSystemUserEndpoint', { body: { Name: name.trim(), Role: role } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['getAllUsers'] }),
  })
  const close = () => {
    setOpen(false)
    setName('')
    create.reset()
  }
  return (
    <>
      <Button leftSection={<IconKey size={18} />} onClick={() => setOpen(true)}>
        New API key
      </Button>
      <Modal
        opened={open}
        onClose={close}
        title="New API key"
        size="lg"
        closeOnClickOutside={create.data === undefined}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {create.data ? (
          <Stack>
            <Alert color="yellow" variant="light" title="Copy it now: it is shown this once">
              <Text size="sm">The vault keeps only its hash. Put it where the program finds it, and nowhere else.</Text>
            </Alert>
            <Digest value={create.data.ApiKey} label="Copy the API key" />
            <Group justify="flex-end">
              <Button onClick={close}>I have it</Button>
            </Group>
          </Stack>
        ) : (
          <form
            onSubmit={event => {
              event.preventDefault()
              if (name.trim() !== '') create.mutate()
            }}
          >
            <Stack>
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
              {create.error && <ErrorState error={create.error} />}
              <Group justify="flex-end">
                <Button variant="default" onClick={close}>
                  Back
                </Button>
                <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
                  Make it
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Modal>
    </>
  )
}

function Remove({ user }: { user: SystemUser }) {
  const api = useApi()
  const queries = useQueryClient()
  const [open, setOpen] = useState(false)
  const remove = useMutation({
    mutationFn: () => api.call('deleteSystemUserEndpoint', { params: { id: user.Id } }),
    onSuccess: async () => {
      setOpen(false)
      await queries.invalidateQueries({ queryKey: ['getAllUsers'] })
    },
  })
  return (
    <>
      <Button size="xs" variant="light" color="red" onClick={() => setOpen(true)} aria-label={`Delete ${user.Name}`}>
        Delete
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={`Delete ${user.Name}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Stack>
          <Text size="sm">
            The program's key stops working at once. It cannot be brought back; a new one can be made.
          </Text>
          {remove.error && <ErrorState error={remove.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setOpen(false)}>
              Keep it
            </Button>
            <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
              Delete it
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  )
}
