import { cpSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { collectorFlags, giveOrder, openAdminKey, provisionNode, withdrawOrder } from '@trivault/node-host'
import { quarantineHash } from '@trivault/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, isAlive, type Running, type Surroundings, startSurroundings } from './support.ts'

let world: Surroundings
beforeAll(async () => {
  world = await startSurroundings()
})
afterAll(() => world.stop())

const stopped = async (host: Running, signal: NodeJS.Signals = 'SIGTERM') => {
  const before = Date.now()
  host.child.kill(signal)
  return { ...(await host.exited), ms: Date.now() - before }
}
const untilDead = async (pid: number) => {
  for (let i = 0; i < 200 && isAlive(pid); i++) await sleep(10)
  expect(isAlive(pid)).toBe(false)
}

describe('a Policy Node', () => {
  it('gets ready without its peers, logs JSON lines, serves metrics, ignores Ctrl-C and stops in time', async () => {
    const config = await world.configOf(0)
    const host = world.start(config)
    expect(await host.ready()).toMatchObject({
      ...{ level: 'info', name: 'node0', event: 'ready', index: 0, identityKey: world.cards[0]?.identityKey },
    })
    for (const line of host.lines)
      expect(line).toMatchObject({ time: expect.any(Number), level: expect.any(String), msg: expect.any(String) })

    const core = host.corePid()
    process.kill(core, 'SIGINT')
    host.child.kill('SIGINT')
    await sleep(1_000)
    expect(isAlive(core)).toBe(true)

    const metrics = await fetch(`http://127.0.0.1:${config.metrics.port}/metrics`)
    expect(metrics.status).toBe(200)
    const text = await metrics.text()
    expect(text).toMatch(/^process_resident_memory_bytes\{node="node0"\} \d+/m)
    expect(text).toMatch(/^trivault_engine_info\{(?=.*curve="secp256k1")(?=.*engine="native").*\} 1$/m)
    expect(text).toMatch(/^trivault_engine_info\{(?=.*curve="ed25519")(?=.*engine="native").*\} 1$/m)
    expect(text).toMatch(/^trivault_core_resident_memory_bytes\{node="node0"\} \d+/m)
    expect((await fetch(`http://127.0.0.1:${config.metrics.port}/other`)).status).toBe(404)

    const end = await stopped(host)
    expect(end).toMatchObject({ code: 0, signal: null })
    expect(end.ms).toBeLessThan(5_000)
    await untilDead(core)
    expect(host.errors).toEqual([])
    expect(host.lines.some(line => line.level === 'fatal')).toBe(false)
  })

  it('starts again after kill -9 of its host; the core ends with the host', async () => {
    const config = await world.configOf(0)
    for (let round = 0; round < 2; round++) {
      const host = world.start({ ...config, metrics: { host: '127.0.0.1', port: await freePort() } })
      await host.ready()
      const core = host.corePid()
      await stopped(host, 'SIGKILL')
      await untilDead(core)
    }
  })

  it('ends with exit 1 and a reason when its core dies', async () => {
    const host = world.start(await world.configOf(0))
    await host.ready()
    process.kill(host.corePid(), 'SIGKILL')
    expect(await host.exited).toMatchObject({ code: 1 })
    expect(await host.until(line => line.level === 'fatal')).toMatchObject({ msg: expect.stringContaining('SIGKILL') })
  })

  it('ends when the supervisor’s pipe ends', async () => {
    const host = world.start(await world.configOf(0))
    await host.ready()
    const core = host.corePid()
    const before = Date.now()
    host.child.stdin?.end()
    await host.exited
    expect(Date.now() - before).toBeLessThan(2_000)
    await untilDead(core)
  })

  it('shows no secret in arguments, environment and logs', async () => {
    const config = await world.configOf(1)
    const host = world.start(config)
    await host.ready()
    const core = host.corePid()
    const names = readFileSync(`/proc/${core}/environ`, 'utf8')
      .split('\0')
      .filter(Boolean)
      .map(entry => entry.split('=')[0])
    expect(names.filter(name => name !== 'NODE_COMPILE_CACHE')).toEqual([])
    const cmdline = readFileSync(`/proc/${core}/cmdline`, 'utf8').split('\0').filter(Boolean)
    expect(cmdline).toEqual([
      process.execPath,
      '--disable-sigusr1',
      ...collectorFlags,
      expect.stringMatching(/policy-node\/src\/core\.ts$/),
    ])
    const password = new URL(readFileSync(config.database.urlFile, 'utf8')).password
    await stopped(host)
    expect(JSON.stringify(host.lines)).not.toContain(password)
  })

  it('runs beside its two peers', async () => {
    const hosts = await Promise.all(([0, 1, 2] as const).map(async index => world.start(await world.configOf(index))))
    const ready = await Promise.all(hosts.map(host => host.ready()))
    expect(ready.map(line => line.identityKey)).toEqual(world.cards.map(card => card.identityKey))
    await Promise.all(hosts.map(host => host.until(line => line.part === 'core' && /peer/.test(`${line.msg}`))))
    for (const end of await Promise.all(hosts.map(host => stopped(host)))) expect(end).toMatchObject({ code: 0 })
  })
})

describe('the anchor', () => {
  it('missing leaves a node that serves but does not vote', async () => {
    const config = await world.configOf(2)
    const { anchor } = config
    renameSync(anchor, `${anchor}.away`)
    const host = world.start(config)
    await host.ready()
    expect(await host.until(line => line.part === 'core' && line.phase !== undefined)).toMatchObject({
      phase: 'no-anchor',
    })
    await stopped(host)
    rmSync(anchor, { recursive: true, force: true })
    renameSync(`${anchor}.away`, anchor)
  })

  it('made for the secret starts a node that may vote', async () => {
    const host = world.start(await world.configOf(2))
    await host.ready()
    expect(await host.until(line => line.part === 'core' && line.phase !== undefined)).toMatchObject({
      phase: 'voting',
    })
    await stopped(host)
  })
})

describe('a quarantine', () => {
  const record = '{"check":"S3.1","kind":"accusation","where":"sign/a/0/0","time":1,"nonce":"00"}\n'
  const released = 'quarantine of a peer ended by the admin of this node'

  it('stays over starts until the admin signs its release, which ends that one only', async () => {
    const config = await world.configOf(1)
    const path = `${config.anchor}/quarantine-2.json`
    const start = async () => {
      const host = world.start(config)
      await host.ready()
      await stopped(host)
      return host.lines.filter(({ part, level }) => part === 'core' && level === 'warn').map(({ msg }) => msg)
    }
    const kept = 'peer is quarantined until the admin of this node releases it'
    writeFileSync(path, record)
    expect(await start()).toContain(kept)
    const quarantine = quarantineHash(2, new TextEncoder().encode(record))
    await giveOrder(world.adminFiles(1), { type: 'release', peer: 2, quarantine })
    expect(await start()).toEqual([released])
    expect(existsSync(path)).toBe(false)
    // The order lies there still; what comes later is another quarantine.
    writeFileSync(path, record.replace('"00"', '"01"'))
    expect(await start()).toEqual([kept])
    rmSync(path)
    await withdrawOrder(world.adminFiles(1), 'releases')
  })
})

describe('provisioning', () => {
  const options = (name: string) => ({
    ...{ index: 1 as const, deploymentId: 'test', secret: world.at(name, 'secret'), anchor: world.at(name, 'anchor') },
    adminKey: world.at(name, 'admin-key.pem'),
    encrypt: world.services.encryptFor('node1'),
  })

  it('returns the same card again and never replaces a secret', async () => {
    const card = await provisionNode(options('again'))
    const before = readFileSync(world.at('again', 'secret'))
    expect(await provisionNode(options('again'))).toEqual(card)
    expect(readFileSync(world.at('again', 'secret'))).toEqual(before)
    rmSync(world.at('again', 'admin-key.pem'))
    expect(await provisionNode(options('again'))).toEqual(card)
    expect(existsSync(world.at('again', 'admin-key.pem'))).toBe(false)
    await expect(provisionNode({ ...options('again'), index: 2 })).rejects.toMatchObject({ code: 'provisioned' })
  })

  it('starts over when it was cut short before the secret was kept', async () => {
    const failing = { ...options('cut'), encrypt: () => Promise.reject(new Error('KMS away')) }
    await expect(provisionNode(failing)).rejects.toThrow('KMS away')
    await provisionNode(options('cut'))
    cpSync(world.at('cut'), world.at('cut2'), { recursive: true })
    rmSync(world.at('cut2', 'secret'))
    const card = await provisionNode(options('cut2'))
    expect(card).not.toEqual(await provisionNode(options('cut')))
    const keys = await Promise.all(['cut', 'cut2'].map(name => openAdminKey(world.at(name, 'admin-key.pem'))))
    expect(keys[0]?.adminKey).toEqual(keys[1]?.adminKey)
    expect(statSync(world.at('cut', 'admin-key.pem')).mode & 0o777).toBe(0o600)
  })

  it('refuses a new secret beside an anchor that was used', async () => {
    const config = await world.configOf(2)
    const attempt = provisionNode({ ...options('used'), index: 2, anchor: config.anchor })
    await expect(attempt).rejects.toMatchObject({ code: 'anchor' })
  })
})
