import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { createSoftwareRoot, type SoftwareRoot } from '@trivault/attestation'
import { issue, rootCaller, sessionCaller, uniqueId, userCaller } from './credentials.ts'
import type { Hooks } from './hooks.ts'
import { createDispatcher } from './http/dispatch.ts'
import { close, listen, portOf } from './http/listen.ts'
import type { Request, Response } from './http/message.ts'
import { createRegistry } from './http/registry.ts'
import { certificateFor, type SecureEndpoint } from './http/secure.ts'
import { type PolicyDocument, parsePolicy } from './iam/document.ts'
import { providers } from './resources/index.ts'
import type { Service } from './service.ts'
import { containerCredentials } from './service-roles.ts'
import { cloudformation } from './services/cloudformation/service.ts'
import { dynamodb } from './services/dynamodb/service.ts'
import { ecr } from './services/ecr/service.ts'
import { ecs } from './services/ecs/service.ts'
import { iam } from './services/iam/service.ts'
import type { StoredPolicy } from './services/iam/store.ts'
import { kms } from './services/kms/service.ts'
import { rds } from './services/rds/service.ts'
import { route53 } from './services/route53/service.ts'
import { s3 } from './services/s3/service.ts'
import { secretsmanager } from './services/secretsmanager/service.ts'
import { ssm } from './services/ssm/service.ts'
import { sts } from './services/sts/service.ts'
import { type CallRecord, createWorld, iamOf, type World } from './world.ts'

export type AccountOptions = {
  /** 12 digits. */
  readonly id: string
  /** `administrator` may do everything that its account may. */
  readonly users?: Readonly<Record<string, 'administrator' | readonly PolicyDocument[]>>
  /** Public zones that exist before any installation. */
  readonly zones?: readonly { readonly name: string; readonly id: string }[]
}
export type DoubleOptions = {
  /** Where `environmentFor` points; calls may be signed for any region. */
  readonly region: string
  readonly accounts: readonly AccountOptions[]
  readonly hooks?: Hooks
  /** Milliseconds since the epoch. */
  readonly clock?: () => number
  /** Root of the attestation documents that KMS trusts; made fresh when absent. */
  readonly attestationRoot?: SoftwareRoot
}
export type Keys = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}
export type AwsDouble = {
  /** For `AWS_ENDPOINT_URL`: one address for all services. */
  readonly endpoint: string
  readonly attestation: SoftwareRoot
  readonly world: World
  readonly calls: readonly CallRecord[]
  /** @param name `root`, a user, or a role (then a fresh session of it). */
  credentialsFor(account: string, name: string): Keys
  /** The same as environment variables of a process that uses an AWS SDK. */
  environmentFor(account: string, name: string): Readonly<Record<string, string>>
  /** Address of an account's image registry in a region, for `http://…/v2/`; sign in with ecr:GetAuthorizationToken. */
  registry(account: string, region: string): Promise<string>
  /** The same services over TLS, under their own host names in the double's region (`dynamodb.eu-west-1.amazonaws.com`). */
  secure(): Promise<SecureEndpoint>
  /** Stops the server and all that hooks have started. */
  stop(): Promise<void>
}

const administrator: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
}
const sessionSeconds = 3600

const storedPolicy = (document: PolicyDocument): StoredPolicy => ({
  document,
  policy: parsePolicy(document, 'identity'),
})

function addUser(world: World, account: string, name: string, policies: readonly PolicyDocument[]): void {
  iamOf(world, account).users.set(name, {
    kind: 'user',
    name,
    arn: `arn:aws:iam::${account}:user/${name}`,
    id: uniqueId(world, 'AIDA'),
    account,
    path: '/',
    created: new Date(world.clock()),
    inline: new Map(policies.map((document, index) => [`policy-${index}`, storedPolicy(document)])),
    attached: new Set(),
    boundary: undefined,
    tags: new Map(),
    accessKeys: new Map(),
  })
}

function keysFor(world: World, account: string, name: string): Keys {
  const { users, roles } = iamOf(world, account)
  const user = users.get(name)
  const role = roles.get(name)
  if (name !== 'root' && !user && !role) throw new Error(`account ${account} has no user or role ${name}`)
  const caller = user ? userCaller(world, user) : role ? sessionCaller(world, role, 'test') : rootCaller(account)
  const { accessKeyId, secretAccessKey, sessionToken } = issue(world, caller, role ? sessionSeconds : undefined)
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}

