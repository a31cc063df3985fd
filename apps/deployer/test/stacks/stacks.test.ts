import { beforeAll, describe, expect, it, vi } from 'vitest'
import { proveSeparation } from '../../src/separation/report.ts'
import { checkTemplates, invariants, type StackTemplate } from '../../src/stacks/checks/index.ts'
import { faults } from './faults.ts'
import { type Layout, layouts, pcrs, releaseInputs, synthesise, synthesiseLayout } from './layouts.ts'
import { summary } from './summary.ts'

vi.stubEnv('CDK_VALIDATION', 'false')

type Synthesised = ReturnType<typeof synthesiseLayout>
const synthesised = {} as Record<Layout, Synthesised>
beforeAll(() => {
  for (const layout of layouts) synthesised[layout] = synthesiseLayout(layout)
})

/** Every account has a person of its own. */
const actors = ({ templates }: Synthesised) =>
  Object.fromEntries(templates.map(({ account }) => [account, `Actor ${account[0]}`]))

const prove = (layout: Layout, templates?: StackTemplate[], administrators?: Record<string, string>) => {
  const of = synthesised[layout]
  return proveSeparation({
    deployment: of.deployment,
    templates: templates ?? of.templates,
    administrators: { ...actors(of), ...administrators },
  })
}

describe.each(layouts)('the stacks of layout %s', layout => {
  it('keep every invariant', () => {
    const { deployment, templates } = synthesised[layout]
    expect(checkTemplates(templates, deployment)).toEqual([])
  })

  it('are these', () => {
    expect(synthesised[layout].templates.map(summary).join('\n')).toMatchSnapshot()
  })

  it('are the same bytes for the same input', () => {
    const { deployment, templates } = synthesised[layout]
    const again = synthesise(deployment, [{ kind: 'policy-node-long-lived', node: 2, pcrs: [pcrs] }])
    expect(again).toEqual(templates.filter(({ stack }) => stack.endsWith('policy-node2-long-lived')))
  })
})

describe('seeded faults', () => {
  it.each(faults.map(fault => [fault.what, fault] as const))('%s is caught and named', (_what, { seed, caughtBy }) => {
    const { deployment, templates } = synthesised.recommended
    const broken = structuredClone(templates)
    seed(broken, deployment)
    const found = checkTemplates(broken, deployment).map(({ invariant }) => invariant)
    expect(found).toContain(caughtBy)
  })

  it('break most of the invariants there are', () => {
    const broken = new Set(faults.map(({ caughtBy }) => caughtBy))
    expect(invariants.map(({ name }) => name).filter(name => !broken.has(name))).toEqual([
      'bucket-encrypted',
      'database-protected',
      'database-backed-up',
      'database-tls',
      'key-rotates',
      'no-bare-instance',
      'volumes-encrypted',
      'template-fits-inline',
    ])
  })
})

