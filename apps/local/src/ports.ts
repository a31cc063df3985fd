import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { readIfThere, writePrivateJson } from './files.ts'
import type { Home } from './home.ts'

// Below the range from which Linux takes ports of outgoing connections.
const FIRST = 20_000
const LAST = 32_000

/**
 * The ports of a home: chosen at random at first, so that several vaults live side by side, and kept, so that addresses
 * stay. A port that another program holds by now is chosen anew.
 */
export async function claimPorts<Name extends string>(
  home: Home,
  names: readonly Name[],
): Promise<Record<Name, number>> {
  const file = home.path('ports.json')
  const kept = parse(readIfThere(file))
  const taken = new Set<number>()
  const ports: Partial<Record<Name, number>> = {}
  for (const name of names) {
    let port = kept[name]
    while (port === undefined || taken.has(port) || !(await isFree(port))) port = randomInt(FIRST, LAST)
    taken.add(port)
    ports[name] = port
  }
  writePrivateJson(file, ports)
  return ports as Record<Name, number>
}

export function isFree(port: number): Promise<boolean> {
  return new Promise(done => {
    const probe = createServer()
    probe.once('error', () => done(false))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => done(true)))
  })
}

function parse(text: string | undefined): Record<string, number | undefined> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    const entries = Object.entries(typeof value === 'object' && value !== null ? value : {})
    return Object.fromEntries(entries.filter(([, port]) => Number.isInteger(port) && port > 1023 && port < 65_536))
  } catch {
    return {}
  }
}
