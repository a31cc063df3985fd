import { Badge, Button, Checkbox, Group, Stack, Text } from '@mantine/core'
import { EmptyState, QueryView, useApi } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ChangeButton, ChangeDialog } from './change-dialog.tsx'
import { ActButton, smallButton } from './dialog.tsx'
import { ListSection } from './list-section.tsx'
import { isName, NameInput } from './name-input.tsx'
import { Section } from './section.tsx'

/** Groups and their members: who an approver list means. */
export function Groups() {
  const me = useMe()
  const query = useCall('cwpgetAllGroupMembers')
  const facts = useCall('trivaultVault')
  return (
    <ListSection
      title="Groups"
      note="Restrictions ask for approvals of their members. The groups auditor, viewer and automated approver also narrow what the members may ask for here."
      actions={me.writes && <Create />}
      query={{ ...query, data: query.data && Object.entries(query.data) }}
      what="Reading the groups"
      empty={<EmptyState title="No groups yet">The tenant set-up makes the owner group.</EmptyState>}
    >
      {groups => (
        <div className="cn-cards">
          {groups.map(([name, members]) => (
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
      )}
    </ListSection>
  )
}

/** An empty group changes no right: it is made at once. */
function Create() {
  const api = useApi()
  const [name, setName] = useState('')
  return (
    <ActButton
      label="New group"
      act={() => api.call('cwpcreateGroup', { body: { Name: name } })}
      confirm="Make it"
      ready={isName(name)}
      onDone={() => setName('')}
    >
      <NameInput value={name} onChange={setName} />
      <Text size="sm" c="dimmed">
        It is made at once and empty. Adding members needs the owners.
      </Text>
    </ActButton>
  )
}

function Members({ name, members }: { name: string; members: readonly string[] }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button {...smallButton} onClick={() => setOpen(true)} aria-label={`Change members of ${name}`}>
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
  const [next, setNext] = useState(name)
  return (
    <ChangeButton
      label="Rename"
      look={{ ...smallButton, 'aria-label': `Rename ${name}` }}
      title={`Rename ${name}`}
      segment="renameGroup"
      request={isName(next) && next !== name ? { OldName: name, NewName: next } : undefined}
    >
      <NameInput
        label="New name"
        description="Restrictions that name the group follow"
        value={next}
        onChange={setNext}
      />
    </ChangeButton>
  )
}
