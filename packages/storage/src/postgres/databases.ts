import pg from 'pg'
import { StorageError } from '../errors.ts'

export type DatabaseSpec = {
  /** Name of the database and of the one role that can connect to it: lower-case letters, digits, underscore. */
  readonly name: string
  /** Password of the role: base64url or hex characters, at least 16. */
  readonly password: string
}

/**
 * Makes sure that a database and its role exist, that the role has this password, and that no other role can connect.
 * Returns the role's postgres:// URL. Throws StorageError bad-argument, or the driver's error.
 */
export async function ensureDatabase(adminUrl: string, { name, password }: DatabaseSpec): Promise<string> {
  checkName(name)
  if (!/^[A-Za-z0-9_-]{16,128}$/.test(password)) throw new StorageError('bad-argument', 'database password: wrong form')
  await asAdmin(adminUrl, async admin => {
    const exists = async (sql: string) => ((await admin.query(sql, [name])).rowCount ?? 0) > 0
    // Who is no superuser, as in RDS, may not even say again that another is none.
    if (await exists('select 1 from pg_roles where rolname = $1'))
      await admin.query(`alter role ${name} login password '${password}'`)
    else await admin.query(`create role ${name} login nosuperuser nocreatedb nocreaterole password '${password}'`)
    if (!(await exists('select 1 from pg_database where datname = $1'))) {
      await admin.query(`grant ${name} to current_user`)
      await admin.query(`create database ${name} owner ${name}`)
    }
    await admin.query(`revoke all on database ${name} from public`)
  })
  const url = new URL(adminUrl)
  url.username = name
  url.password = password
  url.pathname = `/${name}`
  return url.href
}

/** Removes a database and its role, with whoever is connected. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  checkName(name)
  await asAdmin(adminUrl, async admin => {
    await admin.query(`drop database if exists ${name} with (force)`)
    await admin.query(`drop role if exists ${name}`)
  })
}

function checkName(name: string): void {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name))
    throw new StorageError('bad-argument', `database name "${name}": wrong form`)
}

async function asAdmin(adminUrl: string, work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 })
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}
