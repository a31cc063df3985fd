import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseJson } from '@trivault/codec'
import { openAdminKey, provisionNode } from '@trivault/node-host'
import {
  type AdminOrder,
  type AdminStatements,
  adminStatementsJson,
  genesisJson,
  isOrdered,
  quarantineHash,
} from '@trivault/protocol'
import { testGenesis } from '@trivault/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../src/run.ts'

const genesis = testGenesis()
const hash = 'ab'.repeat(32)
let dir: string
const at = (...path: string[]) => join(dir, ...path)

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'trivault-cli-node-'))
  mkdirSync(at('node2', 'anchor'), { recursive: true })
  writeFileSync(at('node2', 'pins.json'), genesisJson.write(genesis))
  await provisionNode({
    ...{ index: 2, deploymentId: genesis.deploymentId, secret: at('node2', 'secret.sealed') },
    ...{ anchor: at('node2', 'anchor'), adminKey: at('node2', 'admin-key.pem') },
    encrypt: async () => new Uint8Array(1),
  })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const run = async (command: string, more: string[] = [], { answer = true, index = '2' } = {}) => {
  const said: string[] = []
  const asked: string[] = []
  const out = (text: string) => void said.push(text)
  const code = await runCli(['--home', dir, 'node', command, '--index', index, ...more], {
    ...{ out, err: out, readInput: async () => '' },
    confirm: async question => {
      asked.push(question)
      return answer
    },
  })
  return { code, said: said.join(''), asked }
}
const statements = (): AdminStatements =>
  adminStatementsJson.read(parseJson(readFileSync(at('node2', 'statements.json'), 'utf8')))
/** Did the admin key in the node's directory sign this for node 2? */
const isSigned = async (order: AdminOrder, signature: Uint8Array = new Uint8Array(64)) =>
  isOrdered((await openAdminKey(at('node2', 'admin-key.pem'))).adminKey, genesis, 2, order, signature)
const signPins = () => run('sign-pins', ['--yes'])

