import { authorize, type Call } from '../../call.ts'
import { uniqueId } from '../../credentials.ts'
import { AwsError } from '../../errors.ts'
import type { Service } from '../../service.ts'
import { iamOf } from '../../world.ts'
import {
  attachRolePolicy,
  createRole,
  deleteRole,
  deleteRolePolicy,
  detachRolePolicy,
  getRole,
  getRolePolicy,
  listAttachedRolePolicies,
  listRolePolicies,
  listRoles,
  passRole,
  putRolePolicy,
  updateAssumeRolePolicy,
} from './roles.ts'
import type { InstanceProfile } from './store.ts'
import {
  createAccessKey,
  createUser,
  deleteAccessKey,
  deleteUser,
  deleteUserPolicy,
  getUser,
  getUserPolicy,
  listAccessKeys,
  listUserPolicies,
  putUserPolicy,
} from './users.ts'

type ProfileInput = { readonly InstanceProfileName?: string; readonly RoleName?: string }

const profileArn = (account: string, name: string): string => `arn:aws:iam::${account}:instance-profile/${name}`

function profileFor(call: Call, name: string, action: string): InstanceProfile {
  authorize(call, { action, resource: profileArn(call.account, name) })
  const profile = iamOf(call.world, call.account).instanceProfiles.get(name)
  if (!profile) throw new AwsError('NoSuchEntity', `Instance Profile ${name} cannot be found.`, 404)
  return profile
}

export function createInstanceProfile({ InstanceProfileName: name = '' }: ProfileInput, call: Call) {
  const { world, account } = call
  const arn = profileArn(account, name)
  authorize(call, { action: 'iam:CreateInstanceProfile', resource: arn })
  const { instanceProfiles } = iamOf(world, account)
  if (instanceProfiles.has(name)) {
    throw new AwsError('EntityAlreadyExists', `Instance Profile ${name} already exists.`, 409)
  }
  const profile: InstanceProfile = { name, arn, id: uniqueId(world, 'AIPA'), roles: [] }
  instanceProfiles.set(name, profile)
  return {
    InstanceProfile: {
      InstanceProfileName: name,
      InstanceProfileId: profile.id,
      Arn: arn,
      Path: '/',
      CreateDate: new Date(world.clock()),
      Roles: [],
    },
  }
}

export function addRoleToInstanceProfile(input: ProfileInput, call: Call) {
  const { InstanceProfileName: name = '', RoleName: roleName = '' } = input
  const profile = profileFor(call, name, 'iam:AddRoleToInstanceProfile')
  const role = iamOf(call.world, call.account).roles.get(roleName)
  if (!role) throw new AwsError('NoSuchEntity', `The role with name ${roleName} cannot be found.`, 404)
  passRole(call, role.arn, 'ec2.amazonaws.com')
  if (profile.roles.length > 0) throw new AwsError('LimitExceeded', 'an instance profile has one role', 409)
  profile.roles = [roleName]
  return {}
}

export function deleteInstanceProfile({ InstanceProfileName: name = '' }: ProfileInput, call: Call) {
  const profile = profileFor(call, name, 'iam:DeleteInstanceProfile')
  if (profile.roles.length > 0) authorize(call, { action: 'iam:RemoveRoleFromInstanceProfile', resource: profile.arn })
  iamOf(call.world, call.account).instanceProfiles.delete(name)
  return {}
}

export const iam: Service = {
  name: 'iam',
  protocol: 'query',
  xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
  client: () => import('@aws-sdk/client-iam'),
  operations: {
    AddRoleToInstanceProfile: addRoleToInstanceProfile,
    AttachRolePolicy: attachRolePolicy,
    CreateAccessKey: createAccessKey,
    CreateInstanceProfile: createInstanceProfile,
    CreateRole: createRole,
    CreateUser: createUser,
    DeleteAccessKey: deleteAccessKey,
    DeleteInstanceProfile: deleteInstanceProfile,
    DeleteRole: deleteRole,
    DeleteRolePolicy: deleteRolePolicy,
    DeleteUser: deleteUser,
    DeleteUserPolicy: deleteUserPolicy,
    DetachRolePolicy: detachRolePolicy,
    GetRole: getRole,
    GetRolePolicy: getRolePolicy,
    GetUser: getUser,
    GetUserPolicy: getUserPolicy,
    ListAccessKeys: listAccessKeys,
    ListAttachedRolePolicies: listAttachedRolePolicies,
    ListRolePolicies: listRolePolicies,
    ListRoles: listRoles,
    ListUserPolicies: listUserPolicies,
    PutRolePolicy: putRolePolicy,
    PutUserPolicy: putUserPolicy,
    UpdateAssumeRolePolicy: updateAssumeRolePolicy,
  },
}
