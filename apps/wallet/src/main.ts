import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { connectBus } from '@trivault/bus'
import { ChainClients } from '@trivault/chain-clients'
import { parseJson } from '@trivault/codec'
import { genesisJson } from '@trivault/protocol'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { keepBootstrapKey } from './bootstrap-key.ts'
import { readConfig } from './config.ts'
import { openDatabase } from './database.ts'
import { createHttp, createLog, createMetricsHttp } from './http/index.ts'
import { createReads } from './reads/index.ts'
import { Wallet } from './wallet.ts'

const version = '0.1.0'
// Not pino's own destination: when nobody reads any more, its flush at the end retries a broken pipe for ever.
process.stdout.on('error', () => undefined)
const log = createLog({ name: 'wallet' }, { write: line => void process.stdout.write(line) })

function fatal(message: string): never {
  process.stdout.write(`${JSON.stringify({ time: Date.now(), level: 'fatal', name: 'wallet', msg: message })}\n`)
  process.exit(1)
}

function configFile(): string {
  const { values } = parseArgs({ options: { config: { type: 'string' } } })
  return resolve(values.config ?? fatal('give --config FILE'))
}

/** Well before the supervisor insists (5 s). */
const STOP_MS = 4_000

async function main(): Promise<void> {
  const config = readConfig(configFile())
  const genesis = genesisJson.read(parseJson(readFileSync(config.pins, 'utf8')))
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const db = await openDatabase(readFileSync(config.database.urlFile, 'utf8').trim())
  const bus = await connectBus({ ...config.bus, self: 'wallet', log: (level, message) => log[level](message) })
  const chains = new ChainClients(config.chains)
  for (const caip2 of config.missingChains)
    log.warn({ caip2 }, 'no RPC URL is configured: balances and transfers of this chain are refused')
  const wallet = await Wallet.open({
    genesis,
    db,
    bus,
    chains,
    clock: Date.now,
    log: (level, message, fields) => log[level](fields ?? {}, message),
  })
  // Kept before it counts: a crash in between leads to a new key, never to a lost one.
  await wallet.apiKeys.bootstrap(key => keepBootstrapKey(config.bootstrapKey, key))
  const reads = createReads(wallet.view(), {
    chains,
    config: {
      issuer: config.oidc.issuer,
      audience: config.oidc.audience,
      publicUrl: config.publicUrl,
      instanceName: config.environmentName,
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
    corsOrigins: [...config.corsOrigins],
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

main().catch((error: unknown) => {
  log.error({ reason: error instanceof Error ? error.message : 'unknown' }, 'start failed')
  fatal(error instanceof Error ? error.message : 'the wallet could not start')
})
