import { Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useSearch } from '@tanstack/react-router'
import type { ResponseOf } from '@trivault/api-contract'
import { Address, Amount, EmptyState, ErrorState, PageTitle, QueryView, useApi } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { type Asset, AssetSelect } from '../parts/asset-select.tsx'
import { type Fee, FeeInput, feeCeiling, feeFields, standardFee } from '../parts/fee.tsx'
import { NoRight } from '../parts/no-right.tsx'
import { PolicyPreview, type Preview, usePreview } from '../parts/policy-preview.tsx'
import { Facts, Section } from '../parts/section.tsx'
import { isAmount } from '../parts/units.ts'
import { useStart } from '../parts/use-start.ts'

type Accounts = ResponseOf<'cwplistAccounts'>
type Spec = { MasterKeyName: string; AccountName: string } | { Address: string }

/** A transfer of one asset to one destination, with what the policy says of it while it is written. */
export function Transfer() {
  const me = useMe()
  const accounts = useCall('cwplistAccounts')
  const assets = useCall('cwpsearchAssetInfos', { body: {} }, { staleTime: 60_000 })
  if (!me.writes) return <NoRight title="New transfer" what="start transfers" />
  return (
    <>
      <PageTitle>New transfer</PageTitle>
      <QueryView query={accounts} what="Reading the accounts">
        {list => (
          <QueryView query={assets} what="Reading the assets">
            {all => <Form accounts={list} assets={all.filter(({ CAIP19 }) => CAIP19.startsWith('eip155:'))} />}
          </QueryView>
        )}
      </QueryView>
    </>
  )
}

const specOf = ({ MasterKey, Name }: Accounts[number]): Spec => ({ MasterKeyName: MasterKey, AccountName: Name })

function Form({ accounts, assets }: { accounts: Accounts; assets: readonly Asset[] }) {
  const search = useSearch({ from: '/frame/transfer' })
  const api = useApi()
  const [from, setFrom] = useState(String(Math.max(0, Number(search.from ?? 1) - 1)))
  const [asset, setAsset] = useState(search.asset ?? assets[0]?.CAIP19 ?? '')
  const [kind, setKind] = useState('address')
  const [address, setAddress] = useState('')
  const [to, setTo] = useState('0')
  const [amount, setAmount] = useState('')
  const [fee, setFee] = useState<Fee>(standardFee)
  const source = accounts[Number(from)]
  const destination = destinationOf(kind, address.trim(), accounts[Number(to)])
  const base =
    source === undefined || destination === undefined || asset === '' || !isAmount(amount)
      ? undefined
      : { CAIP19: asset, Source: specOf(source), Destination: [{ ...destination, Amount: amount }] }
  const proposal = usePreview('makeTransaction', base)
  const fees = feeFields(fee, proposal.query.data && proposedFee(proposal.query.data))
  const request = base && fees && (Object.keys(fees).length === 0 ? base : { ...base, EVM: fees })
  const preview = usePreview('makeTransaction', request)
  const start = useStart(() => api.start('makeTransaction', request as never))
  if (accounts.length === 0 || assets.length === 0)
    return (
      <EmptyState title="Nothing can be sent yet">
        There must be an account, and a registered chain that holds its assets.
      </EmptyState>
    )
  const blocked = preview.query.isError || preview.query.data?.Blocked !== undefined
  return (
    <form
      className="cn-cards"
      onSubmit={event => {
        event.preventDefault()
        if (request !== undefined && preview.current && !blocked) start.mutate()
      }}
    >
      <Section title="What moves">
        <Stack>
          <NativeSelect
            label="From account"
            value={from}
            onChange={event => setFrom(event.currentTarget.value)}
            data={accounts.map((one, i) => ({ value: String(i), label: `${one.Name} (${one.MasterKey})` }))}
          />
          <AssetSelect assets={assets} value={asset} onChange={setAsset} />
          <TextInput
            label="Amount"
            description={source && <Spendable account={source} asset={asset} />}
            inputMode="decimal"
            autoComplete="off"
            value={amount}
            onChange={event => setAmount(event.currentTarget.value)}
            error={amount !== '' && !isAmount(amount) && 'A decimal above zero, such as 0.25'}
          />
          <NativeSelect
            label="To"
            value={kind}
            onChange={event => setKind(event.currentTarget.value)}
            data={[
              { value: 'address', label: 'An address' },
              { value: 'account', label: 'An account of this vault' },
            ]}
          />
          {kind === 'account' ? (
            <NativeSelect
              label="Receiving account"
              value={to}
              onChange={event => setTo(event.currentTarget.value)}
              data={accounts.map((one, i) => ({ value: String(i), label: `${one.Name} (${one.MasterKey})` }))}
            />
          ) : (
            <TextInput
              label="Receiving address"
              classNames={{ input: 'cn-address-input' }}
              autoComplete="off"
              spellCheck={false}
              value={address}
              onChange={event => setAddress(event.currentTarget.value)}
              error={address !== '' && destination === undefined && 'An address begins with 0x and has 40 hex digits'}
            />
          )}
          <FeeInput fee={fee} onChange={setFee} />
        </Stack>
      </Section>
      <Section title="What the policy says">
        <Stack>
          <PolicyPreview
            preview={preview}
            empty={
              base === undefined
                ? 'Fill in amount and destination: then you see who must approve.'
                : 'Fill in the limits of the fee: then you see who must approve.'
            }
          />
          {preview.query.data && request !== undefined && <Filled preview={preview.query.data} assets={assets} />}
          {start.error && <ErrorState error={start.error} />}
          <Button
            type="submit"
            loading={start.isPending}
            disabled={request === undefined || !preview.current || blocked || preview.query.data === undefined}
          >
            Start the transfer
          </Button>
          <Text size="sm" c="dimmed">
            Nothing is signed before those who must approve have approved on their own devices, you included if you
            start it.
          </Text>
        </Stack>
      </Section>
    </form>
  )
}

