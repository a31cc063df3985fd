import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { softwareServices } from '@trivault/node-host'
import type { EnvConfig } from '@trivault/web-config'
import { processUsage, serveMetrics } from '../metrics.ts'
import { openLocalKms } from './kms-store.ts'
import { createOidc } from './oidc.ts'
import type { UserRecord } from './users.ts'
import { createWeb, type WebSite } from './web.ts'

/** What the supervisor writes for this process; see ../../README.md. */
export type ServicesConfig = {
  readonly issuer: string
  readonly oidcPort: number
  readonly keyFile: string
  readonly cookieFile: string
  readonly kmsFile: string
  readonly kmsPort: number
  readonly kmsKeyIds: readonly string[]
  readonly usersFile: string
  readonly metricsPort: number
  readonly web: readonly WebSite[]
  readonly env: EnvConfig
}

const log = (level: string, msg: string, more: object = {}) =>
  process.stdout.write(`${JSON.stringify({ time: Date.now(), level, name: 'services', msg, ...more })}\n`)

async function main(): Promise<void> {
  const config = JSON.parse(readFileSync(process.argv[3] ?? '', 'utf8')) as ServicesConfig
  const users = JSON.parse(readFileSync(config.usersFile, 'utf8')) as UserRecord[]
  const counters = new Map<string, number>()
  const count = (name: string) => counters.set(name, (counters.get(name) ?? 0) + 1)
  const oidc = createOidc({
    issuer: config.issuer,
    keyFile: config.keyFile,
    cookieFile: config.cookieFile,
    users,
    onSignIn: accepted => count(`trivault_sign_ins_total{result="${accepted ? 'accepted' : 'refused'}"}`),
  })
  const { kms, attestation, pcrsOf } = openLocalKms(config.kmsFile, config.kmsKeyIds)
  const release = softwareServices({
    kms,
    attestation: module => {
      const pcrs = pcrsOf(module)
      count(`trivault_attestations_total{module="${pcrs ? module : 'unknown'}"}`)
      return pcrs && attestation.portFor(pcrs)
    },
  })
  const servers = await Promise.all([
    listen(config.oidcPort, oidc),
    listen(config.kmsPort, async (request, response) => release(request, response)),
    ...config.web.map(site => listen(site.port, createWeb(site, config.env))),
  ])
  const closeMetrics = await serveMetrics(config.metricsPort, () => [
    ...processUsage(),
    ...[...counters].map(([name, value]) => `${name} ${value}`),
  ])
  const stop = () => {
    closeMetrics()
    for (const server of servers) server.close()
    for (const server of servers) server.closeAllConnections()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', () => undefined)
  process.stdin.on('end', stop).resume()
  log('info', 'ready', { event: 'ready' })
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

function listen(port: number, handler: Handler): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      handler(request, response).catch(error => {
        log('error', 'request failed', { error: error instanceof Error ? error.message : 'unknown' })
        response.destroy()
      })
    })
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

main().catch(error => {
  log('fatal', error instanceof Error ? error.message : 'unknown error')
  process.exit(1)
})
