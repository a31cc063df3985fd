import { Button, Stack, Text } from '@mantine/core'
import { IconQrcode, IconSend } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { ResponseOf } from '@trivault/api-contract'
import {
  Address,
  Amount,
  EmptyState,
  ErrorState,
  LoadingState,
  PageTitle,
  QrCode,
  QueryView,
  Time,
  useApi,
} from '@trivault/ui'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Facts, Section } from '../parts/section.tsx'
import { dollars } from '../parts/units.ts'

type Account = ResponseOf<'getVault'>['Vault']

/** One account: balances, and a deposit address on each chain. */
export function AccountPage() {
  const { id } = useParams({ from: '/frame/accounts/$id' })
  const query = useCall('getVault', { params: { id: Number(id) } })
  return (
    <QueryView query={query} what="Reading the account">
      {({ Vault }) => <Known account={Vault} />}
    </QueryView>
  )
}

function Known({ account }: { account: Account }) {
  const me = useMe()
  return (
    <>
      <PageTitle
        actions={
          me.writes && (
            <Button
              component={Link}
              to="/transfer"
              search={{ from: String(account.ID) }}
              leftSection={<IconSend size={18} />}
            >
              Transfer from here
            </Button>
          )
        }
      >
        {account.Name}
      </PageTitle>
      <Section title="Account">
        <Facts
          rows={[
            ['Worth on chain', dollars(account.Balance.OnChainUSD) || 'no rate is set for what it holds'],
            ['Of it available', account.Balance.OnChainUSD !== '' && dollars(account.Balance.AvailableUSD)],
            ['Made', <Time key="made" at={account.CreatedAt} />],
            ['Made by', account.CreatedBy],
          ]}
        />
      </Section>
      <Section title="Balances">
        <Balances account={account} />
      </Section>
      <Deposits account={account} />
    </>
  )
}

function Balances({ account: { Assets } }: { account: Account }) {
  if (Assets.length === 0)
    return <EmptyState title="No assets are registered">Register a chain or a token first.</EmptyState>
  return (
    <DataTable
      label="Balances"
      rows={Assets}
      keyOf={({ CAIP19 }) => CAIP19}
      columns={[
        { head: 'Asset', cell: ({ Asset }) => Asset },
        { head: 'Chain', cell: ({ Network }) => Network },
        {
          head: 'Balance',
          end: true,
          cell: ({ Amount: amount, Asset }) =>
            amount === '' ? 'could not be read' : <Amount value={amount} symbol={Asset} />,
        },
        {
          head: 'Worth',
          end: true,
          cell: ({ USDAmount }) => (USDAmount === undefined ? 'no rate' : dollars(USDAmount)),
        },
      ]}
    />
  )
}

function Deposits({ account }: { account: Account }) {
  const chains = useCall('cwplistChains', undefined, { staleTime: 60_000 })
  const accounts = useCall('cwplistAccounts')
  // Accounts are numbered from 1 in the order of this list, and none ever leaves it.
  const place = account.ID - 1
  return (
    <Section
      title="Deposit addresses"
      note="One address on every chain. The nodes' certified key makes it; nobody can change it later."
    >
      <QueryView query={chains} what="Reading the chains">
        {list =>
          list.length === 0 ? (
            <EmptyState title="No chain is registered">Register one under Chains and tokens.</EmptyState>
          ) : (
            <QueryView query={accounts} what="Reading the master key">
              {all => (
                <div className="cn-cards">
                  {list.map(({ CAIP2, ChainName, TestNet }) => (
                    <Deposit
                      key={CAIP2}
                      account={account.Name}
                      masterKey={all[place]?.MasterKey ?? ''}
                      caip2={CAIP2}
                      chain={TestNet ? `${ChainName} (test network)` : ChainName}
                    />
                  ))}
                </div>
              )}
            </QueryView>
          )
        }
      </QueryView>
    </Section>
  )
}

/** The address is allocated when it is first asked for, which is an entry in the log: only on request. */
function Deposit(props: { account: string; masterKey: string; caip2: string; chain: string }) {
  const api = useApi()
  const ask = useMutation({
    mutationFn: () =>
      api.call('cwpgetAddressCAIP2', {
        body: { Account: props.account, MasterKey: props.masterKey, CAIP2: props.caip2 },
      }),
  })
  return (
    <Stack gap="xs" align="flex-start">
      <Text fw={600}>{props.chain}</Text>
      {ask.data === undefined && !ask.isPending && (
        <Button variant="default" leftSection={<IconQrcode size={18} />} onClick={() => ask.mutate()}>
          Show the address on {props.chain}
        </Button>
      )}
      {ask.isPending && <LoadingState what="Asking for the address" />}
      {ask.error && <ErrorState error={ask.error} onRetry={() => ask.mutate()} />}
      {ask.data && (
        <>
          {ask.data.sealed === false && (
            <Text c="red" role="alert">
              The vault is still being founded: do not send anything to this address yet.
            </Text>
          )}
          <QrCode
            value={ask.data.Address}
            label={`QR code of the address of ${props.account} on ${props.chain}`}
            size={180}
          />
          <Address value={ask.data.Address} />
        </>
      )}
    </Stack>
  )
}