/**
 * Starts an AWS on loopback that enforces policies. Nothing of it leaves the machine or outlives `stop`.
 *
 * It refuses what it does not have (`NotInAwsDouble`) and what it cannot judge as AWS does: unknown members, condition operators
 * and keys, resource types. It differs from AWS in this: TLS only where it is asked for (`aws:SecureTransport` is always told as true), no throttling, a change
 * counts at once, no KMS grants, networks and web services exist without doing anything, and a secret without a key of its own is
 * kept in the clear.
 */
export async function startAwsDouble(options: DoubleOptions): Promise<AwsDouble> {
  const clock = options.clock ?? Date.now
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
  const attestation = options.attestationRoot ?? createSoftwareRoot({ time: clock(), random })
  const { region, accounts, hooks = {} } = options
  const world = createWorld({ region, clock, random, attestation, hooks, accounts: accounts.map(({ id }) => id) })
  for (const { id, users = {}, zones = [] } of accounts) {
    for (const [name, policies] of Object.entries(users)) {
      addUser(world, id, name, policies === 'administrator' ? [administrator] : policies)
    }
    for (const zone of zones) {
      world.route53.zones.set(zone.id, { id: zone.id, name: `${zone.name}.`, account: id, records: new Map() })
    }
  }
  const services: readonly Service[] = [
    cloudformation(providers),
    dynamodb,
    ecr,
    ecs,
    iam,
    kms,
    rds,
    route53,
    s3,
    secretsmanager,
    ssm,
    sts,
  ]
  const dispatch = createDispatcher(world, services)
  const server = await listen(async request =>
    request.path === '/container-credentials' ? credentialsAnswer(world, request) : dispatch(request),
  )
  const secure = openSecure(
    dispatch,
    services.map(({ name }) => `${name}.${region}.amazonaws.com`),
    clock,
  )
  world.endpoint = addressOf(server)
  const registries = openRegistries(world)
  world.registry = registries.address
  return {
    endpoint: world.endpoint,
    attestation,
    world,
    calls: world.calls,
    credentialsFor: (account, name) => keysFor(world, account, name),
    environmentFor: (account, name) => {
      const keys = keysFor(world, account, name)
      return {
        AWS_ENDPOINT_URL: world.endpoint,
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_ACCESS_KEY_ID: keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        ...(keys.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: keys.sessionToken }),
      }
    },
    registry: world.registry,
    secure: secure.endpoint,
    async stop() {
      const tasks = [...world.ecs.tasks.values()].filter(({ status }) => status === 'RUNNING')
      const running = [...tasks, ...world.ec2.instances.values()].map(({ running: own }) => own?.stop())
      await Promise.allSettled(running)
      await Promise.all([close(server), registries.close(), secure.close()])
    },
  }
}

const addressOf = (server: Server): string => `http://127.0.0.1:${portOf(server)}`

/** Each registry has an address of its own, opened when it is first asked for. */
function openRegistries(world: World) {
  const servers = new Map<string, Promise<Server>>()
  return {
    async address(account: string, region: string): Promise<string> {
      const key = `${account} ${region}`
      const server = servers.get(key) ?? listen(createRegistry(world, { account, region }))
      servers.set(key, server)
      return addressOf(await server)
    },
    async close(): Promise<void> {
      await Promise.all([...servers.values()].map(async server => close(await server)))
    },
  }
}

/** Opened when it is first asked for. */
function openSecure(answer: (request: Request) => Promise<Response>, hosts: readonly string[], clock: () => number) {
  let opened: Promise<SecureEndpoint & { readonly server: Server }> | undefined
  const open = async () => {
    const { authority, ...certificate } = await certificateFor(hosts, clock())
    const server = await listen(answer, certificate)
    return { server, port: portOf(server), authority }
  }
  return {
    async endpoint(): Promise<SecureEndpoint> {
      opened ??= open()
      const { port, authority } = await opened
      return { port, authority }
    },
    async close(): Promise<void> {
      if (opened) await close((await opened).server)
    },
  }
}

/** What the SDK's container credential provider reads. */
function credentialsAnswer(world: World, { headers }: Request): Response {
  const credential = containerCredentials(world, headers.authorization)
  if (!credential) return { status: 403, headers: {}, body: 'unknown token' }
  const body = JSON.stringify({
    AccessKeyId: credential.accessKeyId,
    SecretAccessKey: credential.secretAccessKey,
    Token: credential.sessionToken,
    Expiration: new Date(credential.expires ?? 0).toISOString(),
  })
  return { status: 200, headers: { 'content-type': 'application/json' }, body }
}
