import { beforeAll, describe, expect, it, vi } from 'vitest'
import { proveSeparation } from '../../src/separation/report.ts'
import { separationText } from '../../src/separation/text.ts'
import type { StackTemplate } from '../../src/stacks/checks/index.ts'
import { pcrs, synthesiseLayout } from '../stacks/layouts.ts'
import { at, type Properties, plus, resource, STRANGER, type Statement, toldOf, WALLET } from './seeds.ts'

vi.stubEnv('CDK_VALIDATION', 'false')

let layout: ReturnType<typeof synthesiseLayout>
beforeAll(() => {
  layout = synthesiseLayout('four-accounts')
})

const onKey = (statement: Statement) =>
  plus('policy-node1-long-lived', 'NodeKey', 'KeyPolicy', {
    Sid: 'Seeded',
    Effect: 'Allow',
    Resource: '*',
    ...statement,
  })

const told = (seed: (templates: StackTemplate[]) => void) => toldOf(layout, seed)

describe.each([0, 1, 2])('the role of host %i', node => {
  it('names its own secrets, files, table, key and log, and nothing of another node', () => {
    const { template } = layout.templates.find(({ stack }) => stack.endsWith('nitro-nodes')) ?? {}
    const policies = JSON.stringify(template?.Resources[`Host${node}Role`]?.Properties?.Policies)
    const named = new Set([...policies.matchAll(/node(\d)/g)].map(([, index]) => Number(index)))
    expect([...named]).toEqual([node])
    expect(policies).toContain(`log-stream:node${node}"`)
  })
})

