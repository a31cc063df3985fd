import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

// What `npm start` and `npm run reset` promise, seen from outside: real processes, signals, files.

const main = fileURLToPath(new URL('../../apps/local/src/main.ts', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'trivault-start-'))
const launches: { child: ChildProcess; home: string; out: () => string; ended: Promise<number | null> }[] = []

type Endpoints = {
  api: string
  oidc: string
  evmRpc: string
  bootstrapApiKey: string
  adminApiKey: string | null
  users: { id: string; password: string; deviceKeyFile: string | null }[]
  nodes: { index: number; pid: number; identityKey: string }[]
}

function launch(home: string, ...args: string[]) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env: { PATH: process.env.PATH, TRIVAULT_HOME: home },
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

  it('starts again after kill -9 of every process at once', async () => {
    const running = launches.at(-1) ?? expect.fail()
    for (const pid of [running.child.pid ?? 0, ...pidsOf(home)]) process.kill(pid, 'SIGKILL')
    await running.ended
    const again = launch(home, 'start')
    await started(again)
    expect(await addressOf(endpointsOf(home))).toBe(address)
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
})
