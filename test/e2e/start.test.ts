import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClient, DeviceKey } from '@trivault/client'
import { afterAll, describe, expect, it } from 'vitest'
import { signIn } from '../../apps/local/src/sample.ts'

// What `npm start` and `npm run reset` promise, seen from outside: real processes, signals, files.

const main = fileURLToPath(new URL('../../apps/local/src/main.ts', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'trivault-start-'))
const launches: { child: ChildProcess; home: string; out: () => string; ended: Promise<number | null> }[] = []

type Endpoints = {
  api: string
  console: string
  approver: string
  chainId: number
  oidc: string
  evmRpc: string
  bootstrapApiKey: string
  adminApiKey: string | null
  users: { id: string; password: string; deviceKeyFile: string | null }[]
  nodes: { index: number; pid: number; identityKey: string }[]
}

function launch(home: string, ...words: (string | Record<string, string>)[]) {
  const args = words.filter(word => typeof word === 'string')
  const env = Object.assign({}, ...words.filter(word => typeof word !== 'string'))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env: { PATH: process.env.PATH, TRIVAULT_HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      out += chunk
    })
  }
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const launched = { child, home, out: () => out, ended }
  launches.push(launched)
  return launched
}

const endpointsOf = (home: string) => JSON.parse(readFileSync(join(home, 'endpoints.json'), 'utf8')) as Endpoints
const pidsOf = (home: string) =>
  readdirSync(join(home, 'run')).map(file => JSON.parse(readFileSync(join(home, 'run', file), 'utf8')).pid as number)
const lives = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
const until = async (what: string, done: () => boolean, ms = 90_000) => {
  for (const deadline = Date.now() + ms; !done(); await sleep(50)) {
    if (Date.now() > deadline) throw new Error(`still waiting: ${what}\n${launches.at(-1)?.out()}`)
  }
}
const started = (launched: ReturnType<typeof launch>) =>
  until('start', () => launched.out().includes('Ctrl-C stops') || launched.child.exitCode !== null)
const get = (url: string, key: string) => fetch(url, { headers: { authorization: `Bearer ${key}` } })
const addressOf = async ({ api, bootstrapApiKey }: Endpoints) => {
  const answer = await fetch(`${api}/api/cwp/addresses/get`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bootstrapApiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ MasterKey: 'main', Account: 'treasury', CAIP2: 'eip155:31337' }),
  })
  return ((await answer.json()) as { Address?: string }).Address
}

const clientOf = async ({ api, oidc, users }: Endpoints, id: string) => {
  const user = users.find(one => one.id === id) ?? expect.fail()
  return createClient({ baseUrl: api, bearer: await signIn(oidc, user) })
}
/** Started and approved by the first sample owner; returns once both are acknowledged. */
const transfer = async (endpoints: Endpoints, Amount: string) => {
  const alice = endpoints.users[0] ?? expect.fail()
  const client = await clientOf(endpoints, alice.id)
  const id = await client.start('makeTransaction', {
    Source: { MasterKeyName: 'main', AccountName: 'treasury' },
    Destination: [{ Address: '0x00000000000000000000000000000000000000AA', Amount }],
    CAIP19: 'eip155:31337/slip44:60',
  })
  const device = DeviceKey.parse(readFileSync(alice.deviceKeyFile ?? '', 'utf8'))
  const pending = (await client.call('cwplistPendingApprovals')).find(({ OperationID }) => OperationID === id)
  const IntentSignature = device.sign(Buffer.from(pending?.Intent ?? '', 'base64'))
  await client.call('cwpapproveOperation', { body: { OperationID: id, IntentSignature } })
  return id
}

afterAll(async () => {
  for (const { child, ended } of launches) {
    child.kill('SIGTERM')
    await ended
  }
  rmSync(root, { recursive: true, force: true })
})

