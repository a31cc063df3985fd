import { DisableKeyCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { fromHex, parseJson } from '@trivault/codec'
import {
  type AdminOrder,
  type AdminStatements,
  adminKeyOfSpki,
  adminSignerOf,
  adminStatementsJson,
  type Genesis,
  genesisJson,
  isOrdered,
  noStatements,
  signOrder,
  withOrder,
} from '@trivault/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { labelsOf } from '../../src/secrets/stored-secret.ts'
import type { Workplace } from '../run.ts'
import { ersLine, fill, identity } from './given.ts'
import { aliasOf, B, Partitions, secretName } from './partitions.ts'

const PINS = 'policy-node1.pins'
const card = { index: 1 as const, identityKey: '1'.repeat(64) }
let world: Partitions
let node1: Workplace
let adminKeyId: string
let adminKey: Uint8Array

const run = (...args: string[]) => world.run(node1, B, ...args)
const ok = (...args: string[]) => world.ok(node1, B, ...args)
const client = () => new SecretsManagerClient(world.asAdmin(B))
const text = () => world.secretOf(B, PINS)

/** What stands in the partition now. */
async function partition(): Promise<{ pins: Genesis; statements: AdminStatements }> {
  const { pins, statements } = JSON.parse(await text()) as Record<string, unknown>
  return {
    pins: genesisJson.read(parseJson(JSON.stringify(pins))),
    statements: adminStatementsJson.read(parseJson(JSON.stringify(statements))),
  }
}

/** Somebody with the right to write the partition's secret, and without the key, puts other statements there. */
async function overwrite(change: (statements: AdminStatements, pins: Genesis) => AdminStatements): Promise<void> {
  const whole = JSON.parse(await text()) as object
  const { statements, pins } = await partition()
  const next: unknown = JSON.parse(adminStatementsJson.write(change(statements, pins)))
  await world.putSecret(B, PINS, JSON.stringify({ ...whole, statements: next }))
}

const restored = async <T>(work: () => Promise<T>): Promise<T> => {
  const before = await text()
  try {
    return await work()
  } finally {
    await world.putSecret(B, PINS, before)
  }
}

beforeAll(async () => {
  world = await Partitions.start()
  node1 = await world.workplace(B)
  adminKeyId = await world.makeAdminKey(B, 1)
  const { PublicKey } = await new KMSClient(world.asAdmin(B)).send(new GetPublicKeyCommand({ KeyId: adminKeyId }))
  adminKey = adminKeyOfSpki(PublicKey ?? new Uint8Array())
  for (const name of ['policy-node1', PINS]) await client().send(new CreateSecretCommand({ Name: secretName(name) }))
  await ok('generate-secret-file')
  const public_ = { ers_public_key: ersLine(), ...identity, ISSUER: world.issuer }
  node1.write('customer-secrets.yml', fill(node1.read('customer-secrets.yml'), public_))
  for (const index of [0, 1, 2])
    node1.write(`policy-node${index}.card.json`, JSON.stringify({ index, identityKey: `${index}`.repeat(64) }))
}, 60_000)
afterAll(() => world.stop())

describe('the signature of a Policy Node’s pins', () => {
  it('waits for the node’s secret, which names the key', async () => {
    const early = await run('pin-peers-policy-node1', '--yes')
    expect([early.code, early.err]).toEqual([1, expect.stringContaining('make populate-secrets-policy-node1')])
    const VersionStages = ['AWSCURRENT', ...labelsOf({ card, adminKey, accessKeyId: 'AKIA'.repeat(5) })]
    const sealed = { SecretId: secretName('policy-node1'), SecretString: '{"version":2,"secret":"AQID"}' }
    await client().send(new PutSecretValueCommand({ ...sealed, VersionStages }))
    const order = await run('order-policy-node1', '--release', `0:${'a'.repeat(64)}`, '--yes')
    expect([order.code, order.err]).toEqual([1, expect.stringContaining('make pin-peers-policy-node1')])
  })

  it('is made by KMS, for this node and this vault', async () => {
    await ok('pin-peers-policy-node1', '--yes')
    const { pins, statements } = await partition()
    const signature = statements.pins ?? new Uint8Array()
    expect(statements).toEqual({ ...noStatements, pins: signature })
    expect(isOrdered(adminKey, pins, 1, { type: 'pins' }, signature)).toBe(true)
    expect(isOrdered(adminKey, pins, 2, { type: 'pins' }, signature)).toBe(false)
    expect(isOrdered(adminKey, { ...pins, foundersRequired: 1 }, 1, { type: 'pins' }, signature)).toBe(false)
    const before = await text()
    expect(await ok('pin-peers-policy-node1')).toMatch(/nothing to do/)
    expect(await text()).toBe(before)
  })

  const stranger = adminSignerOf(new Uint8Array(32).fill(7))
  it.each<[string, (statements: AdminStatements, pins: Genesis) => Promise<Uint8Array | undefined>]>([
    ['missing', async () => undefined],
    ['of another key', (_, pins) => signOrder(stranger, pins, 1, { type: 'pins' })],
    ['altered', async ({ pins = new Uint8Array() }) => pins.map((byte, i) => (i === 0 ? byte ^ 1 : byte))],
  ])('is missed when it is %s: nothing is done with such pins, and they are made anew on request', async (_, make) => {
    const { statements, pins } = await partition()
    const signature = await make(statements, pins)
    await overwrite(before => ({ ...before, pins: signature }))
    for (const args of [
      ['pin-peers-policy-node1', '--yes'],
      ['order-policy-node1', '--release', `0:${'a'.repeat(64)}`, '--yes'],
    ]) {
      const refused = await run(...args)
      expect([refused.code, refused.err]).toEqual([
        3,
        expect.stringMatching(/not signed by its admin key[\s\S]*ARGS=--replace/),
      ])
    }
    expect((await run('pin-peers-policy-node1', '--replace')).code).toBe(3)
    await ok('pin-peers-policy-node1', '--replace', '--yes')
    const anew = await partition()
    expect(isOrdered(adminKey, anew.pins, 1, { type: 'pins' }, anew.statements.pins ?? new Uint8Array())).toBe(true)
  })

  it('is not asked of a partition of another form', () =>
    restored(async () => {
      await world.putSecret(B, PINS, '{"card":{"index":1},"pins":7}')
      const refused = await run('order-policy-node1')
      expect([refused.code, refused.err]).toEqual([3, expect.stringMatching(/not what this program wrote/)])
    }))

  it('is not made with a key that the node’s secret does not name, nor without one', async () => {
    const elsewhere = await node1.run(['order-policy-node1'], world.aws.environmentFor(B, 'keyless'))
    expect([elsewhere.code, elsewhere.err]).toEqual([
      1,
      expect.stringMatching(/does not sign for you[\s\S]*make admin-policy ROLE=policy-node1-admin/),
    ])
    const other = await world.moveAlias(B, aliasOf('policy-node1-admin'))
    const moved = await run('order-policy-node1')
    expect([moved.code, moved.err]).toEqual([3, expect.stringMatching(/not the one that its secret names/)])
    await new KMSClient(world.asAdmin(B)).send(new DisableKeyCommand({ KeyId: other.key }))
    const disabled = await run('order-policy-node1')
    expect([disabled.code, disabled.err]).toEqual([1, expect.stringMatching(/is disabled[\s\S]*enable it/)])
    await other.back()
    expect(await ok('order-policy-node1')).toMatch(/no further orders/)
  })
})

describe('an order to a Policy Node', () => {
  const hash = 'ab'.repeat(32)
  const signed = async (order: AdminOrder, signature: Uint8Array | undefined): Promise<boolean> =>
    isOrdered(adminKey, (await partition()).pins, 1, order, signature ?? new Uint8Array())

  it('is shown and asked for, and signed for the vault of the pins', async () => {
    const no = await run('order-policy-node1', '--release', `2:${hash}`)
    expect([no.code, no.err, no.out]).toEqual([
      3,
      expect.stringContaining('nothing was signed'),
      expect.stringMatching(/vault [0-9a-f]{64}, Policy Node 1:\s+peer 2 is no longer quarantined/),
    ])
    await ok('order-policy-node1', '--release', `2:${hash}`, '--dry-run')
    expect((await partition()).statements.releases).toEqual([])
    const said = await ok('order-policy-node1', '--release', `2:${hash}`, '--yes')
    expect(said).toMatch(/when its host process starts again/)
    const { statements } = await partition()
    const [release] = statements.releases
    expect(release?.order).toEqual({ peer: 2, quarantine: fromHex(hash) })
    expect(await signed({ type: 'release', peer: 2, quarantine: fromHex(hash) }, release?.signature)).toBe(true)
  })

  it('stands beside others, is listed, and can be withdrawn', async () => {
    await ok('order-policy-node1', '--recreate', `184:${hash}`, '--yes')
    node1.write('epoch.json', '{"epoch":1,"owners":[{"id":"dora@example.com","name":"Dora"}],"required":1}')
    await ok('order-policy-node1', '--founding-epoch', 'epoch.json', '--yes')
    const { statements, pins } = await partition()
    expect(statements.pins).toBeDefined()
    const { recreate, foundingEpoch } = statements
    expect(recreate?.order.time).toBeGreaterThan(Date.now() - 60_000)
    if (recreate === undefined || foundingEpoch === undefined) throw new Error('not signed')
    expect(await signed({ type: 'recreate', ...recreate.order }, recreate.signature)).toBe(true)
    expect(await signed({ type: 'founding-epoch', ...foundingEpoch.order }, foundingEpoch.signature)).toBe(true)
    expect(isOrdered(adminKey, pins, 0, { type: 'recreate', ...recreate.order }, recreate.signature)).toBe(false)
    expect(await ok('order-policy-node1')).toMatch(
      /founding epoch 1: 1 of these owners[\s\S]*Dora, dora@example\.com[\s\S]*entry 184[\s\S]*peer 2/,
    )
    await ok('order-policy-node1', '--withdraw', 'recreate', '--yes')
    const after = (await partition()).statements
    expect([after.recreate, after.foundingEpoch?.order.epoch, after.releases.length]).toEqual([undefined, 1, 1])
  })

  it.each([
    [['--release', `3:${hash}`], 2, /is not PEER:HASH/],
    [['--release', hash], 2, /is not PEER:HASH/],
    [['--recreate', `184:${hash.toUpperCase()}`], 2, /is not SEQ:HASH/],
    [['--recreate', `-1:${hash}`], 2, /is not SEQ:HASH/],
    [['--withdraw', 'pins'], 2, /one of founding-epoch, recreate, release/],
    [['--release', `0:${hash}`, '--recreate', `1:${hash}`], 2, /several orders/],
    [['--founding-epoch', 'absent.json'], 1, /no founding epoch/],
    [['--founding-epoch', 'policy-node1.card.json'], 1, /no founding epoch/],
  ])('is refused as %j', async (args, code, says) => {
    const before = await text()
    const refused = await run('order-policy-node1', ...args, '--yes')
    expect([refused.code, refused.err]).toEqual([code, expect.stringMatching(says)])
    expect(await text()).toBe(before)
  })

  it('ends with the pins that it was signed for', async () => {
    node1.edit('customer-secrets.yml', 'approver-app', 'another-app')
    await ok('pin-peers-policy-node1', '--replace', '--yes')
    const { statements } = await partition()
    expect(statements).toEqual(withOrder(noStatements, { type: 'pins' }, statements.pins ?? new Uint8Array()))
  })
})
