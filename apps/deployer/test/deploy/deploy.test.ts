import { CloudFormationClient, DescribeStacksCommand, UpdateStackCommand } from '@aws-sdk/client-cloudformation'
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  KMSClient,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms'
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { AwsDouble } from '@trivault/aws-double'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { nodeKeyAlias, stackNames } from '../../src/names.ts'
import { COUNT_PARAMETER } from '../../src/stacks/index.ts'
import { loadFixture } from '../fixtures/index.ts'
import { Workplace } from '../run.ts'
import { layOut, nodeOne, populate, pushImages, startAccounts, wallet } from './environment.ts'

vi.stubEnv('CDK_VALIDATION', 'false')

const deployment = loadFixture('recommended')
const place = new Workplace('recommended')
let setupCode = 0
let walletEnds: () => Promise<{ exitCode: number; reason: string }> | undefined = () => undefined
let aws: AwsDouble

beforeAll(async () => {
  aws = await startAccounts(deployment, family =>
    family.endsWith('database-setup')
      ? Promise.resolve({ exitCode: setupCode })
      : family.endsWith('wallet')
        ? walletEnds()
        : undefined,
  )
  vi.stubEnv('AWS_ENDPOINT_URL', aws.endpoint)
  await place.run(['generate-customer-assets'])
  layOut(place, deployment)
  await populate(aws, deployment)
})
afterAll(async () => {
  await aws.stop()
  place.remove()
})

const as = (account: string, ...args: string[]) => place.run(args, aws.environmentFor(account, 'admin'))

async function succeeds(account: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await as(account, ...args)
  expect(`${code} ${err}`).toMatch(/^0 /)
  return out
}

function failing(reason: string): never {
  throw new Error(reason)
}

/** As CloudFormation itself does when a service does not become stable. */
async function stopAgain(): Promise<void> {
  const client = new CloudFormationClient({
    region: 'us-east-1',
    endpoint: aws.endpoint,
    credentials: aws.credentialsFor(wallet, 'admin'),
  })
  const StackName = stackNames.wallet(deployment)
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }))
  const count = Stacks?.[0]?.Parameters?.find(({ ParameterKey }) => ParameterKey === COUNT_PARAMETER)?.ParameterValue
  if (count === '0') return
  await client.send(
    new UpdateStackCommand({
      StackName,
      UsePreviousTemplate: true,
      Parameters: [{ ParameterKey: COUNT_PARAMETER, ParameterValue: '0' }],
      Capabilities: ['CAPABILITY_NAMED_IAM'],
    }),
  )
}

describe('deploying to the accounts of the recommended layout', () => {
  it('shows with --dry-run what would be new, and makes nothing', async () => {
    expect(await succeeds(wallet, 'deploy-baseline', '--dry-run')).toContain(
      '[+] AWS::ECR::Repository WalletRepository',
    )
    expect(await succeeds(wallet, 'deploy-baseline', '--dry-run')).toContain(
      'would change: acme-custody-testnet-baseline',
    )
  })

  it.each([
    [nodeOne, 'deploy-baseline', 'acme-custody-testnet-baseline'],
    // Before the wallet's account has anything: any order among the admins.
    [nodeOne, 'deploy-policy-node1-long-lived', 'acme-custody-testnet-policy-node1-long-lived'],
    [wallet, 'deploy-baseline', 'acme-custody-testnet-baseline'],
    [wallet, 'deploy-wallet-long-lived', 'acme-custody-testnet-wallet-long-lived'],
    [wallet, 'deploy-all-policy-nodes-long-lived', 'acme-custody-testnet-policy-node0-long-lived'],
  ])('account %s: %s, and a second run changes nothing', async (account, command, stack) => {
    expect(await succeeds(account, command)).toContain(`changed: ${stack}`)
    expect(await succeeds(account, command)).toContain('no changes: everything was so already')
    expect(await succeeds(account, command, '--dry-run')).toContain('nothing would change')
  })

  it('skips the partitions of other accounts with a line', async () => {
    const out = await succeeds(wallet, 'deploy-all-policy-nodes-long-lived')
    expect(out).toContain('Policy Node 1 is in account 222222222222: skipped')
    expect(out).toContain('Policy Node 2 is in account 333333333333: skipped')
  })

  it.each([
    [nodeOne, 'deploy-wallet-long-lived'],
    [nodeOne, 'deploy-policy-node2-long-lived'],
    [wallet, 'deploy-approver-app'],
    ['333333333333', 'deploy-wallet'],
  ])('refuses account %s the step %s', async (account, command) => {
    const { code, err } = await as(account, command)
    expect(code).toBe(3)
    expect(err).toContain('is a step of')
  })

  it('says what is missing when start-wallet comes first', async () => {
    const { code, err } = await as(wallet, 'start-wallet')
    expect(code).toBe(1)
    expect(err).toContain('run `make deploy-wallet` first')
  })
})