function destinationOf(kind: string, address: string, account: Accounts[number] | undefined): Spec | undefined {
  if (kind === 'account') return account && specOf(account)
  return /^0x[0-9a-fA-F]{40}$/.test(address) ? { Address: address } : undefined
}

function Spendable({ account, asset }: { account: Accounts[number]; asset: string }) {
  const query = useCall(
    'cwpgetSpendableBalance',
    { body: { MasterKey: account.MasterKey, Account: account.Name, CAIP19: asset } },
    { enabled: asset !== '' },
  )
  if (query.error) return <>The balance could not be read.</>
  if (query.data === undefined) return <>Reading the balance</>
  if (query.data.Amount === '') return <>The balance could not be read.</>
  return (
    <>
      Available: <Amount value={query.data.Amount} symbol={query.data.Symbol} />
    </>
  )
}

type Judged = {
  readonly CAIP19?: string
  readonly Destination?: readonly { readonly Address: string; readonly AccountName?: string }[]
  readonly EVM?: { readonly Gas?: string; readonly MaxFeePerGas?: string; readonly MaxPriorityFeePerGas?: string }
}

const judged = ({ Intent }: Preview): Judged => JSON.parse(Intent) as Judged

function proposedFee(preview: Preview): { maxFee: bigint; tip: bigint } | undefined {
  const { MaxFeePerGas, MaxPriorityFeePerGas } = judged(preview).EVM ?? {}
  if (MaxFeePerGas === undefined || MaxPriorityFeePerGas === undefined) return undefined
  return { maxFee: BigInt(MaxFeePerGas), tip: BigInt(MaxPriorityFeePerGas) }
}

/** What the wallet filled in, as the approvers will see it. */
function Filled({ preview, assets }: { preview: Preview; assets: readonly Asset[] }) {
  const { CAIP19 = '', Destination = [], EVM = {} } = judged(preview)
  const [chain = ''] = CAIP19.split('/')
  const native = assets.find(one => one.CAIP19.startsWith(`${chain}/slip44:`))
  const ceiling = feeCeiling(EVM)
  const [first] = Destination
  return (
    <Group>
      <Facts
        rows={[
          ['Goes to', first && <Address value={first.Address} name={first.AccountName} />],
          ['Fee at most', ceiling && <Amount value={ceiling} symbol={native?.Symbol ?? ''} />],
        ]}
      />
    </Group>
  )
}
