import { Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import type { ResponseOf } from '@trivault/api-contract'
import { QueryView } from '@trivault/ui'
import { useState } from 'react'
import { useCall } from '../calls.ts'
import { type Asset, AssetSelect } from './asset-select.tsx'
import { PolicyPreview, usePreview } from './policy-preview.tsx'
import type { Rule } from './rule-draft.ts'
import { Section } from './section.tsx'
import { isAmount } from './units.ts'

type Accounts = ResponseOf<'cwplistAccounts'>

/** A transfer judged by the restrictions in force and by the draft; nothing is started. */
export function DryRun({ draft }: { draft: readonly Rule[] | undefined }) {
  const accounts = useCall('cwplistAccounts')
  const assets = useCall('cwpsearchAssetInfos', { body: {} }, { staleTime: 60_000 })
  return (
    <Section title="Try it" note="A dry run of a transfer: nothing is started.">
      <QueryView query={accounts} what="Reading the accounts">
        {list => (
          <QueryView query={assets} what="Reading the assets">
            {all => <Trial accounts={list} assets={all} draft={draft} />}
          </QueryView>
        )}
      </QueryView>
    </Section>
  )
}

function Trial({
  accounts,
  assets,
  draft,
}: {
  accounts: Accounts
  assets: readonly Asset[]
  draft: readonly Rule[] | undefined
}) {
  const [from, setFrom] = useState('0')
  const [asset, setAsset] = useState(assets[0]?.CAIP19 ?? '')
  const [amount, setAmount] = useState('')
  const [to, setTo] = useState('')
  const source = accounts[Number(from)]
  const ready = source !== undefined && isAmount(amount) && /^0x[0-9a-fA-F]{40}$/.test(to)
  const request = ready
    ? {
        CAIP19: asset,
        Source: { MasterKeyName: source.MasterKey, AccountName: source.Name },
        Destination: [{ Address: to, Amount: amount }],
      }
    : undefined
  const now = usePreview('makeTransaction', request)
  const then = usePreview('makeTransaction', draft === undefined ? undefined : request, draft)
  return (
    <Stack gap="sm">
      <Group grow align="flex-start">
        <NativeSelect
          label="From"
          value={from}
          onChange={event => setFrom(event.currentTarget.value)}
          data={accounts.map(({ Name }, i) => ({ value: String(i), label: Name }))}
        />
        <AssetSelect assets={assets} value={asset} onChange={setAsset} />
      </Group>
      <TextInput
        label="Amount to try"
        inputMode="decimal"
        value={amount}
        onChange={event => setAmount(event.currentTarget.value)}
      />
      <TextInput label="To address" value={to} onChange={event => setTo(event.currentTarget.value.trim())} />
      <div className="cn-cards">
        <div>
          <Text size="sm" c="dimmed" mb={4}>
            With the restrictions in force
          </Text>
          <PolicyPreview preview={now} empty="Fill in amount and address." />
        </div>
        <div>
          <Text size="sm" c="dimmed" mb={4}>
            With this draft
          </Text>
          <PolicyPreview preview={then} empty="Complete the restriction first." />
        </div>
      </div>
    </Stack>
  )
}
