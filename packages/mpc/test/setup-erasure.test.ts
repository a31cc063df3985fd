import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createPairSetup, type PairState, type Session } from '../src/index.ts'
import { roundOf } from './cheats.ts'
import { type Intercept, random, run } from './run.ts'

/** What base OTs, trees and the extension really took and returned in secret. */
const { secrets, keep } = vi.hoisted(() => {
  const secrets = { seen: [] as Uint8Array[] }
  const keep = (...values: readonly Uint8Array[]): void => void secrets.seen.push(...values)
  return { secrets, keep }
})

vi.mock('../src/base-ot.ts', async original => {
  const real = await original<typeof import('../src/base-ot.ts')>()
  const answerRequest: typeof real.answerRequest = (...args) => {
    const answer = real.answerRequest(...args)
    keep(...(answer?.keys ?? []).flat())
    return answer
  }
  return { ...real, answerRequest }
})
vi.mock('../src/pprf.ts', async original => {
  const real = await original<typeof import('../src/pprf.ts')>()
  const buildTrees: typeof real.buildTrees = (session, pairs) => {
    const built = real.buildTrees(session, pairs)
    keep(...pairs.flat(), ...built.leaves.flat())
    return built
  }
  const puncturedTrees: typeof real.puncturedTrees = (session, keys, positions, message) => {
    const trees = real.puncturedTrees(session, keys, positions, message)
    keep(...keys, positions, ...(trees ?? []).flat())
    return trees
  }
  return { ...real, buildTrees, puncturedTrees }
})
vi.mock('../src/ot-extension.ts', async original => {
  const real = await original<typeof import('../src/ot-extension.ts')>()
  const extendAsReceiver: typeof real.extendAsReceiver = (seeds, runId, choices) => {
    const extended = real.extendAsReceiver(seeds, runId, choices)
    keep(seeds, choices, extended.pads)
    return extended
  }
  const extendAsSender: typeof real.extendAsSender = (seeds, positions, delta, runId, message) => {
    const extended = real.extendAsSender(seeds, positions, delta, runId, message)
    keep(seeds, positions, delta, ...(extended === undefined ? [] : [extended.pads0, extended.pads1]))
    return extended
  }
  return { ...real, extendAsReceiver, extendAsSender }
})

describe('a pair set-up leaves no key, pad or leaf of its own in memory', () => {
  const sessions = (): Map<number, Session<PairState>> => {
    const sessionId = random(32)
    return new Map([1, 2].map(self => [self, createPairSetup({ self, peer: 3 - self, sessionId, random })]))
  }
  const left = (): number => secrets.seen.filter(bytes => bytes.some(byte => byte !== 0)).length
  const all: Intercept = (_from, _to, frame) => frame
  beforeEach(() => {
    secrets.seen = []
  })

  it('when it is done', () => {
    expect(run(sessions(), all).results.size).toBe(2)
    // In both directions 256 keys made, 128 of them chosen, 256 leaves on either side; and the extension's parts.
    expect(secrets.seen.length).toBeGreaterThan(2 * (256 + 128 + 256 + 256))
    expect(left()).toBe(0)
  })

  it.each([1, 2, 3, 4])('when round %i fails', round => {
    const { failures } = run(sessions(), (_from, _to, frame) => (roundOf(frame) === round ? frame.slice(0, -1) : frame))
    expect(failures.size).toBe(2)
    expect(left()).toBe(0)
  })

  it('when it is given up', () => {
    const begun = sessions()
    run(begun, (_from, _to, frame) => (roundOf(frame) === 4 ? undefined : frame))
    expect(left()).toBeGreaterThan(0)
    for (const session of begun.values()) session.abandon()
    expect(left()).toBe(0)
  })
})
