import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { type AwsDouble, startAwsDouble } from '@trivault/aws-double'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryName } from '../../src/names.ts'
import { runDeployer } from '../../src/run.ts'
import { fixtureText, fixtureVariables, loadFixture } from '../fixtures/index.ts'
import { newKey } from './keys.ts'
import { publishInto } from './publisher.ts'
import { temporary } from './stage.ts'

const [PUBLISHER, WALLET, NODE1, STRANGER] = ['999999999999', '111111111111', '222222222222', '444444444444'] as const
const BUCKET = 'trivault-delivery-999999999999'
const deployment = loadFixture('recommended')
const key = newKey()

let aws: AwsDouble
let registry = ''
let made = ''
const cwd = temporary('admin')

/** What SDK clients are made with. */
const as = (account: string) => ({
  region: 'us-east-1',
  endpoint: aws.endpoint,
  forcePathStyle: true,
  credentials: aws.credentialsFor(account, 'admin'),
})

/** One command as the admin of an account, in a directory. */
async function run(account: string, args: string[], more: Record<string, string> = {}, directory = cwd) {
  const [said, out]: [string[], string[]] = [[], []]
  const tell = (text: string): void => void said.push(text)
  const environment = {
    ...aws.environmentFor(account, 'admin'),
    ...fixtureVariables('recommended'),
    DELIVERY_REGISTRY: registry,
    DELIVERY_BUCKET: BUCKET,
    SIGNING_KEY_FINGERPRINT: key.fingerprint,
    CUSTOMER_SHARED_SEGMENT: 'v3.4.0',
    DEPLOYER_VERSION: 'v3.4.1',
    MPA_IMAGE_TAG: 'v8.26.5',
    DEPLOYER: 'local',
    ...more,
  }
  const streams = {
    out: (text: string) => {
      out.push(text)
      tell(text)
    },
    err: tell,
    interactive: false,
  }
  const code = await runDeployer(args, { environment, cwd: directory, streams, ask: async () => false })
  return { code, said: said.join(''), out: out.join('') }
}

/** The publisher's account with one release in it, and accounts of a customer and of a stranger. */
beforeAll(async () => {
  const users = { admin: 'administrator' } as const
  aws = await startAwsDouble({
    region: 'us-east-1',
    accounts: [PUBLISHER, WALLET, NODE1, STRANGER].map(id => ({ id, users })),
  })
  registry = await aws.registry(PUBLISHER, 'us-east-1')
  await new S3Client(as(PUBLISHER)).send(new CreateBucketCommand({ Bucket: BUCKET }))
  made = join(temporary('publish'), 'release')
  publishInto(made, key)
  writeFileSync(join(cwd, 'delivery-list.txt'), `${WALLET} wallet\n${NODE1} node 1\n`)
  writeFileSync(join(cwd, 'customer-config.yml'), fixtureText('recommended'))
})
afterAll(() => aws.stop())

