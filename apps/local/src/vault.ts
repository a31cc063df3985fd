import { rmSync } from 'node:fs'
import { assemble } from './assemble.ts'
import { serveControl } from './control.ts'
import { dropForeignDatabases } from './database.ts'
import { type Endpoints, writeEndpoints } from './endpoints.ts'
import { keptFile } from './files.ts'
import { checkHome, type Home, isAbsentHome, openHome, wipeHome } from './home.ts'
import { bootstrapKeyFile } from './layout.ts'
import { clearLeftovers } from './leftovers.ts'
import { lockHome } from './lock.ts'
import { processUsage, serveMetrics } from './metrics.ts'
import type { VaultOptions } from './options.ts'
import { type Exit, logLine } from './processes.ts'
import { setUpSample } from './sample.ts'
import { endpointsTable } from './table.ts'

export type { VaultOptions } from './options.ts'

export type Vault = {
  readonly home: Home
  readonly endpoints: Endpoints
  /** Starts what is missing. */
  up(): Promise<void>
  /** Sends a signal to `postgres`, `nats`, `anvil`, `services`, `node0`…`node2` or `wallet`; resolves when the process ended. */
  kill(name: string, signal: NodeJS.Signals): Promise<Exit>
  /** Process ids of what runs now. */
  processes(): number[]
  /** The same by service. */
  named(): ReadonlyMap<string, number>
  /** Stops all in order. */
  stop(): Promise<void>
  /** Resolves when the vault was stopped, also by another process through the control socket. */
  readonly stopped: Promise<void>
}

/** Runs a whole vault in `home`. Throws LocalError; nothing keeps running then. */
export async function startVault(options: VaultOptions): Promise<Vault> {
  const home = openHome(options.home)
  const release = await lockHome(home)
  const log = (line: string) => {
    logLine(home, 'supervisor', { level: 'info', msg: line })
    options.log?.(line)
  }
  const stopped = Promise.withResolvers<void>()
  let closeControl = () => {}
  let closeMetrics = () => {}
  try {
    for (const name of await clearLeftovers(home)) log(`${name} was left over from a start that was killed; ended it`)
    const wantsEmpty = options.empty === true || (options.founding ?? 'open') !== 'open'
    const empty = keptFile(home.path('mode'), () => (wantsEmpty ? 'empty' : 'sample')) === 'empty'
    if (empty !== wantsEmpty) log(`this home was first started ${empty ? 'with' : 'without'} --empty and stays so`)
    const { supervisor, endpoints, sampleSite, metricsPort } = await assemble(home, options, log)
    closeMetrics = await serveMetrics(metricsPort, () => [
      ...processUsage(),
      ...supervisor
        .status()
        .map(({ name, pid }) => `trivault_process_up{process="${name}"} ${pid === undefined ? 0 : 1}`),
    ])
    const up = async () => {
      await supervisor.up()
      writeEndpoints(home, endpoints())
      // Now that endpoints.json has the key, it is the only place.
      rmSync(bootstrapKeyFile(home), { force: true })
      if (empty) return
      await setUpSample(sampleSite(), log)
      writeEndpoints(home, endpoints())
    }
    const stop = async () => {
      // From now on a new start waits for the lock instead of joining.
      closeControl()
      await supervisor.stop()
      closeMetrics()
      release()
      stopped.resolve()
    }
    let first: Promise<void> | undefined
    closeControl = await serveControl(home, async (command, say) => {
      if (command === 'stop') return stop()
      if (command === 'up') {
        await first
        await up()
      }
      for (const line of endpointsTable(endpoints(), supervisor.status(), home)) say(line)
    })
    first = up()
    const abort = () => void supervisor.stop()
    try {
      options.signal?.addEventListener('abort', abort)
      await first
    } catch (error) {
      await stop()
      throw error
    } finally {
      options.signal?.removeEventListener('abort', abort)
    }
    const named = () =>
      new Map(supervisor.status().flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid] as const])))
    return {
      home,
      get endpoints() {
        return endpoints()
      },
      up,
      stop,
      kill: (name, signal) => supervisor.kill(name, signal),
      processes: () => [...named().values()],
      named,
      stopped: stopped.promise,
    }
  } catch (error) {
    closeControl()
    closeMetrics()
    release()
    throw error
  }
}

/** Wipes a home whose vault does not run. Throws LocalError. */
export async function resetHome(directory: string, databaseUrl?: string): Promise<void> {
  if (isAbsentHome(directory)) return
  checkHome(directory)
  const home = openHome(directory)
  const release = await lockHome(home)
  try {
    await clearLeftovers(home)
    if (databaseUrl !== undefined) await dropForeignDatabases(home, databaseUrl)
    wipeHome(directory)
  } finally {
    release()
  }
}
