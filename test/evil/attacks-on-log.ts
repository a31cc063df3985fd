import { encodeMessage, entryHash, type Report } from '@trivault/ledger'
import { encodeEnvelope } from '@trivault/protocol'
import { codeOf } from './log.ts'
import { nodeSign } from './nodes.ts'
import { must } from './violation.ts'
import type { World } from './world.ts'

/** Lies about the log itself: slot, history, results, vault, time, ballots, reports, votes, certificates. */
export async function attackLog(world: World, harmless: Uint8Array): Promise<void> {
  const { random, log, nodes } = world
  const { seq } = log
  const noise = () => Uint8Array.from({ length: 32 }, () => random.int(256))
  const old = log.entries[random.int(log.entries.length)]
  const lies = {
    'another slot': { seq: seq + random.pick([0, 2, 3, 1000]) },
    'another history': { prev: noise() },
    'other results': { results: noise() },
    'another vault': { vaultId: noise() },
    'an hour ago': { time: world.time - 3_600_000 },
    'an hour ahead': { time: world.time + 3_600_000 },
    'a minute ahead': { time: world.time + 60_001 + random.int(1000) },
  }
  const kinds: Record<string, () => Promise<void>> = {
    'lies in the entry': async () => {
      for (const [name, lie] of Object.entries(lies)) await refused(`log: ${name}`, log.entry([harmless], lie))
    },
    'an old entry again': async () => {
      if (old !== undefined) await refused('log: an old entry again', old.entry)
    },
    'a ballot without reports': async () => {
      const said = await log.show(log.entry([harmless]), [], [0, 1, 2], 1 + random.int(3))
      must(
        said.every(one => one.type === 'refuse'),
        `a later ballot without reports: ${said.map(codeOf)}`,
      )
      world.note('log: a ballot without reports', false)
    },
    'reports of another slot': async () => {
      const reports = log.heard.flatMap(one => (one.type === 'report' ? [one.report] : [])).slice(0, 3)
      const said = await log.show(log.entry([harmless]), reports, [0, 1, 2], reports[0]?.ballot ?? 1)
      must(
        said.every(one => one.type === 'refuse'),
        `reports of another slot: ${said.map(codeOf)}`,
      )
      world.note('log: reports of another slot', false)
    },
    'two worlds': () => twoWorlds(world, harmless),
    'a forged certificate': async () => {
      const entry = log.entry([harmless])
      const vote = log.heard.findLast(one => one.type === 'vote')
      const stale = vote?.type === 'vote' ? vote.vote.signature : new Uint8Array(64)
      const signature = nodeSign(0, noise())
      const certificate = {
        seq: seq + 1,
        ballot: 0,
        hash: entryHash(entry),
        first: signature,
        second: stale,
        third: stale,
      }
      for (const node of [0, 1, 2] as const) nodes.send(node, encodeMessage({ type: 'certificate', certificate }))
      world.note('log: a forged certificate', false)
    },
    'forged votes': async () => {
      const hash = entryHash(log.entry([harmless]))
      for (const node of [0, 1, 2] as const) {
        const vote = {
          node: ((node + 1) % 3) as 0 | 1 | 2,
          seq: seq + 1,
          ballot: 0,
          hash,
          signature: nodeSign(node, hash),
        }
        nodes.inject(`node${vote.node}`, `node${node}`, encodeInner(encodeMessage({ type: 'vote', vote }), vote.node))
      }
      world.note('log: forged votes', false)
    },
    noise: async () => {
      for (const node of [0, 1, 2] as const)
        nodes.inject(
          'wallet',
          `node${node}`,
          Uint8Array.from({ length: random.int(200) }, () => random.int(256)),
        )
      world.note('log: noise', false)
    },
  }
  const refused = async (name: string, entry: Uint8Array): Promise<void> => {
    const said = await log.show(entry)
    must(
      said.every(one => one.type !== 'vote'),
      `the attack "${name}" succeeded`,
    )
    world.note(name, false)
  }
  const name = random.pick(Object.keys(kinds))
  await kinds[name]?.()
  await log.drain()
}

/** Two entries for one slot: one node is shown this, two are shown that. What two voted for must be kept. */
async function twoWorlds(world: World, harmless: Uint8Array): Promise<void> {
  const { log, random } = world
  world.time += 50
  const [first, second] = [log.entry([harmless]), log.entry([])]
  const lonely = random.pick([0, 1, 2] as const)
  const pair = ([0, 1, 2] as const).filter(node => node !== lonely)
  const split = await Promise.all([log.show(first, [], [lonely]), log.show(second, [], pair)])
  if (!split.flat().every(({ type }) => type === 'vote')) return
  const reports = await log.reports(1)
  must(reports.length === 3, 'three nodes, three reports')
  const swapped: Report[] = [reports[1], reports[0], reports[2]].flatMap(report => report ?? [])
  for (const [entry, shown] of [
    [first, reports],
    [log.entry([harmless, harmless]), reports],
    [second, swapped],
    [second, reports.slice(1)],
  ] as const) {
    const said = await log.show(entry, shown, [0, 1, 2], 1)
    must(
      said.every(one => one.type === 'refuse'),
      `two of three named another entry, but: ${said.map(codeOf)}`,
    )
  }
  log.ballot = 1
  const verdict = await log.propose(second, reports)
  must(verdict.certified, `the kept entry was refused: ${verdict.certified ? '' : verdict.code}`)
  world.oracle.certified([], world.time, world.time, log.state)
  world.note('log: two worlds', false)
}

const encodeInner = (body: Uint8Array, node: number): Uint8Array => encodeEnvelope({ type: 'ledger', node, body })
