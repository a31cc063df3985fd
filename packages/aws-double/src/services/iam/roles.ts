import type {
  AttachRolePolicyCommandInput,
  CreateRoleCommandInput,
  DeleteRolePolicyCommandInput,
  GetRolePolicyCommandInput,
  PutRolePolicyCommandInput,
  Role as RoleDescription,
} from '@aws-sdk/client-iam'
import { authorize, type Call } from '../../call.ts'
import { roleByArn, uniqueId } from '../../credentials.ts'
import { AwsError, notInDouble } from '../../errors.ts'
import { managedPolicy } from '../../iam/managed.ts'
import { storePolicy } from '../../principals.ts'
import { only, tagList, tagsOf } from '../../service.ts'
import { iamOf } from '../../world.ts'
import type { Role } from './store.ts'

type Named = { readonly RoleName?: string | undefined }

const noSuchEntity = (what: string) => new AwsError('NoSuchEntity', `${what} cannot be found.`, 404)

export const roleArn = (account: string, path: string, name: string): string =>
  `arn:aws:iam::${account}:role${path}${name}`

/** Authorises an action on a role of the caller's own account and finds it. */
export function roleFor(
  call: Call,
  name: string,
  action: string,
  context: Readonly<Record<string, string>> = {},
): Role {
  const role = iamOf(call.world, call.account).roles.get(name)
  authorize(call, {
    action,
    resource: role?.arn ?? roleArn(call.account, '/', name),
    context: { 'iam:PermissionsBoundary': role?.boundary, ...context },
    ...(role ? { resourceTags: role.tags } : {}),
  })
  if (!role) throw noSuchEntity(`The role with name ${name}`)
  return role
}

/** @throws AwsError `NoSuchEntity` for a managed policy that does not exist or that the double does not know. */
export function checkManagedPolicy({ world, account }: Call, arn: string): void {
  if (iamOf(world, account).policies.has(arn) || managedPolicy(arn)) return
  if (arn.startsWith('arn:aws:iam::aws:policy/')) throw notInDouble(`the managed policy ${arn}`)
  throw noSuchEntity(`Policy ${arn}`)
}

export function createRole(input: CreateRoleCommandInput, call: Call) {
  only(input, [
    'AssumeRolePolicyDocument',
    'Description',
    'MaxSessionDuration',
    'Path',
    'PermissionsBoundary',
    'RoleName',
    'Tags',
  ])
  const { RoleName: name = '', Path: path = '/', PermissionsBoundary: boundary } = input
  const { world, account } = call
  const arn = roleArn(account, path, name)
  const tags = tagsOf(input.Tags)
  authorize(call, {
    action: 'iam:CreateRole',
    resource: arn,
    requestTags: tags,
    context: { 'iam:PermissionsBoundary': boundary },
  })
  if (!/^[\w+=,.@-]{1,64}$/.test(name))
    throw new AwsError('ValidationError', `roleName ${name} is malformed or too long`)
  const { roles } = iamOf(world, account)
  if (roles.has(name)) throw new AwsError('EntityAlreadyExists', `Role with name ${name} already exists.`, 409)
  if (boundary !== undefined) checkManagedPolicy(call, boundary)
  const role: Role = {
    kind: 'role',
    name,
    arn,
    id: uniqueId(world, 'AROA'),
    account,
    path,
    created: new Date(world.clock()),
    inline: new Map(),
    attached: new Set(),
    boundary,
    tags,
    trust: storePolicy(world, input.AssumeRolePolicyDocument ?? '', 'trust'),
    description: input.Description,
    maxSessionSeconds: input.MaxSessionDuration ?? 3600,
  }
  roles.set(name, role)
  return { Role: described(role) }
}

const described = (role: Role): RoleDescription => ({
  Path: role.path,
  RoleName: role.name,
  RoleId: role.id,
  Arn: role.arn,
  CreateDate: role.created,
  AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(role.trust.document)),
  Description: role.description,
  MaxSessionDuration: role.maxSessionSeconds,
  Tags: tagList(role.tags),
  ...(role.boundary === undefined
    ? {}
    : {
        PermissionsBoundary: {
          PermissionsBoundaryType: 'PermissionsBoundaryPolicy' as const,
          PermissionsBoundaryArn: role.boundary,
        },
      }),
})

export const getRole = ({ RoleName: name = '' }: Named, call: Call) => ({
  Role: described(roleFor(call, name, 'iam:GetRole')),
})

export function listRoles(_: unknown, call: Call) {
  authorize(call, { action: 'iam:ListRoles', resource: '*' })
  return { Roles: [...iamOf(call.world, call.account).roles.values()].map(described), IsTruncated: false }
}

export function deleteRole({ RoleName: name = '' }: Named, call: Call) {
  const role = roleFor(call, name, 'iam:DeleteRole')
  const { roles, instanceProfiles } = iamOf(call.world, call.account)
  const used = [...instanceProfiles.values()].some(profile => profile.roles.includes(name))
  if (role.inline.size > 0 || role.attached.size > 0 || used) {
    throw new AwsError('DeleteConflict', 'Cannot delete entity, must remove policies and instance profiles first.', 409)
  }
  roles.delete(name)
  return {}
}

