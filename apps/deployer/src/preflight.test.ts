import { type AwsDouble, startAwsDouble } from '@trivault/aws-double'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workplace } from '../test/run.ts'

const ACCOUNTS = { A: '111111111111', B: '222222222222', C: '333333333333', stranger: '777777777777' }
let aws: AwsDouble
const place = new Workplace('recommended')

beforeAll(async () => {
  aws = await startAwsDouble({
    region: 'us-east-1',
    accounts: Object.values(ACCOUNTS).map(id => ({ id, users: { admin: 'administrator' as const } })),
  })
  await place.run(['generate-customer-assets'])
})
afterAll(async () => {
  place.remove()
  await aws.stop()
})

const as = (who: keyof typeof ACCOUNTS, command: string[], more: Record<string, string> = {}, user = 'admin') =>
  place.run(command, { ...aws.environmentFor(ACCOUNTS[who], user), ...more })

describe('a step of another role is refused, and the right one is named', () => {
  it.each([
    ['B', 'deploy-wallet-long-lived', 'the infrastructure admin (account 111111111111)'],
    ['C', 'deploy-service-images', 'the infrastructure admin (account 111111111111)'],
    ['C', 'populate-secrets-wallet', 'the infrastructure admin (account 111111111111)'],
    ['A', 'deploy-policy-node1-long-lived', 'the Policy Node 1 admin (account 222222222222)'],
    ['C', 'populate-secrets-policy-node1', 'the Policy Node 1 admin (account 222222222222)'],
    ['B', 'pin-peers-policy-node2', 'the Policy Node 2 admin (account 333333333333)'],
    ['A', 'deploy-approver-app', 'the Approver App admin (account 222222222222)'],
  ] as const)('%s: %s', async (who, command, right) => {
    const { code, err } = await as(who, [command])
    expect([code, err]).toEqual([3, expect.stringContaining(`${command} is a step of ${right}; you are`)])
    expect(err).toContain('make my-steps')
  })

  it('also when the account could but ROLE says otherwise', async () => {
    const { code, err } = await as('A', ['deploy-wallet'], { ROLE: 'policy-node0-admin' })
    expect([code, err]).toEqual([3, expect.stringContaining('you are the Policy Node 0 admin')])
  })

  it('also without AWS, for a step on files', async () => {
    const { code, err } = await place.run(['generate-conf-files'], { ROLE: 'policy-node1-admin' })
    expect([code, err]).toEqual([
      3,
      expect.stringContaining('generate-conf-files is a step of the infrastructure admin'),
    ])
  })

  it('refuses a ROLE that works in another account', async () => {
    const { code, err } = await as('A', ['deploy-baseline'], { ROLE: 'policy-node2-admin' })
    expect([code, err]).toEqual([3, expect.stringContaining('works in account 333333333333')])
  })

  it('refuses an account without a part, root, an unknown role, and nobody', async () => {
    expect(await as('stranger', ['deploy-baseline'])).toMatchObject({
      code: 3,
      err: expect.stringContaining('has no part in acme-custody testnet'),
    })
    for (const command of ['deploy-baseline', 'deploy-policy-node0-long-lived', 'whoami', 'pull-customer-assets'])
      expect(await as('A', [command], { SIGNING_KEY_FINGERPRINT: 'x' }, 'root')).toMatchObject({
        code: 3,
        err: expect.stringContaining('root user of account 111111111111'),
      })
    expect(await as('A', ['deploy-baseline'], { ROLE: 'boss' })).toMatchObject({
      code: 2,
      err: expect.stringContaining('ROLE=boss is no role'),
    })
    const nobody = { AWS_ACCESS_KEY_ID: 'AKIDUNKNOWN', AWS_SECRET_ACCESS_KEY: 'x' }
    expect(await as('A', ['whoami'], nobody)).toMatchObject({
      code: 1,
      err: expect.stringContaining('AWS does not know the caller'),
    })
  })

  it('refuses a wrong region before anything is asked of AWS', async () => {
    const before = aws.calls.length
    expect(await as('A', ['deploy-wallet-long-lived'], { AWS_REGION: 'eu-west-1' })).toMatchObject({ code: 1 })
    expect(aws.calls.length).toBe(before)
  })
})

describe('whoami', () => {
  it('shows account, caller, roles and environment', async () => {
    const { out } = await as('A', ['whoami', '--json'])
    expect(JSON.parse(out)).toEqual({
      account: '111111111111',
      arn: 'arn:aws:iam::111111111111:user/admin',
      roles: ['infrastructure-admin', 'policy-node0-admin'],
      namespace: 'acme-custody',
      environment: 'testnet',
      region: 'us-east-1',
    })
  })
})

