import { describe, expect, it } from 'vitest'
import { search } from './testing/search.ts'
import { freeIfOneDenies, highestBallotWins } from './testing/wrong-rules.ts'

/** Everything that one liar, a hostile proposer and the network can do in one slot. */
describe('exhaustive search of a slot, four ballots', () => {
  it('finds no two certificates under L2', async () => {
    const found = await search(undefined, 4, 2)
    expect(found.counterexample).toBeUndefined()
    expect(found.states).toBe(9632)
  })

  it('finds two certificates if one denial frees the slot', async () => {
    const { counterexample } = await search(freeIfOneDenies, 4, 2)
    expect(counterexample?.at(-1)).toContain('none')
  })

  it('finds two certificates if the highest ballot wins', async () => {
    const { counterexample } = await search(highestBallotWins, 4, 2)
    expect(counterexample?.at(-1)).toContain('(1, entry 1)')
  })
})
