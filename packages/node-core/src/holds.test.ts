import type { SignedHold } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { expect, it } from 'vitest'
import { Holds } from './holds.ts'
import type { HoldStore } from './ports.ts'

it('a hold that is brought and reminded of again, while the store does not answer, is written once', async () => {
  const vault = TestVault.founded()
  const { type: _, ...hold } = vault.hold(vault.person('alice'), 1)
  const answers: PromiseWithResolvers<void>[] = []
  const store: HoldStore = {
    load: async () => [],
    save: () => {
      const answer = Promise.withResolvers<void>()
      answers.push(answer)
      return answer.promise
    },
    remove: async () => undefined,
  }
  const lines: string[] = []
  const holds = await Holds.open({ store, log: (_level, message) => void lines.push(message), tell: () => undefined })
  const bring = (one: SignedHold) => holds.bring(vault.state, one)
  const first = [bring(hold), bring(hold)]
  for (let i = 0; i < 10; i++) holds.remind()
  expect(answers.length).toBe(1)
  answers[0]?.reject(new Error('the pipe is cut'))
  for (const one of first) await expect(one).rejects.toThrow('the pipe is cut')
  // It is tried again, and nobody was told that it is durable.
  let held = false
  const again = bring(hold).then(() => (held = true))
  holds.remind()
  expect([answers.length, held]).toEqual([2, false])
  answers[1]?.resolve()
  await again
  await bring(hold)
  holds.remind()
  expect(answers.length).toBe(2)
  expect(lines.filter(line => line === 'a freeze or veto could not be stored').length).toBe(10)
})