describe('the wallet', () => {
  it('is not deployed before its images are there; the failure names them', async () => {
    const { code, err } = await as(wallet, 'deploy-wallet')
    expect(code).toBe(1)
    expect(err).toContain('CannotPullContainerError')
    await pushImages(aws, deployment)
  })

  it('names the databases’ log when their set-up fails, and goes on from there', async () => {
    setupCode = 1
    const { code, err } = await as(wallet, 'deploy-wallet')
    expect(code).toBe(1)
    expect(err).toContain('the databases were not set up')
    setupCode = 0
  })

  it('is deployed with count 0, and a second run changes nothing', async () => {
    expect(await succeeds(wallet, 'deploy-wallet')).toContain('make start-wallet starts the wallet')
    const out = await succeeds(wallet, 'deploy-wallet')
    expect(out).toContain('no changes: everything was so already')
    expect(out).toContain('next: make deploy-nitro-nodes')
  })

  it('has hosts beside it', async () => {
    expect(await succeeds(wallet, 'deploy-nitro-nodes')).toContain('changed: acme-custody-testnet-nitro-nodes')
    expect(await succeeds(wallet, 'deploy-nitro-nodes')).toContain('no changes')
  })

  it.each([
    [
      'ends',
      'secrets/db-info is no JSON (wallet: exit code 78)',
      async () => ({ exitCode: 78, reason: 'secrets/db-info is no JSON' }),
    ],
    [
      'cannot begin',
      'CannotPullContainerError: no such image',
      () => failing('CannotPullContainerError: no such image'),
    ],
  ])('whose task %s at the start is told at once, with the reason and where to read more', async (_, reason, ends) => {
    walletEnds = ends
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('fetch failed')))
    const before = performance.now()
    const { code, err } = await as(wallet, 'start-wallet')
    vi.unstubAllGlobals()
    walletEnds = () => undefined
    expect([code, err]).toEqual([1, expect.stringContaining(`the task of service wallet stopped: ${reason}`)])
    expect(err).toMatch(/aws logs tail \S+ --log-stream-name-prefix wallet/)
    expect(performance.now() - before).toBeLessThan(20_000)
    await stopAgain()
  })

  it('starts once', async () => {
    vi.stubGlobal('fetch', async () => new Response('{}', { status: 200 }))
    const out = await succeeds(wallet, 'start-wallet')
    vi.unstubAllGlobals()
    expect(out).toContain('bd-wallet.acme-custody.testnet.bootstrap-key')
    expect(await succeeds(wallet, 'start-wallet')).toContain('nothing to start')
  })

  it('keeps its count when configuration changes, and says that the nodes are due', async () => {
    place.write('conf/wallet.json', '{ "name": "changed" }\n')
    place.write('conf/node2.json', '{ "name": "changed" }\n')
    const out = await succeeds(wallet, 'deploy-wallet')
    expect(out).toContain('changed: acme-custody-testnet-wallet')
    expect(out).toContain('the configuration of Policy Node 2 changed: make deploy-nitro-nodes is due')
    expect(out).toContain('WalletServiceCount stays 1')
    expect(await succeeds(wallet, 'start-wallet')).toContain('WalletServiceCount is 1 already')
  })

  it('tells --json in one document', async () => {
    const { stacks, dryRun } = JSON.parse(await succeeds(wallet, 'deploy-wallet', '--json'))
    expect(dryRun).toBe(false)
    expect(stacks.map(({ name, changed }: { name: string; changed: boolean }) => [name, changed])).toEqual([
      ['acme-custody-testnet-wallet', false],
      ['acme-custody-testnet-console', false],
    ])
  })
})

