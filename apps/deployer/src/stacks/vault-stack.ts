import {
  type App,
  CfnOutput,
  CfnResource,
  Fn,
  LegacyStackSynthesizer,
  RemovalPolicy,
  Stack,
  type StackProps,
  Tags,
} from 'aws-cdk-lib/core'
import type { Deployment } from '../model.ts'

export interface VaultStackOptions {
  readonly name: string
  readonly account: string
  readonly region: string
  readonly description: string
}

/** Knows its zones from the deployment: the toolkit would look them up, with context that differs between admins. */
class StackOfZones extends Stack {
  readonly #zones: readonly string[]

  constructor(app: App, id: string, zones: readonly string[], props: StackProps) {
    super(app, id, props)
    this.#zones = zones
  }

  override get availabilityZones(): string[] {
    return [...this.#zones]
  }
}

/**
 * A stack that is deployed with the admin's own credentials and nothing else: the template goes inline, so there is neither a
 * bucket to bootstrap nor a role that could do what the admin cannot.
 */
export function vaultStack(
  app: App,
  deployment: Deployment,
  options: VaultStackOptions & { longLived: boolean },
): Stack {
  const { name, account, region, description, longLived } = options
  const stack = new StackOfZones(app, `${account}-${name}`, deployment.network.availabilityZones, {
    stackName: name,
    description,
    env: { account, region },
    synthesizer: new LegacyStackSynthesizer(),
    terminationProtection: longLived,
    analyticsReporting: false,
  })
  for (const [key, value] of Object.entries(tagsOf(deployment))) Tags.of(stack).add(key, value)
  return stack
}

/** On everything that takes tags: the customer's, and which environment it belongs to. */
export const tagsOf = ({ tags, namespace, environment }: Deployment): Record<string, string> => ({
  ...tags,
  'trivault:namespace': namespace,
  'trivault:environment': environment,
})

/** Resources whose loss costs data or keys; the rest can be made anew by the next deployment. */
export const stateful: ReadonlySet<string> = new Set([
  'AWS::RDS::DBInstance',
  'AWS::S3::Bucket',
  'AWS::KMS::Key',
  'AWS::SecretsManager::Secret',
  'AWS::DynamoDB::Table',
  'AWS::ECR::Repository',
  'AWS::IAM::User',
  'AWS::CloudTrail::Trail',
])

/** What holds state stays when the stack is deleted or replaces it; a creation that fails leaves nothing that would be in the way of the next. */
export function retainState(stack: Stack): void {
  for (const resource of stack.node.findAll())
    if (CfnResource.isCfnResource(resource) && stateful.has(resource.cfnResourceType))
      resource.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
}

/** Values that wallet-long-lived gives to the runtime stacks of its account. */
export const exported = [
  'VpcId',
  'PublicSubnets',
  'WalletSubnets',
  'IsolatedSubnets',
  'LoadBalancerGroup',
  'WalletGroup',
  'BrokerGroup',
  'NodeGroup',
  'DatabaseHost',
  'DatabasePort',
  'DatabaseMasterSecret',
  'DataKey',
  'ApiCertificate',
  'InternalNamespace',
] as const
export type Exported = (typeof exported)[number]

const exportName = ({ namespace, environment }: Deployment, name: Exported) => `${namespace}-${environment}-${name}`

export function exportValue(stack: Stack, deployment: Deployment, name: Exported, value: string): void {
  new CfnOutput(stack, `Out${name}`, { value, exportName: exportName(deployment, name) })
}

export const importValue = (deployment: Deployment, name: Exported): string =>
  Fn.importValue(exportName(deployment, name))

/** An exported list of known length. */
export function importList(deployment: Deployment, name: Exported, length: number): string[] {
  const joined = importValue(deployment, name)
  return Array.from({ length }, (_, index) => Fn.select(index, Fn.split(',', joined)))
}
