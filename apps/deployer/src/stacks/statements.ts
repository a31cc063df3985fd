import { CfnInstanceProfile, CfnRole } from 'aws-cdk-lib/aws-iam'
import type { Stack } from 'aws-cdk-lib/core'
import type { Deployment, NodeIndex } from '../model.ts'
import { confBucketName, repositoryName, roleNames, secretId } from '../names.ts'
import type { ImageName } from './inputs.ts'
import { acknowledgeOpenResources } from './reasons.ts'

/** A statement of an IAM or resource policy, as AWS writes it. */
export interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal?: Readonly<Record<string, unknown>> | '*'
  readonly Action: readonly string[]
  readonly Resource?: unknown
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export const document = (statements: readonly Statement[]) => ({ Version: '2012-10-17', Statement: statements })

export const accountPrincipal = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` })

export const roleArn = (account: string, name: string) => `arn:aws:iam::${account}:role/${name}`

/** What an account may do with a key that it manages but does not use. No grants: a grant can carry Decrypt past every condition. */
export const keyManagement = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:DisableKeyRotation',
  'kms:EnableKey',
  'kms:EnableKeyRotation',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListAliases',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
] as const

/**
 * The Nitro host's role of one node, for a policy that may be older than the role: a policy cannot name a role that does not
 * exist, so the account is the principal and the condition names the role. Granted only what the role's own policy has too.
 */
export function hostRole(deployment: Deployment, node: NodeIndex) {
  const { wallet } = deployment.accounts
  return {
    principal: accountPrincipal(wallet),
    condition: { ArnEquals: { 'aws:PrincipalArn': roleArn(wallet, roleNames.nitroHost(deployment, node)) } },
  }
}

/** ARN of a secret without the six characters that Secrets Manager adds: what `valueFrom` and SDK calls take. */
export const secretArn = (deployment: Deployment, account: string, name: string) =>
  `arn:aws:secretsmanager:${deployment.region}:${account}:secret:${secretId(deployment, name)}`

/** The same for a policy's `Resource`: exactly those six characters are open. */
export const secretPattern = (deployment: Deployment, account: string, name: string) =>
  `${secretArn(deployment, account, name)}-??????`

export function readSecrets(deployment: Deployment, account: string, names: readonly string[]): Statement {
  return {
    Sid: 'ReadOwnSecrets',
    Effect: 'Allow',
    Action: ['secretsmanager:GetSecretValue'],
    Resource: [...new Set(names)].map(name => secretPattern(deployment, account, name)),
  }
}

export function readConf(deployment: Deployment, prefixes: readonly string[]): Statement {
  const bucket = confBucketName(deployment, deployment.accounts.wallet)
  return {
    Sid: 'ReadOwnFiles',
    Effect: 'Allow',
    Action: ['s3:GetObject'],
    Resource: prefixes.map(prefix => `arn:aws:s3:::${bucket}/${prefix}/*`),
  }
}

export function pullImage(deployment: Deployment, image: ImageName): Statement[] {
  const { region, accounts } = deployment
  return [
    { Sid: 'SignInToRegistry', Effect: 'Allow', Action: ['ecr:GetAuthorizationToken'], Resource: '*' },
    {
      Sid: 'PullOwnImage',
      Effect: 'Allow',
      Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      Resource: `arn:aws:ecr:${region}:${accounts.wallet}:repository/${repositoryName(deployment, image)}`,
    },
  ]
}

export function writeLogs(deployment: Deployment, logGroup: string, streams = '*'): Statement {
  const { region, accounts } = deployment
  return {
    Sid: 'WriteOwnLogs',
    Effect: 'Allow',
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: `arn:aws:logs:${region}:${accounts.wallet}:log-group:${logGroup}:log-stream:${streams}`,
  }
}

export interface RoleOptions {
  readonly name: string
  readonly service: 'ecs-tasks.amazonaws.com' | 'ec2.amazonaws.com' | 'vpc-flow-logs.amazonaws.com'
  readonly description: string
  readonly statements: readonly Statement[]
}

/** A role of a fixed name that one AWS service of this account may take. */
export function serviceRole(stack: Stack, id: string, options: RoleOptions): CfnRole {
  const { name, service, description, statements } = options
  const role = new CfnRole(stack, id, {
    roleName: name,
    description,
    assumeRolePolicyDocument: document([
      {
        Sid: 'OnlyTheService',
        Effect: 'Allow',
        Principal: { Service: service },
        Action: ['sts:AssumeRole'],
        // EC2 does not send the source account when it takes an instance's role.
        ...(service !== 'ec2.amazonaws.com' && { Condition: { StringEquals: { 'aws:SourceAccount': stack.account } } }),
      },
    ]),
    ...(statements.length > 0 && { policies: [{ policyName: 'own', policyDocument: document(statements) }] }),
  })
  acknowledgeOpenResources(
    role,
    statements.map(({ Resource }) => Resource),
  )
  return role
}

export function instanceProfile(stack: Stack, id: string, role: CfnRole): CfnInstanceProfile {
  return new CfnInstanceProfile(stack, id, { roles: [role.ref] })
}