describe('an upgrade of the enclave image', () => {
  it('lets the image before keep the key until its admin drops it', async () => {
    layOut(place, deployment, 'two')
    const out = await succeeds(nodeOne, 'deploy-policy-node1-long-lived')
    expect(out).toContain('the key answers the image before this one too')
    expect(await succeeds(nodeOne, 'deploy-policy-node1-long-lived')).toContain('no changes')
    layOut(place, deployment, 'three')
    const { code, err } = await as(nodeOne, 'deploy-policy-node1-long-lived')
    expect(code).toBe(3)
    expect(err).toContain('answers two other images already')
    expect(await succeeds(nodeOne, 'deploy-policy-node1-long-lived', '--drop-previous')).toContain('changed:')
  })
})

describe('other commands', () => {
  it('serves the Approver App from its own account', async () => {
    const out = await succeeds(nodeOne, 'deploy-approver-app')
    expect(out).toContain('3 of 3 files stored')
    expect(await succeeds(nodeOne, 'deploy-approver-app')).toContain('no changes: everything was so already')
  })

  it('takes a snapshot and waits for it; an unknown identifier is named with the right one', async () => {
    const snapshot = (id: string) =>
      place.run(['backup-rds-snapshot'], { ...aws.environmentFor(wallet, 'admin'), RDS_DB_INSTANCE_IDENTIFIER: id })
    const { code, out } = await snapshot('acme-custody-testnet-database')
    expect(code).toBe(0)
    expect(out).toContain('is available')
    const wrong = await snapshot('something-else')
    expect(wrong.code).toBe(1)
    expect(wrong.err).toContain('export RDS_DB_INSTANCE_IDENTIFIER=acme-custody-testnet-database')
  })

  it('refuses to move the public API', async () => {
    const moved = new Workplace('recommended')
    moved.edit('customer-config.yml', 'name: wallet.example.com', 'name: vault.example.net')
    moved.variables.BACKEND_API_PATH = 'https://api.testnet.vault.example.net'
    await moved.run(['generate-customer-assets'])
    layOut(moved, { ...deployment, hosts: { ...deployment.hosts, api: 'api.testnet.vault.example.net' } })
    const { code, err } = await moved.run(['deploy-wallet'], aws.environmentFor(wallet, 'admin'))
    moved.remove()
    expect(err).toContain('--confirm-url-change')
    expect(code).toBe(3)
  })

  it('proves separation, of the deployed stacks too; an unknown account is refused', async () => {
    expect(await succeeds(wallet, 'prove-separation')).toContain('Separation holds')
    expect(await succeeds(nodeOne, 'prove-separation', '--deployed')).toContain('Separation holds')
    const same = await as(wallet, 'prove-separation', '--administrator', '222222222222=Bob', '333333333333=Bob')
    expect(same.code).toBe(3)
    expect(same.out).toContain('Bob reaches the key shares of Policy Nodes 1, 2')
    expect((await as(wallet, 'prove-separation', '--administrator', '999999999999=Bob')).code).toBe(2)
  })
})

