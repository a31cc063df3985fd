import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { appendFile, chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { StorageError } from '../errors.ts'
import { clearLeftover } from './leftover.ts'
import { asOwner, type Owner, serverOwner } from './privilege.ts'
import { findPrograms, type Programs } from './programs.ts'

const SUPERUSER = 'postgres'
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000

export type PostgresServer = {
  readonly pid: number
  readonly port: number
  /** postgres:// URL of the superuser. */
  readonly adminUrl: string
  /** Settles when the server process has ended, for whatever reason. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  /** Fast shutdown: running transactions are aborted, everything committed is kept. Resolves when the process is gone. */
  stop(): Promise<void>
}

export type StartOptions = {
  /** Directory of the cluster; made when missing (0700). Nothing else may live in it. */
  readonly dir: string
  /** TCP port on 127.0.0.1; a free one when absent. */
  readonly port?: number
  /** Each line that the server prints. */
  readonly onLine?: (line: string) => void
}

// Connections of a role reach only the database of the same name; the superuser reaches all. TCP on loopback only.
const HBA = `host all ${SUPERUSER} 127.0.0.1/32 scram-sha-256
host sameuser all 127.0.0.1/32 scram-sha-256
`

// Statements and row contents stay out of the server's log (log_min_error_statement, log_error_verbosity).
const SETTINGS = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 80
authentication_timeout = '10s'
shared_buffers = '64MB'
io_method = 'sync'
jit = off
fsync = on
synchronous_commit = on
log_min_error_statement = panic
log_error_verbosity = terse
log_line_prefix = '%p '
log_checkpoints = off
lc_messages = 'C'
timezone = 'UTC'
`

/**
 * Starts a PostgreSQL server on its own cluster directory, making the cluster at first. What a killed server left behind
 * is cleaned up. The server ends by itself when this process dies.
 * Throws StorageError missing-program, bad-directory, start-failed.
 */
export async function startPostgres(options: StartOptions): Promise<PostgresServer> {
  const dir = resolve(options.dir)
  const data = join(dir, 'data')
  const owner = serverOwner()
  await mkdir(dir, { recursive: true, mode: 0o700 }).catch(cause => {
    throw new StorageError('bad-directory', `no directory can be made at ${dir}`, { cause })
  })
  const programs = await findPrograms(join(dir, 'lib'))
  const password = await superuserPassword(dir)
  if (!existsSync(data)) await initCluster(dir, data, programs, owner)
  await clearLeftover(data)

  const port = options.port ?? (await freePort())
  const { command, args } = asOwner(owner, 'INT', programs.postgres, ['-D', data, '-p', `${port}`])
  const child = spawn(command, args, { env: programs.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true, cwd: '/' })
  const lastWords: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', line => {
      lastWords.push(line)
      if (lastWords.length > 5) lastWords.shift()
      options.onLine?.(line)
    })
  }
  const exited = exitOf(child)
  const adminUrl = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${SUPERUSER}`
  await ready(child, exited, adminUrl, lastWords)
  return { pid: child.pid as number, port, adminUrl, exited, stop: () => stop(child, exited) }
}

async function superuserPassword(dir: string): Promise<string> {
  const file = join(dir, 'superuser.password')
  if (existsSync(file)) return (await readFile(file, 'utf8')).trim()
  const password = randomBytes(24).toString('base64url')
  await writeFile(`${file}.new`, `${password}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return password
}

/** The cluster appears under its name only when it is complete: a kill during initdb leaves nothing that counts. */
async function initCluster(dir: string, data: string, programs: Programs, owner: Owner | undefined): Promise<void> {
  const fresh = join(dir, 'data.new')
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { mode: 0o700 })
  await chmod(fresh, 0o700)
  if (owner) await chown(fresh, owner.uid, owner.gid)
  const { command, args } = asOwner(owner, 'INT', programs.initdb, [
    ...['-D', fresh, '-U', SUPERUSER, '--pwfile', join(dir, 'superuser.password'), '-A', 'scram-sha-256', '-E', 'UTF8'],
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'],
  ])
  try {
    await promisify(execFile)(command, args, { env: programs.env, cwd: '/' })
  } catch (cause) {
    const words = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim().split('\n').at(-1) : ''
    throw new StorageError('start-failed', `PostgreSQL cluster could not be made in ${dir}: ${words}`, { cause })
  }
  await writeFile(join(fresh, 'pg_hba.conf'), HBA)
  await appendFile(join(fresh, 'postgresql.conf'), SETTINGS)
  await rename(fresh, data)
}

async function ready(child: ChildProcess, exited: PostgresServer['exited'], adminUrl: string, lastWords: string[]) {
  let ended = false
  void exited.then(() => {
    ended = true
  })
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline; await sleep(50)) {
    if (ended) break
    const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('select 1')
      return
    } catch {
      // Not listening yet, or still in recovery.
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  child.kill('SIGKILL')
  throw new StorageError('start-failed', `PostgreSQL did not start: ${lastWords.join(' | ') || 'no output'}`)
}

async function stop(child: ChildProcess, exited: PostgresServer['exited']): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    child.kill(signal)
    const timer = new AbortController()
    const late = sleep(STOP_TIMEOUT_MS, 'late', { signal: timer.signal }).catch(() => 'late')
    const result = await Promise.race([exited, late])
    timer.abort()
    if (result !== 'late') return
  }
}

function exitOf(child: ChildProcess): PostgresServer['exited'] {
  return new Promise(resolveExit => {
    child.once('error', () => resolveExit({ code: 127, signal: null }))
    child.once('exit', (code, signal) => resolveExit({ code, signal }))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        typeof address === 'object' && address ? resolvePort(address.port) : reject(new Error('no port')),
      )
    })
  })
}
