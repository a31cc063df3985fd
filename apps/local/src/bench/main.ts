import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { type Client, createClient } from '@trivault/client'
import { Approver, finished } from '../demo/actors.ts'
import { DevChain } from '../demo/chain.ts'
import { startVault, type Vault } from '../vault.ts'

const transfers = 100
const warmUp = 10
const inFlight = 8
const burst = 160
const recipient = '0x00000000000000000000000000000000000000AA'
const ether = 'eip155:31337/slip44:60'
const treasury = { MasterKeyName: 'Default', AccountName: 'treasury' }

interface Bench {
  owner: Approver
  changes: Changes
  vault: Vault
}

/** One signature of `@noble/curves` in this process, milliseconds, median: the reference of every ratio. */
function nobleSignature(): number {
  const key = secp256k1.utils.randomSecretKey()
  const digest = new Uint8Array(32).fill(7)
  const times = Array.from({ length: 200 }, (_, i) => {
    digest[0] = i
    const began = performance.now()
    secp256k1.sign(digest, key, { prehash: false })
    return performance.now() - began
  })
  return quantile(times, 0.5)
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

/** Tells when an operation's status may have changed, from the events stream: nobody has to poll. */
class Changes {
  readonly #waiting = new Map<string, () => void>()

  async follow(client: Client, signal: AbortSignal): Promise<void> {
    for await (const event of client.events({ signal })) {
      if (event.Type === 'operation_status_update') this.#waiting.get(event.Payload.OperationID)?.()
    }
  }

  /** Resolves at the next event about the operation, or after a moment: events carry no promise. */
  next(id: string): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => this.#waiting.get(id)?.(), 250)
      this.#waiting.set(id, () => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        resolve()
      })
    })
  }
}

async function succeeded({ owner, changes }: Bench, id: string): Promise<void> {
  for (;;) {
    const change = changes.next(id)
    const { Status } = await owner.client.call('cwpgetOperationStatus', { params: { operationID: id } })
    if (Status === 'Succeeded') return
    if (Status === 'Failed') throw new Error(`${id} failed`)
    await change
  }
}

/** POST, the owner's device signature at once, and the time until the signed transaction is in the answer. */
async function transfer(bench: Bench): Promise<number> {
  const { owner } = bench
  const began = performance.now()
  const id = await owner.client.start('makeTransaction', {
    Source: treasury,
    Destination: [{ Address: recipient, Amount: '0.0001' }],
    CAIP19: ether,
    EVM: { Gas: '21000', MaxFeePerGas: '20000000000', MaxPriorityFeePerGas: '1000000000' },
  })
  await owner.approve(id)
  await succeeded(bench, id)
  return performance.now() - began
}

async function message(bench: Bench, text: string): Promise<void> {
  const { owner } = bench
  const id = await owner.client.start('genericSigning', {
    Asset: 'ETH',
    CAIP19: ether,
    DataToSign: text,
    TypeOfSigning: 'personal_sign',
    Source: treasury,
  })
  await owner.approve(id)
  await succeeded(bench, id)
}

