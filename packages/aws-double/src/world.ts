import type { SoftwareRoot } from '@trivault/attestation'
import type { Hooks } from './hooks.ts'
import type { Policy } from './iam/document.ts'
import type { Requester } from './iam/evaluate.ts'
import { createInertStore, type InertStore } from './resources/inert-store.ts'
import { type CloudFormationStore, createCloudFormationStore } from './services/cloudformation/store.ts'
import { createDynamoStore, type DynamoStore } from './services/dynamodb/store.ts'
import { createEc2Store, type Ec2Store } from './services/ec2/store.ts'
import { createEcrStore, type EcrStore } from './services/ecr/store.ts'
import { createEcsStore, type EcsStore } from './services/ecs/store.ts'
import { createIamStore, type IamStore } from './services/iam/store.ts'
import { createKmsStore, type KmsStore } from './services/kms/store.ts'
import { createRdsStore, type RdsStore } from './services/rds/store.ts'
import { createRoute53Store, type Route53Store } from './services/route53/store.ts'
import { createS3Store, type S3Store } from './services/s3/store.ts'
import { createSecretStore, type SecretStore } from './services/secretsmanager/store.ts'
import { createSsmStore, type SsmStore } from './services/ssm/store.ts'

/** Who a credential speaks for. Policies are read at each call, so that a change counts at once. */
export type Caller = {
  readonly requester: Requester
  /** `aws:userid` and `UserId` of STS. */
  readonly userId: string
  readonly userName: string | undefined
  readonly tags: () => ReadonlyMap<string, string>
  readonly identity: () => readonly Policy[]
  readonly boundary: () => Policy | undefined
  /** The role or user is still there. */
  readonly exists: () => boolean
}

export type Credential = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
  /** Milliseconds since the epoch. */
  readonly expires: number | undefined
  readonly caller: Caller
}

export type DecisionRecord = {
  readonly action: string
  readonly resource: string
  readonly allowed: boolean
  readonly reason: string
}
export type CallRecord = {
  readonly time: number
  readonly service: string
  readonly operation: string
  /** ARN of who asked. */
  readonly principal: string
  /** `ok`, or the code of the refusal. */
  readonly outcome: string
  readonly message: string | undefined
  readonly decisions: readonly DecisionRecord[]
}

/** Everything that this AWS holds. */
export type World = {
  readonly region: string
  readonly clock: () => number
  readonly random: (length: number) => Uint8Array
  readonly attestation: SoftwareRoot
  readonly hooks: Hooks
  /** Known once the server listens. */
  endpoint: string
  /** Address of an account's image registry in a region: each has its own. */
  registry: (account: string, region: string) => Promise<string>
  readonly accounts: Map<string, { readonly id: string; readonly iam: IamStore }>
  readonly credentials: Map<string, Credential>
  /** Which role a process gets credentials of at the container credentials endpoint, by its token. */
  readonly containerTokens: Map<
    string,
    { readonly service: string; readonly account: string; readonly region: string; readonly roleArn: string }
  >
  readonly calls: CallRecord[]
  readonly cloudformation: CloudFormationStore
  readonly dynamodb: DynamoStore
  readonly ec2: Ec2Store
  readonly ecr: EcrStore
  readonly ecs: EcsStore
  readonly inert: InertStore
  readonly kms: KmsStore
  readonly rds: RdsStore
  readonly route53: Route53Store
  readonly s3: S3Store
  readonly secrets: SecretStore
  readonly ssm: SsmStore
}

export const createWorld = (
  options: Pick<World, 'region' | 'clock' | 'random' | 'attestation' | 'hooks'> & {
    readonly accounts: readonly string[]
  },
): World => ({
  ...options,
  endpoint: '',
  registry: () => Promise.reject(new Error('the AWS double does not listen yet')),
  accounts: new Map(options.accounts.map(id => [id, { id, iam: createIamStore() }])),
  credentials: new Map(),
  containerTokens: new Map(),
  calls: [],
  cloudformation: createCloudFormationStore(),
  dynamodb: createDynamoStore(),
  ec2: createEc2Store(),
  ecr: createEcrStore(),
  ecs: createEcsStore(),
  inert: createInertStore(),
  kms: createKmsStore(),
  rds: createRdsStore(),
  route53: createRoute53Store(),
  s3: createS3Store(),
  secrets: createSecretStore(),
  ssm: createSsmStore(),
})

/** @returns the IAM of an account of this world. */
export function iamOf(world: World, account: string): IamStore {
  const found = world.accounts.get(account)
  if (!found) throw new Error(`the AWS double has no account ${account}`)
  return found.iam
}
