import { add, change, type Fault, root } from './fault.ts'

/** Changes the statements of the table's policy. */
const anchorPolicy = (by: (statements: unknown[]) => void): Fault['seed'] =>
  change('policy-node1-long-lived', 'Anchor', p => {
    const { PolicyDocument } = p.ResourcePolicy as { PolicyDocument: { Statement: unknown[] } }
    by(PolicyDocument.Statement)
  })

/** Changes the one statement of the anchor's user. */
const anchorUser = (by: (statement: { Action: string[]; Resource: unknown }) => void): Fault['seed'] =>
  change('policy-node1-long-lived', 'AnchorUser', p => {
    const [policy] = p.Policies as { PolicyDocument: { Statement: { Action: string[]; Resource: unknown }[] } }[]
    const [own] = policy?.PolicyDocument.Statement ?? []
    if (own === undefined) throw new Error('the user has no policy')
    by(own)
  })

export const anchorFaults: readonly Fault[] = [
  {
    what: 'an anchor that its host writes',
    caughtBy: 'anchor-only-its-user',
    seed: anchorPolicy(statements =>
      statements.push({
        Sid: 'HostVotes',
        Effect: 'Allow',
        Principal: root('111111111111'),
        Action: ['dynamodb:PutItem'],
        Resource: '*',
        Condition: {
          ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111111111111:role/acme-custody-testnet-policy-node1-host' },
        },
      }),
    ),
  },
  {
    what: 'an anchor that the whole of its account writes',
    caughtBy: 'anchor-only-its-user',
    seed: anchorPolicy(statements => statements.splice(0)),
  },
  {
    what: 'an anchor of which one way to write is left open',
    caughtBy: 'anchor-only-its-user',
    seed: anchorPolicy(([only]) => {
      const { Action } = only as { Action: string[] }
      Action.splice(Action.indexOf('dynamodb:BatchWriteItem'), 1)
    }),
  },
  {
    what: 'an anchor that is kept from others on a further condition',
    caughtBy: 'anchor-only-its-user',
    seed: anchorPolicy(([only]) => {
      const { Condition } = only as { Condition: Record<string, unknown> }
      Condition.Bool = { 'aws:ViaAWSService': 'true' }
    }),
  },
  {
    what: "an anchor that another node's user writes too",
    caughtBy: 'anchor-only-its-user',
    seed: anchorPolicy(([only]) => {
      const { Condition } = only as { Condition: { ArnNotEquals: Record<string, unknown> } }
      const users = [0, 1].map(node => `arn:aws:iam::222222222222:user/acme-custody-testnet-policy-node${node}-anchor`)
      Condition.ArnNotEquals['aws:PrincipalArn'] = users
    }),
  },
  {
    what: 'an anchor that is kept from others elsewhere',
    caughtBy: 'anchor-only-its-user',
    seed: anchorPolicy(([only]) => {
      ;(only as { Resource: string }).Resource = 'arn:aws:dynamodb:us-east-1:222222222222:table/other'
    }),
  },
  {
    what: 'an anchor user who may also change who writes',
    caughtBy: 'anchor-user-only-rows',
    seed: anchorUser(own => own.Action.push('dynamodb:PutResourcePolicy')),
  },
  {
    what: 'an anchor user with rights on every table',
    caughtBy: 'anchor-user-only-rows',
    seed: anchorUser(own => {
      own.Resource = '*'
    }),
  },
  {
    what: 'an anchor user in a group',
    caughtBy: 'no-other-user',
    seed: change('policy-node1-long-lived', 'AnchorUser', p => {
      p.Groups = ['admins']
    }),
  },
  {
    what: 'a second user',
    caughtBy: 'no-other-user',
    seed: add('-testnet-wallet', { Type: 'AWS::IAM::User', Properties: { UserName: 'mallory' } }),
  },
  {
    what: 'an access key whose secret CloudFormation knows',
    caughtBy: 'no-other-user',
    seed: add('policy-node1-long-lived', {
      Type: 'AWS::IAM::AccessKey',
      Properties: { UserName: 'acme-custody-testnet-policy-node1-anchor' },
    }),
  },
  {
    what: 'a policy beside the anchor user',
    caughtBy: 'no-other-user',
    seed: add('policy-node1-long-lived', {
      Type: 'AWS::IAM::Policy',
      Properties: { Users: ['acme-custody-testnet-policy-node1-anchor'] },
    }),
  },
  {
    what: 'a host that reads a table',
    caughtBy: 'no-role-on-anchor',
    seed: change('nitro-nodes', 'Host1Role', p => {
      const [policy] = p.Policies as { PolicyDocument: { Statement: unknown[] } }[]
      const Resource = 'arn:aws:dynamodb:us-east-1:222222222222:table/acme-custody-testnet-policy-node1-anchor'
      policy?.PolicyDocument.Statement.push({ Effect: 'Allow', Sid: 'Seeded', Action: ['dynamodb:GetItem'], Resource })
    }),
  },
]
