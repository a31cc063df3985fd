import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { LocalError } from './errors.ts'
import type { Home } from './home.ts'
import { type Running, startForeign } from './processes.ts'

export const DEV_CHAIN_ID = 31337
/** The mnemonic that every EVM dev chain uses: its accounts are public knowledge. */
const DEV_MNEMONIC = 'test test test test test test test test test test test junk'
const COPY_EVERY_MS = 1_000

/**
 * Starts the EVM dev chain. Its state is written every second and when it ends, so the chain goes on after a restart.
 * Throws LocalError missing-program.
 */
export function startAnvil(home: Home, port: number): Running {
  const dir = home.path('anvil')
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const state = join(dir, 'state.json')
  const copy = join(dir, 'state.copy.json')
  // anvil writes its file in place; one that a kill cut short is replaced by the last whole copy.
  if (existsSync(state) && !isWhole(state)) {
    rmSync(state)
    if (existsSync(copy)) copyFileSync(copy, state)
  }
  const running = startForeign(home, {
    name: 'anvil',
    command: anvilBinary(),
    args: [
      ...['--host', '127.0.0.1', '--port', `${port}`, '--chain-id', `${DEV_CHAIN_ID}`, '--mnemonic', DEV_MNEMONIC],
      ...['--state', state, '--state-interval', '1', '--cache-path', join(dir, 'cache'), '--threads', '1', '--silent'],
    ],
    stopSignal: 'SIGINT',
    probe: () =>
      rpc(port, 'eth_chainId').then(
        id => id === `0x${DEV_CHAIN_ID.toString(16)}`,
        () => false,
      ),
  })
  let copied = 0
  const timer = setInterval(() => {
    const changed = existsSync(state) ? statSync(state).mtimeMs : 0
    if (changed === copied || !isWhole(state)) return
    copyFileSync(state, `${copy}.new`)
    renameSync(`${copy}.new`, copy)
    copied = changed
  }, COPY_EVERY_MS)
  timer.unref()
  void running.exited.then(() => clearInterval(timer))
  return running
}

/** One JSON-RPC call to the dev chain. Throws on HTTP and RPC errors. */
export async function rpc(port: number, method: string, params: readonly unknown[] = []): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(5_000),
  })
  const answer = (await response.json()) as { result?: unknown; error?: { message?: string } }
  if (answer.error) throw new Error(`${method}: ${answer.error.message}`)
  return answer.result
}

function isWhole(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, 'utf8'))
    return true
  } catch {
    return false
  }
}

function anvilBinary(): string {
  const name = `@foundry-rs/anvil-linux-${process.arch === 'x64' ? 'amd64' : process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'anvil')
  } catch (cause) {
    throw new LocalError('missing-program', `anvil is missing: install the npm package ${name}`, { cause })
  }
}
