import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { placeEnvironment, roleEnvironment, type ServiceUse, takeRole } from '../../service-roles.ts'
import { iamOf } from '../../world.ts'
import { passRole } from '../iam/roles.ts'
import type { Instance } from './store.ts'

/** What a template or an instance says, in CloudFormation's words. */
export type LaunchData = {
  readonly ImageId?: string
  readonly InstanceType?: string
  readonly UserData?: string
  readonly EnclaveOptions?: { readonly Enabled?: unknown }
  readonly IamInstanceProfile?: { readonly Arn?: string; readonly Name?: string }
}

function profileRole(call: Call, { IamInstanceProfile: profile }: LaunchData): string | undefined {
  if (!profile) return undefined
  const name = profile.Name ?? profile.Arn?.split('/').at(-1) ?? ''
  const found = iamOf(call.world, call.account).instanceProfiles.get(name)
  const [roleName] = found?.roles ?? []
  const role = iamOf(call.world, call.account).roles.get(roleName ?? '')
  if (!role) throw new AwsError('InvalidParameterValue', `Invalid IAM Instance Profile ${name}`)
  return role.arn
}

/** Who launches must be able to pass the instance's role. @throws AwsError */
export function authorizeLaunch(call: Call, data: LaunchData): void {
  authorize(call, { action: 'ec2:RunInstances', resource: `arn:aws:ec2:${call.region}:${call.account}:instance/*` })
  const role = profileRole(call, data)
  if (role) passRole(call, role, 'ec2.amazonaws.com')
}

/** Starts an instance; its role is taken by EC2, as the role's trust policy lets it. */
export async function launch(call: Call, data: LaunchData, tags: Readonly<Record<string, string>>): Promise<Instance> {
  const { world, account, region } = call
  if (!/^ami-[0-9a-f]{8,17}$/.test(data.ImageId ?? ''))
    throw new AwsError('InvalidAMIID.Malformed', `Invalid id: "${data.ImageId ?? ''}"`)
  const id = `i-${Buffer.from(world.random(9)).toString('hex').slice(0, 17)}`
  const use: ServiceUse = {
    service: 'ec2.amazonaws.com',
    account,
    region,
    sourceArn: `arn:aws:ec2:${region}:${account}:instance/${id}`,
  }
  const role = profileRole(call, data)
  if (role) takeRole(world, use, role, id)
  const instance: Instance = {
    id,
    account,
    region,
    type: data.InstanceType ?? 'm1.small',
    userData: data.UserData === undefined ? '' : Buffer.from(data.UserData, 'base64').toString(),
    enclave: String(data.EnclaveOptions?.Enabled) === 'true',
    role,
    tags,
    running: undefined,
  }
  world.ec2.instances.set(id, instance)
  const environment = role ? roleEnvironment(world, use, role) : placeEnvironment(world, use)
  const { type: instanceType, userData, enclave } = instance
  try {
    instance.running = await world.hooks.runInstance?.({
      account,
      region,
      instanceId: id,
      instanceType,
      userData,
      enclave,
      environment,
      tags,
    })
  } catch (error) {
    world.ec2.instances.delete(id)
    throw error
  }
  return instance
}

export async function terminate(call: Call, id: string): Promise<void> {
  const instance = call.world.ec2.instances.get(id)
  if (instance?.account !== call.account) return
  call.world.ec2.instances.delete(id)
  await instance.running?.stop()
}
