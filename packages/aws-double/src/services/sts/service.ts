import type { AssumeRoleCommandInput, AssumeRoleCommandOutput } from '@aws-sdk/client-sts'
import { arnOf, authorize, type Call } from '../../call.ts'
import { issue, roleByArn, sessionCaller } from '../../credentials.ts'
import { AwsError } from '../../errors.ts'
import type { Output, Service } from '../../service.ts'

const defaultSeconds = 3600

function getCallerIdentity(_: unknown, { caller, account }: Call) {
  return { Account: account, Arn: arnOf(caller), UserId: caller.userId }
}

function assumeRole(input: AssumeRoleCommandInput, call: Call): Output<AssumeRoleCommandOutput> {
  const { RoleArn: arn = '', RoleSessionName: session = '', DurationSeconds: seconds = defaultSeconds } = input
  for (const name of ['Policy', 'PolicyArns', 'Tags', 'TransitiveTagKeys', 'SerialNumber', 'SourceIdentity'] as const) {
    if (input[name] !== undefined)
      throw new AwsError('NotInAwsDouble', `AssumeRole with ${name} is not part of the double`, 501)
  }
  if (!/^[\w+=,.@-]{2,64}$/.test(session)) throw new AwsError('ValidationError', 'RoleSessionName is malformed')
  const role = roleByArn(call.world, arn)
  authorize(call, {
    action: 'sts:AssumeRole',
    resource: arn,
    resourceAccount: arn.split(':')[4] ?? '',
    policy: role?.trust.policy,
    rule: 'resource-primary',
    context: { 'sts:ExternalId': input.ExternalId, 'sts:RoleSessionName': session },
    ...(role ? { resourceTags: role.tags } : {}),
  })
  if (!role) throw new AwsError('AccessDenied', `${arn} cannot be assumed`, 403)
  if (seconds < 900 || seconds > role.maxSessionSeconds) {
    throw new AwsError('ValidationError', 'DurationSeconds is outside of what the role allows')
  }
  const caller = sessionCaller(call.world, role, session)
  const credential = issue(call.world, caller, seconds)
  return {
    Credentials: {
      AccessKeyId: credential.accessKeyId,
      SecretAccessKey: credential.secretAccessKey,
      SessionToken: credential.sessionToken ?? '',
      Expiration: new Date(credential.expires ?? 0),
    },
    AssumedRoleUser: { AssumedRoleId: caller.userId, Arn: arnOf(caller) },
  }
}

export const sts: Service = {
  name: 'sts',
  protocol: 'query',
  xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  client: () => import('@aws-sdk/client-sts'),
  operations: { GetCallerIdentity: getCallerIdentity, AssumeRole: assumeRole },
  open: ['GetCallerIdentity'],
}
