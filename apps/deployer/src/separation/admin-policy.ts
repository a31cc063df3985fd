import { type Deployment, NODE_INDEXES, type NodeIndex } from '../model.ts'
import { secretId, secretNames } from '../names.ts'
import { accountOf, nodeAdmin, type Role } from '../roles.ts'
import { anchorTableArn, anchorUserArn } from '../stacks/anchor-rights.ts'

type Allow = {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

/** An IAM policy. */
export type PolicyDocument = {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Allow[]
}

const allow = (
  Sid: string,
  Action: readonly string[],
  Resource: readonly string[] = ['*'],
  more: Partial<Allow> = {},
): Allow => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})

/** Where releases come from: in the publisher's account, or a folder or a mirror, for which AWS has no rights to give. */
export interface Delivery {
  readonly bucket: string
  readonly registry: string
}

/** What suffices for the steps of a role, in that role's account; of other accounts it names the publisher's releases only. */
export function adminPolicy(deployment: Deployment, role: Role, delivery?: Delivery): PolicyDocument {
  const node = NODE_INDEXES.find(index => nodeAdmin(index) === role)
  const own =
    node === undefined
      ? role === 'app-admin'
        ? appAdmin(deployment)
        : infrastructureAdmin(deployment)
      : nodeAdminOf(deployment, node)
  const releases = delivery === undefined ? [] : readDelivery(delivery)
  const Statement = [...everyone(deployment, accountOf(deployment, role)), ...releases, ...own]
  return { Version: '2012-10-17', Statement }
}

