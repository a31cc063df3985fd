import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.mjs'
import { LaunchError, say } from './say.mjs'

/** Programs that come from Debian. `instead` says, and names the variable for, what makes the program unnecessary. */
const PROGRAMS = {
  'nats-server': { why: "the vault's processes talk through it", instead: 'NATS_URL' },
  chromium: { why: 'the web apps are tested in it' },
}

/** What this stage needs of the machine. */
export const machine = {
  run,
  say,
  isRoot: process.getuid?.() === 0,
  env: process.env,
  find: program =>
    [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/usr/local/bin']
      .filter(Boolean)
      .map(dir => join(dir, program))
      .find(path => existsSync(path)),
}

/** Stage 3: a program on this machine, or what stands in for it, or the Debian package installed now (said first, with the reason). */
export async function ensureProgram(name, { install }, on = machine) {
  const { why, instead } = PROGRAMS[name]
  if ((instead && on.env[instead]) || on.find(name)) return
  const command = `apt-get install -y ${name}`
  const or = instead ? ` (or set ${instead})` : ''
  if (!install) throw new LaunchError(`${name} is missing. Install it with: ${command}  ${or}`)
  const prefix = await privilege(on)
  if (!prefix || !on.find('apt-get'))
    throw new LaunchError(`${name} is missing: as root, run \`${command}\`, or put a ${name} in PATH${or}`)
  on.say(`${name} is missing; ${why}. Installing the Debian package: ${command}`)
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
  const installed = () => apt('install', '-y', '--no-install-recommends', name)
  const known = (await on.run('apt-cache', ['show', name], { stdio: 'ignore' })).code === 0
  // Package lists can be absent, or older than the mirror: then one refresh and one more try.
  const done = (known && (await installed())) || ((await apt('update')) && (await installed()))
  if (!done || !on.find(name)) throw new LaunchError(`\`${command}\` failed: see above`)
}

/** How to become root: [] when we are, the sudo command when it asks for no password, undefined when there is no way. */
async function privilege(on) {
  if (on.isRoot) return []
  const sudo = on.find('sudo')
  if (!sudo) return undefined
  return (await on.run(sudo, ['-n', 'true'], { stdio: 'ignore' })).code === 0 ? [sudo, '-n'] : undefined
}
