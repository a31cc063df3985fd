import type { ResponseOf } from '@trivault/api-contract'

type Operation = ResponseOf<'trivaultActivity'>['Operations'][number]

export interface Bin {
  from: number
  succeeded: number
  failed: number
  open: number
}

const hour = 3_600_000
const day = 24 * hour

/** Width of a bin so that a plot of this span has at most 24 to 30 of them. */
export function binWidth(span: number): number {
  for (const width of [60_000, 5 * 60_000, 15 * 60_000, hour, 6 * hour, day, 7 * day])
    if (span / width <= 24) return width
  return 30 * day
}

/** Operations counted by the time of their start, from the first to the last bin without gaps. */
export function binned(operations: readonly Operation[]): { width: number; bins: Bin[] } {
  const times = operations.map(({ CreatedAt }) => Date.parse(CreatedAt))
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const width = binWidth(last - first)
  const start = Math.floor(first / width) * width
  const count = Math.floor((last - start) / width) + 1
  const bins = Array.from(
    { length: count },
    (_, i): Bin => ({ from: start + i * width, succeeded: 0, failed: 0, open: 0 }),
  )
  for (const { CreatedAt, Outcome } of operations) {
    const bin = bins[Math.floor((Date.parse(CreatedAt) - start) / width)]
    if (bin !== undefined) bin[Outcome as 'open' | 'succeeded' | 'failed'] += 1
  }
  return { width, bins }
}

/** Signing times in milliseconds with the time of the signature, oldest first. */
export function signings(operations: readonly Operation[]): { at: number; took: number; id: string }[] {
  return operations
    .flatMap(({ OperationID, FinishedAt, SigningMilliseconds }) =>
      FinishedAt === undefined || SigningMilliseconds === undefined
        ? []
        : [{ at: Date.parse(FinishedAt), took: SigningMilliseconds, id: OperationID }],
    )
    .sort((a, b) => a.at - b.at)
}

/** The value below which this share of the sorted list lies; undefined of an empty one. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}
