import { setTimeout as sleep } from 'node:timers/promises'
import { type Bus, BusError, connectBus } from '@trivault/bus'
import type { Party } from '@trivault/node-core'
import { AdminDesk } from './admin.ts'
import { connectTo } from './anchor-pipe.ts'
import { awsKms } from './aws-kms.ts'
import { type HostConfig, readDatabaseUrl, readInit } from './config.ts'
import { type CoreLink, type HostLog, serveCore } from './core-link.ts'
import { type CoreProcess, spawnCore } from './core-process.ts'
import { HostError } from './errors.ts'
import { jsonLog } from './log.ts'
import { serveMetrics } from './metrics.ts'
import { openRecordStore } from './records.ts'
import { httpAttestation, httpKms } from './services.ts'

const STOP_CORE_MS = 2_500
const CLOSE_MS = 1_000
/** Whom the bus may speak for: never the admin, who stands beside the node. */
const parties: readonly string[] = ['node0', 'node1', 'node2', 'wallet'] satisfies Party[]

export interface HostOptions {
  config: HostConfig
  /** Path of the core's main module. */
  coreMain: string
  /**
   * For `attestation: { nitro: true }` on a machine without enclaves: a software authority in the security module's place.
   * No key of AWS KMS opens to its documents.
   */
  attestationUrl?: string
  /** Takes the JSON lines. */
  write: (line: string) => void
}

export interface Host {
  /** Ends core and host cleanly. */
  stop(): void
  /** Exit code: 0 after `stop`, 1 when the start failed or the core died; a `fatal` line says why. */
  readonly ended: Promise<number>
}

/**
 * Runs the untrusted half of a Policy Node: database, bus, KMS and metrics for one core, which it starts. Prints the ready
 * line once the core has its secret. Never throws; see `ended`.
 */
export function startHost(options: HostOptions): Host {
  const stopping = Promise.withResolvers<'stop'>()
  const closers: (() => Promise<unknown>)[] = []
  const log = jsonLog(`node${options.config.index}`, options.write)
  const run = async (): Promise<number> => {
    try {
      const end = await Promise.race([serve(options, log, closers), stopping.promise])
      if (end !== 'stop') throw end
      return 0
    } catch (error) {
      log('fatal', error instanceof Error ? error.message : 'unknown error')
      return 1
    } finally {
      for (const close of closers.reverse()) await Promise.race([close().catch(() => undefined), sleep(CLOSE_MS * 3)])
    }
  }
  return { stop: () => stopping.resolve('stop'), ended: run() }
}

/** Resolves with the reason when the core is gone. */
async function serve(options: HostOptions, log: HostLog, closers: (() => Promise<unknown>)[]): Promise<HostError> {
  const { config } = options
  const name = `node${config.index}`
  const init = await readInit(config)
  const databaseUrl = await readDatabaseUrl(config)
  const attestationUrl = attestationOf(options)
  const admin = new AdminDesk()
  const metrics = await serveMetrics(config.metrics, name, { '/hold': body => admin.bring(body) }).catch(cause => {
    const { host, port } = config.metrics
    throw new HostError('bad-config', `metrics cannot be served on ${host}:${port}`, { cause })
  })
  closers.push(metrics.close)
  const [records, bus] = await Promise.all([
    openRecordStore({ url: databaseUrl, name, log }),
    connectBus({ ...config.bus, self: name, log }),
  ])
  closers.push(
    () => records.close(),
    () => bus.close(),
  )

  const core = spawnCore(options.coreMain)
  const link = serveCore({
    stream: core.stream,
    records,
    kms: 'url' in config.kms ? httpKms(config.kms) : awsKms(config.kms),
    attestation: httpAttestation({ url: attestationUrl, module: name }),
    send: (to, message) => (to === 'admin' ? admin.receive(message) : send(bus, to, message, log)),
    connectAnchor: typeof config.anchor === 'string' ? undefined : connectTo(config.anchor),
    log,
    metrics: metrics.sink,
  })
  closers.push(() => stopCore(core, link))
  admin.open(message => link.deliver('admin', message))
  bus.onMessage((from, message) => {
    if (isParty(from)) link.deliver(from, message)
  })
  const identityKey = await link.start(init)
  log('info', 'ready', { event: 'ready', index: config.index, identityKey: Buffer.from(identityKey).toString('hex') })
  const reason = await link.over
  const { code, signal } = await core.exited
  return new HostError('core', `${reason.message} (core: ${signal ?? `exit ${code}`})`)
}

/** Throws HostError bad-config where only an enclave's own security module could vouch for the core. */
function attestationOf({ config, attestationUrl }: HostOptions): string {
  if ('url' in config.attestation) return config.attestation.url
  if (attestationUrl !== undefined) return attestationUrl
  throw new HostError(
    'bad-config',
    'booting the core in a Nitro enclave is not in this release: the host and its stack are ready for it, the key stays shut',
  )
}

const isParty = (name: string): name is Party => parties.includes(name)

function send(bus: Bus, to: Party, message: Uint8Array, log: HostLog): void {
  try {
    bus.send(to, message)
  } catch (error) {
    if (!(error instanceof BusError)) throw error
    log('warn', `mail dropped: ${error.message}`, { to })
  }
}

async function stopCore(core: CoreProcess, link: CoreLink): Promise<void> {
  link.stop()
  const timer = new AbortController()
  await Promise.race([core.exited, sleep(STOP_CORE_MS, undefined, { signal: timer.signal }).catch(() => undefined)])
  timer.abort()
  core.kill()
  await core.exited
}
