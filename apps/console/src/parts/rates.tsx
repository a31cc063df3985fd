import { Button, TextInput } from '@mantine/core'
import { EmptyState, QueryView, useApi } from '@trivault/ui'
import { useState } from 'react'
import { useExactCall } from '../calls.ts'
import { useMe } from '../me.tsx'
import { ChangeDialog } from './change-dialog.tsx'
import { DataTable } from './data-table.tsx'
import { Section } from './section.tsx'

/** Rates by which restrictions in US dollars are judged. */
export function Rates() {
  const me = useMe()
  const query = useExactCall('trivaultVault', {})
  return (
    <Section
      title="Rates"
      note="US dollars for one unit. Restrictions in dollars use the bounds that the owners approved."
      actions={me.writes && <SetRate />}
    >
      <QueryView query={query} what="Reading the rates">
        {({ Rates: rates }) =>
          rates.length === 0 ? (
            <EmptyState title="No rates yet">
              Without a rate, a restriction in dollars blocks what it matches. Set one for each asset that you limit in
              dollars.
            </EmptyState>
          ) : (
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
          )
        }
      </QueryView>
    </Section>
  )
}

const isRate = (text: string): boolean => text === '' || /^(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,18})?$/.test(text)

function SetRate() {
  const api = useApi()
  const [open, setOpen] = useState(false)
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
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        Set a rate
      </Button>
      <ChangeDialog
        opened={open}
        onClose={() => setOpen(false)}
        title="Set a rate"
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
      </ChangeDialog>
    </>
  )
}
