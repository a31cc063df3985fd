import { beforeEach, describe, expect, it, vi } from 'vitest'
import { RvoleAlice, RvoleBob } from '../src/rvole.ts'
import { HEADER, roundOf } from './cheats.ts'
import { dealPairs, type Intercept, random, run, signSessions } from './run.ts'
import { digest, shares, signers } from './signing-fixture.ts'

/** What scalar arithmetic and multiplications really returned: secret, but for what a session sends in its last round. */
const { secrets, keep } = vi.hoisted(() => {
  const secrets = { seen: [] as Uint8Array[] }
  const keep = <T extends Uint8Array>(value: T): T => {
    secrets.seen.push(value)
    return value
  }
  return { secrets, keep }
})

vi.mock('../src/kernel/scalar.ts', async original => {
  const real = await original<typeof import('../src/kernel/scalar.ts')>()
  const kept =
    <A extends readonly unknown[]>(operation: (...args: A) => Uint8Array) =>
    (...args: A) =>
      keep(operation(...args))
  const { randomSecret, reduceSecret, add, subtract, multiplyAdd } = real
  return {
    ...real,
    randomSecret: kept(randomSecret),
    reduceSecret: kept(reduceSecret),
    add: kept(add),
    subtract: kept(subtract),
    multiplyAdd: kept(multiplyAdd),
  }
})

describe('a signing session leaves no secret in memory', () => {
  const [alice, bob] = [vi.spyOn(RvoleAlice.prototype, 'erase'), vi.spyOn(RvoleBob.prototype, 'erase')]
  const erased = () => [new Set(alice.mock.contexts).size, new Set(bob.mock.contexts).size]
  beforeEach(() => {
    alice.mockClear()
    bob.mockClear()
  })

  /** Scalars that are left and that no frame of the last round showed to all. */
  const left = (intercept: Intercept) => {
    const shown = new Set<string>()
    const pairs = dealPairs(signers)
    secrets.seen = []
    const outcome = run(signSessions({ shares, pairs, signers, digest, sessionId: random(32) }), (from, to, frame) => {
      if (roundOf(frame) === 4)
        for (const at of [HEADER, HEADER + 32]) shown.add(Buffer.from(frame.slice(at, at + 32)).toString('hex'))
      return intercept(from, to, frame)
    })
    const values = secrets.seen.filter(value => value.some(byte => byte !== 0))
    return { outcome, values: values.filter(value => !shown.has(Buffer.from(value).toString('hex'))) }
  }

  it('when it has signed', () => {
    const { outcome, values } = left((_from, _to, frame) => frame)
    expect(outcome.results.size).toBe(3)
    expect(secrets.seen.length).toBeGreaterThan(30)
    expect(values).toEqual([])
    expect(erased()).toEqual([6, 6])
  })

  it('of the multiplications as soon as its replies are out', () => {
    const { outcome } = left((_from, _to, frame) => (roundOf(frame) === 3 ? undefined : frame))
    expect([outcome.results.size, outcome.failures.size]).toEqual([0, 0])
    expect(erased()).toEqual([6, 0])
  })

  it.each([1, 2, 3])('when round %i fails', round => {
    const { outcome, values } = left((_from, _to, frame) => (roundOf(frame) === round ? frame.slice(0, -1) : frame))
    expect(outcome.failures.size).toBe(3)
    expect(values).toEqual([])
    expect(erased()).toEqual([round === 1 ? 0 : 6, 6])
  })

  it('when it is given up', () => {
    const pairs = dealPairs(signers)
    secrets.seen = []
    const sessions = signSessions({ shares, pairs, signers, digest, sessionId: random(32) })
    for (const session of sessions.values()) session.start()
    for (const session of sessions.values()) session.abandon()
    expect(secrets.seen.filter(value => value.some(byte => byte !== 0))).toEqual([])
    expect(erased()).toEqual([0, 6])
  })
})
