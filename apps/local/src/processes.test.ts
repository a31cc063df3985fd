import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writePrivateJson } from './files.ts'
import { type Home, openHome } from './home.ts'
import { clearLeftovers, recordProcess, startTimeOf } from './leftovers.ts'
import { claimPorts } from './ports.ts'
import { type Running, startForeign, startOwn } from './processes.ts'
import { type Service, Supervisor } from './supervisor.ts'

let home: Home

beforeAll(() => {
  home = openHome(mkdtempSync(join(tmpdir(), 'trivault-processes-')))
})
afterAll(() => rmSync(home.dir, { recursive: true, force: true }))

const hold = (port: number) =>
  new Promise<Server>(resolve => {
    const server = createServer().listen(port, '127.0.0.1', () => resolve(server))
  })
const until = async (done: () => boolean) => {
  for (let i = 0; i < 500 && !done(); i++) await sleep(10)
  expect(done()).toBe(true)
}

describe('ports', () => {
  it('are kept from start to start, and chosen anew only where another program holds them', async () => {
    const first = await claimPorts(home, ['api', 'oidc'])
    expect(await claimPorts(home, ['api', 'oidc'])).toEqual(first)
    const stranger = await hold(first.api)
    const second = await claimPorts(home, ['api', 'oidc'])
    stranger.close()
    expect(second.oidc).toBe(first.oidc)
    expect(second.api).not.toBe(first.api)
    expect(await claimPorts(home, ['api', 'oidc'])).toEqual(second)
  })

  it('are distinct, and a damaged file is no obstacle', async () => {
    for (const content of ['', '[]', '{"a": 5, "b": "x"}', '{"a": 22222, "b": 22222}']) {
      writeFileSync(home.path('ports.json'), content)
      const { a, b } = await claimPorts(home, ['a', 'b'])
      expect(a).not.toBe(b)
      expect(Math.min(a, b)).toBeGreaterThan(1023)
    }
  })
})

describe('leftovers of a killed supervisor', () => {
  it('are ended when number and start time agree, strangers are not', async () => {
    const left = spawn('sleep', ['60'], { stdio: 'ignore' })
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' })
    recordProcess(home, 'left', left.pid ?? 0, 'SIGTERM')
    const record = JSON.parse(readFileSync(home.path('run', 'left.json'), 'utf8'))
    writePrivateJson(home.path('run', 'stranger.json'), { ...record, pid: stranger.pid, startTime: '1' })
    writePrivateJson(home.path('run', 'before-reboot.json'), {
      ...record,
      pid: stranger.pid,
      startTime: startTimeOf(stranger.pid ?? 0),
      boot: 'x',
    })
    writePrivateJson(home.path('run', 'init.json'), { ...record, pid: 1, startTime: startTimeOf(1) })
    expect(await clearLeftovers(home)).toEqual(['left'])
    await until(() => left.signalCode !== null)
    expect(stranger.exitCode).toBeNull()
    expect(stranger.signalCode).toBeNull()
    stranger.kill('SIGKILL')
  })

  it('that do not listen to reason are killed', async () => {
    const stubborn = spawn('sh', ['-c', 'trap "" INT TERM; while :; do sleep 0.1; done'], { stdio: 'ignore' })
    await sleep(200)
    recordProcess(home, 'stubborn', stubborn.pid ?? 0, 'SIGINT')
    expect(await clearLeftovers(home)).toEqual(['stubborn'])
    await until(() => stubborn.signalCode === 'SIGKILL')
  }, 30_000)
})

const script = (name: string, body: string) => {
  const path = home.path(`${name}.mjs`)
  writeFileSync(path, body)
  return path
}
const sayReady = `console.log(JSON.stringify({ level: 'info', event: 'ready', identityKey: 'ab' }))`
const orderly = `process.on('SIGTERM', () => process.exit(0)); process.stdin.resume().on('end', () => process.exit(0)); ${sayReady}`
const log = (name: string) =>
  readFileSync(home.path('logs', `${name}.log`), 'utf8')
    .trim()
    .split('\n')

