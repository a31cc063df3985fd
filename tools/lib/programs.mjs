import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.mjs'
import { LaunchError, say } from './say.mjs'

const COMMAND = 'apt-get install -y nats-server'

/** What this stage needs of the machine. */
export const machine = {
  run,
  say,
  isRoot: process.getuid?.() === 0,
  natsUrl: process.env.NATS_URL,
  find: program =>
    [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin']
      .filter(Boolean)
      .map(dir => join(dir, program))
      .find(path => existsSync(path)),
}

/** Stage 3: a nats-server on this machine, or NATS_URL, or the Debian package installed now (said first, with the reason). */
export async function ensureNatsServer({ install }, on = machine) {
  if (on.natsUrl || on.find('nats-server')) return
  if (!install) throw new LaunchError(`nats-server is missing. Install it with: ${COMMAND}   (or set NATS_URL)`)
  const prefix = await privilege(on)
  if (!prefix || !on.find('apt-get')) {
    throw new LaunchError(
      `nats-server is missing: as root, run \`${COMMAND}\` (or put a nats-server in PATH, or set NATS_URL)`,
    )
  }
  on.say(`nats-server is missing; the vault's processes talk through it. Installing the Debian package: ${COMMAND}`)
  const apt = async (...args) => {
    const [command, ...rest] = [
      ...prefix,
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      '-q',
      '-o',
      'DPkg::Lock::Timeout=120',
      ...args,
    ]
    return (await on.run(command, rest, { stdio: ['ignore', 2, 2] })).code === 0
  }
  const installed = () => apt('install', '-y', '--no-install-recommends', 'nats-server')
  const known = (await on.run('apt-cache', ['show', 'nats-server'], { stdio: 'ignore' })).code === 0
  // Package lists can be absent, or older than the mirror: then one refresh and one more try.
  const done = (known && (await installed())) || ((await apt('update')) && (await installed()))
  if (!done || !on.find('nats-server')) throw new LaunchError(`\`${COMMAND}\` failed: see above`)
}

/** How to become root: [] when we are, the sudo command when it asks for no password, undefined when there is no way. */
async function privilege(on) {
  if (on.isRoot) return []
  const sudo = on.find('sudo')
  if (!sudo) return undefined
  return (await on.run(sudo, ['-n', 'true'], { stdio: 'ignore' })).code === 0 ? [sudo, '-n'] : undefined
}
