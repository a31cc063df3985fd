import { Group, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { formatUnits, weiOfGwei } from './units.ts'

export type FeeChoice = 'standard' | 'higher' | 'own'

export interface Fee {
  choice: FeeChoice
  /** In gwei, as typed; for `own`. */
  maxFee: string
  tip: string
}

export const standardFee: Fee = { choice: 'standard', maxFee: '', tip: '' }

type Evm = { readonly Gas?: string; readonly MaxFeePerGas?: string; readonly MaxPriorityFeePerGas?: string }

/** The fee ceiling that the wallet proposed in a dry run without fee fields. */
export interface Proposal {
  maxFee: bigint
  tip: bigint
}

/** Fee fields of the request: none for the wallet's own proposal; undefined while what was typed is no fee. */
export function feeFields({ choice, maxFee, tip }: Fee, proposal: Proposal | undefined): Evm | undefined {
  if (choice === 'standard') return {}
  if (choice === 'higher')
    return proposal && { MaxFeePerGas: String(proposal.maxFee * 2n), MaxPriorityFeePerGas: String(proposal.tip * 2n) }
  const [max, priority] = [weiOfGwei(maxFee), weiOfGwei(tip)]
  if (max === undefined || priority === undefined || BigInt(priority) > BigInt(max)) return undefined
  return { MaxFeePerGas: max, MaxPriorityFeePerGas: priority }
}

/** Standard is the wallet's proposal, Higher twice that, Own what is typed. */
export function FeeInput({ fee, onChange }: { fee: Fee; onChange: (fee: Fee) => void }) {
  const bad = fee.choice === 'own' && feeFields(fee, undefined) === undefined
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600} id="fee-label">
        Network fee
      </Text>
      <SegmentedControl
        aria-labelledby="fee-label"
        fullWidth
        value={fee.choice}
        onChange={choice => onChange({ ...fee, choice: choice as FeeChoice })}
        data={[
          { value: 'standard', label: 'Standard' },
          { value: 'higher', label: 'Higher' },
          { value: 'own', label: 'Own limits' },
        ]}
      />
      {fee.choice === 'own' && (
        <Group grow align="flex-start">
          <TextInput
            label="Highest fee, gwei for each gas"
            inputMode="decimal"
            value={fee.maxFee}
            onChange={event => onChange({ ...fee, maxFee: event.currentTarget.value })}
            error={bad && fee.maxFee !== '' && 'A decimal of at most nine places, not below the tip'}
          />
          <TextInput
            label="Tip in it, gwei for each gas"
            inputMode="decimal"
            value={fee.tip}
            onChange={event => onChange({ ...fee, tip: event.currentTarget.value })}
          />
        </Group>
      )}
    </Stack>
  )
}

/** Gas times its highest price: the most that the chain can take, in major units of the chain's own asset. */
export function feeCeiling({ Gas, MaxFeePerGas }: Evm): string | undefined {
  return Gas === undefined || MaxFeePerGas === undefined
    ? undefined
    : formatUnits(BigInt(Gas) * BigInt(MaxFeePerGas), 18)
}