describe('our own processes', () => {
  it('are ready with their ready line, log JSON, and get no environment of ours', async () => {
    process.env.TRIVAULT_PLANTED = 'planted-secret'
    const main = script(
      'orderly',
      `console.log('plain'); console.log(JSON.stringify({ env: process.env })); ${orderly}`,
    )
    const running = startOwn(home, 'orderly', main, '/nothing')
    delete process.env.TRIVAULT_PLANTED
    expect(await running.ready).toMatchObject({ identityKey: 'ab' })
    await running.stop()
    expect(await running.exited).toEqual({ code: 0, signal: null })
    for (const line of log('orderly')) expect(() => JSON.parse(line)).not.toThrow()
    expect(log('orderly').join()).not.toContain('planted-secret')
  })

  it('that cannot start say why', async () => {
    const fatal = script(
      'fatal',
      `console.log(JSON.stringify({ level: 'fatal', msg: 'set the url' })); process.exit(1)`,
    )
    await expect(startOwn(home, 'fatal', fatal, '/nothing').ready).rejects.toThrow(/fatal did not start: set the url/)
    const thrown = script('thrown', `throw new Error('surprise')`)
    await expect(startOwn(home, 'thrown', thrown, '/nothing').ready).rejects.toThrow(/thrown did not start/)
  })

  it('that ignore SIGTERM are killed', async () => {
    const main = script(
      'deaf',
      `process.on('SIGTERM', () => undefined); process.stdin.resume(); setInterval(() => undefined, 1000); ${sayReady}`,
    )
    const running = startOwn(home, 'deaf', main, '/nothing')
    await running.ready
    await running.stop()
    expect((await running.exited).signal).toBe('SIGKILL')
  }, 20_000)
})

describe('foreign programs', () => {
  it('that are missing are named', async () => {
    const spec = {
      name: 'ghost',
      command: '/nowhere/ghost',
      args: [],
      stopSignal: 'SIGTERM',
      probe: async () => false,
    } as const
    const start = async () => startForeign(home, spec).ready
    await expect(start()).rejects.toThrow(/ghost/)
  })

  it('end when we are killed', async () => {
    const main = script(
      'parent',
      `import { startForeign } from ${JSON.stringify(new URL('./processes.ts', import.meta.url).href)}
       import { openHome } from ${JSON.stringify(new URL('./home.ts', import.meta.url).href)}
       const running = startForeign(openHome(${JSON.stringify(home.dir)}), { name: 'sleeper', command: 'sleep', args: ['60'], stopSignal: 'SIGTERM', probe: async () => true })
       console.log(running.pid)
       process.kill(process.pid, 'SIGKILL')`,
    )
    const parent = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    parent.stdout.on('data', chunk => {
      out += chunk
    })
    await until(() => parent.signalCode === 'SIGKILL' && out !== '')
    await until(() => startTimeOf(Number(out)) === undefined)
  })
})

describe('the supervisor', () => {
  const service = (name: string, stage: number, body = orderly): Service => ({
    name,
    stage,
    meaning: `no ${name}`,
    start: () => startOwn(home, name, script(name, body), '/nothing'),
  })

  it('starts stage by stage, reports a death once, leaves the rest alone, and brings back what is missing', async () => {
    const said: string[] = []
    const supervisor = new Supervisor([service('two', 2), service('one', 1), service('uno', 1)], line =>
      said.push(line),
    )
    expect((await supervisor.up()).sort()).toEqual(['one', 'two', 'uno'])
    expect(said.at(-1)).toMatch(/^two ready/)
    const pids = () => Object.fromEntries(supervisor.status().map(({ name, pid }) => [name, pid]))
    const before = pids()
    expect(await supervisor.kill('one', 'SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' })
    await until(() => said.some(line => line.includes('one was ended by SIGKILL: no one')))
    expect(pids()).toEqual({ ...before, one: undefined })
    await sleep(200)
    expect(pids().one).toBeUndefined()
    expect(await supervisor.up()).toEqual(['one'])
    expect(pids()).toEqual({ ...before, one: expect.any(Number) })
    expect(pids().one).not.toBe(before.one)
    await supervisor.stop()
    for (const pid of Object.values(before)) expect(startTimeOf(pid ?? 0)).toBeUndefined()
    await expect(supervisor.up()).rejects.toThrow()
  })

  it('stops the last stage first', async () => {
    const order: string[] = []
    const watched = (name: string, stage: number): Service => ({
      ...service(name, stage),
      start: () => {
        const running = startOwn(home, name, script(name, orderly), '/nothing')
        void running.exited.then(() => order.push(name))
        return running
      },
    })
    const supervisor = new Supervisor([watched('a', 0), watched('b', 1), watched('c', 2)], () => undefined)
    await supervisor.up()
    await supervisor.stop()
    expect(order).toEqual(['c', 'b', 'a'])
  })

  it('leaves nothing behind when it is stopped while starting', async () => {
    const started: Running[] = []
    const slow: Service = {
      ...service('slow', 0),
      start: () => {
        const running = startOwn(home, 'slow', script('slow', 'process.stdin.resume()'), '/nothing')
        started.push(running)
        return running
      },
    }
    const supervisor = new Supervisor([slow, service('later', 1)], () => undefined)
    const up = supervisor.up()
    up.catch(() => undefined)
    await until(() => started.length === 1)
    await supervisor.stop()
    await expect(up).rejects.toThrow()
    expect(startTimeOf(started[0]?.pid ?? 0)).toBeUndefined()
  })
})