function readDelivery({ bucket, registry }: Delivery): Allow[] {
  const [, account, region] = /^(?:https:\/\/)?(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com$/.exec(registry) ?? []
  return [
    ...(bucket.startsWith('/')
      ? []
      : [
          allow(
            'ReadReleases',
            ['s3:GetObject', 's3:ListBucket'],
            [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
          ),
        ]),
    ...(account === undefined
      ? []
      : [allow('PullReleases', pullActions, [`arn:aws:ecr:${region}:${account}:repository/trivault/*`])]),
  ]
}

const pullActions = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']

const prefixOf = ({ namespace, environment }: Deployment) => `${namespace}-${environment}`

/** Baseline, and CloudFormation for the environment's own stacks. */
function everyone(deployment: Deployment, account: string): Allow[] {
  const prefix = prefixOf(deployment)
  return [
    allow('KnowMyself', ['sts:GetCallerIdentity', 'cloudformation:ValidateTemplate']),
    allow('OwnStacks', ['cloudformation:*'], [`arn:aws:cloudformation:*:${account}:stack/${prefix}-*`]),
    allow('OwnBuckets', ['s3:*'], [`arn:aws:s3:::${prefix}-*`]),
    allow('SignInToRegistries', ['ecr:GetAuthorizationToken']),
    allow('OwnTrail', ['cloudtrail:*'], [`arn:aws:cloudtrail:${deployment.region}:${account}:trail/${prefix}-*`]),
  ]
}

/** Keys are managed; whether they may be used is for each key's own policy, and a node's key answers enclaves only. */
const keys = (deployment: Deployment, account: string): Allow[] => [
  allow('MakeKeys', ['kms:CreateKey', 'kms:ListAliases']),
  allow(
    'OwnKeys',
    ['kms:*'],
    [
      `arn:aws:kms:${deployment.region}:${account}:key/*`,
      `arn:aws:kms:${deployment.region}:${account}:alias/${prefixOf(deployment)}-*`,
    ],
  ),
]

function nodeAdminOf(deployment: Deployment, node: NodeIndex): Allow[] {
  const { region } = deployment
  const account = deployment.accounts.policyNodes[node]
  const secrets = [secretNames.policyNode(node), secretNames.policyNodePins(node)].map(
    name => `arn:aws:secretsmanager:${region}:${account}:secret:${secretId(deployment, name)}-??????`,
  )
  return [
    ...keys(deployment, account),
    allow('OwnSecrets', ['secretsmanager:*'], secrets),
    // Its policy keeps every write of a row from all but its user.
    allow('OwnAnchor', ['dynamodb:*'], [anchorTableArn(deployment, node)]),
    allow('AnchorUser', userActions, [anchorUserArn(deployment, node)]),
  ]
}

/** What the stack and populate-secrets-policy-node do with the anchor's user. */
const userActions = [
  'iam:CreateAccessKey',
  'iam:CreateUser',
  'iam:DeleteAccessKey',
  'iam:DeleteUser',
  'iam:DeleteUserPolicy',
  'iam:GetLoginProfile',
  'iam:GetUser',
  'iam:GetUserPolicy',
  'iam:ListAccessKeys',
  'iam:ListAttachedUserPolicies',
  'iam:ListGroupsForUser',
  'iam:ListUserPolicies',
  'iam:ListUserTags',
  'iam:PutUserPolicy',
  'iam:TagUser',
  'iam:UntagUser',
]

function infrastructureAdmin(deployment: Deployment): Allow[] {
  const { region, accounts, zones } = deployment
  const account = accounts.wallet
  const prefix = prefixOf(deployment)
  const here = { Condition: { StringEquals: { 'aws:RequestedRegion': [region, 'us-east-1'] } } }
  return [
    ...keys(deployment, account),
    allow(
      'OwnSecrets',
      ['secretsmanager:*'],
      [`arn:aws:secretsmanager:${region}:${account}:secret:${secretId(deployment, '*')}`],
    ),
    allow(
      'DatabaseMaster',
      ['secretsmanager:CreateSecret', 'secretsmanager:TagResource'],
      [`arn:aws:secretsmanager:${region}:${account}:secret:rds!*`],
    ),
    allow('OwnRoles', roleActions, [
      `arn:aws:iam::${account}:role/${prefix}-*`,
      `arn:aws:iam::${account}:instance-profile/${prefix}-*`,
    ]),
    // In an account that never used them, these services make a role of their own in the name of whoever asks first.
    allow('RolesOfServices', ['iam:CreateServiceLinkedRole'], [`arn:aws:iam::${account}:role/aws-service-role/*`], {
      Condition: { StringEquals: { 'iam:AWSServiceName': serviceLinked } },
    }),
    allow('Registry', ['ecr:*'], [`arn:aws:ecr:${region}:${account}:repository/${prefix}/*`]),
    allow('SignInToPublicRegistry', ['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken']),
    allow('Network', ['ec2:*', 'elasticloadbalancing:*', 'autoscaling:*', 'servicediscovery:*'], ['*'], here),
    allow('Runtime', ['ecs:*', 'rds:*', 'logs:*', 'acm:*'], ['*'], here),
    allow(
      'HostImage',
      ['ssm:GetParameter', 'ssm:GetParameters'],
      [`arn:aws:ssm:${region}::parameter/aws/service/ami-amazon-linux-latest/*`],
    ),
    ...site(zones.wallet.id),
    allow('InternalNames', ['route53:CreateHostedZone', 'route53:GetHostedZone', 'route53:ListHostedZonesByName']),
  ]
}

const serviceLinked = ['autoscaling', 'ecs', 'elasticloadbalancing', 'rds'].map(name => `${name}.amazonaws.com`)

const roleActions = ['Create', 'Delete', 'Get', 'Tag', 'Untag', 'Update']
  .map(verb => `iam:${verb}Role`)
  .concat([
    'iam:AddRoleToInstanceProfile',
    'iam:CreateInstanceProfile',
    'iam:DeleteInstanceProfile',
    'iam:DeleteRolePolicy',
    'iam:GetInstanceProfile',
    'iam:GetRolePolicy',
    'iam:ListAttachedRolePolicies',
    'iam:ListRolePolicies',
    'iam:ListRoleTags',
    'iam:PassRole',
    'iam:PutRolePolicy',
    'iam:RemoveRoleFromInstanceProfile',
    'iam:UpdateAssumeRolePolicy',
    'iam:UpdateRoleDescription',
  ])

const appAdmin = ({ zones }: Deployment): Allow[] => [...site(zones.approverApp.id), allow('Certificates', ['acm:*'])]

const site = (zone: string): Allow[] => [
  allow('Site', ['cloudfront:*']),
  allow(
    'Records',
    ['route53:ChangeResourceRecordSets', 'route53:GetHostedZone', 'route53:ListResourceRecordSets'],
    [`arn:aws:route53:::hostedzone/${zone}`],
  ),
  allow('RecordChanges', ['route53:GetChange']),
]
