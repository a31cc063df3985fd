import type { Deployment, NodeIndex } from './model.ts'

type Env = Pick<Deployment, 'namespace' | 'environment'>

const dashed = ({ namespace, environment }: Env, ...rest: string[]) => [namespace, environment, ...rest].join('-')

/** CloudFormation stack names. Every account that takes part has its own baseline. */
export const stackNames = {
  baseline: (env: Env) => dashed(env, 'baseline'),
  walletLongLived: (env: Env) => dashed(env, 'wallet-long-lived'),
  policyNodeLongLived: (env: Env, node: NodeIndex) => dashed(env, `policy-node${node}-long-lived`),
  wallet: (env: Env) => dashed(env, 'wallet'),
  console: (env: Env) => dashed(env, 'console'),
  nitroNodes: (env: Env) => dashed(env, 'nitro-nodes'),
  approverApp: (env: Env) => dashed(env, 'approver-app'),
}

/** Names in Secrets Manager: `bd-wallet.<NAMESPACE>.<ENV_PREFIX>.<name>`, as the guide has them. */
export const secretId = ({ namespace, environment }: Env, name: string) =>
  `bd-wallet.${namespace}.${environment}.${name}`

/** Never ending in a hyphen and six characters: AWS would take them for the suffix of an ARN. */
export const secretNames = {
  /** Made by the wallet at its first start. */
  bootstrapKey: 'bootstrap-key',
  /** Generated once by populate-secrets-wallet: a database role, as JSON {database, user, password}. */
  dbInfo: (party: 'wallet' | `node${NodeIndex}`) => (party === 'wallet' ? 'db-info' : `db-info.${party}`),
  webhookToken: 'webhook-token',
  /** Certificate of a party on the bus, as JSON {cert, key} in PEM. */
  brokerTls: (party: 'broker' | 'wallet' | `node${NodeIndex}`) => `broker-tls.${party}`,
  /** The wallet's copy of the node admins' pins. */
  walletPins: 'pins',
  /** In the node's own account: JSON {version, secret}; `secret` is base64 ciphertext under the node's KMS key. */
  policyNode: (node: NodeIndex) => `policy-node${node}`,
  /** In the node's own account: what its admin knows and pinned, JSON {card, pins, ersPublicKey}. */
  policyNodePins: (node: NodeIndex) => `policy-node${node}.pins`,
} as const

/** IAM roles, by their fixed names: key policies name them before they exist (account principal and role-ARN condition). */
export const roleNames = {
  nitroHost: (env: Env, node: NodeIndex) => dashed(env, `policy-node${node}-host`),
  walletTask: (env: Env) => dashed(env, 'wallet-task'),
  walletExecution: (env: Env) => dashed(env, 'wallet-execution'),
  brokerTask: (env: Env) => dashed(env, 'broker-task'),
  brokerExecution: (env: Env) => dashed(env, 'broker-execution'),
  databaseSetupTask: (env: Env) => dashed(env, 'database-setup-task'),
  flowLog: (env: Env) => dashed(env, 'flow-log'),
  databaseSetupExecution: (env: Env) => dashed(env, 'database-setup-execution'),
}

/** KMS alias of the PCR-conditioned key of a Policy Node. */
export const nodeKeyAlias = (env: Env, node: NodeIndex) => `alias/${dashed(env, `policy-node${node}`)}`

/** KMS alias of the key with which a node's admin signs pins and requests. */
export const adminKeyAlias = (env: Env, node: NodeIndex) => `alias/${dashed(env, `policy-node${node}-admin`)}`

/** KMS alias of the key that wraps a node's secrets in Secrets Manager. */
export const secretKeyAlias = (env: Env, node: NodeIndex) => `alias/${dashed(env, `policy-node${node}-secrets`)}`

/** KMS alias of the key of the database. */
export const dataKeyAlias = (env: Env) => `alias/${dashed(env, 'data')}`

/** Votes, quarantines and holds of one Policy Node, in its admin's account. */
export const anchorTableName = (env: Env, node: NodeIndex) => dashed(env, `policy-node${node}-anchor`)

/** IAM user of the node's account that reads and writes the anchor table's rows; its access key is in the node's secret. */
export const anchorUserName = anchorTableName

/** Where the anchor's table answers; in its certificate, which the core checks. */
export const anchorHost = ({ region }: Pick<Deployment, 'region'>) => `dynamodb.${region}.amazonaws.com`

/** Bucket of conf files, uploaded under their own hash. */
export const confBucketName = (env: Env, account: string) => dashed(env, 'conf', account)

/** Bucket of audit trail and access logs of an account. */
export const logBucketName = (env: Env, account: string) => dashed(env, 'logs', account)

/** Bucket of a web app's files. */
export const siteBucketName = (env: Env, site: 'console' | 'approver-app', account: string) =>
  dashed(env, site, account)

/** `RDS_DB_INSTANCE_IDENTIFIER` of the environment. */
export const databaseIdentifier = (env: Env) => dashed(env, 'database')

/** CloudWatch Logs. */
export const logGroupName = ({ namespace, environment }: Env, of: string) =>
  `/trivault/${namespace}/${environment}/${of}`

export const clusterName = (env: Env) => dashed(env)
export const serviceName = (env: Env, service: 'wallet' | 'broker') => dashed(env, service)
export const taskFamily = (env: Env, task: 'wallet' | 'broker' | 'database-setup') => dashed(env, task)

/** Repository of a service's image in the customer's ECR. */
export const repositoryName = (env: Env, service: string) => `${dashed(env)}/${service}`

/** Name of the deployment in the genesis and in every encryption context. */
export const deploymentId = ({ namespace, environment }: Env) => `${namespace}.${environment}`

/** Zone of the VPC's own DNS. */
export const internalDomain = ({ namespace, environment }: Env) => `${environment}.${namespace}.internal`

/** Under which the VPC's own DNS knows the broker; also in its certificate. */
export const brokerHost = (env: Env) => `broker.${internalDomain(env)}`