describe('measurements', () => {
  const build = (sets: (typeof pcrs)[]) => () =>
    synthesise(synthesised.recommended.deployment, [{ kind: 'policy-node-long-lived', node: 0, pcrs: sets }])

  it('of two images during an upgrade stand in two statements', () => {
    const [stack] = build([pcrs, { ...pcrs, PCR0: 'd4'.repeat(48), PCR8: 'e5'.repeat(48) }])()
    const policy = JSON.stringify(stack?.template.Resources.NodeKey?.Properties?.KeyPolicy)
    expect(policy.match(/kms:Decrypt"/g)).toHaveLength(2)
    expect(policy).toContain(`"kms:RecipientAttestation:PCR8":"${'e5'.repeat(48)}"`)
  })

  it.each([
    ['none', [], 'not 0'],
    ['three sets', [pcrs, pcrs, pcrs], 'not 3'],
    ['zeros', [{ ...pcrs, PCR0: '0'.repeat(96) }], 'debug mode'],
    ['a short one', [{ ...pcrs, PCR1: 'ab' }], 'PCR1 is not 96'],
  ])('rejects %s', (_what, sets, message) => {
    expect(build(sets)).toThrow(message)
  })
})

describe('separation of duties', () => {
  it('holds in the recommended layout with Actor A holding wallet and Policy Node 0', () => {
    const report = prove('recommended')
    expect(report.violations).toEqual([])
    expect(report.holds).toBe(true)
    expect(report.people.map(({ person, shares }) => [person, shares])).toEqual([
      ['Actor 1', [0]],
      ['Actor 2', [1]],
      ['Actor 3', [2]],
    ])
  })

  it('gives the infrastructure admin no share where node 0 has an account of its own', () => {
    expect(prove('four-accounts').people.find(({ accounts }) => accounts.includes('111111111111'))?.shares).toEqual([])
  })

  it('is absent in one account', () => {
    const { holds, violations } = prove('one-account')
    expect(holds).toBe(false)
    expect(violations).toContain('Actor 1 reaches the key shares of Policy Nodes 0, 1, 2')
  })

  it('names who changes a key policy: the administrator of its account alone', () => {
    expect(prove('recommended').keys.map(({ changeableBy }) => changeableBy)).toEqual([
      ['administrator of 111111111111'],
      ['administrator of 222222222222'],
      ['administrator of 333333333333'],
    ])
  })

  it('fails when one person administers two node accounts', () => {
    const { violations } = prove('recommended', undefined, { '333333333333': 'Bob', '222222222222': 'Bob' })
    expect(violations).toEqual(['Bob reaches the key shares of Policy Nodes 1, 2'])
  })

  it('fails when who runs the wallet serves the Approver App', () => {
    const { violations } = prove('four-accounts', undefined, { '111111111111': 'Ann', '222222222222': 'Ann' })
    expect(violations).toEqual(['Ann runs the wallet and serves the Approver App too'])
  })

  const broken = (seed: (templates: StackTemplate[]) => void) => {
    const templates = structuredClone(synthesised.recommended.templates)
    seed(templates)
    return prove('recommended', templates)
  }
  const nodeStack = (templates: StackTemplate[], node: number) => {
    const found = templates.find(({ stack }) => stack.endsWith(`policy-node${node}-long-lived`))
    return found?.template.Resources as Record<string, { Properties: Record<string, { Statement: object[] }> }>
  }

  it('fails when a host may decrypt without an enclave, and says that the infrastructure admin reaches two shares', () => {
    const { violations } = broken(templates =>
      nodeStack(templates, 1).NodeKey?.Properties.KeyPolicy?.Statement.push({
        Sid: 'Seeded',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111111111111:root' },
        Action: 'kms:Decrypt',
        Resource: '*',
        Condition: {
          ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111111111111:role/acme-custody-testnet-policy-node1-host' },
        },
      }),
    )
    expect(violations).toContain('the key of Policy Node 1 answers outside a measured enclave (Seeded)')
    expect(violations).toContain('Actor 1 reaches the key shares of Policy Nodes 0, 1')
    expect(violations).toContain('acme-custody-testnet-policy-node1-host decrypts of Policy Node 1')
  })

  it('fails when another account may change a key policy, or make a grant', () => {
    for (const Action of ['kms:PutKeyPolicy', 'kms:CreateGrant', 'kms:*']) {
      const { violations } = broken(templates =>
        nodeStack(templates, 2).NodeKey?.Properties.KeyPolicy?.Statement.push({
          Sid: 'Seeded',
          Effect: 'Allow',
          Principal: { AWS: '111111111111' },
          Action,
          Resource: '*',
        }),
      )
      expect(violations).toContain('Actor 1 reaches the key shares of Policy Nodes 0, 2')
    }
  })

  it('fails when a principal cannot be read from the template', () => {
    const { violations } = broken(templates =>
      nodeStack(templates, 2).NodeKey?.Properties.KeyPolicy?.Statement.push({
        Sid: 'Seeded',
        Effect: 'Allow',
        Principal: { AWS: { 'Fn::ImportValue': 'whoever' } },
        Action: 'kms:Decrypt',
        Resource: '*',
      }),
    )
    expect(violations).toContain('Actor 1 reaches the key shares of Policy Nodes 0, 2')
  })

  it('fails when a node stack is missing', () => {
    const { violations } = broken(templates => {
      templates.splice(
        templates.findIndex(({ stack }) => stack.endsWith('policy-node1-long-lived')),
        1,
      )
    })
    expect(violations).toContain('there is no key of Policy Node 1 in the templates')
  })

  it('sees a role that could make itself mighty', () => {
    const { violations } = broken(templates => {
      const wallet = templates.find(({ stack }) => stack.endsWith('-testnet-wallet'))
      const policy = wallet?.template.Resources.WalletTaskRole?.Properties?.Policies as {
        PolicyDocument: { Statement: object[] }
      }[]
      policy[0]?.PolicyDocument.Statement.push({
        Sid: 'Seeded',
        Effect: 'Allow',
        Action: 'iam:PutRolePolicy',
        Resource: '*',
      })
    })
    expect(violations).toContain('acme-custody-testnet-wallet-task changes the key policy of Policy Node 0')
  })
})

it('the measured figures of a release are in the templates, and nowhere a secret', () => {
  const { templates, deployment } = synthesised.recommended
  const text = JSON.stringify(templates)
  expect(text).toContain(releaseInputs(deployment).images.wallet)
  expect(text).not.toMatch(/BEGIN [A-Z ]*PRIVATE KEY|AKIA[A-Z0-9]{16}/)
})
