import { authorize } from '../call.ts'
import { AwsError } from '../errors.ts'
import { generatedName, type Provider, type ResourceCall, textOf } from '../services/cloudformation/provider.ts'
import type { Properties } from '../services/cloudformation/store.ts'
import { authorizeLaunch, type LaunchData, launch, terminate } from '../services/ec2/instances.ts'
import { needServiceLinkedRole } from '../services/iam/roles.ts'
import { inertKey } from './inert.ts'

const templateType = 'AWS::EC2::LaunchTemplate'
const groupType = 'AWS::AutoScaling::AutoScalingGroup'

const templateArn = ({ account, region }: ResourceCall, id: string) =>
  `arn:aws:ec2:${region}:${account}:launch-template/${id}`

function keep(call: ResourceCall, type: string, id: string, properties: Properties): void {
  const { account, region, world } = call
  world.inert.set(inertKey(type, id, call), { type, id, account, region, properties })
}

const versionsOf = (call: ResourceCall, id: string): readonly Properties[] =>
  (call.world.inert.get(inertKey(templateType, id, call))?.properties.versions ?? []) as readonly Properties[]

function described(call: ResourceCall, id: string) {
  const latest = String(versionsOf(call, id).length)
  return {
    physicalId: id,
    attributes: { LaunchTemplateId: id, LatestVersionNumber: latest, DefaultVersionNumber: '1' },
  }
}

export const launchTemplate: Provider = {
  create(properties, call) {
    const id = `lt-${Buffer.from(call.world.random(9)).toString('hex').slice(0, 17)}`
    authorize(call, { action: 'ec2:CreateLaunchTemplate', resource: templateArn(call, id) })
    keep(call, templateType, id, { versions: [properties] })
    return described(call, id)
  },
  update(id, properties, _, call) {
    authorize(call, { action: 'ec2:CreateLaunchTemplateVersion', resource: templateArn(call, id) })
    keep(call, templateType, id, { versions: [...versionsOf(call, id), properties] })
    return described(call, id)
  },
  remove(id, _, call) {
    authorize(call, { action: 'ec2:DeleteLaunchTemplate', resource: templateArn(call, id) })
    call.world.inert.delete(inertKey(templateType, id, call))
  },
}

type TemplateReference = { readonly LaunchTemplateId?: string; readonly Version?: unknown }

function launchData(
  call: ResourceCall,
  { LaunchTemplateId: id = '', Version: version }: TemplateReference,
): LaunchData {
  authorize(call, { action: 'ec2:DescribeLaunchTemplateVersions', resource: '*' })
  const found = versionsOf(call, id)[Number(version) - 1]
  if (!found)
    throw new AwsError(
      'InvalidLaunchTemplateId.NotFound',
      `the launch template ${id} has no version ${String(version)}`,
    )
  return found.LaunchTemplateData as LaunchData
}

type GroupTag = { readonly Key: string; readonly Value: string; readonly PropagateAtLaunch: unknown }

const instancesOf = (call: ResourceCall, group: string): readonly string[] =>
  (call.world.inert.get(inertKey(groupType, group, call))?.properties.instances ?? []) as readonly string[]

/** Ends the group's instances, then starts as many as are wanted. */
async function replaceInstances(call: ResourceCall, group: string, properties: Properties): Promise<void> {
  const count = Number(properties.DesiredCapacity ?? properties.MinSize ?? 0)
  const data = launchData(call, (properties.LaunchTemplate ?? {}) as TemplateReference)
  authorizeLaunch(call, data)
  for (const id of instancesOf(call, group)) await terminate(call, id)
  const own = ((properties.Tags ?? []) as readonly GroupTag[]).map(({ Key, Value }) => [Key, Value] as const)
  const tags = Object.fromEntries([...call.stackTags, ...own, ['aws:autoscaling:groupName', group]])
  const instances: string[] = []
  keep(call, groupType, group, { instances })
  for (let made = 0; made < count; made++) instances.push((await launch(call, data, tags)).id)
}

const groupArn = ({ account, region }: ResourceCall, name: string) =>
  `arn:aws:autoscaling:${region}:${account}:autoScalingGroup:*:autoScalingGroupName/${name}`

export const autoScalingGroup: Provider = {
  async create(properties, call) {
    const name = textOf(properties, 'AutoScalingGroupName') ?? generatedName(call)
    authorize(call, { action: 'autoscaling:CreateAutoScalingGroup', resource: groupArn(call, name) })
    needServiceLinkedRole(call, 'autoscaling.amazonaws.com')
    await replaceInstances(call, name, properties)
    return { physicalId: name, attributes: {} }
  },
  async update(name, properties, _, call) {
    authorize(call, { action: 'autoscaling:UpdateAutoScalingGroup', resource: groupArn(call, name) })
    await replaceInstances(call, name, properties)
    return { physicalId: name, attributes: {} }
  },
  async remove(name, _, call) {
    authorize(call, { action: 'autoscaling:DeleteAutoScalingGroup', resource: groupArn(call, name) })
    for (const id of instancesOf(call, name)) await terminate(call, id)
    call.world.inert.delete(inertKey(groupType, name, call))
  },
}

/** A single instance; every change replaces it. */
export const instance: Provider = {
  async create(properties, call) {
    const { LaunchTemplate: template, IamInstanceProfile: profile, Tags: tags = [], ...own } = properties
    const fromTemplate = template === undefined ? {} : launchData(call, template as TemplateReference)
    const data: LaunchData = {
      ...fromTemplate,
      ...(own as LaunchData),
      ...(profile === undefined ? {} : { IamInstanceProfile: { Name: String(profile) } }),
    }
    authorizeLaunch(call, data)
    const entries = (tags as readonly GroupTag[]).map(({ Key, Value }) => [Key, Value] as const)
    const made = await launch(call, data, Object.fromEntries([...call.stackTags, ...entries]))
    return {
      physicalId: made.id,
      attributes: { InstanceId: made.id, PrivateIp: '10.0.0.10', PrivateDnsName: `${made.id}.internal` },
    }
  },
  async remove(id, _, call) {
    authorize(call, {
      action: 'ec2:TerminateInstances',
      resource: `arn:aws:ec2:${call.region}:${call.account}:instance/${id}`,
    })
    await terminate(call, id)
  },
}
