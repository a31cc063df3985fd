import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePki } from '@trivault/bus'
import { parseJson } from '@trivault/codec'
import { genesisJson } from '@trivault/protocol'
import { startVault, type Vault } from '../vault.ts'
import { cpuByPart, processNames } from './cpu.ts'
import { Driver } from './driver.ts'

const services = ['postgres', 'nats', 'services', 'node0', 'node1', 'node2']
/** On their way at once: more than the 8 live sessions of a node, so that it never waits for the log. */
const window = 48
const warmUp = 150
const atLeast = 20
const operations = 12_000

export interface Throughput {
  /** Signatures per second that all three nodes released, over at least 20 s. */
  perSecond: number
  signatures: number
  seconds: number
  /** Processor time of all processes together per signature, milliseconds. */
  cpuMs: number
  /** The same by part: nats, postgres, each node's host and core, the driver (this process). */
  cpuMsByPart: Record<string, number>
  /** What the machine's processors would give if they did nothing else and never waited. */
  perSecondOfIdleMachine: number
}

/** Sustained ECDSA 3-of-3 signatures of three Policy Nodes (host and core each) over a real broker and database. */
export async function signingThroughput(say: (line: string) => void): Promise<Throughput> {
  const home = mkdtempSync(join(tmpdir(), 'trivault-bench-'))
  const vault = await startVault({ home, empty: true, services })
  try {
    return await measure(vault, say)
  } finally {
    await vault.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

async function measure(vault: Vault, say: (line: string) => void): Promise<Throughput> {
  const { home, endpoints } = vault
  const genesis = genesisJson.read(parseJson(readFileSync(home.path('node0', 'pins.json'), 'utf8')))
  const parties = ['node0', 'node1', 'node2', 'wallet']
  const { clients } = await ensurePki({ dir: home.path('bus'), parties, now: Date.now() })
  const { wallet } = clients
  if (wallet === undefined || endpoints.nats === null) throw new Error('the vault has no place for the driver')
  const driver = await Driver.connect(genesis, { url: endpoints.nats, ...wallet }, operations)
  try {
    say('key generation by three nodes')
    await driver.found()
    const warm = await driver.prepare(warmUp)
    const warmBegan = performance.now()
    await driver.sign(warm, window)
    const rate = warmUp / ((performance.now() - warmBegan) / 1000)
    let measured: Throughput | undefined
    let left = operations - warmUp
    // The first run may be over too early: it was planned at the speed of a vault that had just begun.
    for (let tries = 0; tries < 3 && (measured?.seconds ?? 0) < atLeast && left > 2 * window; tries++) {
      const count = Math.min(left, window + Math.ceil((measured?.perSecond ?? rate) * atLeast * 1.2))
      left -= count
      say(`${(measured?.perSecond ?? rate).toFixed(0)} per second; ${count} more are started and approved`)
      measured = await steady(vault, driver, await driver.prepare(count))
    }
    if (measured === undefined) throw new Error('nothing was measured')
    return measured
  } finally {
    await driver.close()
  }
}

/** Measures from the first released signature on to the last one before the queue runs dry. */
async function steady(vault: Vault, driver: Driver, ids: readonly string[]): Promise<Throughput> {
  const names = processNames(vault.named())
  const full = ids.length - window
  let signatures = 0
  let begin: { at: number; cpu: Map<string, number> } | undefined
  let end: { at: number; cpu: Map<string, number> } | undefined
  await driver.sign(ids, window, () => {
    if (begin === undefined) begin = { at: performance.now(), cpu: cpuByPart(names) }
    else if (++signatures === full) end = { at: performance.now(), cpu: cpuByPart(names) }
  })
  if (begin === undefined || end === undefined) throw new Error('too few signatures to measure')
  const before = begin.cpu
  const parts = [...end.cpu].map(([name, ms]) => [name, (ms - (before.get(name) ?? 0)) / full] as const)
  const cpuMs = parts.reduce((sum, [, ms]) => sum + ms, 0)
  const seconds = (end.at - begin.at) / 1000
  return {
    perSecond: full / seconds,
    signatures: full,
    seconds,
    cpuMs,
    cpuMsByPart: Object.fromEntries(parts),
    perSecondOfIdleMachine: (1000 * availableParallelism()) / cpuMs,
  }
}
