import type { Intent } from '@trivault/api-contract'
import { titleOfChange, titleOfSigning } from '@trivault/approval'
import { useCall } from '../calls.ts'

type Signing = {
  readonly Asset?: string
  readonly Destination?: readonly { readonly Amount: string }[]
  readonly Function?: { readonly Name?: Parameters<typeof titleOfSigning>[0] }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** An operation in the few words of the approvers' devices, as far as the wallet tells it. */
export function titleOf(intent: Intent): string {
  const { Asset, Destination = [], Function: called }: Signing = intent as Signing
  if (called?.Name !== undefined)
    return titleOfSigning(
      called.Name,
      Asset === undefined
        ? []
        : Destination.filter(({ Amount }) => Amount !== '0').map(one => `${one.Amount} ${Asset}`),
    )
  return titleOfChange(intent as unknown as Parameters<typeof titleOfChange>[0])
}

/** The same by the operation's id; its type until the wallet has told it. What was asked for never changes. */
export function OperationTitle({ id, type }: { id: string; type: string }) {
  const intent = useCall('cwpgetOperationIntent', { params: { operationID: id } }, { constant: true })
  return <>{intent.data === undefined ? capital(type) : titleOf(intent.data)}</>
}
