import { Button, Stack, Text } from '@mantine/core'
import { IconQrcode, IconSend } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import type { ResponseOf } from '@trivault/api-contract'
import { Address, Amount, EmptyState, ErrorState, PageTitle, QrCode, QueryView, Time, useApi } from '@trivault/ui'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { LinkButton } from '../parts/link-button.tsx'
import { Facts, Section } from '../parts/section.tsx'
import { dollars, worthOf } from '../parts/units.ts'

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
  const worth = worthOf(account)
  return (
    <>
      <PageTitle
        actions={
          me.writes && (
            <LinkButton to="/transfer" search={{ from: String(account.ID) }} leftSection={<IconSend size={18} />}>
              Transfer from here
            </LinkButton>
          )
        }
      >
        {account.Name}
      </PageTitle>
      <Section title="Account">
        <Facts
          rows={[
            ['Worth on chain', worth || 'no rate is set for what it holds'],
            ['Of it available', worth !== '' && dollars(account.Balance.AvailableUSD)],
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
  return (
    <Section
      title="Deposit addresses"
      note="One on every chain, made by the certified key of the three nodes; nobody can change it later."
    >
      <QueryView query={chains} what="Reading the chains">
        {list =>
          list.length === 0 ? (
            <EmptyState title="No chain is registered">Register one under Assets.</EmptyState>
          ) : (
            <div className="cn-cards">
              {list.map(({ CAIP2, ChainName, TestNet }) => (
                <Deposit
                  key={CAIP2}
                  account={account}
                  caip2={CAIP2}
                  chain={TestNet ? `${ChainName} (test network)` : ChainName}
                />
              ))}
            </div>
          )
        }
      </QueryView>
    </Section>
  )
}

/** The address that there is; allocating the first one is an entry in the log, and so is done on request only. */
function Deposit({ account, caip2, chain }: { account: Account; caip2: string; chain: string }) {
  const native = account.Assets.find(({ CAIP19 }) => CAIP19.startsWith(`${caip2}/slip44:`))?.CAIP19 ?? ''
  const known = useCall('getAddressOfAsset', { params: { id: account.ID, caip19: native } }, { enabled: native !== '' })
  return (
    <Stack gap="xs" align="flex-start">
      <Text fw={600}>{chain}</Text>
      <QueryView query={known} what="Reading the address">
        {({ Addresses: [first] }) =>
          first?.Address === undefined ? (
            <Allocate account={account} caip2={caip2} />
          ) : (
            <Shown account={account} chain={chain} address={first.Address} />
          )
        }
      </QueryView>
    </Stack>
  )
}

function Shown({ account, chain, address }: { account: Account; chain: string; address: string }) {
  const facts = useCall('trivaultVault', undefined, { staleTime: 60_000 })
  return (
    <>
      {facts.data && facts.data.SealedAt === undefined && (
        <Text c="red" role="alert">
          The vault is still being founded: do not send anything to this address yet.
        </Text>
      )}
      <QrCode value={address} label={`QR code of the address of ${account.Name} on ${chain}`} size={180} />
      <Address value={address} />
    </>
  )
}

function Allocate({ account, caip2 }: { account: Account; caip2: string }) {
  const api = useApi()
  const queries = useQueryClient()
  const accounts = useCall('cwplistAccounts')
  // Accounts are numbered from 1 in the order of this list, and none ever leaves it.
  const masterKey = accounts.data?.[account.ID - 1]?.MasterKey ?? ''
  const ask = useMutation({
    mutationFn: () =>
      api.call('cwpgetAddressCAIP2', { body: { Account: account.Name, MasterKey: masterKey, CAIP2: caip2 } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['getAddressOfAsset'] }),
  })
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconQrcode size={18} />}
        disabled={masterKey === ''}
        loading={ask.isPending}
        onClick={() => ask.mutate()}
      >
        Make the address
      </Button>
      {ask.error && <ErrorState error={ask.error} onRetry={() => ask.mutate()} />}
    </>
  )
}
