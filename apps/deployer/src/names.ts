import type { Deployment, NodeIndex } from './model.ts'

type Env = Pick<Deployment, 'namespace' | 'environment'>

const dashed = ({ namespace, environment }: Env, ...rest: string[]) => [namespace, environment, ...rest].join('-')

/** CloudFormation stack names. Every account that takes part has its own baseline. */
export const stackNames = {
  baseline: (env: Env) => dashed(env, 'baseline'),
  walletLongLived: (env: Env) => dashed(env, 'wallet-long-lived'),
  policyNodeLongLived: (env: Env, node: NodeIndex) => dashed(env, `policy-node${node}-long-lived`),
  wallet: (env: Env) => dashed(env, 'wallet'),
  nitroNodes: (env: Env) => dashed(env, 'nitro-nodes'),
  approverApp: (env: Env) => dashed(env, 'approver-app'),
}

/** Names in Secrets Manager: `bd-wallet.<NAMESPACE>.<ENV_PREFIX>.<name>`, as the guide has them. */
export const secretId = ({ namespace, environment }: Env, name: string) =>
  `bd-wallet.${namespace}.${environment}.${name}`

export const secretNames = {
  /** Made by the wallet at its first start. */
  bootstrapKey: 'bootstrap-key',
  /** Generated once by populate-secrets-wallet: the wallet's database role, as JSON {username, password, dbname}. */
  dbInfo: 'db-info',
  /** The same of a Policy Node's role. */
  dbInfoOf: (node: NodeIndex) => `db-info-node${node}`,
  webhookToken: 'webhook-token',
  /** Certificate of a party on the bus, as JSON {ca, cert, key} in PEM. */
  bus: (party: string) => `bus-${party}`,
  /** The wallet's copy of the node admins' pins. */
  walletPins: 'pins',
  /** In the node's own account: JSON {version, secret, card, anchor}; `secret` is base64 ciphertext under the node's KMS key. */
  policyNode: (node: NodeIndex) => `policy-node${node}`,
  /** In the node's own account: what its admin pinned, JSON {pins, ersPublicKey}. */
  policyNodePins: (node: NodeIndex) => `policy-node${node}-pins`,
} as const

/** IAM roles, by their fixed names: key policies name them before they exist (account principal and role-ARN condition). */
export const roleNames = {
  nitroHost: (env: Env, node: NodeIndex) => dashed(env, `policy-node${node}-host`),
  walletTask: (env: Env) => dashed(env, 'wallet-task'),
  walletExecution: (env: Env) => dashed(env, 'wallet-execution'),
}

/** KMS alias of the PCR-conditioned key of a Policy Node. */
export const nodeKeyAlias = (env: Env, node: NodeIndex) => `alias/${dashed(env, `policy-node${node}`)}`

/** Vote record of one Policy Node, in its admin's account (protocol notes section 7). */
export const anchorTableName = (env: Env, node: NodeIndex) => dashed(env, `policy-node${node}-anchor`)

/** Bucket of conf files, uploaded under their own hash. */
export const confBucketName = (env: Env, account: string) => dashed(env, 'conf', account)

/** Repository of a service's image in the customer's ECR. */
export const repositoryName = (env: Env, service: string) => `${dashed(env)}/${service}`

/** Name of the deployment in the genesis and in every encryption context. */
export const deploymentId = ({ namespace, environment }: Env) => `${namespace}.${environment}`

/** Under which the VPC's own DNS knows the broker; also in its certificate. */
export const brokerHost = ({ namespace, environment }: Env) => `broker.${environment}.${namespace}.internal`
