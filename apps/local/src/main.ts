import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { foundingModes } from '@trivault/protocol'
import { StorageError } from '@trivault/storage'
import { sendControl } from './control.ts'
import { LocalError } from './errors.ts'
import { buildFrontends } from './frontend/build.ts'
import { checkHome, isAbsentHome, openHome } from './home.ts'
import { lockOwner } from './lock.ts'
import { resetHome, startVault, type VaultOptions } from './vault.ts'

const USAGE = 'usage: npm start [-- --empty] [-- --founding open|identity|pinned]   or   npm run reset'
const STOP_PATIENCE_MS = 60_000

const print = (line: string) => void process.stdout.write(`${line}\n`)

// Whoever reads our output may go away (`npm start | head`); the vault goes on, and says so in its logs.
process.stdout.on('error', () => undefined)

async function start(options: VaultOptions): Promise<void> {
  if (await joinRunning(options)) return
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt.abort())
  const vault = await startVault({ ...options, frontends: true, signal: interrupt.signal })
  interrupt.signal.addEventListener('abort', () => void vault.stop())
  if (interrupt.signal.aborted) await vault.stop()
  await buildFrontends(print, interrupt.signal).catch((error: unknown) => {
    if (!interrupt.signal.aborted) print(`${String(error)}\nThe vault runs without it.`)
  })
  if (await sendControl(vault.home, 'status', print)) print('\nCtrl-C stops the vault.')
  await vault.stopped
  print('stopped')
}

/** When a supervisor runs this home: lets it bring back what is missing and show its table. */
async function joinRunning(options: VaultOptions): Promise<boolean> {
  if (isAbsentHome(options.home)) return false
  const home = openHome(options.home)
  // One that has just begun takes a moment until it answers; one that stops takes some until it is gone.
  for (let waited = 0; lockOwner(home) !== undefined && waited < STOP_PATIENCE_MS; waited += 100) {
    if (waited === 2_000) print('another start or stop of this vault is under way; waiting for it')
    if (await sendControl(home, 'up', print)) return true
    await sleep(100)
  }
  return false
}

async function reset(options: VaultOptions): Promise<void> {
  if (!isAbsentHome(options.home)) {
    checkHome(options.home)
    const home = openHome(options.home)
    if (lockOwner(home) !== undefined) {
      print('stopping the running vault')
      for (let tries = 0; lockOwner(home) !== undefined && tries < 50; tries++) {
        if (await sendControl(home, 'stop', print)) break
        await sleep(100)
      }
      for (let waited = 0; lockOwner(home) !== undefined && waited < STOP_PATIENCE_MS; waited += 100) await sleep(100)
    }
  }
  await resetHome(options.home, options.databaseUrl)
  print(`wiped ${options.home}`)
}

function readOptions(args: string[]): { command: string; options: VaultOptions } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { empty: { type: 'boolean' }, founding: { type: 'string' } },
    })
    const founding = foundingModes.find(mode => mode === values.founding)
    if (values.founding !== undefined && founding === undefined) throw new Error(USAGE)
    const [command, ...rest] = positionals
    if ((command !== 'start' && command !== 'reset') || rest.length > 0) throw new Error(USAGE)
    const { TRIVAULT_HOME, NATS_URL, DATABASE_URL } = process.env
    const project = fileURLToPath(new URL('../../../.trivault', import.meta.url))
    return {
      command,
      options: {
        home: TRIVAULT_HOME || project,
        log: print,
        ...(values.empty ? { empty: true } : {}),
        ...(founding ? { founding } : {}),
        ...(NATS_URL ? { natsUrl: NATS_URL } : {}),
        ...(DATABASE_URL ? { databaseUrl: DATABASE_URL } : {}),
      },
    }
  } catch (cause) {
    throw new LocalError(
      'bad-configuration',
      cause instanceof Error ? `${cause.message.split('\n')[0]} (${USAGE})` : USAGE,
      { cause },
    )
  }
}

// Whoever read our lines may go away (`npm start | head`); the vault stays.
process.stdout.on('error', () => undefined)
// Whatever our children write into the home is private too.
process.umask(0o077)
try {
  const { command, options } = readOptions(process.argv.slice(2))
  await (command === 'start' ? start(options) : reset(options))
} catch (error) {
  const expected = error instanceof LocalError || error instanceof StorageError
  process.stderr.write(
    `trivault: ${expected ? error.message : `unexpected: ${error instanceof Error ? error.stack : 'error'}`}\n`,
  )
  process.exitCode = 1
}
