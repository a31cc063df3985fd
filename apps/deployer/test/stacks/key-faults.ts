import { nodeKeyAlias } from '../../src/names.ts'
import { change, type Fault, type RawStatement, root, set, stackOf, statement } from './fault.ts'

/** Changes the statement by which the enclave decrypts. */
const keyPolicy = (by: (statement: RawStatement) => void): Fault['seed'] =>
  change('policy-node1-long-lived', 'NodeKey', p => by(statement(p, 'KeyPolicy', 'DecryptInMeasuredEnclave0')))

/** Adds a statement for the node's whole account. */
const granted = (rights: Record<string, unknown>): Fault['seed'] =>
  change('policy-node1-long-lived', 'NodeKey', p => {
    const { Statement } = p.KeyPolicy as { Statement: unknown[] }
    Statement.push({ Sid: 'Seeded', Effect: 'Allow', Principal: root('222222222222'), Resource: '*', ...rights })
  })

/** Changes the statement by which the node admin signs. */
const adminKeyPolicy = (by: (statement: RawStatement) => void): Fault['seed'] =>
  change('policy-node1-long-lived', 'AdminKey', p => by(statement(p, 'KeyPolicy', 'SignDigests')))

/** What a node's own stack makes: its key, its admin's key, its secrets. */
export const keyFaults: readonly Fault[] = [
  {
    what: 'what `new Secret({ encryptionKey })` adds: Decrypt for the whole account through Secrets Manager',
    caughtBy: 'pcr-condition',
    seed: granted({
      Action: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
      Condition: { StringEquals: { 'kms:ViaService': 'secretsmanager.us-east-1.amazonaws.com' } },
    }),
  },
  {
    what: "the CDK's default key policy, kms:* for the account",
    caughtBy: 'pcr-condition',
    seed: granted({ Action: 'kms:*' }),
  },
  {
    what: 'GenerateDataKey by a pattern',
    caughtBy: 'pcr-condition',
    seed: granted({ Action: 'kms:Gen*' }),
  },
  {
    what: 'everything but one action, which grants Decrypt without naming it',
    caughtBy: 'pcr-condition',
    seed: granted({ NotAction: 'kms:Encrypt' }),
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
    seed: set('policy-node1-long-lived', 'AdminKey', { KeyUsage: 'ENCRYPT_DECRYPT' }),
  },
  {
    what: 'an admin key whose material is from elsewhere',
    caughtBy: 'admin-key-signs',
    seed: set('policy-node1-long-lived', 'AdminKey', { Origin: 'EXTERNAL' }),
  },
  {
    what: "a name of a node's admin key that leads to another key",
    caughtBy: 'admin-key-signs',
    seed: set('policy-node1-long-lived', 'AdminKeyAlias', { TargetKeyId: { Ref: 'SomethingElse' } }),
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
    seed: set('policy-node1-long-lived', 'NodeKey', { MultiRegion: true }),
  },
  {
    what: 'a host that may put other pins in place of the admin’s',
    caughtBy: 'node-secret-only-its-host',
    seed: change('policy-node1-long-lived', 'PinsPolicy', p => {
      statement(p, 'ResourcePolicy', 'HostReads').Action.push('secretsmanager:PutSecretValue')
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
    seed: set('policy-node1-long-lived', 'PinsPolicy', { BlockPublicPolicy: false }),
  },
  {
    what: 'the node secret under the key that AWS manages',
    caughtBy: 'node-secret-own-key',
    seed: change('policy-node1-long-lived', 'Secret', p => {
      delete p.KmsKeyId
    }),
  },
  {
    what: "a foreign account in a node's policy",
    caughtBy: 'no-foreign-account',
    seed: keyPolicy(s => {
      s.Principal = root('666666666666')
    }),
  },
]
