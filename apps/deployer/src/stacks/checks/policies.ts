import type { Deployment } from '../../model.ts'
import { secretId, secretNames } from '../../names.ts'
import type { Invariant } from './invariant.ts'
import { grants, list, type PolicyStatement, type StackTemplate, statementsOf } from './template.ts'

/** Actions for which AWS knows no narrower resource than `*`. */
const withoutResource = [
  'ecr:GetAuthorizationToken',
  'ssm:UpdateInstanceInformation',
  'ssmmessages:CreateControlChannel',
  'ssmmessages:CreateDataChannel',
  'ssmmessages:OpenControlChannel',
  'ssmmessages:OpenDataChannel',
]

/** With one of these a role could give itself, or another one, what it was not given. */
export const escalating = [
  'iam:AddUserToGroup',
  'iam:AttachRolePolicy',
  'iam:AttachUserPolicy',
  'iam:CreateAccessKey',
  'iam:CreateLoginProfile',
  'iam:CreatePolicyVersion',
  'iam:DeleteRolePermissionsBoundary',
  'iam:PassRole',
  'iam:PutRolePolicy',
  'iam:PutRolePermissionsBoundary',
  'iam:PutUserPolicy',
  'iam:SetDefaultPolicyVersion',
  'iam:UpdateAssumeRolePolicy',
  'iam:UpdateLoginProfile',
  'sts:AssumeRole',
  'kms:CreateGrant',
  'kms:PutKeyPolicy',
  'kms:ReplicateKey',
  'secretsmanager:PutResourcePolicy',
  'dynamodb:PutResourcePolicy',
  's3:PutBucketPolicy',
  'cloudformation:ExecuteChangeSet',
  'cloudformation:UpdateStack',
  'ecs:ExecuteCommand',
  'lambda:InvokeFunction',
  'lambda:UpdateFunctionCode',
  'ssm:SendCommand',
  'ssm:StartSession',
]

const services = [
  'ecs-tasks.amazonaws.com',
  'ec2.amazonaws.com',
  'vpc-flow-logs.amazonaws.com',
  'cloudtrail.amazonaws.com',
  'cloudfront.amazonaws.com',
  'logdelivery.elasticloadbalancing.amazonaws.com',
]

const at = ({ resource, sid }: PolicyStatement) => (sid === '' ? resource : `${resource} ${sid}`)
const allows = (stack: StackTemplate) => statementsOf(stack).filter(({ effect }) => effect === 'Allow')
/** Policies of roles; policies of resources and trust have principals. */
const identity = (stack: StackTemplate) => allows(stack).filter(({ principals }) => principals.length === 0)

export const policyInvariants: readonly Invariant[] = [
  {
    name: 'no-wildcard-principal',
    check: stack =>
      allows(stack)
        .filter(({ principals }) => principals.some(({ value }) => value === '*'))
        .map(statement => `${at(statement)}: allows everybody`),
  },
  {
    name: 'no-negation',
    check: stack =>
      allows(stack)
        .filter(({ negated }) => negated)
        .map(statement => `${at(statement)}: allows all but what it names`),
  },
  {
    name: 'no-wildcard-resource',
    check: stack =>
      identity(stack)
        .filter(
          ({ resources, actions }) => resources.length === 0 || (resources.includes('*') && !actions.every(narrow)),
        )
        .map(statement => `${at(statement)}: ${statement.actions.join(', ')} on every resource`),
  },
  {
    name: 'no-wildcard-action',
    check: stack =>
      identity(stack)
        .filter(({ actions }) => actions.some(action => action.includes('*')))
        .map(statement => `${at(statement)}: ${statement.actions.join(', ')}`),
  },
  {
    name: 'no-escalation',
    check: stack =>
      identity(stack)
        .filter(statement => grants(statement, escalating))
        .map(statement => `${at(statement)}: ${statement.actions.join(', ')} could give away more than the role has`),
  },
  {
    name: 'trust-only-services',
    check: stack =>
      allows(stack)
        .filter(({ property }) => property === 'AssumeRolePolicyDocument')
        .filter(({ principals }) =>
          principals.some(({ kind, value }) => kind !== 'Service' || !services.includes(String(value))),
        )
        .map(
          statement => `${at(statement)}: may be taken by ${JSON.stringify(statement.principals.map(p => p.value))}`,
        ),
  },
  {
    name: 'no-foreign-account',
    check: (stack, deployment) =>
      allows(stack)
        .filter(statement => accountsIn(statement).some(account => !ownAccounts(deployment).includes(account)))
        .map(statement => `${at(statement)}: names account ${accountsIn(statement).join(', ')}`),
  },
  {
    name: 'one-secret-written',
    check: (stack, deployment) =>
      identity(stack)
        .filter(statement => grants(statement, secretWrites))
        .filter(({ resources }) => !resources.every(resource => isBootstrapKey(resource, deployment)))
        .map(statement => `${at(statement)}: writes secrets other than ${secretNames.bootstrapKey}`),
  },
  {
    name: 'bucket-only-services',
    check: stack =>
      allows(stack)
        .filter(
          ({ type, principals }) => type === 'AWS::S3::BucketPolicy' && principals.some(p => p.kind !== 'Service'),
        )
        .map(statement => `${at(statement)}: opens the bucket to others than its own account's policies`),
  },
  {
    name: 'managed-policies',
    check: ({ template }) =>
      Object.entries(template.Resources)
        .filter(([, { Properties }]) => list(Properties?.ManagedPolicyArns).length > 0)
        .map(([id]) => `${id}: a managed policy gives more than is written here`),
  },
]

const narrow = (action: string) => withoutResource.includes(action)

const secretWrites = [
  'secretsmanager:PutSecretValue',
  'secretsmanager:UpdateSecret',
  'secretsmanager:CreateSecret',
  'secretsmanager:DeleteSecret',
]

const isBootstrapKey = (resource: unknown, deployment: Deployment) =>
  typeof resource === 'string' && resource.endsWith(`:secret:${secretId(deployment, secretNames.bootstrapKey)}-??????`)

const ownAccounts = ({ accounts }: Deployment) => [accounts.wallet, ...accounts.policyNodes, accounts.approverApp]

function accountsIn({ principals, resources, conditions }: PolicyStatement): string[] {
  const text = JSON.stringify([principals, resources, conditions])
  return [...new Set([...text.matchAll(/:(\d{12}):/g)].map(([, account]) => account ?? ''))]
}
