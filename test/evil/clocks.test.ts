import { encodeCommand, vaultIdOf } from '@trivault/protocol'
import { ersKey, setupCommand, testGenesis } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { codeOf, EvilLog } from './log.ts'
import { indexes, Nodes } from './nodes.ts'

// Three real nodes whose clocks differ, and the real fold: they agree or refuse, and never differ about what is certified.

const second = 1000
const hour = 3600 * second

async function open(skews: readonly number[]) {
  let base = Date.parse('2026-01-02T03:04:05.000Z')
  const pass = (ms: number): void => {
    base += ms
  }
  const genesis = testGenesis()
  const clock = (index: number): number => base + (skews[index] ?? 0)
  const nodes = await Nodes.start({ genesis, ersPublicKey: ersKey, clock, onEvent: () => {} })
  const log = await EvilLog.open(nodes, genesis, () => base)
  expect(log.committee.vaultId).toEqual(vaultIdOf(genesis))
  return { nodes, log, clock, now: () => base, pass }
}
type Site = Awaited<ReturnType<typeof open>>

const setup = encodeCommand(setupCommand({ masterKeys: [] }))
const group = (name: string) => encodeCommand({ type: 'createGroup', by: '', name })

/** Shows one entry to all; what each says must be what its own clock says. */
async function judged({ log, clock }: Site, command: Uint8Array, time: number) {
  const entry = log.entry([command], { time })
  const said = await log.show(entry)
  const expected = indexes.map(index => (Math.abs(time - clock(index)) <= 60 * second ? 'vote' : 'time'))
  expect(said.map(codeOf)).toEqual(expected)
  return { entry, said, voted: expected.filter(one => one === 'vote').length }
}

/** Later, when the entry is early for nobody any more: what two voted for is kept, anything else may be proposed. */
async function settled(site: Site, entry: Uint8Array, voted: number): Promise<void> {
  const { log, pass } = site
  pass(200 * second)
  const ballot = log.ballot + 1
  const reports = await log.reports(ballot)
  expect(reports).toHaveLength(3)
  log.ballot = ballot
  const next = voted === 2 ? entry : log.entry([])
  const verdict = await log.take(next, await log.show(next, reports))
  expect(verdict).toEqual({ certified: true })
}

async function sameHeads({ nodes, log }: Site): Promise<void> {
  await log.drain()
  await log.drain()
  for (const index of indexes) expect(nodes.node(index).status()).toMatchObject({ phase: 'voting', seq: log.seq })
}

describe('nodes whose clocks differ', () => {
  it.each([
    [60, -60, 0],
    [60, 60, 0],
    [-60, 0, 0],
    [30, -30, 15],
  ])('by up to a minute (%i s, %i s, %i s) agree or refuse, each by its own clock, and go on', async (...skews) => {
    const site = await open(skews.map(skew => skew * second))
    const first = site.log.entry([setup], { time: site.now() })
    expect(await site.log.take(first, await site.log.show(first))).toEqual({ certified: true })
    let split = 0
    for (const offset of [0, 30, 59, 61, 90, 119, 121, -30]) {
      site.pass(150 * second)
      const { entry, said, voted } = await judged(site, group(`g ${offset + 100}`), site.now() + offset * second)
      if (voted === 3) expect(await site.log.take(entry, said)).toEqual({ certified: true })
      else if (voted > 0) {
        split++
        await settled(site, entry, voted)
      }
      await sameHeads(site)
    }
    expect(split).toBeGreaterThan(0)
  })

  it.each([
    [3600, 0, 0],
    [-3600, 0, 0],
    [3600, 3600, 0],
    [-3600, -3600, 0],
    [3600, -3600, 0],
  ])('by an hour (%i s, %i s, %i s) certify nothing, whatever time the wallet writes', async (...skews) => {
    const site = await open(skews.map(skew => skew * second))
    for (let time = -hour - 120 * second; time <= hour + 120 * second; time += 300 * second) {
      const entry = site.log.entry([setup], { time: site.now() + time })
      const said = await site.log.show(entry)
      expect(said.map(codeOf).filter(code => code === 'time').length).toBeGreaterThan(0)
      expect((await site.log.take(entry, said)).certified).toBe(false)
    }
    await sameHeads(site)
    expect(site.log.seq).toBe(0)
  })
})