describe('my-steps', () => {
  it('lists the steps of ROLE and names the other roles of the same account', async () => {
    const { code, out } = await place.run(['my-steps'], { ROLE: 'infrastructure-admin' })
    expect(code).toBe(0)
    expect(out).toMatch(/^12 +make populate-secrets-wallet /m)
    expect(out).toContain('make my-steps ROLE=policy-node0-admin')
    expect((await place.run(['my-steps'], { ROLE: 'policy-node2-admin' })).out).not.toContain('Your account is also')
  })

  it('needs a ROLE', async () => {
    expect(await place.run(['my-steps'])).toMatchObject({ code: 2, err: expect.stringContaining('ROLE is not set') })
  })
})

describe('preflight', () => {
  const findings = async (more: Record<string, string> = {}) => {
    const tools =
      'make=GNU Make 4.4\naws=aws-cli/2.31.0 Python/3\ndocker=Docker version 28.1.0\ncosign=GitVersion: v2.5.0'
    const { code, out } = await as('B', ['preflight', '--json'], {
      TRIVAULT_HOST_TOOLS: tools,
      SIGNING_KEY_FINGERPRINT: 'sha256:aa',
      ...more,
    })
    const document = JSON.parse(out) as {
      findings: { level: string; check: string; message: string; remedy?: string }[]
    }
    return { code, bad: document.findings.filter(({ level }) => level !== 'ok'), all: document.findings }
  }

  it('has one line for each check, all good', async () => {
    const { code, bad, all } = await findings()
    expect([code, bad]).toEqual([0, []])
    expect(all.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        'make',
        'aws',
        'docker',
        'cosign',
        'NAMESPACE',
        'files',
        'tenant-setup.json',
        'caller',
        'clock',
        'role',
      ]),
    )
    expect(all.at(-1)?.message).toBe('Policy Node 1 admin, Approver App admin')
  })

  it.each([
    [
      'an old AWS CLI',
      { TRIVAULT_HOST_TOOLS: 'make=GNU Make 4.4\naws=aws-cli/1.18.1\ndocker=Docker version 28.1.0' },
      'aws',
      /1\.18 is too old/,
      /2\.9/,
    ],
    [
      'no Docker',
      { TRIVAULT_HOST_TOOLS: 'make=GNU Make 4.4\naws=aws-cli/2.31.0' },
      'docker',
      /not installed/,
      /DEPLOYER=local/,
    ],
    ['an unset variable', { MPA_IMAGE_TAG: '' }, 'MPA_IMAGE_TAG', /not set/, /export MPA_IMAGE_TAG=/],
    [
      'another environment',
      { ENV_PREFIX: 'mainnet' },
      'bd-wallet.yml:5 environment',
      /ENV_PREFIX=mainnet/,
      /export ENV_PREFIX=testnet/,
    ],
  ])('names %s with its remedy', async (_what, more, check, message, remedy) => {
    const { code, bad } = await findings(more)
    expect(code).toBe(1)
    const finding = bad.find(one => one.check === check)
    expect(finding?.message).toMatch(message)
    expect(finding?.remedy).toMatch(remedy)
  })

  it('names a clock that is off', async () => {
    const late = await place.run(
      ['preflight', '--json'],
      aws.environmentFor(ACCOUNTS.B, 'admin'),
      () => Date.now() + 90_000,
    )
    expect(late.code).toBe(1)
    expect((JSON.parse(late.out) as { findings: object[] }).findings).toContainEqual({
      level: 'fail',
      check: 'clock',
      message: expect.stringMatching(/differs from AWS by (89|90|91) s/),
      remedy: expect.stringContaining('NTP'),
    })
  })

  it('names a set-up that the nodes would refuse, and secrets that others can read', async () => {
    place.edit('tenant-setup.json', 'bob@example.com', 'eve@example.com')
    place.write('customer-secrets.yml', 'x: y\n')
    const { bad } = await findings()
    place.edit('tenant-setup.json', 'eve@example.com', 'bob@example.com')
    expect(bad.map(({ check }) => check)).toEqual(['tenant-setup.json:2 Users', 'customer-secrets.yml'])
    expect(bad[1]?.remedy).toBe('chmod 600 customer-secrets.yml')
  })
})