describe('npm start', () => {
  const home = join(root, 'one')
  let first: Endpoints
  let address: string | undefined

  it('brings up the vault with its sample tenant, an account with funds, and private files only', async () => {
    const vault = launch(home, 'start')
    await started(vault)
    first = endpointsOf(home)
    expect(statSync(join(home, 'endpoints.json')).mode & 0o777).toBe(0o600)
    expect((await get(`${first.api}/api/cwp/users/list`, first.adminApiKey ?? '')).status).toBe(200)
    expect(first.users.map(user => existsSync(user.deviceKeyFile ?? ''))).toEqual([true, true, true])
    expect(first.nodes.map(node => lives(node.pid))).toEqual([true, true, true])
    address = await addressOf(first)
    expect(address).toMatch(/^0x[0-9a-fA-F]{40}$/)
    const open: string[] = []
    const walk = (dir: string) => {
      for (const entry of readdirSync(dir, { withFileTypes: true })) {
        const path = join(dir, entry.name)
        if (entry.isSymbolicLink()) continue
        if (statSync(path).mode & 0o077) open.push(path)
        if (entry.isDirectory()) walk(path)
      }
    }
    walk(home)
    expect(open).toEqual([])
  })

  it('tells in endpoints.json what there is: these keys and no others', () => {
    const keys = ['api', 'console', 'approver', 'oidc', 'nats', 'evmRpc', 'chainId', 'bootstrapApiKey', 'adminApiKey']
    expect(Object.keys(first)).toEqual([...keys, 'users', 'nodes'])
    expect(first.chainId).toBe(31337)
    for (const user of first.users) expect(Object.keys(user)).toEqual(['id', 'name', 'password', 'deviceKeyFile'])
    for (const node of first.nodes) expect(Object.keys(node)).toEqual(['index', 'pid', 'identityKey'])
    expect(first.nodes.map(node => node.index)).toEqual([0, 1, 2])
    for (const node of first.nodes) expect(node.identityKey).toMatch(/^[0-9a-f]{64}$/)
  })

  it('serves both web apps with the settings of this vault, and prints the link that names it', async () => {
    for (const [app, title] of [
      [first.console, 'Trivault console'],
      [first.approver, 'Trivault Approver'],
    ] as const) {
      const page = await fetch(app)
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining(`<title>${title}</title>`)])
      expect(await (await fetch(`${app}/env-config.js`)).text()).toContain(`"API_URL": "${first.api}"`)
    }
    expect(launches[0]?.out()).toContain(`${first.approver}/pair#vault=`)
  })

  it('lets the sample people sign in at once, and an owner make a transfer with the device key', async () => {
    for (const user of first.users) {
      const client = await clientOf(first, user.id)
      expect(await client.call('getUserInfo')).toMatchObject({ Email: user.id, Role: 'Admin', Status: 'Active' })
      expect((await client.call('cwplistUsers')).length).toBeGreaterThanOrEqual(3)
    }
    const id = await transfer(first, '0.5')
    const { Status, Result } = await (await clientOf(first, 'alice@example.com')).waitForOperation(id)
    expect([Status, Result?.Transaction?.ID]).toEqual(['Succeeded', expect.stringMatching(/^0x[0-9a-f]{64}$/)])
  })

  it('has every process serve its metrics and log JSON lines', async () => {
    for (const name of ['services', 'node0', 'node1', 'node2', 'wallet']) {
      const config = JSON.parse(readFileSync(join(home, name, 'config.json'), 'utf8'))
      const metrics = await fetch(`http://127.0.0.1:${config.metrics?.port ?? config.metricsPort}/metrics`)
      expect([name, metrics.status, await metrics.text()]).toEqual([name, 200, expect.stringMatching(/^process_cpu/m)])
      const lines = readFileSync(join(home, 'logs', `${name}.log`), 'utf8')
        .trim()
        .split('\n')
      for (const line of lines.map(one => JSON.parse(one)))
        expect(line).toMatchObject({ name, time: expect.anything() })
    }
    const { metricsSupervisor } = JSON.parse(readFileSync(join(home, 'ports.json'), 'utf8'))
    const own = await (await fetch(`http://127.0.0.1:${metricsSupervisor}/metrics`)).text()
    expect(own).toMatch(/^process_cpu_seconds_total/m)
    expect(own).toMatch(/^trivault_process_up\{process="node0"\} 1$/m)
  })

  it('joins the running vault, says which process is away, and brings it back', async () => {
    const running = launches[0] ?? expect.fail()
    process.kill(first.nodes[1]?.pid ?? 0, 'SIGKILL')
    await until('report', () => running.out().includes('node1 was ended by SIGKILL'))
    const second = launch(home, 'start')
    expect(await second.ended).toBe(0)
    expect(second.out()).toContain(first.api)
    const now = endpointsOf(home)
    expect(now.nodes[1]?.pid).not.toBe(first.nodes[1]?.pid)
    expect(now.nodes.map(node => node.identityKey)).toEqual(first.nodes.map(node => node.identityKey))
    expect(now.nodes[0]?.pid).toBe(first.nodes[0]?.pid)
  })

  it('leaves nothing running after kill -9 of the supervisor, and starts again with everything it had', async () => {
    const pids = pidsOf(home)
    expect(pids.length).toBe(8)
    launches[0]?.child.kill('SIGKILL')
    await until('orphans', () => !pids.some(lives), 15_000)
    const again = launch(home, 'start')
    await started(again)
    const now = endpointsOf(home)
    expect({ ...now, nodes: [] }).toEqual({ ...first, nodes: [] })
    expect(await addressOf(now)).toBe(address)
  })

  it('starts again after kill -9 of every process at once, and finishes what was acknowledged', async () => {
    const running = launches.at(-1) ?? expect.fail()
    const before = endpointsOf(home)
    const ids = await Promise.all(['0.1', '0.2', '0.3'].map(amount => transfer(before, amount)))
    for (const pid of [running.child.pid ?? 0, ...pidsOf(home)]) process.kill(pid, 'SIGKILL')
    await running.ended
    const again = launch(home, 'start')
    await started(again)
    expect(await addressOf(endpointsOf(home))).toBe(address)
    const client = await clientOf(endpointsOf(home), 'alice@example.com')
    for (const id of ids) expect((await client.waitForOperation(id)).Status).toBe('Succeeded')
  })

  it('runs two vaults side by side, the second one empty on request', async () => {
    const other = join(root, 'two')
    await started(launch(other, 'start', '--empty'))
    const [a, b] = [endpointsOf(home), endpointsOf(other)]
    expect(new Set([a.api, b.api, a.oidc, b.oidc, a.evmRpc, b.evmRpc]).size).toBe(6)
    expect(b.adminApiKey).toBeNull()
    expect(b.users.map(user => user.deviceKeyFile)).toEqual([null, null, null])
    expect((await get(`${b.api}/api/cwp/users/list`, b.bootstrapApiKey)).status).toBe(200)
    expect((await get(`${b.api}/api/cwp/users/list`, a.bootstrapApiKey)).status).toBe(401)
  })

  it('stops all of it on Ctrl-C and exits 0', async () => {
    const running = launches.at(-1) ?? expect.fail()
    const pids = pidsOf(running.home)
    running.child.kill('SIGINT')
    expect(await running.ended).toBe(0)
    expect(pids.some(lives)).toBe(false)
    expect(readdirSync(join(running.home, 'run'))).toEqual([])
  })

  it('is stopped and wiped by reset', async () => {
    const pids = pidsOf(home)
    const reset = launch(home, 'reset')
    expect(await reset.ended).toBe(0)
    expect(pids.some(lives)).toBe(false)
    expect(readdirSync(home)).toEqual([])
  })
})

