import type {
  AccessKeyMetadata,
  CreateUserCommandInput,
  DeleteAccessKeyCommandInput,
  DeleteUserPolicyCommandInput,
  GetUserPolicyCommandInput,
  PutUserPolicyCommandInput,
} from '@aws-sdk/client-iam'
import { authorize, type Call } from '../../call.ts'
import { issue, uniqueId, userCaller } from '../../credentials.ts'
import { AwsError } from '../../errors.ts'
import { storePolicy } from '../../principals.ts'
import { only, tagList, tagsOf } from '../../service.ts'
import { iamOf } from '../../world.ts'
import type { User } from './store.ts'

type Named = { readonly UserName?: string | undefined }

/** Of one user, as AWS has it. */
const maxAccessKeys = 2

const userArn = (account: string, path: string, name: string): string => `arn:aws:iam::${account}:user${path}${name}`

/** Authorises an action on a user of the caller's own account and finds it; without a name the caller's own. */
function userFor(call: Call, given: string | undefined, action: string): User {
  const name = given ?? call.caller.userName ?? ''
  const user = iamOf(call.world, call.account).users.get(name)
  authorize(call, {
    action,
    resource: user?.arn ?? userArn(call.account, '/', name),
    ...(user && { resourceTags: user.tags }),
  })
  if (!user) throw new AwsError('NoSuchEntity', `The user with name ${name} cannot be found.`, 404)
  return user
}

const described = (user: User) => ({
  Path: user.path,
  UserName: user.name,
  UserId: user.id,
  Arn: user.arn,
  CreateDate: user.created,
  Tags: tagList(user.tags),
})

export function createUser(input: CreateUserCommandInput, call: Call) {
  only(input, ['Path', 'Tags', 'UserName'])
  const { UserName: name = '', Path: path = '/' } = input
  const { world, account } = call
  const arn = userArn(account, path, name)
  const tags = tagsOf(input.Tags)
  authorize(call, { action: 'iam:CreateUser', resource: arn, requestTags: tags })
  if (tags.size > 0) authorize(call, { action: 'iam:TagUser', resource: arn, requestTags: tags })
  if (!/^[\w+=,.@-]{1,64}$/.test(name))
    throw new AwsError('ValidationError', `userName ${name} is malformed or too long`)
  const { users } = iamOf(world, account)
  if (users.has(name)) throw new AwsError('EntityAlreadyExists', `User with name ${name} already exists.`, 409)
  const user: User = {
    kind: 'user',
    name,
    arn,
    id: uniqueId(world, 'AIDA'),
    account,
    path,
    created: new Date(world.clock()),
    inline: new Map(),
    attached: new Set(),
    boundary: undefined,
    tags,
    accessKeys: new Map(),
  }
  users.set(name, user)
  return { User: described(user) }
}

export const getUser = ({ UserName: name }: Named, call: Call) => ({
  User: described(userFor(call, name, 'iam:GetUser')),
})

export function deleteUser({ UserName: name }: Named, call: Call) {
  const user = userFor(call, name, 'iam:DeleteUser')
  if (user.inline.size > 0 || user.attached.size > 0 || user.accessKeys.size > 0)
    throw new AwsError('DeleteConflict', 'Cannot delete entity, must delete policies and access keys first.', 409)
  iamOf(call.world, call.account).users.delete(user.name)
  return {}
}

export function putUserPolicy(input: PutUserPolicyCommandInput, call: Call) {
  const user = userFor(call, input.UserName, 'iam:PutUserPolicy')
  user.inline.set(input.PolicyName ?? '', storePolicy(call.world, input.PolicyDocument ?? '', 'identity'))
  return {}
}

function inlineOf(user: User, name: string) {
  const found = user.inline.get(name)
  if (found) return found
  throw new AwsError('NoSuchEntity', `The user policy with name ${name} cannot be found.`, 404)
}

export function getUserPolicy({ UserName: name, PolicyName = '' }: GetUserPolicyCommandInput, call: Call) {
  const user = userFor(call, name, 'iam:GetUserPolicy')
  const { document } = inlineOf(user, PolicyName)
  return { UserName: user.name, PolicyName, PolicyDocument: encodeURIComponent(JSON.stringify(document)) }
}

export function deleteUserPolicy({ UserName: name, PolicyName = '' }: DeleteUserPolicyCommandInput, call: Call) {
  const user = userFor(call, name, 'iam:DeleteUserPolicy')
  inlineOf(user, PolicyName)
  user.inline.delete(PolicyName)
  return {}
}

export function listUserPolicies({ UserName: name }: Named, call: Call) {
  return { PolicyNames: [...userFor(call, name, 'iam:ListUserPolicies').inline.keys()], IsTruncated: false }
}

const metadataOf = (user: User): AccessKeyMetadata[] =>
  [...user.accessKeys].map(([AccessKeyId, CreateDate]) => ({
    UserName: user.name,
    AccessKeyId,
    Status: 'Active',
    CreateDate,
  }))

export function createAccessKey({ UserName: name }: Named, call: Call) {
  const user = userFor(call, name, 'iam:CreateAccessKey')
  if (user.accessKeys.size >= maxAccessKeys)
    throw new AwsError('LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${maxAccessKeys}`, 409)
  const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = issue(call.world, userCaller(call.world, user))
  const CreateDate = new Date(call.world.clock())
  user.accessKeys.set(AccessKeyId, CreateDate)
  return { AccessKey: { UserName: user.name, AccessKeyId, Status: 'Active', SecretAccessKey, CreateDate } }
}

export function listAccessKeys({ UserName: name }: Named, call: Call) {
  return { AccessKeyMetadata: metadataOf(userFor(call, name, 'iam:ListAccessKeys')), IsTruncated: false }
}

export function deleteAccessKey({ UserName: name, AccessKeyId = '' }: DeleteAccessKeyCommandInput, call: Call) {
  const user = userFor(call, name, 'iam:DeleteAccessKey')
  if (!user.accessKeys.delete(AccessKeyId))
    throw new AwsError('NoSuchEntity', `The Access Key with id ${AccessKeyId} cannot be found.`, 404)
  call.world.credentials.delete(AccessKeyId)
  return {}
}
