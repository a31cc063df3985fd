import { Text, TextInput } from '@mantine/core'
import { EmptyState, PageTitle, useApi } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ChangeButton } from '../parts/change-dialog.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { ActButton, smallDanger } from '../parts/dialog.tsx'
import { ListSection } from '../parts/list-section.tsx'

/** Registered chains and tokens. */
export function Assets() {
  return (
    <>
      <PageTitle>Assets</PageTitle>
      <Chains />
      <Tokens />
    </>
  )
}

function Chains() {
  const me = useMe()
  const query = useCall('cwplistChains')
  return (
    <ListSection
      title="Chains"
      note="Accounts have addresses on these."
      actions={me.writes && <NewChain />}
      query={query}
      what="Reading the chains"
      empty={<EmptyState title="No chain is registered">Register one by its CAIP-2 id, such as eip155:1.</EmptyState>}
    >
      {list => (
        <DataTable
          label="Chains"
          rows={list}
          keyOf={({ CAIP2 }) => CAIP2}
          columns={[
            { head: 'Chain', cell: ({ ChainName }) => ChainName },
            { head: 'CAIP-2', cell: ({ CAIP2 }) => <span className="tv-mono">{CAIP2}</span> },
            { head: 'Network', cell: ({ TestNet }) => (TestNet ? 'test network' : 'main network') },
          ]}
          actions={
            me.writes &&
            (({ CAIP2, ChainName }) => <Unregister segment="unregisterChain" request={{ CAIP2 }} name={ChainName} />)
          }
        />
      )}
    </ListSection>
  )
}

const isNative = (caip19: string): boolean => caip19.includes('/slip44:')

function Tokens() {
  const me = useMe()
  const query = useCall('cwplistTokens')
  return (
    <ListSection
      title="Assets on them"
      note="Native assets come with their chain; a token's decimals decide how its amounts are shown and limited."
      actions={me.writes && <NewToken />}
      query={query}
      what="Reading the tokens"
      empty={<EmptyState title="No assets yet">They come with the first chain.</EmptyState>}
    >
      {list => (
        <DataTable
          label="Assets"
          rows={list}
          keyOf={({ CAIP19 }) => CAIP19}
          columns={[
            { head: 'Symbol', cell: ({ Symbol: symbol }) => symbol },
            { head: 'Chain', cell: ({ ChainName }) => ChainName },
            { head: 'Decimals', end: true, cell: ({ Decimals }) => Decimals },
            { head: 'CAIP-19', cell: ({ CAIP19 }) => <span className="tv-mono">{CAIP19}</span> },
          ]}
          actions={
            me.writes &&
            (({ CAIP19, Symbol: symbol }) =>
              isNative(CAIP19) ? '' : <Unregister segment="unregisterToken" request={{ CAIP19 }} name={symbol} />)
          }
        />
      )}
    </ListSection>
  )
}

function Unregister(props: { segment: string; request: Readonly<Record<string, string>>; name: string }) {
  const { segment, request, name } = props
  return (
    <ChangeButton
      label="Unregister"
      look={{ ...smallDanger, 'aria-label': `Unregister ${name}` }}
      title={`Unregister ${name}`}
      segment={segment}
      request={request}
      danger
    >
      <Text size="sm">
        Nothing on the chain changes; the vault shows and moves it no more until it is registered again.
      </Text>
    </ChangeButton>
  )
}

/** A chain of the registry is registered at once; it brings no right. */
function NewChain() {
  const api = useApi()
  const [caip2, setCaip2] = useState('')
  const good = /^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/.test(caip2)
  return (
    <ActButton
      label="Register a chain"
      act={() => api.call('cwpregisterKnownChain', { body: { CAIP2: caip2 } })}
      confirm="Register"
      ready={good}
      onDone={() => setCaip2('')}
    >
      <TextInput
        label="CAIP-2 id"
        description="Of a chain in the vault's own registry, such as eip155:1 or eip155:11155111"
        data-autofocus
        value={caip2}
        onChange={event => setCaip2(event.currentTarget.value.trim())}
        error={caip2 !== '' && !good && 'Two parts with a colon between them'}
      />
    </ActButton>
  )
}

function NewToken() {
  const [caip19, setCaip19] = useState('')
  const [symbol, setSymbol] = useState('')
  const [decimals, setDecimals] = useState('18')
  const goodId = /^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}\/[-a-z0-9]{3,8}:[-.%a-zA-Z0-9]{1,128}$/.test(caip19)
  const goodDecimals = /^\d{1,3}$/.test(decimals) && Number(decimals) <= 255
  const ready = goodId && goodDecimals && symbol.trim() !== ''
  return (
    <ChangeButton
      label="Register a token"
      segment="registerToken"
      request={ready ? { CAIP19: caip19, Symbol: symbol.trim(), Decimals: Number(decimals) } : undefined}
    >
      <TextInput
        label="CAIP-19 id"
        description="Such as eip155:1/erc20: and the contract's address"
        data-autofocus
        value={caip19}
        onChange={event => setCaip19(event.currentTarget.value.trim())}
        error={caip19 !== '' && !goodId && 'Chain and contract with a slash between them'}
      />
      <TextInput label="Symbol" value={symbol} onChange={event => setSymbol(event.currentTarget.value)} />
      <TextInput
        label="Decimals"
        description="As the contract says: a wrong number makes every amount wrong"
        inputMode="numeric"
        value={decimals}
        onChange={event => setDecimals(event.currentTarget.value)}
        error={!goodDecimals && 'A whole number from 0 to 255'}
      />
    </ChangeButton>
  )
}
