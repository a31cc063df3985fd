import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createOidc } from './oidc.ts'
import type { UserRecord } from './users.ts'

/** What the supervisor writes for this process; see ../../README.md. */
export type ServicesConfig = {
  readonly issuer: string
  readonly oidcPort: number
  readonly keyFile: string
  readonly cookieFile: string
  readonly kmsFile: string
  readonly kmsPort: number
  readonly usersFile: string
  readonly metricsPort: number
}

const log = (level: string, msg: string, more: object = {}) =>
  process.stdout.write(`${JSON.stringify({ time: Date.now(), level, name: 'services', msg, ...more })}\n`)

async function main(): Promise<void> {
  const config = JSON.parse(readFileSync(process.argv[3] ?? '', 'utf8')) as ServicesConfig
  const users = JSON.parse(readFileSync(config.usersFile, 'utf8')) as UserRecord[]
  const signIns = { accepted: 0, refused: 0 }
  const oidc = createOidc({
    issuer: config.issuer,
    keyFile: config.keyFile,
    cookieFile: config.cookieFile,
    users,
    onSignIn: accepted => {
      signIns[accepted ? 'accepted' : 'refused']++
    },
  })
  const servers = await Promise.all([
    listen(config.oidcPort, (request, response) => {
      oidc(request, response).catch(error => {
        log('error', 'request failed', { error: error instanceof Error ? error.message : 'unknown' })
        response.destroy()
      })
    }),
    listen(config.metricsPort, (request, response) => {
      response.writeHead(request.url === '/metrics' ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' })
      response.end(
        request.url === '/metrics'
          ? `# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes ${process.memoryUsage.rss()}
# TYPE trivault_sign_ins_total counter
trivault_sign_ins_total{result="accepted"} ${signIns.accepted}
trivault_sign_ins_total{result="refused"} ${signIns.refused}
`
          : '',
      )
    }),
  ])
  const stop = () => {
    for (const server of servers) server.close()
    for (const server of servers) server.closeAllConnections()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', () => undefined)
  process.stdin.on('end', stop).resume()
  log('info', 'ready', { event: 'ready' })
}

function listen(port: number, handler: RequestListener): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(handler)
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

main().catch(error => {
  log('fatal', error instanceof Error ? error.message : 'unknown error')
  process.exit(1)
})
