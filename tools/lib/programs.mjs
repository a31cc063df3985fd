import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.mjs'
import { LaunchError, say } from './say.mjs'

const DIRS = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin']

/** Stage 3: a nats-server on this machine, or NATS_URL, or the Debian package installed now (said first, with the reason). */
export async function ensureNatsServer({ install }) {
  if (process.env.NATS_URL || find('nats-server')) return
  const command = 'apt-get install -y nats-server'
  if (!install) throw new LaunchError(`nats-server is missing. Install it with: ${command}   (or set NATS_URL)`)
  const prefix = await privilege()
  if (!prefix || !find('apt-get')) {
    throw new LaunchError(
      `nats-server is missing: as root, run \`${command}\` (or put a nats-server in PATH, or set NATS_URL)`,
    )
  }
  say(`nats-server is missing; the vault's processes talk through it. Installing the Debian package: ${command}`)
  const apt = args =>
    run(prefix[0] ?? 'apt-get', [...(prefix.length ? [...prefix.slice(1), 'apt-get'] : []), ...args], {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=120']
  const installPackage = () => apt([...options, 'install', '-y', '--no-install-recommends', 'nats-server'])
  const known = (await run('apt-cache', ['show', 'nats-server'], { stdio: 'ignore' })).code === 0
  if (!known) await apt([...options, 'update'])
  // Package lists can be older than the mirror: one refresh, one more try.
  const failed =
    (await installPackage()).code !== 0 &&
    (!known || (await apt([...options, 'update'])).code !== 0 || (await installPackage()).code !== 0)
  if (failed || !find('nats-server')) throw new LaunchError(`\`${command}\` failed: see above`)
}

/** How to become root: [] when we are, the sudo command when it asks for no password, undefined when there is no way. */
async function privilege() {
  if (process.getuid() === 0) return []
  const sudo = find('sudo')
  if (!sudo) return undefined
  return (await run(sudo, ['-n', 'true'], { stdio: 'ignore' })).code === 0
    ? [sudo, '-n', 'DEBIAN_FRONTEND=noninteractive']
    : undefined
}

function find(program) {
  return DIRS.filter(Boolean)
    .map(dir => join(dir, program))
    .find(path => existsSync(path))
}
