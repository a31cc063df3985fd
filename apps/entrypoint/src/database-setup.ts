import { ensureDatabase } from '@trivault/storage'
import type { Endpoint } from './environment.ts'
import { EntrypointError } from './errors.ts'
import { databaseUrl, readMaster, readRole } from './secrets.ts'

const roleSecrets = ['DB_INFO', 'DB_INFO_NODE0', 'DB_INFO_NODE1', 'DB_INFO_NODE2'] as const

/**
 * Makes the databases of the wallet and the three nodes, each with a role of its own that no other can connect as. Run again
 * it sets the passwords and changes nothing else. Throws EntrypointError database, secret.
 */
export async function setUpDatabases(
  secrets: ReadonlyMap<string, string>,
  endpoint: Endpoint,
  say: (line: string) => void,
): Promise<void> {
  const { username, password } = readMaster(secrets.get('DB_MASTER') ?? '')
  const adminUrl = databaseUrl({ database: 'postgres', user: username, password }, endpoint)
  for (const name of roleSecrets) {
    const role = readRole(name, secrets.get(name) ?? '')
    if (role.database !== role.user)
      throw new EntrypointError('secret', `the secret in ${name}: database and user must have the same name`)
    await ensureDatabase(adminUrl, { name: role.database, password: role.password }).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : 'unknown'
      const place = `${endpoint.host}:${endpoint.port}`
      throw new EntrypointError('database', `database ${role.database} at ${place} cannot be set up: ${why}`, { cause })
    })
    say(`database ${role.database} and its role are ready`)
  }
}
