import { fetchConf, fetchSecret } from './aws.ts'
import { setUpDatabases } from './database-setup.ts'
import { readEnvironment, type Start } from './environment.ts'
import { layOut } from './run-dir.ts'
import { filesOf } from './secrets.ts'
import { runService } from './service.ts'

export interface EntrypointOptions {
  readonly environment: NodeJS.ProcessEnv
  /** Where SIGTERM and SIGINT arrive. */
  readonly signals: NodeJS.EventEmitter
  readonly say: (line: string) => void
}

/**
 * What a container or a Nitro host runs first: configuration and secrets come from AWS into private files, then the service
 * runs. Resolves to the exit code. Throws EntrypointError; the service was not started then.
 */
export async function runEntrypoint({ environment, signals, say }: EntrypointOptions): Promise<number> {
  const start = readEnvironment(environment)
  const [secrets, conf] = await Promise.all([readSecrets(start), start.conf && fetchConf(start.conf)])
  if (conf === undefined) {
    if (start.database) await setUpDatabases(secrets, start.database, say)
    return 0
  }
  const files = filesOf(start.component, secrets, start.database)
  await layOut({ runDir: start.runDir, conf, files })
  say(`configuration ${start.conf?.sha256.slice(0, 12)} and ${secrets.size} secrets are in place; starting`)
  return runService(start, signals)
}

async function readSecrets({ secrets }: Start): Promise<Map<string, string>> {
  const values = [...secrets].map(
    async ([name, source]) => [name, 'value' in source ? source.value : await fetchSecret(name, source.arn)] as const,
  )
  return new Map(await Promise.all(values))
}