export function updateAssumeRolePolicy(input: { RoleName?: string; PolicyDocument?: string }, call: Call) {
  const role = roleFor(call, input.RoleName ?? '', 'iam:UpdateAssumeRolePolicy')
  role.trust = storePolicy(call.world, input.PolicyDocument ?? '', 'trust')
  return {}
}

export function putRolePolicy(input: PutRolePolicyCommandInput, call: Call) {
  const role = roleFor(call, input.RoleName ?? '', 'iam:PutRolePolicy')
  role.inline.set(input.PolicyName ?? '', storePolicy(call.world, input.PolicyDocument ?? '', 'identity'))
  return {}
}

export function getRolePolicy(
  { RoleName: name = '', PolicyName: policyName = '' }: GetRolePolicyCommandInput,
  call: Call,
) {
  const found = roleFor(call, name, 'iam:GetRolePolicy').inline.get(policyName)
  if (!found) throw noSuchEntity(`The role policy with name ${policyName}`)
  return {
    RoleName: name,
    PolicyName: policyName,
    PolicyDocument: encodeURIComponent(JSON.stringify(found.document)),
  }
}

export function listRolePolicies({ RoleName: name = '' }: Named, call: Call) {
  return { PolicyNames: [...roleFor(call, name, 'iam:ListRolePolicies').inline.keys()], IsTruncated: false }
}

export function listAttachedRolePolicies({ RoleName: name = '' }: Named, call: Call) {
  const { attached } = roleFor(call, name, 'iam:ListAttachedRolePolicies')
  const policies = [...attached].map(arn => ({ PolicyArn: arn, PolicyName: arn.split('/').at(-1) }))
  return { AttachedPolicies: policies, IsTruncated: false }
}

export function deleteRolePolicy(
  { RoleName: name = '', PolicyName: policyName = '' }: DeleteRolePolicyCommandInput,
  call: Call,
) {
  const role = roleFor(call, name, 'iam:DeleteRolePolicy')
  if (!role.inline.delete(policyName)) throw noSuchEntity(`The role policy with name ${policyName}`)
  return {}
}

export function attachRolePolicy(
  { RoleName: name = '', PolicyArn: arn = '' }: AttachRolePolicyCommandInput,
  call: Call,
) {
  const role = roleFor(call, name, 'iam:AttachRolePolicy', { 'iam:PolicyARN': arn })
  checkManagedPolicy(call, arn)
  role.attached.add(arn)
  return {}
}

export function detachRolePolicy(
  { RoleName: name = '', PolicyArn: arn = '' }: AttachRolePolicyCommandInput,
  call: Call,
) {
  const role = roleFor(call, name, 'iam:DetachRolePolicy', { 'iam:PolicyARN': arn })
  if (!role.attached.delete(arn)) throw noSuchEntity(`Policy ${arn}`)
  return {}
}

const serviceLinkedNames = {
  'autoscaling.amazonaws.com': 'AWSServiceRoleForAutoScaling',
  'ecs.amazonaws.com': 'AWSServiceRoleForECS',
  'elasticloadbalancing.amazonaws.com': 'AWSServiceRoleForElasticLoadBalancing',
  'rds.amazonaws.com': 'AWSServiceRoleForRDS',
} as const

/**
 * These services work with a role of their own, which the first use in an account makes with the right of whoever asks.
 * @throws AwsError `AccessDenied`
 */
export function needServiceLinkedRole(call: Call, service: keyof typeof serviceLinkedNames): void {
  const { serviceLinked } = iamOf(call.world, call.account)
  if (serviceLinked.has(service)) return
  authorize(call, {
    action: 'iam:CreateServiceLinkedRole',
    resource: roleArn(call.account, `/aws-service-role/${service}/`, serviceLinkedNames[service]),
    context: { 'iam:AWSServiceName': service },
  })
  serviceLinked.add(service)
}

/**
 * Whoever hands a role to a service needs iam:PassRole on it, and the role must trust the service.
 * @throws AwsError
 */
export function passRole(call: Call, arn: string, service: string): Role {
  const role = roleByArn(call.world, arn)
  authorize(call, { action: 'iam:PassRole', resource: arn, context: { 'iam:PassedToService': service } })
  if (role?.account !== call.account)
    throw new AwsError('InvalidParameterException', `${arn} is no role of this account`)
  const trusts = role.trust.policy.statements.some(
    ({ effect, principals }) =>
      effect === 'Allow' && principals?.some(pattern => pattern.kind === 'service' && pattern.service === service),
  )
  if (!trusts)
    throw new AwsError(
      'InvalidParameterException',
      `${service} is unable to assume the role ${arn}: its trust policy does not name it`,
    )
  return role
}