describe('trivault node', () => {
  it('signs the pins, after the admin saw the vault number and said yes', async () => {
    const { code, asked, said } = await run('sign-pins')
    expect([code, asked.length]).toEqual([0, 1])
    expect(said).toMatch(/vault ([0-9a-f]{8} ?){8}/)
    expect(statSync(at('node2', 'statements.json')).mode & 0o777).toBe(0o600)
    expect(await isSigned({ type: 'pins' }, statements().pins)).toBe(true)
    rmSync(at('node2', 'statements.json'))
    expect((await run('sign-pins', ['--yes'])).asked).toEqual([])
    expect((await run('sign-pins', [], { answer: false })).said).toContain('nothing was signed')
  })

  it('orders a vote record, new owners and a release, each signed and kept beside the others', async () => {
    await signPins()
    expect((await run('recreate-vote-record', ['--head', `17:${hash}`])).asked[0]).toContain('copy of node 2 stopped')
    writeFileSync(at('owners.json'), '{"epoch":1,"owners":[{"id":"dave@example.com","name":"Dave"}],"required":1}')
    expect(await run('pin-owners', ['--file', at('owners.json')])).toMatchObject({
      ...{ code: 0, said: expect.stringContaining('dave@example.com (Dave)') },
    })
    writeFileSync(at('node2', 'anchor', 'quarantine-1.json'), '{"check":"S3.1"}\n')
    expect(await run('release-peer', ['--peer', '1'])).toMatchObject({
      ...{ code: 0, said: expect.stringContaining('node 1 is quarantined: {"check":"S3.1"}') },
    })
    const { recreate, foundingEpoch, releases } = statements()
    expect(recreate?.order).toMatchObject({ seq: 17, hash: new Uint8Array(32).fill(0xab) })
    expect(Math.abs((recreate?.order.time ?? 0) - Date.now())).toBeLessThan(60_000)
    const quarantine = quarantineHash(1, new TextEncoder().encode('{"check":"S3.1"}\n'))
    expect(releases.map(({ order }) => order)).toEqual([{ peer: 1, quarantine }])
    for (const [type, signed] of [
      ['recreate', recreate],
      ['founding-epoch', foundingEpoch],
      ['release', releases[0]],
    ] as const)
      expect(await isSigned({ type, ...signed?.order } as AdminOrder, signed?.signature)).toBe(true)
  })

  it('takes an order back, and only that one', async () => {
    await signPins()
    await run('recreate-vote-record', ['--head', `17:${hash}`, '--yes'])
    writeFileSync(at('node2', 'anchor', 'quarantine-0.json'), '')
    await run('release-peer', ['--peer', '0', '--yes'])
    expect(await run('withdraw', ['--what', 'recreate'])).toMatchObject({ code: 0 })
    expect([statements().recreate, statements().releases.length]).toEqual([undefined, 1])
    expect(await isSigned({ type: 'pins' }, statements().pins)).toBe(true)
  })

  it('writes nothing without a yes, for another node, or for a head that is none', async () => {
    await signPins()
    const before = readFileSync(at('node2', 'statements.json'), 'utf8')
    expect(await run('recreate-vote-record', ['--head', `17:${hash}`], { answer: false })).toMatchObject({
      ...{ code: 1, said: expect.stringContaining('nothing was signed') },
    })
    expect(await run('recreate-vote-record', ['--head', `17:${hash}`], { index: '3' })).toMatchObject({ code: 2 })
    expect(await run('sign-pins', [], { index: '1' })).toMatchObject({
      code: 1,
      said: expect.stringContaining('node1/pins.json'),
    })
    for (const head of ['17', hash, `17:${hash}0`, `-1:${hash}`, `17:${hash.toUpperCase()}`])
      expect(await run('recreate-vote-record', ['--head', head])).toMatchObject({
        code: 2,
        said: expect.stringContaining('--head'),
      })
    for (const epoch of ['', '{}', '{"epoch":1,"owners":[],"required":1}']) {
      writeFileSync(at('owners.json'), epoch)
      expect(await run('pin-owners', ['--file', at('owners.json')])).toMatchObject({
        ...{ code: 1, said: expect.stringContaining('is not a founding epoch') },
      })
    }
    expect((await run('release-peer', ['--peer', '1'])).said).toContain('holds no quarantine of node 1')
    expect(readFileSync(at('node2', 'statements.json'), 'utf8')).toBe(before)
  })

  it('signs orders only with the key that signed the pins, and only with a key of its own', async () => {
    const recreate = () => run('recreate-vote-record', ['--head', `17:${hash}`, '--yes'])
    expect((await recreate()).said).toContain('sign the pins first')
    await signPins()
    const key = at('node2', 'admin-key.pem')
    copyFileSync(key, at('kept.pem'))
    chmodSync(key, 0o640)
    expect((await recreate()).said).toContain('can be read by others')
    rmSync(key)
    expect((await recreate()).said).toContain('put it back')
    expect(
      await run('recreate-vote-record', ['--head', `17:${hash}`, '--yes', '--admin-key', at('kept.pem')]),
    ).toMatchObject({ code: 0 })
    await provisionNode({
      ...{ index: 1, deploymentId: 'd', secret: at('other', 'secret') },
      ...{ anchor: at('other', 'anchor'), adminKey: key, encrypt: async () => new Uint8Array(1) },
    })
    expect((await recreate()).said).toContain('sign the pins first')
    writeFileSync(key, 'not a key')
    expect((await recreate()).said).toContain('is not a private key on P-256')
    copyFileSync(at('kept.pem'), key)
    writeFileSync(at('node2', 'statements.json'), '{"pins":"00"}')
    expect((await recreate()).said).toContain('statements.json')
    expect(existsSync(at('node1'))).toBe(false)
  })
})
