import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { CreateAccessKeyCommand, DeleteAccessKeyCommand, IAMClient, ListAccessKeysCommand } from '@aws-sdk/client-iam'
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { CreateSecretCommand, DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { anchorKeyOf, decodeNodeSecret, firstAnchorItem, firstAnchorRow } from '@trivault/node-core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { onceKnown } from '../../src/secrets/anchor-table.ts'
import type { Workplace } from '../run.ts'
import { B, Partitions, secretName } from './partitions.ts'

vi.stubEnv('CDK_VALIDATION', 'false')

const UserName = 'acme-custody-testnet-policy-node1-anchor'
const populate = 'populate-secrets-policy-node1'
let world: Partitions
let place: Workplace

/** Policy Node 1 as its stack leaves it. */
beforeEach(async () => {
  world = await Partitions.start()
  await world.makeKey(B, 'policy-node1')
  await world.makeAdminKey(B, 1)
  await world.makeAnchor(B, 1)
  for (const name of ['policy-node1', 'policy-node1.pins'])
    await new SecretsManagerClient(world.asAdmin(B)).send(new CreateSecretCommand({ Name: secretName(name) }))
  place = await world.workplace(B)
}, 30_000)
afterEach(() => world.stop())

const run = (...more: string[]) => world.run(place, B, populate, ...more)
const ok = () => world.ok(place, B, populate)
const keys = async () =>
  (await new IAMClient(world.asAdmin(B)).send(new ListAccessKeysCommand({ UserName }))).AccessKeyMetadata?.map(
    ({ AccessKeyId = '' }) => AccessKeyId,
  )
const strayKey = () => new IAMClient(world.asAdmin(B)).send(new CreateAccessKeyCommand({ UserName }))
const votes = async () =>
  (
    await new DynamoDBClient(world.asAdmin(B)).send(
      new GetItemCommand({ TableName: UserName, Key: { record: { S: 'votes' } }, ConsistentRead: true }),
    )
  ).Item
const labels = async () => {
  const SecretId = secretName('policy-node1')
  const client = new SecretsManagerClient(world.asAdmin(B))
  return Object.values((await client.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages ?? {}).flat()
}
/** What the enclave would see. */
async function secret() {
  const stored = JSON.parse(await world.secretOf(B, 'policy-node1')) as { version: number; secret: string }
  expect(Object.keys(stored)).toEqual(['version', 'secret'])
  const { Plaintext = new Uint8Array() } = await new KMSClient(world.asAdmin(B)).send(
    new DecryptCommand({
      CiphertextBlob: Buffer.from(stored.secret, 'base64'),
      EncryptionContext: { deploymentId: 'acme-custody.testnet', node: '1' },
    }),
  )
  return decodeNodeSecret(Plaintext)
}
const complete = async () => {
  const made = await secret()
  expect(await keys()).toEqual([made.anchor?.accessKeyId])
  expect(await votes()).toEqual(firstAnchorItem(firstAnchorRow(anchorKeyOf(made))))
  expect((await labels()).filter(label => label.startsWith('first-row-'))).toEqual([])
  return made
}
/** Puts a vote record there by other means than AWS gives. */
const forge = (item: Record<string, Record<string, unknown>>) => {
  for (const { items } of world.aws.world.dynamodb.tables.values()) items.set('[{"S":"votes"}]', item)
}
/** From its n-th call on, an operation of AWS is as if the line were cut. */
function cut(service: string, operation: string, after = 0): void {
  let calls = 0
  world.hinder((asked, name) => asked === service && name === operation && calls++ >= after)
}

describe('populate-secrets-policy-node and the anchor', () => {
  it('gives the secret an access key that works on the table, and writes the first row with it', async () => {
    await ok()
    const { anchor } = await complete()
    expect(anchor).toMatchObject({ region: 'us-east-1', host: 'dynamodb.us-east-1.amazonaws.com', table: UserName })
    expect(anchor?.authority).toBeUndefined()
    const credentials = { accessKeyId: anchor?.accessKeyId ?? '', secretAccessKey: anchor?.secretAccessKey ?? '' }
    const client = new DynamoDBClient({ ...world.asAdmin(B), credentials })
    const Item = { record: { S: 'holds' }, version: { N: '0' } }
    await client.send(new PutItemCommand({ TableName: UserName, Item }))
    // The administrator of the account itself is not let in.
    const admin = new DynamoDBClient(world.asAdmin(B)).send(new PutItemCommand({ TableName: UserName, Item }))
    await expect(admin).rejects.toMatchObject({ name: 'AccessDeniedException' })
  })

  it('shows the access key to nobody: not on the screen, in files, or in calls to AWS', async () => {
    const said = JSON.stringify(await run('--json'))
    const key = (await secret()).anchor?.secretAccessKey ?? expect.fail('no key')
    const files = readdirSync(place.cwd, { recursive: true, encoding: 'utf8' })
      .map(name => join(place.cwd, name))
      .filter(path => statSync(path).isFile())
    expect(files.length).toBeGreaterThan(3)
    for (const text of [said, JSON.stringify(world.aws.calls), ...files.map(path => readFileSync(path, 'latin1'))])
      expect(text).not.toContain(key)
  })

  it('asks for no right that admin-policy does not give', async () => {
    const least = world.aws.environmentFor(B, 'least')
    cut('dynamodb', 'PutItem')
    expect((await place.run([populate], least)).code).toBe(1)
    world.hinder(() => false)
    const { code, err } = await place.run([populate], least)
    expect([code, err]).toEqual([0, expect.not.stringContaining('AccessDenied')])
    await complete()
  })

  it('trusts another authority than Amazon only when it is told to, and says so', async () => {
    const { authority } = await world.aws.secure()
    place.write('authority.pem', new X509Certificate(authority).toString())
    const environment = { ...world.aws.environmentFor(B, 'admin'), TRIVAULT_ANCHOR_AUTHORITY: 'authority.pem' }
    const wrong = await place.run([populate], { ...environment, TRIVAULT_ANCHOR_AUTHORITY: 'bd-wallet.yml' })
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('is not a certificate in PEM')])
    expect(await keys()).toEqual([])
    const { code, err } = await place.run([populate], environment)
    expect([code, err]).toEqual([0, expect.stringContaining('TRIVAULT_ANCHOR_AUTHORITY is set')])
    expect((await secret()).anchor?.authority).toEqual(authority)
  })

  it.each<[string, string, string, number]>([
    ['the key of the secret', 'kms', 'Encrypt', 0],
    ['the secret', 'secretsmanager', 'PutSecretValue', 0],
    ['the first row', 'dynamodb', 'PutItem', 0],
    ['the removal of its label', 'secretsmanager', 'UpdateSecretVersionStage', 0],
    ['the card', 'secretsmanager', 'PutSecretValue', 1],
  ])('goes on where it was broken off before %s', async (_what, service, operation, after) => {
    cut(service, operation, after)
    expect((await run()).code).toBe(1)
    world.hinder(() => false)
    const before = (await labels()).length === 0 ? undefined : await secret()
    await ok()
    const made = await complete()
    if (before !== undefined) expect(made).toEqual(before)
    await ok()
    expect(await complete()).toEqual(made)
  })

  it('leaves no key behind of which it knows that no secret has it', async () => {
    cut('kms', 'Encrypt')
    expect((await run()).code).toBe(1)
    expect(await keys()).toEqual([])
  })

  it('removes keys of runs that were killed, and none of a run that may still go on', async () => {
    await strayKey()
    await ok()
    await complete()
    await strayKey()
    await ok()
    await complete()
  })

  it('waits for two other runs, and clears what they left after ten minutes', async () => {
    await strayKey()
    await strayKey()
    const early = await run()
    expect([early.code, early.err]).toEqual([3, expect.stringContaining('wait ten minutes')])
    const later = () => Date.now() + 11 * 60_000
    const { code } = await place.run([populate], world.aws.environmentFor(B, 'admin'), later)
    expect(code).toBe(0)
    await complete()
  })

  it('makes room for a key by no key that is in the secret, be it the older one', async () => {
    cut('dynamodb', 'PutItem')
    expect((await run()).code).toBe(1)
    const made = await secret()
    const users = world.aws.world.accounts.get(B)?.iam.users
    let lists = 0
    world.hinder((_service, name) => {
      // As if another run had made a key since this one looked.
      if (name === 'ListAccessKeys' && ++lists === 2)
        users?.get(UserName)?.accessKeys.set('AKIAOFANOTHERRUNTHEN', new Date(Date.now() + 60_000))
      return false
    })
    const later = () => Date.now() + 15 * 60_000
    const { code, err } = await place.run([populate], world.aws.environmentFor(B, 'admin'), later)
    expect([code, err, lists]).toEqual([0, expect.any(String), 2])
    expect(await complete()).toEqual(made)
  })

  it('says so when the key in the secret is gone', async () => {
    await ok()
    const AccessKeyId = (await secret()).anchor?.accessKeyId
    await new IAMClient(world.asAdmin(B)).send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }))
    const { code, err } = await run()
    expect([code, err]).toEqual([
      3,
      expect.stringContaining(`${AccessKeyId}, which is in the secret of Policy Node 1, is gone`),
    ])
    expect(await keys()).toEqual([])
  })

  it('of two runs at once one has the secret, and its key alone lives', async () => {
    const other = await world.workplace(B)
    const runs = await Promise.all([run(), world.run(other, B, populate)])
    expect(runs.map(({ code }) => code).sort()).toEqual([0, 3])
    await complete()
  })

  it('never writes a first row again: a row that is gone is a lost anchor', async () => {
    await ok()
    for (const { items } of world.aws.world.dynamodb.tables.values()) items.clear()
    await ok()
    expect(await votes()).toBeUndefined()
  })

  it('makes no secret beside a vote record that is there', async () => {
    forge({ record: { S: 'votes' } })
    const { code, err } = await run()
    expect([code, err]).toEqual([3, expect.stringContaining('it is that of a secret that is gone')])
    expect([await keys(), await labels()]).toEqual([[], []])
  })

  it('does not take the first row of another secret for its own', async () => {
    cut('dynamodb', 'PutItem')
    expect((await run()).code).toBe(1)
    world.hinder(() => false)
    const stranger = firstAnchorItem(firstAnchorRow(new Uint8Array(32)))
    forge({ ...stranger })
    const { code, err } = await run()
    expect([code, err]).toEqual([3, expect.stringContaining('the first row of another secret')])
  })
})

describe('a key that AWS does not know everywhere yet', () => {
  const unknown = Object.assign(new Error('unknown'), { name: 'UnrecognizedClientException' })
  it('is tried again for a while, and another refusal is not', async () => {
    const answers: (() => string)[] = [
      () => {
        throw unknown
      },
      () => {
        throw unknown
      },
      () => 'done',
    ]
    expect(await onceKnown(async () => answers.shift()?.(), 1, 1000)).toBe('done')
    await expect(onceKnown(() => Promise.reject(unknown), 5, 20)).rejects.toBe(unknown)
    const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' })
    const calls: number[] = []
    await expect(
      onceKnown(
        () => {
          calls.push(1)
          return Promise.reject(denied)
        },
        1,
        1000,
      ),
    ).rejects.toBe(denied)
    expect(calls).toHaveLength(1)
  })
})
