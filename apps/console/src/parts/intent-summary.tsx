import { Text } from '@mantine/core'
import type { Intent } from '@trivault/api-contract'
import { Address, Amount, Mono, Time } from '@trivault/ui'
import { lazy, type ReactNode, Suspense } from 'react'
import { feeCeiling } from './fee.tsx'
import { Facts } from './section.tsx'

const RestrictionDiff = lazy(() => import('./restriction-diff.tsx').then(module => ({ default: module.IntentDiff })))

const metadata = new Set(['OperationType', 'OperationID', 'InitiatorID', 'InitiatorName', 'Timestamp'])

/** An intent in words. The devices of approvers decode it for themselves: this is the wallet's telling. */
export function IntentSummary({ intent }: { intent: Intent }) {
  const by = intent.InitiatorID ? `${intent.InitiatorName ?? ''} (${intent.InitiatorID})` : 'nobody named'
  return (
    <>
      {body(intent)}
      <Text size="sm" c="dimmed" component="div" mt="sm">
        Started by {by}, <Time at={intent.Timestamp} />
      </Text>
    </>
  )
}

function body(intent: Intent): ReactNode {
  if (intent.OperationType === 'make transaction')
    return <TransferFacts transfer={intent as unknown as TransferIntent} />
  if (/^update \w+ restriction$/.test(intent.OperationType))
    return (
      <Suspense fallback={<Text c="dimmed">Comparing the rules</Text>}>
        <RestrictionDiff intent={intent} />
      </Suspense>
    )
  return (
    <Facts
      rows={Object.entries(intent).flatMap(([name, value]) =>
        metadata.has(name) ? [] : [[words(name), shown(value)] as const],
      )}
    />
  )
}

interface Place {
  Address: string
  AccountName?: string
  Amount: string
}
interface TransferIntent {
  CAIP19?: string
  Asset: string
  ChainName: string
  Source: Place
  Destination: Place[]
  RawTransaction?: string
  Function?: { Name?: string }
  EVM?: { Gas?: string; MaxFeePerGas?: string; Data?: string }
}

function TransferFacts({ transfer }: { transfer: TransferIntent }) {
  const { Asset, ChainName, Source, Destination, EVM = {}, RawTransaction, Function: called } = transfer
  const ceiling = feeCeiling(EVM)
  const native = transfer.CAIP19?.includes('/slip44:') === true
  return (
    <Facts
      rows={[
        ...Destination.flatMap((one): (readonly [string, ReactNode])[] => [
          [
            Destination.length > 1 ? `Amount ${Destination.indexOf(one) + 1}` : 'Amount',
            <Amount key="amount" value={one.Amount} symbol={Asset} />,
          ],
          [
            Destination.length > 1 ? `To ${Destination.indexOf(one) + 1}` : 'To',
            <Address key="to" value={one.Address} name={one.AccountName} />,
          ],
        ]),
        ['From', <Address key="from" value={Source.Address} name={Source.AccountName} />],
        ['Chain', ChainName],
        ['Function', called?.Name],
        [
          'Fee at most',
          ceiling &&
            (native ? <Amount key="fee" value={ceiling} symbol={Asset} /> : `${ceiling}, in the chain's own asset`),
        ],
        ['Call data', EVM.Data && <Mono key="data" value={EVM.Data} />],
        ['Raw transaction', RawTransaction && <Mono key="raw" value={RawTransaction} />],
      ]}
    />
  )
}

/** `CAIP19` stays, `ChainName` becomes "Chain name". */
function words(field: string): string {
  if (/^[A-Z0-9]+$/.test(field)) return field
  const spaced = field.replace(/([a-z])([A-Z])/g, '$1 $2')
  return spaced.charAt(0) + spaced.slice(1).replace(/ [A-Z](?![A-Z])/g, part => part.toLowerCase())
}

function shown(value: unknown): ReactNode {
  if (value === true) return 'yes'
  if (value === false) return 'no'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(one => text(one)).join(', ')
  return text(value)
}

const text = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))
