import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createNodeSecret, encodeNodeSecret, secretContext } from '@trivault/node-core'
import { collectorFlags, provisionNode, readConfig, startHost } from '@trivault/node-host'
import { adminSignerOf, genesisJson } from '@trivault/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, isAlive, type Line, type Running, run, type Surroundings, startSurroundings } from './support.ts'

const coreMain = fileURLToPath(new URL('../src/core.ts', import.meta.url))
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
    expect(names.filter(name => !/^(NODE_COMPILE_CACHE|MALLOC_[A-Z_]+)$/.test(name ?? ''))).toEqual([])
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

describe('a Policy Node refuses to start', () => {
  /** The fatal line of a host that runs in this process, with a real core. */
  const refusal = async (config: object): Promise<string> => {
    const lines: Line[] = []
    const path = file('refused.json', JSON.stringify(config))
    const host = startHost({
      config: await readConfig(path),
      coreMain,
      write: line => lines.push(JSON.parse(line) as Line),
    })
    expect(await host.ended).toBe(1)
    const fatal = lines.filter(line => line.level === 'fatal')
    expect(fatal).toHaveLength(1)
    expect(lines.some(line => line.event === 'ready')).toBe(false)
    return `${fatal[0]?.msg}`
  }
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(world.at(name), content)
    return world.at(name)
  }
  const seal = (keyId: string, plaintext: Uint8Array, index: number, deploymentId = 'test') =>
    world.services.encryptFor(keyId)(plaintext, secretContext(deploymentId, index))
  const fresh = () =>
    encodeNodeSecret(
      createNodeSecret({
        random: length => new Uint8Array(length).fill(9),
        adminKey: adminSignerOf(new Uint8Array(32).fill(9)).adminKey,
      }),
    )

  it('with the secret of another node', async () => {
    const config = await world.configOf(0)
    expect(await refusal({ ...config, secret: world.provisioning(1).secret })).toMatch(/KMS refused/)
  })

  it('with a secret made for another deployment', async () => {
    const secret = file('foreign.sealed', await seal('node0', fresh(), 0, 'other'))
    expect(await refusal({ ...(await world.configOf(0)), secret })).toMatch(/KMS refused/)
  })

  it('with a secret whose identity nobody pinned', async () => {
    const secret = file('unpinned.sealed', await seal('node0', fresh(), 0))
    expect(await refusal({ ...(await world.configOf(0)), secret })).toMatch(/pinned card/)
  })

  it('with pins that name another identity: one line, exit 1', async () => {
    const identityKeys = [...world.genesis.identityKeys].reverse()
    const pins = file('other-pins.json', genesisJson.write({ ...world.genesis, identityKeys }))
    const host = world.start({ ...(await world.configOf(0)), pins })
    expect(await host.exited).toMatchObject({ code: 1 })
    expect(host.errors).toEqual([])
    expect(await host.until(line => line.level === 'fatal')).toMatchObject({
      msg: expect.stringMatching(/pinned card/),
    })
  })

  it('with something else than a secret in the ciphertext, and does not tell what', async () => {
    const text = 'my dear password'
    for (const [times, expected] of [
      [1, /envelope is malformed/],
      [fresh().length / text.length, /not a node secret/],
    ] as const) {
      const secret = file('text.sealed', await seal('node0', new TextEncoder().encode(text.repeat(times)), 0))
      const message = await refusal({ ...(await world.configOf(0)), secret })
      expect(message).toMatch(expected)
      expect(message).not.toContain('dear')
    }
  })

  it('with a damaged secret', async () => {
    const bytes = readFileSync(world.provisioning(0).secret)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    expect(await refusal({ ...(await world.configOf(0)), secret: file('damaged.sealed', bytes) })).toMatch(
      /KMS refused/,
    )
  })

  it('when the attestation shows another measurement', async () => {
    const { measured, expected } = world.services
    measured.set('node0', new Map([[0, new Uint8Array(48).fill(1)]]))
    try {
      expect(await refusal(await world.configOf(0))).toMatch(/KMS refused.*PCR0/)
    } finally {
      measured.set('node0', expected.get('node0') ?? new Map())
    }
  })

  it('with the anchor of another node, or a damaged one', async () => {
    const config = await world.configOf(0)
    expect(await refusal({ ...config, anchor: world.provisioning(1).anchor })).toMatch(/anchor/)
  })

  it('with an ERS key that is not pinned', async () => {
    const other = await import('node:crypto').then(({ generateKeyPairSync }) =>
      generateKeyPairSync('rsa', { modulusLength: 3072 }),
    )
    const publicKey = file('other-ers.pem', other.publicKey.export({ type: 'spki', format: 'pem' }))
    const config = await world.configOf(0)
    expect(await refusal({ ...config, ersPublicKey: publicKey })).toMatch(/ERS/)
    const privateKey = file('private-ers.pem', other.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    expect(await refusal({ ...config, ersPublicKey: privateKey })).toMatch(/private key/)
  })

  it('with a wrong configuration, saying where', async () => {
    const config = await world.configOf(0)
    await expect(refusal({ ...config, index: 3 })).rejects.toThrow(/refused\.json: index/)
    await expect(refusal({ ...config, colour: 'red' })).rejects.toThrow(/colour: unknown field/)
    expect(await refusal({ ...config, secret: '/nowhere/secret' })).toMatch(/\/nowhere\/secret/)
    expect(await refusal({ ...config, pins: file('bad-pins.json', '{"version":1}') })).toMatch(
      /bad-pins\.json.*missing/,
    )
    expect(await refusal({ ...config, database: { urlFile: file('bad-url', 'mysql://x:geheim@y/z') } })).not.toMatch(
      /geheim/,
    )
    const usage = run([])
    expect(await usage.exited).toMatchObject({ code: 1 })
    expect(usage.lines).toMatchObject([{ level: 'fatal', msg: expect.stringContaining('--config') }])
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
  })

  it('refuses a new secret beside an anchor that was used', async () => {
    const config = await world.configOf(2)
    const attempt = provisionNode({ ...options('used'), index: 2, anchor: config.anchor })
    await expect(attempt).rejects.toMatchObject({ code: 'anchor' })
  })
})
