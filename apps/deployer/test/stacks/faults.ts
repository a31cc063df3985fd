import { nodeKeyAlias } from '../../src/names.ts'
import { anchorFaults } from './anchor-faults.ts'
import { change, type Fault, root, stackOf } from './fault.ts'

interface RawStatement {
  Sid: string
  Action: string[]
  Principal?: unknown
  Condition?: Record<string, Record<string, unknown> | undefined>
}

function statement(properties: Record<string, unknown>, document: string, sid: string): RawStatement {
  const { Statement } = properties[document] as { Statement: RawStatement[] }
  const found = Statement.find(({ Sid }) => Sid === sid)
  if (found === undefined) throw new Error(`no statement ${sid}`)
  return found
}

const keyPolicy = (by: (statement: RawStatement, statements: unknown[]) => void): Fault['seed'] =>
  change('policy-node1-long-lived', 'NodeKey', p => {
    const { Statement } = p.KeyPolicy as { Statement: unknown[] }
    by(statement(p, 'KeyPolicy', 'DecryptInMeasuredEnclave0'), Statement)
  })

const adminKeyPolicy = (by: (statement: RawStatement) => void): Fault['seed'] =>
  change('policy-node1-long-lived', 'AdminKey', p => by(statement(p, 'KeyPolicy', 'SignDigests')))

const role = (id: string, extra: Record<string, unknown>): Fault['seed'] =>
  change('-testnet-wallet', id, p => {
    const [policy] = p.Policies as { PolicyDocument: { Statement: unknown[] } }[]
    policy?.PolicyDocument.Statement.push({ Effect: 'Allow', Sid: 'Seeded', ...extra })
  })

