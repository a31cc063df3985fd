import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { warmUp } from './warm-up.ts'

it('plays whole signatures with dummy keys, and lets other work in between', async () => {
  let drawn = 0
  const random = (length: number) => {
    drawn += length
    return new Uint8Array(randomBytes(length))
  }
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  await warmUp(random, 0)
  const setUp = drawn
  await warmUp(random, 5)
  clearInterval(timer)
  // Every signature draws nonces, choice bits and salts anew at both parties.
  expect(drawn - 2 * setUp).toBeGreaterThan(5 * 2 * 32 * 4)
  expect(turns).toBeGreaterThan(1)
})
