import { randomBytes } from 'node:crypto'
import { dropDatabase, ensureDatabase, type PostgresServer, startPostgres } from '@trivault/storage'
import { LocalError } from './errors.ts'
import { readIfThere, writePrivate } from './files.ts'
import type { Home } from './home.ts'
import { databaseUrlFile } from './layout.ts'
import { forgetProcess, recordProcess } from './leftovers.ts'
import { logLine, type Running } from './processes.ts'

const PARTIES = ['node0', 'node1', 'node2', 'wallet'] as const

/** Starts the vault's own PostgreSQL and makes its databases. */
export async function startDatabase(home: Home, port: number): Promise<Running> {
  const server: PostgresServer = await startPostgres({
    dir: home.path('postgres'),
    port,
    onLine: line => logLine(home, 'postgres', { level: 'info', msg: line }),
  })
  recordProcess(home, 'postgres', server.pid, 'SIGINT')
  void server.exited.then(() => forgetProcess(home, 'postgres'))
  const ready = makeDatabases(home, server.adminUrl, party => party).then(() => ({}))
  ready.catch(() => undefined)
  return { pid: server.pid, ready, exited: server.exited, stop: server.stop }
}

/** Makes the databases on the server that DATABASE_URL names (a superuser's URL), under names of this vault. */
export async function useForeignDatabase(home: Home, adminUrl: string): Promise<void> {
  try {
    await makeDatabases(home, adminUrl, party => foreignName(home, party))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown error'
    throw new LocalError('bad-configuration', `DATABASE_URL: no databases can be made there (${reason})`, { cause })
  }
}

export async function dropForeignDatabases(home: Home, adminUrl: string): Promise<void> {
  for (const party of PARTIES) await dropDatabase(adminUrl, foreignName(home, party))
}

function foreignName(home: Home, party: string): string {
  return `trivault_${home.deploymentId.replaceAll('-', '_')}_${party}`
}

async function makeDatabases(home: Home, adminUrl: string, nameOf: (party: string) => string): Promise<void> {
  await Promise.all(
    PARTIES.map(async party => {
      // The file with the URL is the only place of the password; port and host in it can change.
      const before = readIfThere(databaseUrlFile(home, party))?.trim()
      const password = (before && URL.parse(before)?.password) || randomBytes(24).toString('base64url')
      const url = await ensureDatabase(adminUrl, { name: nameOf(party), password })
      writePrivate(databaseUrlFile(home, party), `${url}\n`)
    }),
  )
}