describe('the key of Policy Node 1, as deployed', () => {
  const host = 'acme-custody-testnet-policy-node1-host'
  const context = { deploymentId: 'acme-custody.testnet', node: '1' }
  const alias = (account: string) => `arn:aws:kms:us-east-1:${account}:${nodeKeyAlias(deployment, 1)}`
  const kms = (account: string, name: string) =>
    new KMSClient({ region: 'us-east-1', endpoint: aws.endpoint, credentials: aws.credentialsFor(account, name) })
  const sealed = async (EncryptionContext = context) =>
    kms(nodeOne, 'admin').send(
      new EncryptCommand({ KeyId: alias(nodeOne), Plaintext: new Uint8Array(32), EncryptionContext }),
    )

  it('seals what its admin gives, for this node only', async () => {
    expect((await sealed()).CiphertextBlob).toBeDefined()
    await expect(sealed({ ...context, node: '2' })).rejects.toThrow('not authorized')
  })

  it.each([
    ['its admin', nodeOne, 'admin'],
    ['the infrastructure admin', wallet, 'admin'],
    ['its own host, outside an enclave', wallet, host],
    ["node 0's host", wallet, 'acme-custody-testnet-policy-node0-host'],
    ['the wallet', wallet, 'acme-custody-testnet-wallet-task'],
  ])('does not open for %s', async (_who, account, name) => {
    const { CiphertextBlob } = await sealed()
    const opening = kms(account, name).send(
      new DecryptCommand({ KeyId: alias(nodeOne), CiphertextBlob, EncryptionContext: context }),
    )
    await expect(opening).rejects.toThrow('not authorized')
  })

  it.each([
    ['its admin', nodeOne, 'admin'],
    ['its host', wallet, host],
  ])('gives %s no data key', async (_who, account, name) => {
    const KeyId = alias(nodeOne)
    await expect(kms(account, name).send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))).rejects.toThrow(
      'not authorized',
    )
  })

  it("has a secret that its host reads, and neither another node's host nor its admin", async () => {
    const SecretId = `arn:aws:secretsmanager:us-east-1:${nodeOne}:secret:bd-wallet.acme-custody.testnet.policy-node1`
    const secrets = (account: string, name: string) =>
      new SecretsManagerClient({
        region: 'us-east-1',
        endpoint: aws.endpoint,
        credentials: aws.credentialsFor(account, name),
      })
    const get = new GetSecretValueCommand({ SecretId })
    await secrets(nodeOne, 'admin').send(new PutSecretValueCommand({ SecretId, SecretString: 'sealed' }))
    expect((await secrets(wallet, host).send(get)).SecretString).toBe('sealed')
    for (const [account, name] of [
      [nodeOne, 'admin'],
      [wallet, 'admin'],
      [wallet, 'acme-custody-testnet-policy-node2-host'],
      [wallet, 'acme-custody-testnet-wallet-execution'],
    ] as const)
      await expect(secrets(account, name).send(get)).rejects.toThrow('not authorized')
  })
})

describe('the key of Policy Node 1, changed without CloudFormation', () => {
  it('is seen by prove-separation --deployed', async () => {
    const kms = new KMSClient({
      region: 'us-east-1',
      endpoint: aws.endpoint,
      credentials: aws.credentialsFor(nodeOne, 'admin'),
    })
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: nodeKeyAlias(deployment, 1) }))
    const KeyId = KeyMetadata?.KeyId
    const { Policy = '' } = await kms.send(new GetKeyPolicyCommand({ KeyId }))
    const wider = JSON.parse(Policy)
    wider.Statement.push({
      Sid: 'Wider',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${wallet}:root` },
      Action: 'kms:PutKeyPolicy',
      Resource: '*',
    })
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: JSON.stringify(wider) }))
    const { code, out } = await as(nodeOne, 'prove-separation', '--deployed')
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy }))
    expect(out).toContain(`administrator of ${wallet} changes the key policy of Policy Node 1`)
    expect(code).toBe(3)
    expect(await succeeds(nodeOne, 'prove-separation', '--deployed')).toContain('Separation holds')
  })
})

describe('after it all', () => {
  it('no step was refused by the policies of the admins', () => {
    const refused = aws.calls.filter(({ outcome }) => outcome.startsWith('AccessDenied'))
    expect(refused.filter(({ service }) => service !== 'kms' && service !== 'secretsmanager')).toEqual([])
  })
})