describe('a start that cannot succeed', () => {
  it.each([
    ['an unknown option', ['start', '--fast'], 'ok', /Unknown option/],
    ['an unknown command', ['begin'], 'ok', /usage: npm start/],
    ['a directory with other files', ['start'], 'foreign', /not the home of a vault/],
    ['a reset of a directory with other files', ['reset'], 'foreign', /not the home of a vault/],
  ])('says so in one line and exits 1: %s', async (_, args, name, reason) => {
    const foreign = fileURLToPath(new URL('.', import.meta.url))
    const launched = launch(name === 'foreign' ? foreign : join(root, 'never'), ...args)
    expect(await launched.ended).toBe(1)
    expect(launched.out().trim().split('\n')).toEqual([expect.stringMatching(reason)])
  })

  it.each([
    ['NATS_URL', 'nonsense', /NATS_URL must be/],
    ['DATABASE_URL', 'postgres://somebody:hidden-password@127.0.0.1:1/none', /DATABASE_URL: .*ECONNREFUSED/],
  ])('%s that leads nowhere: one line, no password, exit 1', async (name, value, reason) => {
    const launched = launch(join(root, `bad-${name}`), 'start', { [name]: value })
    expect(await launched.ended).toBe(1)
    expect(launched.out().trim().split('\n')).toEqual([expect.stringMatching(reason)])
    expect(launched.out()).not.toContain('hidden')
  })
})