describe('a delivery through AWS', () => {
  it('is uploaded by the publisher, who says in one file who may pull', async () => {
    expect(await run(PUBLISHER, ['delivery-policies', '--list', 'delivery-list.txt', '--apply'])).toMatchObject({
      code: 0,
    })
    expect(await run(PUBLISHER, ['upload', made])).toMatchObject({ code: 0 })
  })

  it('is verified and pulled by a listed account', async () => {
    const verified = await run(WALLET, ['verify-deployer'])
    expect(verified.said).toMatch(/trivault\/wallet-deployer@sha256:[0-9a-f]{64}\n$/)
    for (const command of [
      'pull-deployer',
      'pull-customer-assets',
      'fetch-enclave-artifacts',
      'generate-customer-assets',
    ])
      expect(await run(WALLET, [command])).toMatchObject({ code: 0 })
    expect(await run(NODE1, ['fetch-enclave-artifacts'], {}, temporary('admin'))).toMatchObject({ code: 0 })
  })

  it('is refused to an account that is not on the list', async () => {
    for (const command of ['verify-deployer', 'pull-customer-assets', 'fetch-enclave-artifacts']) {
      const { code, said } = await run(STRANGER, [command], {}, temporary('admin'))
      expect(code).toBe(1)
      expect(said).toContain('refused to this account')
    }
    const { code, said } = await run(STRANGER, ['verify-deployer'], { DELIVERY_BUCKET: made }, temporary('admin'))
    expect([code, said]).toEqual([1, expect.stringContaining('delivery list')])
  })

  it('tells a listed account which tag is wrong', async () => {
    for (const [command, variable] of [
      ['verify-deployer', 'DEPLOYER_VERSION'],
      ['pull-customer-assets', 'CUSTOMER_SHARED_SEGMENT'],
      ['fetch-enclave-artifacts', 'MPA_IMAGE_TAG'],
    ] as const) {
      const { code, said } = await run(WALLET, [command], { [variable]: 'v0.0.0' }, temporary('admin'))
      expect([code, said]).toEqual([1, expect.stringContaining('v0.0.0')])
    }
  })

  it('stops at a wrong fingerprint with exit code 3, at none with 2', async () => {
    const other = { SIGNING_KEY_FINGERPRINT: newKey().fingerprint }
    expect(await run(WALLET, ['verify-deployer'], other)).toMatchObject({ code: 3 })
    expect(await run(WALLET, ['pull-customer-assets'], other)).toMatchObject({ code: 3 })
    expect(await run(WALLET, ['verify-deployer'], { SIGNING_KEY_FINGERPRINT: '' })).toMatchObject({ code: 2 })
  })

  it('brings the service images into the customer’s ECR by digest, once its repositories are there', async () => {
    expect(await run(WALLET, ['deploy-service-images'])).toMatchObject({
      code: 1,
      said: expect.stringContaining('make deploy-baseline'),
    })
    for (const service of ['wallet', 'policy-node', 'broker'])
      await new ECRClient(as(WALLET)).send(
        new CreateRepositoryCommand({
          repositoryName: repositoryName(deployment, service),
          imageTagMutability: 'IMMUTABLE',
        }),
      )
    expect(await run(WALLET, ['deploy-service-images'])).toMatchObject({
      code: 0,
      said: expect.stringContaining('MB sent'),
    })
    expect(await run(WALLET, ['deploy-service-images'])).toMatchObject({
      code: 0,
      said: expect.stringContaining('is there already'),
    })
  })

  it('refuses a Policy Node admin who runs deploy-service-images', async () => {
    expect(await run(NODE1, ['deploy-service-images'])).toMatchObject({
      code: 3,
      said: expect.stringContaining('infrastructure admin'),
    })
  })

  it('lets nobody pull any more who left the list', async () => {
    writeFileSync(join(cwd, 'delivery-list.txt'), `${NODE1}\n`)
    expect(await run(PUBLISHER, ['delivery-policies', '--list', 'delivery-list.txt', '--apply'])).toMatchObject({
      code: 0,
    })
    expect(await run(WALLET, ['verify-deployer'])).toMatchObject({ code: 1 })
    writeFileSync(join(cwd, 'delivery-list.txt'), '')
    expect(await run(PUBLISHER, ['delivery-policies', '--list', 'delivery-list.txt', '--apply'])).toMatchObject({
      code: 0,
    })
    expect(await run(NODE1, ['verify-deployer'])).toMatchObject({ code: 1 })
  })
})

describe('status of an account where nothing is deployed', () => {
  it('says what is missing and which target brings it, as text and as JSON', async () => {
    const { code, said } = await run(WALLET, ['status'])
    expect(code).toBe(1)
    for (const line of [
      '✗ stack acme-custody-testnet-baseline: is not in us-east-1 → make deploy-baseline',
      '→ make populate-secrets-wallet',
      '✗ service wallet: is not there → make deploy-wallet',
      'NOT healthy',
    ])
      expect(said).toContain(line)
    const json = await run(NODE1, ['status', '--json'])
    const { healthy, findings } = JSON.parse(json.out)
    expect([json.code, healthy]).toEqual([1, false])
    expect(findings.map(({ check }: { check: string }) => check)).not.toContain('service wallet')
  })

  it('is part of doctor, which goes on where a check cannot be made', async () => {
    rmSync(join(cwd, 'enclave.eif'))
    const { code, said } = await run(WALLET, ['doctor'])
    expect(code).toBe(1)
    for (const words of [
      'clock: agrees with AWS',
      'conf/wallet.json: is not there → make generate-conf-files',
      'key policies: enclave.eif is not there',
      'sign-in: ',
    ])
      expect(said).toContain(words)
  })
})
