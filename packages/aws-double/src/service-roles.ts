import { type Access, type Call, isAllowed } from './call.ts'
import { issue, roleByArn, serviceCaller, sessionCaller } from './credentials.ts'
import { AwsError } from './errors.ts'
import type { Caller, Credential, World } from './world.ts'

/** What a service does for a resource of an account: `sourceArn` names the resource. */
export type ServiceUse = {
  readonly service: string
  readonly account: string
  readonly region: string
  readonly sourceArn?: string
}

const callOf = (world: World, use: ServiceUse, caller: Caller): Call => ({
  world,
  caller,
  account: use.account,
  region: use.region,
  via: undefined,
  decisions: [],
})

/** Whether a service itself may do something, by the resource's own policy. */
export function serviceMay(
  world: World,
  use: ServiceUse,
  access: Omit<Access, 'context' | 'resourceAccount'>,
): boolean {
  const call = callOf(world, use, serviceCaller(use.service))
  // EC2 does not tell for whom it takes a role.
  const source =
    use.service === 'ec2.amazonaws.com' ? {} : { 'aws:SourceAccount': use.account, 'aws:SourceArn': use.sourceArn }
  return isAllowed(call, { ...access, resourceAccount: use.account, context: source })
}

/**
 * A service takes a role of its account, as the role's trust policy lets it.
 * @throws AwsError `AccessDenied`
 */
export function takeRole(world: World, use: ServiceUse, roleArn: string, session: string): Caller {
  const role = roleByArn(world, roleArn)
  const may =
    role?.account === use.account &&
    serviceMay(world, use, {
      action: 'sts:AssumeRole',
      resource: roleArn,
      policy: role.trust.policy,
      rule: 'resource-primary',
    })
  if (!role || !may) throw new AwsError('AccessDenied', `${use.service} is unable to assume the role ${roleArn}`, 403)
  return sessionCaller(world, role, session)
}

/** A call that a service makes with a role that it took, for example to read a task's secrets. */
export const callAs = (world: World, use: ServiceUse, caller: Caller): Call => callOf(world, use, caller)

const credentialSeconds = 6 * 3600

/** Where a process that runs with a role gets its credentials, as ECS and EC2 give them. */
export function roleEnvironment(world: World, use: ServiceUse, roleArn: string): Readonly<Record<string, string>> {
  const token = Buffer.from(world.random(24)).toString('base64url')
  world.containerTokens.set(token, { ...use, roleArn })
  return {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${world.endpoint}/container-credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
    ...placeEnvironment(world, use),
  }
}

export const placeEnvironment = (world: World, { region }: ServiceUse): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: world.endpoint,
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_EC2_METADATA_DISABLED: 'true',
})

/** Fresh credentials for whoever shows the token. @returns undefined for an unknown one. */
export function containerCredentials(world: World, token: string | undefined): Credential | undefined {
  const use = token === undefined ? undefined : world.containerTokens.get(token)
  if (!use) return undefined
  const caller = takeRole(world, use, use.roleArn, Buffer.from(world.random(8)).toString('hex'))
  return issue(world, caller, credentialSeconds)
}