describe('prove-separation', () => {
  it('holds for four accounts as they are', () => expect(told(() => undefined)).toBe(''))

  it.each([
    ['the account', { AWS: `arn:aws:iam::${WALLET}:root` }],
    ['a user', { AWS: `arn:aws:iam::${WALLET}:user/mallory` }],
    ['a session of a role', { AWS: `arn:aws:sts::${WALLET}:assumed-role/acme-custody-mainnet-wallet-task/one` }],
    ['a role', { AWS: `arn:aws:iam::${WALLET}:role/acme-custody-mainnet-policy-node1-host` }],
  ])('names the wallet account when %s of it may change one node’s key policy', (_what, Principal) => {
    expect(told(onKey({ Principal, Action: 'kms:PutKeyPolicy' }))).toContain(
      `administrator of ${WALLET} changes the key policy of Policy Node 1`,
    )
  })

  describe('when the key answers an enclave of other measurements', () => {
    const host = { AWS: `arn:aws:iam::${WALLET}:root` }
    const registers = (digits: string) =>
      Object.fromEntries([0, 1, 2].map(i => [`kms:RecipientAttestation:PCR${i}`, digits.repeat(48)]))
    const answers = (measurements: object) =>
      onKey({ Principal: host, Action: 'kms:Decrypt', Condition: { StringEqualsIgnoreCase: measurements } })

    it('names the image that is of no checked release, and who could start it', () => {
      const lines = told(answers(registers('d4')))
      expect(lines).toContain(
        'the key of Policy Node 1 answers an enclave image that is of no checked release (Seeded)',
      )
      expect(lines).toContain(`administrator of ${WALLET} decrypts of Policy Node 1`)
    })

    it.each([
      ['one register of another image', { ...registers('a1'), 'kms:RecipientAttestation:PCR1': 'd4'.repeat(48) }],
      ['measurements in another order', { ...registers('c3') }],
    ])('takes %s for another image', (_what, measurements) => {
      expect(told(answers(measurements))).toContain('of no checked release (Seeded)')
    })

    it('takes an image that the caller answers for, and says so when nothing was compared', () => {
      const { deployment } = layout
      const templates = structuredClone(layout.templates)
      answers(registers('d4'))(templates)
      const other = 'd4'.repeat(48)
      const images = [{ PCR0: other, PCR1: other, PCR2: other }]
      const prove = (more: Partial<Parameters<typeof proveSeparation>[0]>) =>
        proveSeparation({ deployment, templates, administrators: {}, ...more })
      const foreign = ({ violations }: ReturnType<typeof prove>) =>
        violations.filter(line => line.includes('no checked'))
      expect(foreign(prove({ images: [pcrs, ...images] }))).toEqual([])
      expect(foreign(prove({ images }))).toHaveLength(3)
      expect([foreign(prove({})), prove({}).compared]).toEqual([[], false])
      expect(separationText(prove({}), deployment)).toContain('NOT compared')
      expect(separationText(prove({ images: [pcrs] }), deployment)).toContain('Seeded: PCRs OF NO CHECKED RELEASE')
      expect(separationText(prove({ images: [pcrs, ...images] }), deployment)).not.toMatch(/NOT compared|OF NO CHECKED/)
    })
  })

  it('names an account that is no part of the environment', () => {
    const Principal = { AWS: `arn:aws:iam::${STRANGER}:root` }
    expect(told(onKey({ Principal, Action: 'kms:PutKeyPolicy' }))).toContain(
      `administrator of ${STRANGER} changes the key policy of Policy Node 1`,
    )
  })

  it('names whoever is named by a condition only', () => {
    const Condition = { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${WALLET}:user/mallory` } }
    expect(
      told(onKey({ Principal: { AWS: `arn:aws:iam::${WALLET}:root` }, Action: 'kms:PutKeyPolicy', Condition })),
    ).toContain(`administrator of ${WALLET} changes the key policy of Policy Node 1`)
  })

  it('takes a service that may make grants for everybody', () => {
    expect(told(onKey({ Principal: { Service: 'autoscaling.amazonaws.com' }, Action: 'kms:CreateGrant' }))).toContain(
      `administrator of ${WALLET} changes the key policy of Policy Node 1`,
    )
  })

  it.each([
    ['a copy of the key in another region', { Action: 'kms:ReplicateKey' }],
    ['key material from outside', { Action: 'kms:ImportKeyMaterial' }],
    ['an action behind a function', { Action: { 'Fn::Sub': 'kms:PutKeyPolicy' } }],
    ['an effect behind a function', { Effect: { Ref: 'Effect' }, Action: 'kms:PutKeyPolicy' }],
  ])('sees %s', (_what, statement) => {
    expect(told(onKey({ Principal: { AWS: WALLET }, ...statement }))).toContain(
      `administrator of ${WALLET} changes the key policy of Policy Node 1`,
    )
  })

  it.each<[string, string, Statement]>([
    ['the wallet account', WALLET, { Principal: { AWS: `arn:aws:iam::${WALLET}:root` }, Action: 'kms:Sign' }],
    ['another node’s account', '333333333333', { Principal: { AWS: '333333333333' }, Action: 'kms:*' }],
    ['an account from outside', STRANGER, { Principal: { AWS: `arn:aws:iam::${STRANGER}:root` }, Action: 'kms:Sign' }],
    ['everybody', WALLET, { Principal: '*', Action: 'kms:Si*' }],
    ['whoever is given a grant', WALLET, { Principal: { AWS: WALLET }, Action: 'kms:CreateGrant' }],
    ['whoever changes its policy', WALLET, { Principal: { AWS: WALLET }, Action: 'kms:PutKeyPolicy' }],
    [
      'the host’s role, by a condition',
      WALLET,
      {
        Principal: { AWS: `arn:aws:iam::${WALLET}:root` },
        Action: 'kms:Sign',
        Condition: {
          ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${WALLET}:role/acme-custody-mainnet-policy-node1-host` },
        },
      },
    ],
  ])('names %s when it may sign as a node’s admin', (_what, account, statement) => {
    const seed = plus('policy-node1-long-lived', 'AdminKey', 'KeyPolicy', {
      ...{ Sid: 'Seeded', Effect: 'Allow', Resource: '*', ...statement },
    })
    const lines = told(seed)
    expect(lines).toContain(`administrator of ${account} signs as the admin of Policy Node 1`)
    expect(lines).toMatch(/admin-key-only-its-account: AdminKey Seeded/)
  })

  it('names a host whose role may sign where the key is in its own account', () => {
    const signing = { Sid: 'Seeded', Effect: 'Allow', Action: ['kms:Sign'], Resource: '*' }
    const seed = (templates: StackTemplate[]) => {
      const hosts = templates.find(({ stack }) => stack.endsWith('nitro-nodes'))
      const [policy] = (hosts?.template.Resources.Host0Role?.Properties?.Policies ?? []) as {
        PolicyDocument: { Statement: unknown[] }
      }[]
      policy?.PolicyDocument.Statement.push(signing)
    }
    const recommended = synthesiseLayout('recommended')
    const before = proveSeparation({ ...recommended, administrators: {} })
    expect(before.violations).toEqual([])
    expect(before.keys.map(({ signedBy }) => signedBy)).toEqual(
      recommended.deployment.accounts.policyNodes.map(account => [`administrator of ${account}`]),
    )
    const templates = structuredClone(recommended.templates)
    seed(templates)
    const lines = proveSeparation({ ...recommended, templates, administrators: {} }).violations.join('\n')
    expect(lines).toContain('policy-node0-host signs as the admin of Policy Node 0')
    expect(lines).toMatch(/no-role-signs: Host0Role Seeded/)
  })

  it('misses an admin key that is not there', () => {
    expect(
      told(templates => {
        const stack = templates.find(one => one.stack.endsWith('policy-node1-long-lived'))
        delete (stack?.template.Resources as Record<string, unknown> | undefined)?.AdminKeyAlias
      }),
    ).toContain('there is no admin key of Policy Node 1 in the templates')
  })

  it('sees a statement behind a condition of the template', () => {
    const hidden = { Sid: 'Hidden', Effect: 'Allow', Principal: { AWS: WALLET }, Action: 'kms:Decrypt', Resource: '*' }
    const statement = { 'Fn::If': ['Never', hidden, { Ref: 'AWS::NoValue' }] }
    expect(told(plus('policy-node1-long-lived', 'NodeKey', 'KeyPolicy', statement))).toContain(
      'the key of Policy Node 1 answers outside a measured enclave (Hidden)',
    )
  })

  it('sees a policy that is written as text', () => {
    const text = (properties: Properties) => {
      const policy = properties.KeyPolicy as { Statement: unknown[] }
      policy.Statement.push({
        Sid: 'Text',
        Effect: 'Allow',
        Principal: { AWS: WALLET },
        Action: 'kms:*',
        Resource: '*',
      })
      properties.KeyPolicy = JSON.stringify(policy)
    }
    expect(told(at('policy-node1-long-lived', 'NodeKey', text))).toContain(
      'the key of Policy Node 1 answers outside a measured enclave (Text)',
    )
  })

  it.each([
    ['MultiRegion', true, 'other regions can have a copy with another policy'],
    ['Origin', 'EXTERNAL', 'whoever made it has it'],
  ])('refuses a node key of %s %s', (name, value, why) => {
    expect(
      told(
        at('policy-node1-long-lived', 'NodeKey', properties => {
          properties[name] = value
        }),
      ),
    ).toContain(why)
  })

  it.each([
    ['a policy beside the role', 'AWS::IAM::Policy', { Roles: ['acme-custody-mainnet-wallet-task'] }],
    ['a user', 'AWS::IAM::User', { UserName: 'mallory' }],
  ])('names %s that may pass on a role to an instance', (_what, Type, properties) => {
    const document = {
      Statement: [{ Effect: 'Allow', Action: ['iam:PassRole', 'ec2:RunInstances'], Resource: '*' }],
    }
    const Properties = { ...properties, PolicyDocument: document, Policies: [{ PolicyDocument: document }] }
    expect(told(resource('-mainnet-wallet', 'Seeded', { Type, Properties }))).toMatch(/no-escalation: Seeded/)
  })

  it.each(['ssm:SendCommand', 'ssm:StartSession', 'ecs:ExecuteCommand', 'iam:SetDefaultPolicyVersion'])(
    'names a role that becomes another one by %s',
    Action => {
      const seed = at('-mainnet-wallet', 'WalletTaskRole', properties => {
        const [own] = properties.Policies as { PolicyDocument: { Statement: unknown[] } }[]
        own?.PolicyDocument.Statement.push({ Sid: 'Seeded', Effect: 'Allow', Action, Resource: 'arn:aws:x:y:z:w' })
      })
      expect(told(seed)).toMatch(/no-escalation: WalletTaskRole Seeded/)
    },
  )

  it.each(['secretsmanager:PutSecretValue', 'secretsmanager:PutResourcePolicy', 'secretsmanager:*'])(
    'names the wallet account when a node’s pins may be replaced from there (%s)',
    Action => {
      const change = at('policy-node1-long-lived', 'PinsPolicy', properties => {
        const { Statement } = properties.ResourcePolicy as { Statement: { Action: string[] }[] }
        Statement[0]?.Action.push(Action)
      })
      const lines = told(change)
      expect(lines).toContain(`administrator of ${WALLET} writes the pins of Policy Node 1`)
      expect(lines).toMatch(/node-secret-only-its-host: PinsPolicy HostReads: more than reading/)
    },
  )

  it.each(['s3:PutObject', 's3:PutBucketPolicy', 's3:*'])(
    'names the wallet account when it may replace the Approver App’s files (%s)',
    Action => {
      const statement = {
        Sid: 'Seeded',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${WALLET}:root` },
        Action,
        Resource: '*',
      }
      const lines = told(plus('approver-app', 'FilesBucketPolicy', 'PolicyDocument', statement))
      expect(lines).toContain(`administrator of ${WALLET} replaces the files of the Approver App`)
      expect(lines).toMatch(/bucket-only-services: FilesBucketPolicy Seeded/)
    },
  )

  it('reads what two patterns have in common', () => {
    const seed = at('-mainnet-wallet', 'WalletTaskRole', properties => {
      const [own] = properties.Policies as { PolicyDocument: { Statement: unknown[] } }[]
      own?.PolicyDocument.Statement.push({
        Sid: 'Seeded',
        Effect: 'Allow',
        Action: ['kms:PutKeyPolicy'],
        Resource: 'arn:aws:kms:*:222222222222:key/1*',
      })
    })
    const open = onKey({ Principal: { AWS: WALLET }, Action: 'kms:PutKeyPolicy' })
    const lines = told(templates => {
      seed(templates)
      open(templates)
    })
    expect(lines).toContain('acme-custody-mainnet-wallet-task changes the key policy of Policy Node 1')
  })
})