/** Signatures per second with a fixed number of operations in flight, POST to Succeeded each. */
async function throughput(bench: Bench): Promise<number> {
  let next = 0
  const began = performance.now()
  const worker = async () => {
    while (next < burst) await message(bench, `message ${next++}`)
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return burst / ((performance.now() - began) / 1000)
}

/** Signing time that the nodes measured: from the certificate to the verified signature, milliseconds, mean. */
async function nodeSigningTime(vault: Vault): Promise<number> {
  const { metrics } = JSON.parse(readFileSync(vault.home.path('node0', 'config.json'), 'utf8')) as {
    metrics: { port: number }
  }
  const text = await (await fetch(`http://127.0.0.1:${metrics.port}/metrics`)).text()
  const value = (suffix: string) =>
    Number(new RegExp(`^\\S*signing_seconds_${suffix}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
  return (value('sum') / value('count')) * 1000
}

/**
 * Memory of every process of the vault together, bytes: proportional set size, in which a page that several processes share
 * (the runtime's code, PostgreSQL's buffers) counts once.
 */
function memoryTogether(vault: Vault): number {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(row => row.trim().split(/\s+/).map(Number))
  const mine = new Set([process.pid, ...vault.processes()])
  for (let grown = true; grown; ) {
    const before = mine.size
    for (const [pid = 0, parent = 0] of rows) if (mine.has(parent)) mine.add(pid)
    grown = mine.size > before
  }
  return [...mine].reduce((sum, pid) => sum + proportionalSetSize(pid), 0)
}

function proportionalSetSize(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0 // the process has ended
  }
}

async function measure(vault: Vault) {
  const { api, evmRpc, bootstrapApiKey } = vault.endpoints
  if (api === null || evmRpc === null || bootstrapApiKey === null)
    throw new Error('the vault does not serve everything')
  const admin = createClient({ baseUrl: api, apiKey: bootstrapApiKey })
  const owner = 'owner@bench.example'
  const nobleMs = nobleSignature()
  const setupBegan = performance.now()
  await admin.call('setupDefaultTenant', {
    body: {
      Users: [{ ID: owner, Name: 'Owner' }],
      Group: 'owner',
      MasterKeysAndAccounts: { Default: ['treasury'] },
      Assets: { CAIP2s: ['eip155:31337'] },
    },
  })
  const dkgMs = performance.now() - setupBegan
  const approver = await Approver.enrol(owner, api, admin)
  await approver.pair()
  const { Address } = await admin.call('cwpgetAddressCAIP2', {
    body: { MasterKey: 'Default', CAIP2: 'eip155:31337', Account: 'treasury' },
  })
  await new DevChain(evmRpc).fund(Address, 10n ** 20n)
  const changes = new Changes()
  const listening = new AbortController()
  const stream = changes.follow(approver.client, listening.signal).catch(() => undefined)
  const bench = { owner: approver, changes, vault }
  for (let i = 0; i < warmUp; i++) await transfer(bench)
  const times: number[] = []
  for (let i = 0; i < transfers; i++) times.push(await transfer(bench))
  const perSecond = await throughput(bench)
  listening.abort()
  await stream
  await finished(
    approver.client,
    await approver.client.start('createAccount', { Name: 'second', MasterKey: 'Default' }),
  )
  return {
    machine: `${cpus()[0]?.model ?? 'unknown'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    nobleSignMs: nobleMs,
    dkgMs,
    signMs: await nodeSigningTime(vault),
    endToEndP50Ms: quantile(times, 0.5),
    endToEndP99Ms: quantile(times, 0.99),
    signaturesPerSecond: perSecond,
    memoryBytes: memoryTogether(vault),
  }
}

type Figures = Awaited<ReturnType<typeof measure>>

function report(figures: Figures): void {
  const ratio = (milliseconds: number) =>
    `${(milliseconds / figures.nobleSignMs).toFixed(1)} × one @noble/curves signature`
  const ms = (value: number) => `${value.toFixed(1)} ms`
  const bar = (good: boolean) => (good ? 'within' : 'ABOVE')
  const lines = [
    ['machine', figures.machine],
    ['Node.js', figures.node],
    ['one @noble/curves secp256k1 signature', ms(figures.nobleSignMs)],
    [
      'set-up with key generation and verified backups',
      `${ms(figures.dkgMs)}  (${ratio(figures.dkgMs)}; ${bar(figures.dkgMs <= 8000)} the bar of 8 s)`,
    ],
    ['signing at node 0, certificate to verified signature, mean', `${ms(figures.signMs)}  (${ratio(figures.signMs)})`],
    [
      'POST to signed and broadcast transaction, p50 of 100',
      `${ms(figures.endToEndP50Ms)}  (${ratio(figures.endToEndP50Ms)}; ${bar(figures.endToEndP50Ms <= 400)} the bar of 400 ms)`,
    ],
    ['… p99', `${ms(figures.endToEndP99Ms)}  (${ratio(figures.endToEndP99Ms)})`],
    [
      'signatures per second, 8 in flight',
      `${figures.signaturesPerSecond.toFixed(1)}  (${ratio(1000 / figures.signaturesPerSecond)} each)`,
    ],
    [
      'memory of all processes together, this bench included',
      `${(figures.memoryBytes / 1e6).toFixed(0)} MB  (${bar(figures.memoryBytes <= 1.5e9)} the bar of 1.5 GB)`,
    ],
  ]
  for (const [what, value] of lines) process.stdout.write(`${what?.padEnd(62)} ${value}\n`)
}

async function main(): Promise<void> {
  const json = process.argv.includes('--json')
  const home = mkdtempSync(join(tmpdir(), 'trivault-bench-'))
  const vault = await startVault({ home, empty: true })
  try {
    const figures = await measure(vault)
    if (!json) report(figures)
    process.stdout.write(`${JSON.stringify(figures)}\n`)
    if (figures.endToEndP50Ms > 400 || figures.dkgMs > 8000 || figures.memoryBytes > 1.5e9) process.exitCode = 1
  } finally {
    await vault.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
