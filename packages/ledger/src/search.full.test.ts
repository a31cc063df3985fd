import { expect, it } from 'vitest'
import { search } from './testing/search.ts'
import { simulate } from './testing/simulator.ts'

it('finds no two certificates with three rival entries in four ballots', async () => {
  expect((await search(undefined, 4, 3)).counterexample).toBeUndefined()
}, 600_000)

it('agrees in 50,000 more schedules', async () => {
  for (let seed = 100_000; seed < 150_000; seed++) await simulate(seed)
}, 3_600_000)
