import type { AwsDouble } from '@trivault/aws-double'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { smallEif } from '../delivery/small-eif.ts'
import { loadFixture } from '../fixtures/index.ts'
import { Workplace } from '../run.ts'
import { describeDeployedKey } from './deployed-key.ts'
import {
  layOut,
  nodeOne,
  otherEnvironments,
  populate,
  pushImages,
  startAccounts,
  stopAgain,
  wallet,
} from './environment.ts'

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
    await stopAgain(aws, deployment)
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

  it('compares the keys with the enclave image of the release, and with those that the caller answers for', async () => {
    // Node 0 has its key from the first release here, the directory holds the third.
    const { code, out } = await as(wallet, 'prove-separation', '--deployed')
    expect([code, out]).toEqual([3, expect.stringContaining('the key of Policy Node 0 answers an enclave image')])
    place.write('before.json', smallEif('one').pcrJson)
    expect(await succeeds(wallet, 'prove-separation', '--deployed', '--also-image', 'before.json')).toContain(
      'Separation holds',
    )
    place.write('before.json', '{}')
    expect((await as(wallet, 'prove-separation', '--also-image', 'before.json')).err).toContain('before.json holds no')
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

describeDeployedKey(() => aws, as)

describe('another environment of the customer, in the same accounts', () => {
  const [beside, clashing] = otherEnvironments
  const run = async ({ namespace, environment }: (typeof otherEnvironments)[number], ...commands: string[]) => {
    const other = new Workplace('recommended')
    other.edit('customer-config.yml', 'namespace: acme-custody', `namespace: ${namespace}`)
    other.edit('customer-config.yml', 'environment: testnet', `environment: ${environment}\ntestnet: true`)
    const BACKEND_API_PATH = `https://api.${environment}.wallet.example.com`
    Object.assign(other.variables, { NAMESPACE: namespace, ENV_PREFIX: environment, BACKEND_API_PATH })
    await other.run(['generate-customer-assets'])
    layOut(other, deployment)
    const runs = []
    for (const command of commands) runs.push(await other.run([command], aws.environmentFor(wallet, 'admin-of-others')))
    other.remove()
    return { codes: runs.map(({ code }) => code), err: runs.map(({ err }) => err).join('') }
  }

  it('stands beside the first and changes nothing of it', async () => {
    const { codes, err } = await run(
      beside,
      'deploy-baseline',
      'deploy-wallet-long-lived',
      'deploy-policy-node0-long-lived',
    )
    expect([codes, err]).toEqual([[0, 0, 0], err])
    expect(await succeeds(wallet, 'deploy-baseline')).toContain('no changes: everything was so already')
    expect(await succeeds(wallet, 'deploy-wallet-long-lived')).toContain('no changes: everything was so already')
  })

  it('is refused under a name that means the stacks of another', async () => {
    const { codes, err } = await run(clashing, 'deploy-baseline')
    expect(codes).toEqual([3])
    expect(err).toContain('is of acme-custody main-eu, not of acme-custody-main eu')
    expect(err).toContain('choose another NAMESPACE')
  })
})

describe('after it all', () => {
  it('no step was refused by the policies of the admins', () => {
    const refused = aws.calls.filter(({ outcome }) => outcome.startsWith('AccessDenied'))
    expect(refused.filter(({ service }) => service !== 'kms' && service !== 'secretsmanager')).toEqual([])
  })
})
