import { Group, Progress, Text } from '@mantine/core'
import { IconCircleCheckFilled, IconCircleDashed } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ResponseOf } from '@trivault/api-contract'
import { QueryView } from '@trivault/ui'
import type { ReactNode } from 'react'
import { useCall } from '../calls.ts'
import { Section } from './section.tsx'

interface Item {
  title: string
  done: boolean
  note: ReactNode
}

type Facts = ResponseOf<'trivaultVault'>
type Users = ResponseOf<'getAllUsers'>

/** The first steps of a vault, each judged by what the API says now. Gone once all are done. */
export function Checklist() {
  const facts = useCall('trivaultVault')
  const users = useCall('getAllUsers', { query: {} })
  const groups = useCall('cwpgetAllGroupMembers')
  const tenant = useCall('viewTenantConfig')
  const accounts = useCall('getVaults', { query: { page: 1, pageSize: 20 } })
  const all = { facts, users, groups, tenant, accounts }
  const failed = Object.values(all).find(({ error }) => error)
  const data =
    facts.data && users.data && groups.data && tenant.data && accounts.data
      ? itemsOf(facts.data, users.data, groups.data, tenant.data.MasterKeyBackupPerformed, accounts.data)
      : undefined
  const query = {
    data,
    error: failed?.error,
    isPending: data === undefined,
    refetch: () => Object.values(all).map(one => one.refetch()),
  }
  if (data?.every(({ done }) => done)) return null
  return (
    <Section title="First steps">
      <QueryView query={query} what="Looking at what is set up">
        {items => <Items items={items} />}
      </QueryView>
    </Section>
  )
}

function Items({ items }: { items: readonly Item[] }) {
  const done = items.filter(item => item.done).length
  return (
    <>
      <Group gap="sm" mb="md">
        <Progress value={(100 * done) / items.length} flex={1} aria-label={`${done} of ${items.length} steps done`} />
        <Text size="sm">
          {done} of {items.length}
        </Text>
      </Group>
      <ul className="cn-checks">
        {items.map(({ title, done: isDone, note }) => (
          <li key={title}>
            {isDone ? (
              <IconCircleCheckFilled size={24} color="#2e9e55" aria-label="Done" style={{ flex: 'none' }} />
            ) : (
              <IconCircleDashed size={24} aria-label="To do" style={{ flex: 'none' }} />
            )}
            <div>
              <Text fw={600}>{title}</Text>
              <Text size="sm" c="dimmed" component="div">
                {note}
              </Text>
            </div>
          </li>
        ))}
      </ul>
    </>
  )
}

function itemsOf(
  facts: Facts,
  { Users }: Users,
  groups: Readonly<Record<string, readonly string[]>>,
  backupTaken: boolean,
  { Vaults, TotalCount }: ResponseOf<'getVaults'>,
): Item[] {
  const owners = groups[facts.OwnerGroup ?? ''] ?? []
  const paired = owners.filter(id => Users.some(user => user.IdpUserId === id && user.State === 'Active'))
  const unpaired = owners.filter(id => !paired.includes(id))
  const keys = facts.MasterKeys.filter(({ Status }) => Status === 'active')
  const funded = Vaults.some(({ Assets }) => Assets.some(({ Amount }) => Amount !== '' && Amount !== '0'))
  return [
    {
      title: `Owners paired: ${paired.length} of ${owners.length}`,
      done: owners.length > 0 && unpaired.length === 0,
      note:
        unpaired.length === 0
          ? `${facts.OwnersRequired} of ${owners.length} owners decide together.`
          : `No paired device yet: ${unpaired.join(', ')}. Each of them signs in to the Approver App and pairs.`,
    },
    {
      title: 'Vault sealed',
      done: facts.SealedAt !== undefined,
      note:
        facts.SealedAt === undefined
          ? 'Nothing is signed, and no address should be funded, before the founders are complete.'
          : 'The founders are complete; every later key needs the owner quorum.',
    },
    {
      title: 'Master key made and backed up',
      done: keys.length > 0,
      note:
        keys.length === 0
          ? 'A key becomes usable once all three nodes verified the backups of all its shares.'
          : `${keys.map(({ Name }) => Name).join(', ')}: every share is backed up, and every node verified it.`,
    },
    {
      title: 'Backup taken out of the vault',
      done: backupTaken,
      note: backupTaken ? (
        'The encrypted backup was handed out. Keep it apart from the ERS key.'
      ) : (
        <>
          One owner has it handed out, under <KeysLink />. Without it nothing helps if all three nodes are lost.
        </>
      ),
    },
    {
      title: 'First account',
      done: TotalCount > 0,
      note: TotalCount > 0 ? `${TotalCount} so far.` : <AccountsLink>Make one under Accounts.</AccountsLink>,
    },
    {
      title: 'First deposit',
      done: funded,
      note: funded ? (
        'The vault holds something.'
      ) : (
        <AccountsLink>Open an account to see its deposit address.</AccountsLink>
      ),
    },
  ]
}

const AccountsLink = ({ children }: { children: ReactNode }) => (
  <Link className="cn-link" to="/accounts">
    {children}
  </Link>
)

const KeysLink = () => (
  <Link className="cn-link" to="/nodes">
    Nodes and keys
  </Link>
)
