import { authorize } from '../call.ts'
import { tagList } from '../service.ts'
import {
  generatedName,
  type Provider,
  type ResourceCall,
  resourceTags,
  textOf,
} from '../services/cloudformation/provider.ts'
import type { Properties } from '../services/cloudformation/store.ts'
import {
  attachRolePolicy,
  createRole,
  deleteRole,
  deleteRolePolicy,
  detachRolePolicy,
  putRolePolicy,
  roleFor,
  updateAssumeRolePolicy,
} from '../services/iam/roles.ts'
import { addRoleToInstanceProfile, createInstanceProfile, deleteInstanceProfile } from '../services/iam/service.ts'
import type { Role } from '../services/iam/store.ts'

type Inline = { readonly PolicyName: string; readonly PolicyDocument: unknown }

/** Inline policies of a role or a user. */
export const inlineOf = (properties: Properties): readonly Inline[] => (properties.Policies ?? []) as readonly Inline[]
const attachedOf = (properties: Properties): readonly string[] =>
  (properties.ManagedPolicyArns ?? []) as readonly string[]

function setPolicies(call: ResourceCall, name: string, properties: Properties, previous: Properties): void {
  for (const { PolicyName, PolicyDocument } of inlineOf(properties)) {
    putRolePolicy({ RoleName: name, PolicyName, PolicyDocument: JSON.stringify(PolicyDocument) }, call)
  }
  for (const PolicyArn of attachedOf(properties)) attachRolePolicy({ RoleName: name, PolicyArn }, call)
  const kept = new Set([...inlineOf(properties).map(({ PolicyName }) => PolicyName), ...attachedOf(properties)])
  for (const { PolicyName } of inlineOf(previous)) {
    if (!kept.has(PolicyName)) deleteRolePolicy({ RoleName: name, PolicyName }, call)
  }
  for (const PolicyArn of attachedOf(previous)) {
    if (!kept.has(PolicyArn)) detachRolePolicy({ RoleName: name, PolicyArn }, call)
  }
}

const described = ({ name, arn, id }: Role) => ({ physicalId: name, attributes: { Arn: arn, RoleId: id } })

export const role: Provider = {
  properties: [
    'AssumeRolePolicyDocument',
    'Description',
    'ManagedPolicyArns',
    'MaxSessionDuration',
    'Path',
    'PermissionsBoundary',
    'Policies',
    'RoleName',
    'Tags',
  ],
  create(properties, call) {
    const name = textOf(properties, 'RoleName') ?? generatedName(call)
    const tags = resourceTags(call, properties.Tags)
    if (tags.size > 0) authorize(call, { action: 'iam:TagRole', resource: `arn:aws:iam::${call.account}:role/${name}` })
    createRole(
      {
        RoleName: name,
        AssumeRolePolicyDocument: JSON.stringify(properties.AssumeRolePolicyDocument),
        Description: textOf(properties, 'Description'),
        Path: textOf(properties, 'Path'),
        PermissionsBoundary: textOf(properties, 'PermissionsBoundary'),
        ...(properties.MaxSessionDuration === undefined
          ? {}
          : { MaxSessionDuration: Number(properties.MaxSessionDuration) }),
        Tags: tagList(tags),
      },
      call,
    )
    call.began(name)
    setPolicies(call, name, properties, {})
    return described(roleFor(call, name, 'iam:GetRole'))
  },
  update(name, properties, previous, call) {
    const trust = JSON.stringify(properties.AssumeRolePolicyDocument)
    updateAssumeRolePolicy({ RoleName: name, PolicyDocument: trust }, call)
    setPolicies(call, name, properties, previous)
    const found = roleFor(call, name, 'iam:GetRole')
    found.tags = resourceTags(call, properties.Tags)
    if (properties.PermissionsBoundary !== previous.PermissionsBoundary) {
      roleFor(call, name, 'iam:PutRolePermissionsBoundary')
      found.boundary = textOf(properties, 'PermissionsBoundary')
    }
    return described(found)
  },
  remove(name, properties, call) {
    const { inline, attached } = roleFor(call, name, 'iam:GetRole')
    for (const PolicyName of [...inline.keys()]) {
      // Policies of other resources are theirs to remove.
      if (inlineOf(properties).some(own => own.PolicyName === PolicyName))
        deleteRolePolicy({ RoleName: name, PolicyName }, call)
    }
    for (const PolicyArn of [...attached]) detachRolePolicy({ RoleName: name, PolicyArn }, call)
    deleteRole({ RoleName: name }, call)
  },
}

const rolesOf = (properties: Properties): readonly string[] => (properties.Roles ?? []) as readonly string[]

function putPolicy(properties: Properties, previous: Properties, call: ResourceCall): void {
  const PolicyName = String(properties.PolicyName)
  const PolicyDocument = JSON.stringify(properties.PolicyDocument)
  for (const RoleName of rolesOf(properties)) putRolePolicy({ RoleName, PolicyName, PolicyDocument }, call)
  for (const RoleName of rolesOf(previous)) {
    const kept = rolesOf(properties).includes(RoleName) && previous.PolicyName === PolicyName
    if (!kept) deleteRolePolicy({ RoleName, PolicyName: String(previous.PolicyName) }, call)
  }
}

/** Inline policy of roles. */
export const policy: Provider = {
  properties: ['PolicyDocument', 'PolicyName', 'Roles'],
  create(properties, call) {
    putPolicy(properties, {}, call)
    return { physicalId: generatedName(call), attributes: {} }
  },
  update(physicalId, properties, previous, call) {
    putPolicy(properties, previous, call)
    return { physicalId, attributes: {} }
  },
  remove(_, properties, call) {
    for (const RoleName of rolesOf(properties)) {
      deleteRolePolicy({ RoleName, PolicyName: String(properties.PolicyName) }, call)
    }
  },
}

export const instanceProfile: Provider = {
  properties: ['InstanceProfileName', 'Roles'],
  create(properties, call) {
    const name = textOf(properties, 'InstanceProfileName') ?? generatedName(call)
    const { InstanceProfile: made } = createInstanceProfile({ InstanceProfileName: name }, call)
    for (const RoleName of rolesOf(properties)) addRoleToInstanceProfile({ InstanceProfileName: name, RoleName }, call)
    return { physicalId: name, attributes: { Arn: made.Arn } }
  },
  remove(name, _, call) {
    deleteInstanceProfile({ InstanceProfileName: name }, call)
  },
}
