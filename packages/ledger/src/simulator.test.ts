import { describe, expect, it } from 'vitest'
import { type Outcome, simulate } from './testing/simulator.ts'
import { freeIfOneDenies, highestBallotWins } from './testing/wrong-rules.ts'

const SCHEDULES = 10_000

describe('simulated schedules', () => {
  it(`agree in ${SCHEDULES} schedules, and go on after faults heal`, async () => {
    const outcomes: Outcome[] = []
    for (let seed = 0; seed < SCHEDULES; seed++) outcomes.push(await run(seed))
    const count = (is: (outcome: Outcome) => boolean) => outcomes.filter(is).length
    // The schedules reach what they are there for.
    expect(count(outcome => outcome.crashes > 0)).toBeGreaterThan(SCHEDULES / 4)
    expect(count(outcome => outcome.highestBallot > 1)).toBeGreaterThan(SCHEDULES / 4)
    expect(count(outcome => outcome.certified > 1)).toBeGreaterThan(SCHEDULES / 2)
    expect(count(outcome => outcome.plan.fault === 'byzantine')).toBeGreaterThan(SCHEDULES / 5)
    // Wherever progress is asked for it is made; a few schedules lose every copy of a kept entry and say so.
    const asked = count(outcome => outcome.plan.fault !== 'byzantine')
    expect(count(outcome => outcome.progress === 'made')).toBeGreaterThan(asked * 0.98)
  }, 600_000)

  it.each([
    ['free if one node denies', freeIfOneDenies],
    ['highest ballot wins', highestBallotWins],
  ])('break agreement under the wrong rule "%s"', async (_, rule) => {
    const plan = { wallets: 1, rollbacks: [], twin: undefined, loss: 0, duplicates: 0, crash: 0, evilWallet: true }
    const attempts = async () => {
      for (let seed = 0; seed < 3_000; seed++) await simulate(seed, { ...plan, fault: 'byzantine', faulty: 2 }, rule)
    }
    await expect(attempts()).rejects.toThrow(/agreement broken/)
  })

  it('repeats a schedule exactly', async () => {
    for (const seed of [3, 14, 159]) expect(await simulate(seed)).toEqual(await simulate(seed))
  })
})

async function run(seed: number): Promise<Outcome> {
  try {
    return await simulate(seed)
  } catch (cause) {
    throw new Error(`schedule ${seed}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}
