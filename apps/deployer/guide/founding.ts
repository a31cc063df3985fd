import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { signInAt } from '../../../test/e2e/browser.ts'
import type { AdminUser } from '../src/model.ts'
import { nodeAdmin } from '../src/roles.ts'
import { withRole } from './people.ts'
import type { World } from './world.ts'

const CLI = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url))
const SEAL = 'seal'

/** Founding mode `pinned`, before step 7: each founder makes a device key, and customer-config.yml gets its fingerprint. */
export async function withFounderKeys(world: World, customerConfig: string): Promise<string> {
  if (world.deployment.founding.mode !== 'pinned') return customerConfig
  const config = parse(customerConfig) as { adminUsers: AdminUser[] }
  const adminUsers: AdminUser[] = []
  for (const user of config.adminUsers) {
    const { KeyFingerprint } = JSON.parse(await new Founder(world, user.email).init()) as { KeyFingerprint: string }
    adminUsers.push({ ...user, keyFingerprint: KeyFingerprint })
  }
  return stringify({ ...config, adminUsers })
}

/**
 * Step 17 by the command line of an approver: each founder pairs a device, all seal, and the master key is backed up. `sealed` comes
 * in between.
 */
export async function foundVault(world: World, say: (line: string) => void, sealed = async () => {}): Promise<void> {
  const { founders, mode } = world.deployment.founding
  const devices = founders.map(email => new Founder(world, email))
  const [first] = devices
  if (first === undefined) throw new RangeError('nobody founds the vault')
  for (const founder of devices) {
    founder.takePins()
    if (mode === 'identity') await founder.init()
    await founder.cli('approver', 'pair', ...founder.key, '--callback-port', '0', '--wait')
  }
  const by = { identity: 'an ID token of their own', pinned: 'the key that the node admins pinned' }
  say(`    ${founders.length} founders have paired their devices, each with ${by[mode]}`)
  if (mode === 'identity') {
    await first.cli('founding', 'seal', '--id', SEAL)
    for (const founder of devices) await founder.cli('approver', 'approve', SEAL, ...founder.key, '--yes')
    await succeeded(first, SEAL)
  }
  if (!/"Sealed": true/.test(await first.cli('founding', 'show', '--json'))) throw new Error('the vault is not sealed')
  say('    the vault is sealed')
  await sealed()
  const out = join(first.dir, 'hot.backup')
  const name = Object.keys(masterKeysOf(world))[0] ?? ''
  const backup = first.cli('backup', name, '--out', out, '--initiator', first.email)
  const operation = await pendingOf(first, 'backup master key')
  await first.cli('approver', 'approve', operation, ...first.key, '--yes')
  await backup
  if (!existsSync(out)) throw new Error('there is no backup of the master key')
  say(`    master key ${name} is backed up to the ERS key`)
}

/** A person with a device, who has the pins from a node admin and not from the wallet. */
class Founder {
  readonly email: string
  readonly dir: string
  readonly key: readonly string[]
  readonly #world: World

  constructor(world: World, email: string) {
    this.email = email
    this.dir = join(world.dir, `founder-${email}`)
    this.key = ['--key-file', join(this.dir, 'device.key')]
    this.#world = world
    mkdirSync(this.dir, { mode: 0o700, recursive: true })
    writeFileSync(join(this.dir, 'password'), world.identity.passwordOf(email), { mode: 0o600 })
  }

  takePins(): void {
    copyFileSync(join(withRole(this.#world, nodeAdmin(1)).dir, 'pins.json'), join(this.dir, 'pins.json'))
  }

  /** Makes the device key. */
  init(): Promise<string> {
    return this.cli('approver', 'init', ...this.key, '--json')
  }

  /** Runs `trivault` as this person, who signs in wherever it asks them to. Returns what it prints; throws when it fails. */
  async cli(...args: string[]): Promise<string> {
    const { deployment, network, identity } = this.#world
    const who = [
      '--api',
      `https://${deployment.hosts.api}`,
      '--user',
      this.email,
      '--password-file',
      join(this.dir, 'password'),
    ]
    const child = spawn(process.execPath, [CLI, ...args, ...who, '--pins', join(this.dir, 'pins.json')], {
      cwd: this.dir,
      env: { PATH: process.env.PATH, ...network },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const text = { out: '', err: '' }
    const visits: Promise<void>[] = []
    child.stdout.on('data', (data: Buffer) => {
      text.out += data.toString('utf8')
    })
    child.stderr.on('data', (data: Buffer) => {
      const part = data.toString('utf8')
      text.err += part
      const url = /https?:\S+\/auth\?\S+/.exec(part)?.[0]
      if (url !== undefined) visits.push(signInAt(url, this.email, identity.passwordOf(this.email)))
    })
    const code = await new Promise(resolve => child.once('close', resolve))
    await Promise.all(visits)
    if (code !== 0) throw new Error(`trivault ${args.join(' ')} of ${this.email}: exit ${code}\n${text.out}${text.err}`)
    return text.out
  }
}

async function succeeded(founder: Founder, operation: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const shown = await founder.cli('operation', 'show', operation, '--json')
    if (/"Status": "Succeeded"/.test(shown)) return
    if (/"Status": "Failed"/.test(shown)) throw new Error(`${operation} failed: ${shown}`)
    await sleep(200)
  }
  throw new Error(`${operation} does not end`)
}

async function pendingOf(founder: Founder, type: string): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const pending = JSON.parse(await founder.cli('approver', 'list', '--json')) as {
      OperationID: string
      OperationType: string
    }[]
    const found = pending.find(({ OperationType }) => OperationType.toLowerCase() === type)
    if (found !== undefined) return found.OperationID
    await sleep(200)
  }
  throw new Error(`no ${type} waits for ${founder.email}`)
}

const masterKeysOf = (world: World): Record<string, unknown> =>
  (
    JSON.parse(readFileSync(join(withRole(world, 'infrastructure-admin').dir, 'tenant-setup.json'), 'utf8')) as {
      MasterKeysAndAccounts: Record<string, unknown>
    }
  ).MasterKeysAndAccounts
