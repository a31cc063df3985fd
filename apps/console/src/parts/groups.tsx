import { Badge, Button, Checkbox, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { EmptyState, ErrorState, QueryView, useApi } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ChangeDialog } from './change-dialog.tsx'
import { Section } from './section.tsx'

const isName = (text: string): boolean => /^\w+( \w+)*$/.test(text)
const badName = 'Words of letters, digits and underscores, with single spaces between them'

/** Groups and their members: who an approver list means. */
export function Groups() {
  const me = useMe()
  const query = useCall('cwpgetAllGroupMembers')
  const facts = useCall('trivaultVault')
  return (
    <Section
      title="Groups"
      note="Restrictions ask for approvals of their members. The groups auditor, viewer and automated approver also narrow what the members may ask for here."
      actions={me.writes && <Create />}
    >
      <QueryView query={query} what="Reading the groups">
        {groups =>
          Object.keys(groups).length === 0 ? (
            <EmptyState title="No groups yet">The tenant set-up makes the owner group.</EmptyState>
          ) : (
            <div className="cn-cards">
              {Object.entries(groups).map(([name, members]) => (
                <Section
                  key={name}
                  title={name}
                  actions={name === facts.data?.OwnerGroup && <Badge tt="none">owners of this vault</Badge>}
                >
                  <ul className="cn-plain">
                    {members.map(member => (
                      <li key={member}>{member}</li>
                    ))}
                  </ul>
                  {members.length === 0 && <Text c="dimmed">Nobody yet.</Text>}
                  {me.writes && (
                    <Group mt="md" gap="xs">
                      <Members name={name} members={members} />
                      <Rename name={name} />
                    </Group>
                  )}
                </Section>
              ))}
            </div>
          )
        }
      </QueryView>
    </Section>
  )
}

/** An empty group changes no right: it is made at once. */
function Create() {
  const api = useApi()
  const queries = useQueryClient()
  const [open, setOpen] = useState(false)
  const [name, setName] = useState('')
  const create = useMutation({
    mutationFn: () => api.call('cwpcreateGroup', { body: { Name: name } }),
    onSuccess: async () => {
      setOpen(false)
      setName('')
      await queries.invalidateQueries()
    },
  })
  return (
    <>
      <Button onClick={() => setOpen(true)}>New group</Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title="New group"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <form
          onSubmit={event => {
            event.preventDefault()
            if (isName(name)) create.mutate()
          }}
        >
          <Stack>
            <TextInput
              label="Name"
              data-autofocus
              value={name}
              onChange={event => setName(event.currentTarget.value)}
              error={name !== '' && !isName(name) && badName}
            />
            <Text size="sm" c="dimmed">
              It is made at once and empty. Adding members needs the owners.
            </Text>
            {create.error && <ErrorState error={create.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setOpen(false)}>
                Back
              </Button>
              <Button type="submit" loading={create.isPending} disabled={!isName(name)}>
                Make it
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  )
}

function Members({ name, members }: { name: string; members: readonly string[] }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setOpen(true)} aria-label={`Change members of ${name}`}>
        Change members
      </Button>
      {open && <MembersDialog name={name} members={members} onClose={() => setOpen(false)} />}
    </>
  )
}

function MembersDialog({ name, members, onClose }: { name: string; members: readonly string[]; onClose: () => void }) {
  const users = useCall('getAllUsers', { query: { user_type: 'approver' } })
  const [chosen, setChosen] = useState([...members])
  const AddUsers = chosen.filter(user => !members.includes(user))
  const RemoveUsers = members.filter(user => !chosen.includes(user))
  const changed = AddUsers.length + RemoveUsers.length > 0
  return (
    <ChangeDialog
      opened
      onClose={onClose}
      title={`Members of ${name}`}
      segment="updateGroup"
      request={changed ? { Group: name, AddUsers, RemoveUsers } : undefined}
    >
      <QueryView query={users} what="Reading the users">
        {({ Users: list }) => (
          <Checkbox.Group label="Members" value={chosen} onChange={setChosen}>
            <Stack gap={6} mt={4}>
              {list
                .filter(({ State, IdpUserId }) => State !== 'Deleted' || members.includes(IdpUserId))
                .map(({ IdpUserId, Name }) => (
                  <Checkbox key={IdpUserId} value={IdpUserId} label={`${Name} (${IdpUserId})`} />
                ))}
            </Stack>
          </Checkbox.Group>
        )}
      </QueryView>
    </ChangeDialog>
  )
}

function Rename({ name }: { name: string }) {
  const [open, setOpen] = useState(false)
  const [next, setNext] = useState(name)
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setOpen(true)} aria-label={`Rename ${name}`}>
        Rename
      </Button>
      <ChangeDialog
        opened={open}
        onClose={() => setOpen(false)}
        title={`Rename ${name}`}
        segment="renameGroup"
        request={isName(next) && next !== name ? { OldName: name, NewName: next } : undefined}
      >
        <TextInput
          label="New name"
          description="Restrictions that name the group follow"
          value={next}
          onChange={event => setNext(event.currentTarget.value)}
          error={!isName(next) && badName}
        />
      </ChangeDialog>
    </>
  )
}
