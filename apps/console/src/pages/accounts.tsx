import { Group, Pagination, Stack, TextInput } from '@mantine/core'
import { IconSend } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ResponseOf } from '@trivault/api-contract'
import { Amount, EmptyState, PageTitle, QueryView, Time } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { LinkButton } from '../parts/link-button.tsx'
import { NewAccount } from '../parts/new-account.tsx'
import { Section } from '../parts/section.tsx'
import { worthOf } from '../parts/units.ts'
import { useSettled } from '../parts/use-settled.ts'

const pageSize = 20
type Account = ResponseOf<'getVaults'>['Vaults'][number]

/** All accounts with their balances. */
export function Accounts() {
  const me = useMe()
  const [page, setPage] = useState(1)
  const [name, setName] = useState('')
  const search = useSettled(name.trim())
  const query = useCall(
    'getVaults',
    { query: { page, pageSize, ...(search !== '' && { search_name: search, partial: true }) } },
    { keep: true },
  )
  return (
    <>
      <PageTitle actions={me.writes && <Actions />}>Accounts</PageTitle>
      <Section
        title="Balances"
        note="On chain, as the wallet's own node of each chain tells them."
        actions={
          <TextInput
            aria-label="Search by name"
            placeholder="Search by name"
            value={name}
            onChange={event => {
              setName(event.currentTarget.value)
              setPage(1)
            }}
          />
        }
      >
        <QueryView query={query} what="Reading balances from the chains">
          {({ Vaults, TotalCount }) =>
            TotalCount === 0 ? (
              <NoAccounts searched={search !== ''} />
            ) : (
              <Stack>
                <Table accounts={Vaults} />
                {TotalCount > pageSize && (
                  <Pagination
                    total={Math.ceil(TotalCount / pageSize)}
                    value={page}
                    onChange={setPage}
                    getControlProps={control => ({ 'aria-label': `${control} page` })}
                  />
                )}
              </Stack>
            )
          }
        </QueryView>
      </Section>
    </>
  )
}

function Actions() {
  return (
    <Group gap="xs">
      <NewAccount />
      <LinkButton to="/transfer" leftSection={<IconSend size={18} />}>
        New transfer
      </LinkButton>
    </Group>
  )
}

function NoAccounts({ searched }: { searched: boolean }) {
  if (searched) return <EmptyState title="No account has this in its name">Try a shorter part of the name.</EmptyState>
  return (
    <EmptyState title="No accounts yet">
      An account holds addresses on every registered chain. Somebody with the right to start operations makes the first
      one.
    </EmptyState>
  )
}

function Table({ accounts }: { accounts: readonly Account[] }) {
  return (
    <DataTable
      label="Accounts"
      rows={accounts}
      keyOf={({ ID }) => String(ID)}
      columns={[
        {
          head: 'Account',
          lead: true,
          cell: ({ ID, Name }) => (
            <Link className="cn-link" to="/accounts/$id" params={{ id: String(ID) }}>
              {Name}
            </Link>
          ),
        },
        { head: 'Holds', cell: account => <Holdings account={account} /> },
        { head: 'Worth', end: true, cell: account => worthOf(account) || 'no rate' },
        { head: 'Made', cell: ({ CreatedAt }) => <Time at={CreatedAt} /> },
      ]}
    />
  )
}

function Holdings({ account: { Assets } }: { account: Account }) {
  const held = Assets.filter(({ Amount: amount }) => amount !== '' && amount !== '0')
  const unread = Assets.filter(({ Amount: amount }) => amount === '').length
  return (
    <Stack gap={2}>
      {held.map(({ CAIP19, Amount: amount, Asset }) => (
        <Amount key={CAIP19} value={amount} symbol={Asset} />
      ))}
      {held.length === 0 && unread === 0 && 'nothing yet'}
      {unread > 0 && `${unread} balance${unread === 1 ? '' : 's'} could not be read`}
    </Stack>
  )
}
