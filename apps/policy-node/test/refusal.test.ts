import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createNodeSecret, encodeNodeSecret, secretContext } from '@trivault/node-core'
import { giveOrder, readConfig, startHost, withdrawOrder } from '@trivault/node-host'
import { adminSignerOf, genesisJson } from '@trivault/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Line, run, type Surroundings, startSurroundings } from './support.ts'

const coreMain = fileURLToPath(new URL('../src/core.ts', import.meta.url))
let world: Surroundings
beforeAll(async () => {
  world = await startSurroundings()
})
afterAll(() => world.stop())

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

  it('with pins that its admin did not sign: swapped, unsigned, signed for another node or with another key', async () => {
    const config = await world.configOf(0)
    const swapped = file('swapped.json', genesisJson.write({ ...world.genesis, issuer: 'http://127.0.0.1:2' }))
    const foreign = /pins are not signed with the admin key of node 0 for this vault: let the node's admin check/
    expect(await refusal({ ...config, pins: swapped })).toMatch(foreign)
    expect(await refusal({ ...config, statements: world.at('none.json') })).toMatch(/^the pins are not signed: /)
    expect(await refusal({ ...config, statements: world.adminFiles(1).statements })).toMatch(foreign)
    // Whoever runs the host signs what suits them, with a key of their own.
    const own = { ...world.adminFiles(0), pins: swapped, statements: world.at('own.json') }
    await giveOrder({ ...own, adminKey: world.adminFiles(1).adminKey }, { type: 'pins' })
    expect(await refusal({ ...config, pins: swapped, statements: own.statements })).toMatch(foreign)
    expect(await refusal({ ...config, statements: file('torn.json', '{"pins":"00"}') })).toMatch(/torn\.json/)
  })

  it('with a request that its admin did not sign', async () => {
    const config = await world.configOf(0)
    const order = { type: 'release', peer: 1, quarantine: new Uint8Array(32) } as const
    await giveOrder({ ...world.adminFiles(1), index: 1 }, order)
    const { releases } = JSON.parse(readFileSync(world.adminFiles(1).statements, 'utf8'))
    const { pins } = JSON.parse(readFileSync(world.adminFiles(0).statements, 'utf8'))
    const statements = file('mixed.json', JSON.stringify({ pins, releases }))
    expect(await refusal({ ...config, statements })).toMatch(/^the release of node 1 is not signed .* or withdraw it/)
    await withdrawOrder(world.adminFiles(1), 'releases')
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
