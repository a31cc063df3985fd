import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Pki, serverConfig } from '@trivault/bus'
import { LocalError } from './errors.ts'
import { writePrivate } from './files.ts'
import type { Home } from './home.ts'
import { type Running, startForeign } from './processes.ts'

/** Writes the broker's configuration into the home: also for one that runs elsewhere (NATS_URL). */
export function writeNatsConfig(home: Home, port: number, pki: Pki): void {
  const parties = Object.keys(pki.clients)
  writePrivate(configFile(home), serverConfig({ host: '127.0.0.1', port, server: pki.server, parties }))
}

/** Starts the broker with the home's configuration. Throws LocalError missing-program. */
export function startNats(home: Home, port: number): Running {
  return startForeign(home, {
    name: 'nats',
    command: findNatsServer(),
    args: ['-c', configFile(home)],
    stopSignal: 'SIGTERM',
    // One thread keeps up with three nodes many times over; more would wake and watch each other for each message.
    env: { GOMAXPROCS: '1' },
    probe: () => accepts(port),
  })
}

const configFile = (home: Home) => home.path('nats.conf')

function findNatsServer(): string {
  const dirs = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin']
  const found = dirs.map(dir => join(dir, 'nats-server')).find(path => existsSync(path))
  if (!found)
    throw new LocalError('missing-program', 'nats-server is missing: apt-get install -y nats-server, or set NATS_URL')
  return found
}

function accepts(port: number): Promise<boolean> {
  return new Promise(done => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', () => done(false))
  })
}
