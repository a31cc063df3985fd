import { describe, expect, it } from 'vitest'
import { simulate } from './testing/simulator.ts'

const SCHEDULES = Number(process.env.SCHEDULES ?? 1000)
const FIRST = Number(process.env.FIRST ?? 0)

describe('simulated schedules', () => {
  it('agree always, and go on after faults heal', async () => {
    const totals: Record<string, number> = {}
    const count = (name: string, by = 1) => {
      totals[name] = (totals[name] ?? 0) + by
    }
    for (let seed = FIRST; seed < FIRST + SCHEDULES; seed++) {
      const outcome = await simulate(seed).catch(error => {
        throw new Error(`schedule ${seed}: ${error.message}`, { cause: error })
      })
      count('certified', outcome.certified)
      count('events', outcome.events)
      count('crashes', outcome.crashes)
      count(outcome.progress)
      count(outcome.plan.fault)
      totals.highest = Math.max(totals.highest ?? 0, outcome.highestBallot)
    }
    console.log(totals)
  }, 600000)
})
