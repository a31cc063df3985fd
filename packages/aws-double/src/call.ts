import { AwsError } from './errors.ts'
import type { Context } from './iam/conditions.ts'
import type { Policy } from './iam/document.ts'
import { decide } from './iam/evaluate.ts'
import type { Caller, DecisionRecord, World } from './world.ts'

/** One request on its way through a service, with who asks. */
export type Call = {
  readonly world: World
  readonly caller: Caller
  /** Of the credentials that signed; absent for calls that a service makes by itself. */
  readonly accessKeyId?: string
  /** Account and region that the request is for. */
  readonly account: string
  readonly region: string
  /** The service that asks another one in the caller's name, for example `secretsmanager`. */
  readonly via: string | undefined
  readonly decisions: DecisionRecord[]
}

export type Access = {
  readonly action: string
  readonly resource: string
  readonly resourceAccount?: string
  readonly policy?: Policy | undefined
  readonly rule?: 'union' | 'resource-primary'
  /** Keys besides those of every request. */
  readonly context?: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly resourceTags?: ReadonlyMap<string, string>
  readonly requestTags?: ReadonlyMap<string, string>
}

/** The same caller, asked for by a service in its name (forward access session). */
export const through = (call: Call, service: string): Call => ({ ...call, via: service })

export const arnOf = ({ requester }: Caller): string =>
  requester.kind === 'service' ? requester.service : requester.kind === 'anonymous' ? 'anonymous' : requester.arn

const principalTypes = { root: 'Account', user: 'User', session: 'AssumedRole' } as const

function contextOf(call: Call, access: Access): Context {
  const { world, caller } = call
  const { requester } = caller
  const now = world.clock()
  const entries: [string, string | readonly string[] | undefined][] = [
    ['aws:CurrentTime', new Date(now).toISOString()],
    ['aws:EpochTime', String(Math.floor(now / 1000))],
    ['aws:RequestedRegion', call.region],
    ['aws:SecureTransport', 'true'],
    ['aws:SourceIp', call.via ? undefined : '127.0.0.1'],
    ['aws:ViaAWSService', String(call.via !== undefined)],
    ['aws:PrincipalIsAWSService', String(requester.kind === 'service')],
    ['aws:ResourceAccount', access.resourceAccount ?? call.account],
    ...Object.entries(access.context ?? {}),
    ...tagEntries('aws:ResourceTag/', access.resourceTags),
    ...tagEntries('aws:RequestTag/', access.requestTags),
    ['aws:TagKeys', access.requestTags && [...access.requestTags.keys()]],
  ]
  if (requester.kind !== 'service' && requester.kind !== 'anonymous') {
    entries.push(
      ['aws:PrincipalAccount', requester.account],
      ['aws:PrincipalArn', requester.kind === 'session' ? requester.roleArn : requester.arn],
      ['aws:PrincipalType', principalTypes[requester.kind]],
      ['aws:userid', caller.userId],
      ['aws:username', caller.userName],
      ...tagEntries('aws:PrincipalTag/', caller.tags()),
    )
  }
  return new Map(
    entries.flatMap(([key, value]) => {
      if (value === undefined) return []
      return [[key.toLowerCase(), typeof value === 'string' ? [value] : value] as const]
    }),
  )
}

const tagEntries = (prefix: string, tags: ReadonlyMap<string, string> | undefined): [string, string][] =>
  [...(tags ?? [])].map(([name, value]) => [`${prefix}${name}`, value])

/** Whether the caller may; the answer is recorded either way. */
export function isAllowed(call: Call, access: Access): boolean {
  const { caller } = call
  const decision = decide(
    { requester: caller.requester, action: access.action, resource: access.resource, context: contextOf(call, access) },
    {
      identity: caller.identity(),
      boundary: caller.boundary(),
      resource: access.policy,
      resourceAccount: access.resourceAccount ?? call.account,
      rule: access.rule ?? 'union',
    },
  )
  call.decisions.push({ action: access.action, resource: access.resource, ...decision })
  return decision.allowed
}

/** @throws AwsError `AccessDenied`, worded like AWS's. */
export function authorize(call: Call, access: Access): void {
  if (isAllowed(call, access)) return
  const reason = call.decisions.at(-1)?.reason ?? ''
  const because = reason.startsWith('an explicit') ? `with ${reason}` : `because ${reason}`
  throw new AwsError(
    'AccessDenied',
    `User: ${arnOf(call.caller)} is not authorized to perform: ${access.action} on resource: ${access.resource} ${because}`,
    403,
  )
}
