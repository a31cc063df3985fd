import { describe, expect, it } from 'vitest'
import { binned, binWidth, quantile, signings } from './activity.ts'

const at = (minutes: number): string => new Date(Date.parse('2026-01-02T03:00:00Z') + minutes * 60_000).toISOString()
const operation = (minutes: number, Outcome: 'open' | 'succeeded' | 'failed', took?: number) => ({
  OperationID: `o${minutes}`,
  OperationType: 'make transaction' as const,
  CreatedAt: at(minutes),
  Outcome,
  ...(took !== undefined && { FinishedAt: at(minutes + 1), SigningMilliseconds: took }),
})

describe('the plot of operations', () => {
  it('counts each operation once, in bins without gaps', () => {
    const all = [operation(0, 'failed'), operation(0.5, 'succeeded'), operation(9, 'open'), operation(9, 'succeeded')]
    const { width, bins } = binned(all)
    expect(width).toBe(60_000)
    expect(bins).toHaveLength(10)
    expect(bins[0]).toMatchObject({ failed: 1, succeeded: 1, open: 0 })
    expect(bins[9]).toMatchObject({ failed: 0, succeeded: 1, open: 1 })
    expect(bins.slice(1, 9).every(bin => bin.succeeded + bin.failed + bin.open === 0)).toBe(true)
  })

  it('of one operation is one bin', () => {
    expect(binned([operation(0, 'open')]).bins).toHaveLength(1)
  })

  it('has wider bins for a longer time', () => {
    const spans = [60_000, 3_600_000, 86_400_000, 30 * 86_400_000, 365 * 86_400_000]
    expect(spans.every(span => span / binWidth(span) <= 25)).toBe(true)
  })
})

describe('the plot of signing times', () => {
  it('has what was measured, oldest first', () => {
    const all = [operation(5, 'succeeded', 200), operation(1, 'succeeded', 100), operation(2, 'succeeded')]
    expect(signings(all).map(({ took, id }) => [took, id])).toEqual([
      [100, 'o1'],
      [200, 'o5'],
    ])
  })

  it('tells the middle and the slowest', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1)
    expect(quantile(values, 0.5)).toBe(51)
    expect(quantile(values, 0.99)).toBe(100)
    expect(quantile([7], 0.99)).toBe(7)
    expect(quantile([], 0.5)).toBeUndefined()
  })
})
