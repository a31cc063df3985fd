import { beforeAll, describe, expect, it, vi } from 'vitest'
import { proveSeparation } from '../../src/separation/report.ts'
import type { StackTemplate } from '../../src/stacks/checks/index.ts'
import { synthesiseLayout } from '../stacks/layouts.ts'
import { at, resource, STRANGER, type Statement, toldOf, WALLET } from './seeds.ts'

vi.stubEnv('CDK_VALIDATION', 'false')

let layout: ReturnType<typeof synthesiseLayout>
beforeAll(() => {
  layout = synthesiseLayout('four-accounts')
})
const told = (seed: (templates: StackTemplate[]) => void) => toldOf(layout, seed)

describe('prove-separation of the anchors', () => {
  it('finds the user of each node’s anchor, and nobody else beside the account, at its rows', () => {
    const { keys } = proveSeparation({ ...layout, administrators: {} })
    expect(keys.map(({ anchorWritableBy }) => anchorWritableBy)).toEqual(
      layout.deployment.accounts.policyNodes.map((account, node) => [
        `administrator of ${account}`,
        `acme-custody-mainnet-policy-node${node}-anchor`,
      ]),
    )
  })

  const onTable = (statement: Statement) => (templates: StackTemplate[]) =>
    at('policy-node1-long-lived', 'Anchor', properties => {
      const { PolicyDocument } = properties.ResourcePolicy as { PolicyDocument: { Statement: unknown[] } }
      PolicyDocument.Statement.push({ Sid: 'Seeded', Effect: 'Allow', Resource: '*', ...statement })
    })(templates)
  const host = {
    ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${WALLET}:role/acme-custody-mainnet-policy-node1-host` },
  }

  it.each<[string, string, Statement]>([
    ['the wallet account', WALLET, { Principal: { AWS: WALLET }, Action: 'dynamodb:PutItem' }],
    ['the host’s role', WALLET, { Principal: { AWS: WALLET }, Action: 'dynamodb:UpdateItem', Condition: host }],
    ['another node’s account', '333333333333', { Principal: { AWS: '333333333333' }, Action: 'dynamodb:*' }],
    ['an account from outside', STRANGER, { Principal: { AWS: STRANGER }, Action: 'dynamodb:BatchWriteItem' }],
    ['everybody', WALLET, { Principal: '*', Action: 'dynamodb:DeleteItem' }],
    ['whoever changes its policy', WALLET, { Principal: { AWS: WALLET }, Action: 'dynamodb:PutResourcePolicy' }],
    ['whoever drops it', WALLET, { Principal: { AWS: WALLET }, Action: 'dynamodb:DeleteTable' }],
    ['whoever restores it', WALLET, { Principal: { AWS: WALLET }, Action: 'dynamodb:Restore*' }],
    ['whoever lets rows expire', WALLET, { Principal: { AWS: WALLET }, Action: 'dynamodb:UpdateTimeToLive' }],
  ])('names %s when it may write a node’s anchor', (_what, account, statement) => {
    const lines = told(onTable(statement))
    expect(lines).toContain(`administrator of ${account} writes the anchor of Policy Node 1`)
    expect(lines).toMatch(/anchor-only-its-user: Anchor Seeded: lets somebody in/)
  })

  it('names who may only read a node’s anchor, too', () => {
    const lines = told(onTable({ Principal: { AWS: WALLET }, Action: 'dynamodb:GetItem' }))
    expect(lines).toContain(`administrator of ${WALLET} reads the anchor of Policy Node 1`)
    expect(lines).not.toContain('writes the anchor')
  })

  it.each([
    ['iam:CreateAccessKey', 'arn:aws:iam::222222222222:user/*'],
    ['iam:PutUserPolicy', '*'],
    ['iam:CreateUser', 'arn:aws:iam::222222222222:user/acme-*'],
    ['iam:DeleteAccessKey', 'arn:aws:iam::222222222222:user/acme-custody-mainnet-policy-node1-anchor'],
  ])('names a role that becomes the user of a node’s anchor, or takes its key (%s)', (Action, Resource) => {
    const PolicyDocument = { Statement: [{ Sid: 'Seeded', Effect: 'Allow', Action, Resource }] }
    const Properties = { RoleName: 'mallory', Policies: [{ PolicyDocument }] }
    expect(told(resource('policy-node1-long-lived', 'Mallory', { Type: 'AWS::IAM::Role', Properties }))).toContain(
      'mallory takes the anchor’s user of Policy Node 1',
    )
  })

  it('names a host whose role may write a table of its own account', () => {
    const recommended = synthesiseLayout('recommended')
    const templates = structuredClone(recommended.templates)
    at('nitro-nodes', 'Host1Role', properties => {
      const [own] = properties.Policies as { PolicyDocument: { Statement: unknown[] } }[]
      const Resource = `arn:aws:dynamodb:*:${WALLET}:table/*`
      own?.PolicyDocument.Statement.push({ Sid: 'Seeded', Effect: 'Allow', Action: ['dynamodb:PutItem'], Resource })
    })(templates)
    const lines = proveSeparation({ ...recommended, templates, administrators: {} }).violations.join('\n')
    expect(lines).toContain('acme-custody-testnet-policy-node1-host writes the anchor of Policy Node 0')
    expect(lines).toMatch(/no-role-on-anchor: Host1Role Seeded/)
  })
})
