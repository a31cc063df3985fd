import type { Policy } from './iam/document.ts'
import { managedPolicy } from './iam/managed.ts'
import type { Role, User } from './services/iam/store.ts'
import { type Caller, type Credential, iamOf, type World } from './world.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** @param prefix four letters that tell the kind, as AWS has them (AKIA, ASIA, AROA, AIDA, …). */
export const uniqueId = (world: World, prefix: string): string =>
  prefix + [...world.random(16)].map(byte => alphabet[byte & 31]).join('')

/** Policies in force for a user or a role, read at each call. */
function policiesOf(world: World, identity: User | Role): readonly Policy[] {
  const managed = [...identity.attached].map(arn => policyByArn(world, arn, identity.account))
  return [...[...identity.inline.values()].map(({ policy }) => policy), ...managed]
}

export function policyByArn(world: World, arn: string, account: string): Policy {
  const found = iamOf(world, account).policies.get(arn)?.policy ?? managedPolicy(arn)
  if (!found) throw new Error(`the attached policy ${arn} is gone`)
  return found
}

const boundaryOf = (world: World, { boundary, account }: User | Role): Policy | undefined =>
  boundary === undefined ? undefined : policyByArn(world, boundary, account)

export const rootCaller = (account: string): Caller => ({
  requester: { kind: 'root', account, arn: `arn:aws:iam::${account}:root` },
  userId: account,
  userName: undefined,
  tags: () => new Map(),
  identity: () => [],
  boundary: () => undefined,
  exists: () => true,
})

export const userCaller = (world: World, user: User): Caller => ({
  requester: { kind: 'user', account: user.account, arn: user.arn },
  userId: user.id,
  userName: user.name,
  tags: () => user.tags,
  identity: () => policiesOf(world, user),
  boundary: () => boundaryOf(world, user),
  exists: () => iamOf(world, user.account).users.get(user.name) === user,
})

export const sessionCaller = (world: World, role: Role, session: string): Caller => ({
  requester: {
    kind: 'session',
    account: role.account,
    arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${session}`,
    roleArn: role.arn,
  },
  userId: `${role.id}:${session}`,
  userName: undefined,
  tags: () => role.tags,
  identity: () => policiesOf(world, role),
  boundary: () => boundaryOf(world, role),
  exists: () => iamOf(world, role.account).roles.get(role.name) === role,
})

export const serviceCaller = (service: string): Caller => ({
  requester: { kind: 'service', service },
  userId: service,
  userName: undefined,
  tags: () => new Map(),
  identity: () => [],
  boundary: () => undefined,
  exists: () => true,
})

/** Makes credentials that the server will know. @param seconds of life; without it they do not expire and have no token. */
export function issue(world: World, caller: Caller, seconds?: number): Credential {
  const text = (length: number): string => Buffer.from(world.random(length)).toString('base64url')
  const credential: Credential = {
    accessKeyId: uniqueId(world, seconds === undefined ? 'AKIA' : 'ASIA'),
    secretAccessKey: text(30),
    sessionToken: seconds === undefined ? undefined : text(60),
    expires: seconds === undefined ? undefined : world.clock() + seconds * 1000,
    caller,
  }
  world.credentials.set(credential.accessKeyId, credential)
  return credential
}

/** The role with this ARN, of whatever account. */
export function roleByArn(world: World, arn: string): Role | undefined {
  const match = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(arn)
  const role = world.accounts.get(match?.[1] ?? '')?.iam.roles.get(match?.[2] ?? '')
  return role?.arn === arn ? role : undefined
}
