import { tagList } from '../service.ts'
import {
  generatedName,
  type Provider,
  type ResourceCall,
  resourceTags,
  textOf,
} from '../services/cloudformation/provider.ts'
import type { Properties } from '../services/cloudformation/store.ts'
import { createUser, deleteUser, deleteUserPolicy, getUser, putUserPolicy } from '../services/iam/users.ts'
import { iamOf } from '../world.ts'
import { inlineOf } from './iam.ts'

function setPolicies(call: ResourceCall, UserName: string, properties: Properties, previous: Properties): void {
  for (const { PolicyName, PolicyDocument } of inlineOf(properties))
    putUserPolicy({ UserName, PolicyName, PolicyDocument: JSON.stringify(PolicyDocument) }, call)
  for (const { PolicyName } of inlineOf(previous)) {
    const kept = inlineOf(properties).some(own => own.PolicyName === PolicyName)
    if (!kept) deleteUserPolicy({ UserName, PolicyName }, call)
  }
}

function described(call: ResourceCall, UserName: string) {
  const { User: made } = getUser({ UserName }, call)
  return { physicalId: UserName, attributes: { Arn: made.Arn } }
}

/** Its access keys are made by whoever needs them; with one it cannot be removed. */
export const user: Provider = {
  properties: ['Path', 'Policies', 'Tags', 'UserName'],
  create(properties, call) {
    const UserName = textOf(properties, 'UserName') ?? generatedName(call)
    const Tags = tagList(resourceTags(call, properties.Tags))
    createUser({ UserName, Path: textOf(properties, 'Path'), Tags }, call)
    call.began(UserName)
    setPolicies(call, UserName, properties, {})
    return described(call, UserName)
  },
  update(UserName, properties, previous, call) {
    setPolicies(call, UserName, properties, previous)
    const found = iamOf(call.world, call.account).users.get(UserName)
    if (found) found.tags = resourceTags(call, properties.Tags)
    return described(call, UserName)
  },
  remove(UserName, properties, call) {
    for (const { PolicyName } of inlineOf(properties)) deleteUserPolicy({ UserName, PolicyName }, call)
    deleteUser({ UserName }, call)
  },
}
