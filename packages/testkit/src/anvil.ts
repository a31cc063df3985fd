import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export interface Anvil {
  readonly url: string
  readonly chainId: number
  readonly process: ChildProcess
  stop(): Promise<void>
}

/** A fresh local dev chain in a process of its own, on a free port of the loopback interface. */
export async function startAnvil(options: { chainId?: number; arguments?: readonly string[] } = {}): Promise<Anvil> {
  const { chainId = 31337 } = options
  const kind = `${platform}-${arch === 'x64' ? 'amd64' : arch}`
  const binary = createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${kind}/bin/anvil`)
  const flags = ['--host', '127.0.0.1', '--port', '0', '--chain-id', String(chainId), ...(options.arguments ?? [])]
  const child = spawn(binary, flags, { stdio: ['ignore', 'pipe', 'ignore'] })
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    await gone
  }
  const address = await listening(child.stdout)
  if (address === undefined) {
    await stop()
    throw new Error('anvil ended before it listened')
  }
  return { url: `http://${address}`, chainId, process: child, stop }
}

/** The address that anvil prints; its further output is read and dropped, so that its pipe never fills up. */
async function listening(output: Readable): Promise<string | undefined> {
  const lines = createInterface({ input: output })
  return new Promise(resolve => {
    lines.on('line', line => {
      const address = /^Listening on (\S+)$/.exec(line)?.[1]
      if (address !== undefined) resolve(address)
    })
    lines.once('close', () => resolve(undefined))
  })
}
