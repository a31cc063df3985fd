import { TextInput } from '@mantine/core'
import { EmptyState, useApi } from '@trivault/ui'
import { useState } from 'react'
import { useExactCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ChangeButton } from './change-dialog.tsx'
import { DataTable } from './data-table.tsx'
import { ListSection } from './list-section.tsx'

/** Rates by which restrictions in US dollars are judged. */
export function Rates() {
  const me = useMe()
  const query = useExactCall('trivaultVault', {})
  return (
    <ListSection
      title="Rates"
      note="US dollars for one unit. Restrictions in dollars use the bounds that the owners approved."
      actions={me.writes && <SetRate />}
      query={{ ...query, data: query.data?.Rates }}
      what="Reading the rates"
      empty={
        <EmptyState title="No rates yet">
          Without a rate, a restriction in dollars blocks what it matches. Set one for each asset that you limit in
          dollars.
        </EmptyState>
      }
    >
      {rates => (
        <DataTable
          label="Rates"
          rows={rates}
          keyOf={({ Asset }) => Asset}
          columns={[
            { head: 'Asset', cell: ({ Asset }) => Asset },
            { head: 'Rate', end: true, cell: ({ USDRate }) => USDRate ?? 'none' },
            { head: 'At least', end: true, cell: ({ USDMin }) => USDMin ?? 'no bound' },
            { head: 'At most', end: true, cell: ({ USDMax }) => USDMax ?? 'no bound' },
          ]}
        />
      )}
    </ListSection>
  )
}

const isRate = (text: string): boolean => text === '' || /^(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,18})?$/.test(text)

function SetRate() {
  const api = useApi()
  const [asset, setAsset] = useState('')
  const [values, setValues] = useState({ USDRate: '', USDMin: '', USDMax: '' })
  const given = Object.entries(values).filter(([, value]) => value !== '')
  const ready = asset.trim() !== '' && given.length > 0 && given.every(([, value]) => isRate(value))
  const request = { Updates: [{ Asset: asset.trim(), ...Object.fromEntries(given) }] }
  const field = (name: keyof typeof values, label: string) => (
    <TextInput
      label={label}
      inputMode="decimal"
      value={values[name]}
      onChange={event => setValues({ ...values, [name]: event.currentTarget.value })}
      error={!isRate(values[name]) && 'A decimal such as 3000.50'}
    />
  )
  return (
    <ChangeButton
      label="Set a rate"
      look={{ variant: 'default' }}
      segment="updateRates"
      request={ready ? request : undefined}
      start={async () => (await api.callExact('cwpstartUpdateRates', { body: request })).OperationID}
    >
      <TextInput
        label="Asset"
        description="A symbol such as ETH, or a CAIP-19 id"
        value={asset}
        onChange={event => setAsset(event.currentTarget.value)}
      />
      {field('USDRate', 'Rate now, US dollars')}
      {field('USDMin', 'Lowest rate that may be set without approval')}
      {field('USDMax', 'Highest rate that may be set without approval')}
    </ChangeButton>
  )
}
