import { anchorFaults } from './anchor-faults.ts'
import { change, type Fault, root, set, stackOf, statement } from './fault.ts'
import { keyFaults } from './key-faults.ts'

const role = (id: string, extra: Record<string, unknown>): Fault['seed'] =>
  change('-testnet-wallet', id, p => {
    const [policy] = p.Policies as { PolicyDocument: { Statement: unknown[] } }[]
    policy?.PolicyDocument.Statement.push({ Effect: 'Allow', Sid: 'Seeded', ...extra })
  })

interface Container extends Record<string, unknown> {
  Environment: unknown[]
  Secrets: unknown[]
}

/** Changes the one container of a task. */
const container = (id: string, by: (container: Container) => void): Fault['seed'] =>
  change('-testnet-wallet', id, p => {
    const [only] = p.ContainerDefinitions as Container[]
    if (only === undefined) throw new Error(`no container in ${id}`)
    by(only)
  })

/** Templates as a hurried or hostile hand would leave them. */
export const faults: readonly Fault[] = [
  ...anchorFaults,
  ...keyFaults,
  {
    what: "a task that signs with a node admin's key",
    caughtBy: 'no-role-signs',
    seed: role('WalletTaskRole', { Action: ['kms:Sign'], Resource: 'arn:aws:kms:us-east-1:222222222222:key/1' }),
  },
  {
    what: 'a web app whose files another account may replace',
    caughtBy: 'bucket-only-services',
    seed: change('approver-app', 'FilesBucketPolicy', p => {
      const { Statement } = p.PolicyDocument as { Statement: unknown[] }
      const Principal = root('111111111111')
      Statement.push({ Sid: 'Seeded', Effect: 'Allow', Principal, Action: 's3:PutObject', Resource: '*' })
    }),
  },
  {
    what: 'an anchor that can be dropped',
    caughtBy: 'table-protected',
    seed: set('policy-node1-long-lived', 'Anchor', { DeletionProtectionEnabled: false }),
  },
  {
    what: 'a task that reads every secret',
    caughtBy: 'no-wildcard-resource',
    seed: role('WalletTaskRole', { Action: ['secretsmanager:GetSecretValue'], Resource: '*' }),
  },
  {
    what: 'a task that may do everything with S3',
    caughtBy: 'no-wildcard-action',
    seed: role('WalletTaskRole', {
      Action: ['s3:*'],
      Resource: 'arn:aws:s3:::acme-custody-testnet-conf-111111111111/*',
    }),
  },
  {
    what: 'a task that passes on a role',
    caughtBy: 'no-escalation',
    seed: role('WalletTaskRole', { Action: ['iam:PassRole'], Resource: 'arn:aws:iam::111111111111:role/x' }),
  },
  {
    what: "a wallet that overwrites a database's credentials",
    caughtBy: 'one-secret-written',
    seed: role('WalletTaskRole', {
      Action: ['secretsmanager:PutSecretValue'],
      Resource: 'arn:aws:secretsmanager:us-east-1:111111111111:secret:bd-wallet.acme-custody.testnet.db-info-??????',
    }),
  },
  {
    what: 'all but what is named',
    caughtBy: 'no-negation',
    seed: role('WalletTaskRole', {
      NotAction: ['iam:*'],
      Resource: 'arn:aws:s3:::acme-custody-testnet-conf-111111111111/*',
    }),
  },
  {
    what: 'a managed policy',
    caughtBy: 'managed-policies',
    seed: set('-testnet-wallet', 'BrokerTaskRole', {
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'],
    }),
  },
  {
    what: 'a role that another account may take',
    caughtBy: 'trust-only-services',
    seed: change('-testnet-wallet', 'BrokerTaskRole', p => {
      statement(p, 'AssumeRolePolicyDocument', 'OnlyTheService').Principal = root('222222222222')
    }),
  },
  {
    what: 'IMDSv1',
    caughtBy: 'imdsv2',
    seed: change('nitro-nodes', 'Host1Template', p => {
      const data = p.LaunchTemplateData as { MetadataOptions: Record<string, unknown> }
      data.MetadataOptions.HttpTokens = 'optional'
    }),
  },
  {
    what: 'a host without an enclave',
    caughtBy: 'enclave',
    seed: change('nitro-nodes', 'Host1Template', p => {
      delete (p.LaunchTemplateData as Record<string, unknown>).EnclaveOptions
    }),
  },
  {
    what: 'SSH',
    caughtBy: 'no-ssh',
    seed: set('wallet-long-lived', 'NodeGroup', {
      SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 20, ToPort: 25, CidrIp: '10.0.0.0/8' }],
    }),
  },
  {
    what: 'a key pair',
    caughtBy: 'no-ssh',
    seed: change('nitro-nodes', 'Host1Template', p => {
      ;(p.LaunchTemplateData as Record<string, unknown>).KeyName = 'admin'
    }),
  },
  {
    what: 'a database group that the internet reaches',
    caughtBy: 'only-api-from-internet',
    seed: set('wallet-long-lived', 'DatabaseGroup', {
      SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, CidrIp: '0.0.0.0/0' }],
    }),
  },
  {
    what: 'a database that is not encrypted',
    caughtBy: 'database-encrypted',
    seed: set('wallet-long-lived', 'Database', { StorageEncrypted: false }),
  },
  {
    what: 'a public database',
    caughtBy: 'database-private',
    seed: set('wallet-long-lived', 'Database', { PubliclyAccessible: true }),
  },
  {
    what: 'a database password in the template',
    caughtBy: 'no-password-in-template',
    seed: set('wallet-long-lived', 'Database', { MasterUserPassword: 'hunter2' }),
  },
  {
    what: 'a bucket without a public access block',
    caughtBy: 'bucket-private',
    seed: change('testnet-baseline', 'ConfBucket', p => {
      delete p.PublicAccessBlockConfiguration
    }),
  },
  {
    what: 'a bucket that answers without TLS',
    caughtBy: 'bucket-tls-only',
    seed: set('testnet-baseline', 'ConfBucketPolicy', { PolicyDocument: { Version: '2012-10-17', Statement: [] } }),
  },
  {
    what: 'image tags that move',
    caughtBy: 'images-immutable',
    seed: set('testnet-baseline', 'WalletRepository', { ImageTagMutability: 'MUTABLE' }),
  },
  {
    what: 'an image by its tag',
    caughtBy: 'images-by-digest',
    seed: container('WalletTask', one => {
      one.Image = '111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-custody-testnet/wallet:latest'
    }),
  },
  {
    what: 'a container as root',
    caughtBy: 'containers-confined',
    seed: container('WalletTask', one => {
      one.User = '0'
    }),
  },
  {
    what: 'database credentials as a plain variable',
    caughtBy: 'environment-not-secret',
    seed: container('WalletTask', one => {
      one.Environment.push({ Name: 'DB_INFO', Value: '{}' })
    }),
  },
  {
    what: 'a secret whose name Secrets Manager misreads',
    caughtBy: 'secret-names',
    seed: container('BrokerTask', one => {
      const arn = 'arn:aws:secretsmanager:us-east-1:111111111111:secret:bd-wallet.acme-custody.testnet.bus-wallet'
      one.Secrets.push({ Name: 'BUS', ValueFrom: arn })
    }),
  },
  {
    what: 'HTTP without TLS',
    caughtBy: 'tls-listener',
    seed: set('-testnet-wallet', 'Https', { Protocol: 'HTTP' }),
  },
  {
    what: 'a site for browsers of 2012',
    caughtBy: 'tls-site',
    seed: change('approver-app', 'Distribution', p => {
      const config = p.DistributionConfig as { ViewerCertificate: Record<string, unknown> }
      config.ViewerCertificate.MinimumProtocolVersion = 'TLSv1'
    }),
  },
  {
    what: 'a resource without the customer’s tags',
    caughtBy: 'tagged',
    seed: change('-testnet-wallet', 'Cluster', p => {
      delete p.Tags
    }),
  },
  {
    what: 'a long-lived stack without termination protection',
    caughtBy: 'termination-protected',
    seed: templates => {
      Object.assign(stackOf(templates, 'policy-node2-long-lived'), { terminationProtection: false })
    },
  },
  {
    what: 'a key that goes with its stack',
    caughtBy: 'state-retained',
    seed: templates => {
      Object.assign(stackOf(templates, 'policy-node2-long-lived').template.Resources.NodeKey ?? {}, {
        DeletionPolicy: 'Delete',
      })
    },
  },
  {
    what: 'a trail that does not record',
    caughtBy: 'trail-on',
    seed: set('testnet-baseline', 'Trail', { IsLogging: false }),
  },
]
