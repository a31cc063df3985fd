import { describe, expect, it, vi } from 'vitest'
import { type Candidate, planSecrets, planText } from '../../src/secrets/plan.ts'
import { unconnectedText } from '../../src/secrets/populate-wallet.ts'

const candidate = (changes: Partial<Candidate> & { given?: string }): Candidate => ({
  ...{ name: 'one', current: undefined, generated: false, restart: 'make deploy-wallet' },
  next: async () => changes.given,
  ...changes,
})
const actionOf = async (changes: Partial<Candidate> & { given?: string }, ...rotate: string[]) =>
  (await planSecrets([candidate(changes)], new Set(rotate)))[0]

describe('the plan', () => {
  it('writes what is missing and keeps what is equal', async () => {
    expect(await actionOf({ given: 'a' })).toMatchObject({ action: 'create', value: 'a' })
    expect(await actionOf({ given: 'a', current: 'a' })).toMatchObject({ action: 'keep', value: undefined })
    expect(await actionOf({ current: 'a' })).toMatchObject({ action: 'keep', value: undefined })
    expect(await actionOf({})).toMatchObject({ action: 'keep', note: 'not given' })
  })

  it('replaces what differs only when it is named', async () => {
    expect(await actionOf({ given: 'b', current: 'a' })).toMatchObject({ action: 'differs', value: undefined })
    expect(await actionOf({ given: 'b', current: 'a' }, 'two')).toMatchObject({ action: 'differs', value: undefined })
    expect(await actionOf({ given: 'b', current: 'a' }, 'one')).toMatchObject({ action: 'rotate', value: 'b' })
    expect(await actionOf({ given: 'a', current: 'a' }, 'one')).toMatchObject({ action: 'keep' })
  })

  it('makes a generated value once, and anew only when it is named or due', async () => {
    const next = vi.fn(async () => 'fresh')
    expect(await actionOf({ generated: true, next })).toMatchObject({ action: 'create', value: 'fresh' })
    expect(await actionOf({ generated: true, next, current: 'old' })).toMatchObject({
      action: 'keep',
      value: undefined,
    })
    expect(next).toHaveBeenCalledTimes(1)
    expect(await actionOf({ generated: true, next, current: 'old' }, 'one')).toMatchObject({
      action: 'rotate',
      value: 'fresh',
    })
    expect(await actionOf({ generated: true, next, current: 'old', due: 'ends soon' })).toMatchObject({
      action: 'renew',
      value: 'fresh',
    })
  })

  it('is shown without a value, with fingerprints that mean nothing in the next run', async () => {
    const candidates = [
      candidate({ given: 'secret-b', current: 'secret-a' }),
      candidate({ name: 'two', given: 'secret-a' }),
    ]
    const [first, second] = [await planSecrets(candidates, new Set()), await planSecrets(candidates, new Set())]
    expect(planText(first)).not.toMatch(/secret-[ab]/)
    expect(first[0]?.fingerprints.current).toBe(first[1]?.fingerprints.given)
    expect(first[0]?.fingerprints.current).not.toBe(first[0]?.fingerprints.given)
    expect(first[0]?.fingerprints.current).not.toBe(second[0]?.fingerprints.current)
    expect(planText(first)).toContain('--rotate one')
  })
})

describe('a chain without an RPC URL', () => {
  it.each([
    [undefined, 'no RPC URL for eip155:1, eip155:137:'],
    ['{"eip155:137":"https://rpc.example.com/"}', 'no RPC URL for eip155:1:'],
    ['{"eip155:5":"https://rpc.example.com/"}', 'no RPC URL for eip155:1, eip155:137:'],
  ])('is named, with %s', (urls, told) => {
    expect(unconnectedText(['eip155:1', 'eip155:137'], urls)).toContain(told)
  })

  it('is none when each has one', () => {
    expect(unconnectedText(['eip155:1'], '{"eip155:1":"https://rpc.example.com/secret"}')).toBeUndefined()
  })
})
