import { appendFileSync, chmodSync, chownSync, copyFileSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createPool, startPostgres } from '@trivault/storage'
import { issueServerCertificate, type ServerCertificate } from './certificates.ts'

/** As in RDS: its master user may make roles and databases and is no superuser. */
const MASTER = 'trivault_admin'

export interface Database {
  readonly port: number
  readonly masterPassword: string
  readonly certificate: ServerCertificate
  stop(): Promise<void>
}

/** A real PostgreSQL in the place of RDS: `localhost`, TLS only for the master user, a certificate of its own authority. */
export async function startDatabase(dir: string): Promise<Database> {
  const certificates = join(dir, 'rds')
  mkdirSync(certificates, { mode: 0o700, recursive: true })
  const certificate = issueServerCertificate(certificates, ['localhost'])
  const server = await startPostgres({ dir: join(dir, 'postgres') })
  const data = join(dir, 'postgres', 'data')
  const { uid, gid } = statSync(data)
  for (const [from, name] of [
    [certificate.cert, 'server.pem'],
    [certificate.key, 'server.key'],
  ] as const) {
    copyFileSync(from, join(data, name))
    chmodSync(join(data, name), 0o600)
    chownSync(join(data, name), uid, gid)
  }
  appendFileSync(join(data, 'pg_hba.conf'), `hostssl all ${MASTER} 127.0.0.1/32 scram-sha-256\n`)
  const masterPassword = decodeURIComponent(new URL(server.adminUrl).password)
  const pool = createPool(server.adminUrl, { max: 1 })
  try {
    for (const statement of [
      "alter system set ssl_cert_file = 'server.pem'",
      "alter system set ssl_key_file = 'server.key'",
      'alter system set ssl = on',
      `create role ${MASTER} login createrole createdb password '${masterPassword}'`,
      'select pg_reload_conf()',
    ])
      await pool.query(statement)
  } finally {
    await pool.end()
  }
  return { port: server.port, masterPassword, certificate, stop: () => server.stop() }
}
