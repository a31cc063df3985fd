import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { connectBus } from '@trivault/bus'
import { ChainClients } from '@trivault/chain-clients'
import { parseJson } from '@trivault/codec'
import { genesisJson } from '@trivault/protocol'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { ApiKeys } from './api-keys.ts'
import { openDatabase } from './database.ts'
import { createHttp, createLog, createMetricsHttp } from './http/index.ts'
import { createReads } from './reads/index.ts'
import { Wallet } from './wallet.ts'

/** What a wallet process is started with: `--config FILE`. */
interface WalletConfig {
  listen: { host: string; port: number }
  publicUrl: string
  /** The node admins' pins as JSON. */
  pins: string
  database: { urlFile: string }
  bus: { url: string; ca: string; cert: string; key: string }
  oidc: { issuer: string; audience: string; emailClaim?: string; emailVerifiedClaim?: string; webClientId?: string }
  /** Where the wallet puts the bootstrap Admin key that it makes at its first start (0600). */
  bootstrapKeyFile: string
  /** RPC URL of each chain, by CAIP-2. */
  chains: Record<string, { rpcUrl: string }>
  corsOrigins?: string[]
  /** Per client address; default 6000. */
  requestsPerMinute?: number
  metrics: { host: string; port: number }
  environmentName?: string
}

const version = '0.1.0'
// Not pino's own destination: when nobody reads any more, its flush at the end retries a broken pipe for ever.
process.stdout.on('error', () => undefined)
const log = createLog({ name: 'wallet' }, { write: line => void process.stdout.write(line) })

function fatal(message: string): never {
  process.stdout.write(`${JSON.stringify({ time: Date.now(), level: 'fatal', name: 'wallet', msg: message })}\n`)
  process.exit(1)
}

function readConfig(): WalletConfig {
  const { values } = parseArgs({ options: { config: { type: 'string' } } })
  if (values.config === undefined) fatal('give --config FILE')
  try {
    return JSON.parse(readFileSync(values.config, 'utf8')) as WalletConfig
  } catch (error) {
    fatal(`the config file ${values.config} cannot be read: ${error instanceof Error ? error.message : ''}`)
  }
}

/** Well before the supervisor insists (5 s). */
const STOP_MS = 4_000

async function main(): Promise<void> {
  const config = readConfig()
  const genesis = genesisJson.read(parseJson(readFileSync(config.pins, 'utf8')))
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const db = await openDatabase(readFileSync(config.database.urlFile, 'utf8').trim())
  const bus = await connectBus({ ...config.bus, self: 'wallet', log: (level, message) => log[level](message) })
  const chains = new ChainClients(
    Object.fromEntries(Object.entries(config.chains).map(([caip2, { rpcUrl }]) => [caip2, rpcUrl])),
  )
  const wallet = await Wallet.open({
    genesis,
    db,
    bus,
    chains,
    clock: Date.now,
    log: (level, message, fields) => log[level](fields ?? {}, message),
  })
  await keepBootstrapKey(wallet.apiKeys, config.bootstrapKeyFile)
  const reads = createReads(wallet.view(), {
    chains,
    config: {
      issuer: config.oidc.issuer,
      audience: config.oidc.audience,
      publicUrl: config.publicUrl,
      instanceName: config.environmentName ?? 'local',
      approverClientId: genesis.approverClientId,
      webClientId: config.oidc.webClientId ?? 'trivault-console',
      mode: genesis.profile === 'local' ? 'on-prem' : 'on-cloud',
    },
    version,
  })
  const http = await createHttp({
    service: { ...reads, ...wallet.writes() },
    log,
    auth: { oidc: config.oidc },
    metrics: { registry },
    corsOrigins: config.corsOrigins ?? [],
    limits: config.requestsPerMinute === undefined ? {} : { requestsPerMinute: config.requestsPerMinute },
    version,
  })
  const metrics = createMetricsHttp(registry)
  await metrics.listen(config.metrics)
  await http.listen(config.listen)
  log.info({ event: 'ready' }, `serving ${config.publicUrl}`)

  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    // Closing waits for requests, the broker and the database, and one of them may never answer again.
    setTimeout(() => process.exit(1), STOP_MS).unref()
    wallet.close()
    Promise.allSettled([http.close(), metrics.close()])
      .then(() => Promise.allSettled([bus.close(), db.destroy()]))
      .finally(() => process.exit(0))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', () => undefined) // Ctrl-C reaches the whole process group; the supervisor stops everybody in order
  process.stdin.on('end', stop).resume() // the supervisor died
}

/** The file is written before the key counts: a crash in between leads to a new key, never to a lost one. */
async function keepBootstrapKey(apiKeys: ApiKeys, file: string): Promise<void> {
  await apiKeys.bootstrap(key => {
    if (existsSync(file)) chmodSync(file, 0o600)
    writeFileSync(file, `${key}\n`, { mode: 0o600 })
  })
}

main().catch((error: unknown) => {
  log.error({ reason: error instanceof Error ? error.message : 'unknown' }, 'start failed')
  fatal(error instanceof Error ? error.message : 'the wallet could not start')
})