/** Templates as a hurried or hostile hand would leave them. */
export const faults: readonly Fault[] = [
  ...anchorFaults,
  {
    what: 'what `new Secret({ encryptionKey })` adds: Decrypt for the whole account through Secrets Manager',
    caughtBy: 'pcr-condition',
    seed: keyPolicy((_, statements) =>
      statements.push({
        Sid: 'Seeded',
        Effect: 'Allow',
        Principal: root('222222222222'),
        Action: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
        Resource: '*',
        Condition: { StringEquals: { 'kms:ViaService': 'secretsmanager.us-east-1.amazonaws.com' } },
      }),
    ),
  },
  {
    what: "the CDK's default key policy, kms:* for the account",
    caughtBy: 'pcr-condition',
    seed: keyPolicy((_, statements) =>
      statements.push({
        Sid: 'Seeded',
        Effect: 'Allow',
        Principal: root('222222222222'),
        Action: 'kms:*',
        Resource: '*',
      }),
    ),
  },
  {
    what: 'GenerateDataKey by a pattern',
    caughtBy: 'pcr-condition',
    seed: keyPolicy((_, statements) =>
      statements.push({
        Sid: 'Seeded',
        Effect: 'Allow',
        Principal: root('222222222222'),
        Action: 'kms:Gen*',
        Resource: '*',
      }),
    ),
  },
  {
    what: 'everything but one action, which grants Decrypt without naming it',
    caughtBy: 'pcr-condition',
    seed: keyPolicy((_, statements) =>
      statements.push({
        Sid: 'Seeded',
        Effect: 'Allow',
        Principal: root('222222222222'),
        NotAction: 'kms:Encrypt',
        Resource: '*',
      }),
    ),
  },
  {
    what: 'the PCR condition left out',
    caughtBy: 'pcr-condition',
    seed: keyPolicy(s => {
      s.Condition = { ArnEquals: s.Condition?.ArnEquals }
    }),
  },
  {
    what: 'PCR0 alone',
    caughtBy: 'pcr-condition',
    seed: keyPolicy(s => {
      const measured = s.Condition?.StringEqualsIgnoreCase ?? {}
      delete measured['kms:RecipientAttestation:PCR1']
    }),
  },
  {
    what: 'zeros, which every debug enclave attests',
    caughtBy: 'pcr-condition',
    seed: keyPolicy(s => {
      const measured = s.Condition?.StringEqualsIgnoreCase ?? {}
      measured['kms:RecipientAttestation:PCR0'] = '0'.repeat(96)
    }),
  },
  {
    what: 'a PCR condition that holds when the key is absent',
    caughtBy: 'pcr-condition',
    seed: keyPolicy(s => {
      s.Condition = { ...s.Condition, StringEqualsIgnoreCaseIfExists: s.Condition?.StringEqualsIgnoreCase }
      delete s.Condition.StringEqualsIgnoreCase
    }),
  },
  {
    what: 'several values of one PCR',
    caughtBy: 'pcr-condition',
    seed: keyPolicy(s => {
      const measured = s.Condition?.StringEqualsIgnoreCase ?? {}
      measured['kms:RecipientAttestation:PCR2'] = ['c3'.repeat(48), 'd4'.repeat(48)]
    }),
  },
  {
    what: 'any role of the wallet account',
    caughtBy: 'node-key-only-its-host',
    seed: keyPolicy(s => {
      delete s.Condition?.ArnEquals
    }),
  },
  {
    what: "another node's host",
    caughtBy: 'node-key-only-its-host',
    seed: keyPolicy(s => {
      s.Condition = {
        ...s.Condition,
        ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111111111111:role/acme-custody-testnet-policy-node0-host' },
      }
    }),
  },
  {
    what: 'grants on the node key',
    caughtBy: 'node-key-no-grants',
    seed: change('policy-node1-long-lived', 'NodeKey', p => {
      statement(p, 'KeyPolicy', 'ManageButNotUse').Action.push('kms:CreateGrant')
    }),
  },
  {
    what: 'an admin key with which the wallet account signs',
    caughtBy: 'admin-key-only-its-account',
    seed: adminKeyPolicy(s => {
      s.Principal = { AWS: [root('222222222222').AWS, root('111111111111').AWS] }
    }),
  },
  {
    what: 'an admin key for a role of another account, by its name in a condition',
    caughtBy: 'admin-key-only-its-account',
    seed: adminKeyPolicy(s => {
      s.Principal = root('111111111111')
      s.Condition = {
        ...s.Condition,
        ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111111111111:role/acme-custody-testnet-policy-node1-host' },
      }
    }),
  },
  {
    what: 'grants on an admin key',
    caughtBy: 'admin-key-only-digests',
    seed: change('policy-node1-long-lived', 'AdminKey', p => {
      statement(p, 'KeyPolicy', 'Manage').Action.push('kms:CreateGrant')
    }),
  },
  {
    what: 'an admin key that signs whole messages, by whatever algorithm',
    caughtBy: 'admin-key-only-digests',
    seed: adminKeyPolicy(s => {
      delete s.Condition
    }),
  },
  {
    what: 'an admin key that encrypts',
    caughtBy: 'admin-key-signs',
    seed: change('policy-node1-long-lived', 'AdminKey', p => {
      p.KeyUsage = 'ENCRYPT_DECRYPT'
    }),
  },
  {
    what: 'an admin key whose material is from elsewhere',
    caughtBy: 'admin-key-signs',
    seed: change('policy-node1-long-lived', 'AdminKey', p => {
      p.Origin = 'EXTERNAL'
    }),
  },
  {
    what: "a name of a node's admin key that leads to another key",
    caughtBy: 'admin-key-signs',
    seed: change('policy-node1-long-lived', 'AdminKeyAlias', p => {
      p.TargetKeyId = { Ref: 'SomethingElse' }
    }),
  },
  {
    what: "a task that signs with a node admin's key",
    caughtBy: 'no-role-signs',
    seed: role('WalletTaskRole', { Action: ['kms:Sign'], Resource: 'arn:aws:kms:us-east-1:222222222222:key/1' }),
  },
  {
    what: 'an alias that leads to another key',
    caughtBy: 'node-key-exists',
    seed: (templates, deployment) => {
      const { Resources } = stackOf(templates, 'policy-node1-long-lived').template
      const alias = Object.values(Resources).find(r => r.Properties?.AliasName === nodeKeyAlias(deployment, 1))
      ;(alias?.Properties as Record<string, unknown>).TargetKeyId = { Ref: 'SomethingElse' }
    },
  },
  {
    what: 'a node key of which another region can have a copy',
    caughtBy: 'node-key-made-by-kms',
    seed: change('policy-node1-long-lived', 'NodeKey', p => {
      p.MultiRegion = true
    }),
  },
  {
    what: 'a host that may put other pins in place of the admin’s',
    caughtBy: 'node-secret-only-its-host',
    seed: change('policy-node1-long-lived', 'PinsPolicy', p => {
      statement(p, 'ResourcePolicy', 'HostReads').Action.push('secretsmanager:PutSecretValue')
    }),
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
    what: 'everybody may use the node key',
    caughtBy: 'no-wildcard-principal',
    seed: keyPolicy(s => {
      s.Principal = { AWS: '*' }
    }),
  },
  {
    what: 'the node secret for the whole wallet account',
    caughtBy: 'node-secret-only-its-host',
    seed: change('policy-node1-long-lived', 'SecretPolicy', p => {
      delete statement(p, 'ResourcePolicy', 'HostReads').Condition
    }),
  },
  {
    what: 'a node secret that may become public',
    caughtBy: 'node-secret-only-its-host',
    seed: change('policy-node1-long-lived', 'PinsPolicy', p => {
      p.BlockPublicPolicy = false
    }),
  },
  {
    what: 'the node secret under the key that AWS manages',
    caughtBy: 'node-secret-own-key',
    seed: change('policy-node1-long-lived', 'Secret', p => {
      delete p.KmsKeyId
    }),
  },
  {
    what: 'an anchor that can be dropped',
    caughtBy: 'table-protected',
    seed: change('policy-node1-long-lived', 'Anchor', p => {
      p.DeletionProtectionEnabled = false
    }),
  },
  {
    what: "a foreign account in a node's policy",
    caughtBy: 'no-foreign-account',
    seed: keyPolicy(s => {
      s.Principal = root('666666666666')
    }),
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
    seed: change('-testnet-wallet', 'BrokerTaskRole', p => {
      p.ManagedPolicyArns = ['arn:aws:iam::aws:policy/AdministratorAccess']
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
    seed: change('wallet-long-lived', 'NodeGroup', p => {
      p.SecurityGroupIngress = [{ IpProtocol: 'tcp', FromPort: 20, ToPort: 25, CidrIp: '10.0.0.0/8' }]
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
    seed: change('wallet-long-lived', 'DatabaseGroup', p => {
      p.SecurityGroupIngress = [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, CidrIp: '0.0.0.0/0' }]
    }),
  },
  {
    what: 'a database that is not encrypted',
    caughtBy: 'database-encrypted',
    seed: change('wallet-long-lived', 'Database', p => {
      p.StorageEncrypted = false
    }),
  },
  {
    what: 'a public database',
    caughtBy: 'database-private',
    seed: change('wallet-long-lived', 'Database', p => {
      p.PubliclyAccessible = true
    }),
  },
  {
    what: 'a database password in the template',
    caughtBy: 'no-password-in-template',
    seed: change('wallet-long-lived', 'Database', p => {
      p.MasterUserPassword = 'hunter2'
    }),
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
    seed: change('testnet-baseline', 'ConfBucketPolicy', p => {
      p.PolicyDocument = { Version: '2012-10-17', Statement: [] }
    }),
  },
  {
    what: 'image tags that move',
    caughtBy: 'images-immutable',
    seed: change('testnet-baseline', 'WalletRepository', p => {
      p.ImageTagMutability = 'MUTABLE'
    }),
  },
  {
    what: 'an image by its tag',
    caughtBy: 'images-by-digest',
    seed: change('-testnet-wallet', 'WalletTask', p => {
      const [container] = p.ContainerDefinitions as Record<string, unknown>[]
      if (container) container.Image = '111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-custody-testnet/wallet:latest'
    }),
  },
  {
    what: 'a container as root',
    caughtBy: 'containers-confined',
    seed: change('-testnet-wallet', 'WalletTask', p => {
      const [container] = p.ContainerDefinitions as Record<string, unknown>[]
      if (container) container.User = '0'
    }),
  },
  {
    what: 'database credentials as a plain variable',
    caughtBy: 'environment-not-secret',
    seed: change('-testnet-wallet', 'WalletTask', p => {
      const [container] = p.ContainerDefinitions as { Environment: unknown[] }[]
      container?.Environment.push({ Name: 'DB_INFO', Value: '{}' })
    }),
  },
  {
    what: 'a secret whose name Secrets Manager misreads',
    caughtBy: 'secret-names',
    seed: change('-testnet-wallet', 'BrokerTask', p => {
      const [container] = p.ContainerDefinitions as { Secrets: unknown[] }[]
      const arn = 'arn:aws:secretsmanager:us-east-1:111111111111:secret:bd-wallet.acme-custody.testnet.bus-wallet'
      container?.Secrets.push({ Name: 'BUS', ValueFrom: arn })
    }),
  },
  {
    what: 'HTTP without TLS',
    caughtBy: 'tls-listener',
    seed: change('-testnet-wallet', 'Https', p => {
      p.Protocol = 'HTTP'
    }),
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
    seed: change('testnet-baseline', 'Trail', p => {
      p.IsLogging = false
    }),
  },
]
