import { NODE_INDEXES, type NodeIndex } from '../model.ts'
import { secretNames } from '../names.ts'

/** One secret as a service gets it. The entrypoint turns it into a file and takes it out of the environment. */
export interface ServiceSecret {
  /** In a container: the value, by `secrets` of the task definition. On a Nitro host: the ARN, as `<env>_ARN`. */
  readonly env: string
  /** Last part of the secret's name. */
  readonly secret: string
  /** Whose Secrets Manager holds it. */
  readonly account: 'wallet' | 'node'
}

const ofWallet = (env: string, secret: string): ServiceSecret => ({ env, secret, account: 'wallet' })
const rootCa = ofWallet('BROKER_ROOT_CA', 'broker-root-ca')

/** Of the wallet's task. */
export const walletServiceSecrets: readonly ServiceSecret[] = [
  ofWallet('DB_INFO', secretNames.dbInfo('wallet')),
  rootCa,
  ofWallet('BROKER_TLS', secretNames.brokerTls('wallet')),
  ofWallet('AUTH0', 'auth0'),
  ofWallet('PINS', secretNames.walletPins),
  ofWallet('CHAIN_RPC_URLS', 'custom-chain-rpc-urls'),
]

/** Of the broker's task. */
export const brokerServiceSecrets: readonly ServiceSecret[] = [
  rootCa,
  ofWallet('BROKER_TLS', secretNames.brokerTls('broker')),
]

/** Of the database-setup task; beside these it gets the master credentials that RDS keeps, as DB_MASTER. */
export const databaseSetupSecrets: readonly ServiceSecret[] = [
  ofWallet('DB_INFO', secretNames.dbInfo('wallet')),
  ...NODE_INDEXES.map(node => ofWallet(`DB_INFO_NODE${node}`, secretNames.dbInfo(`node${node}`))),
]

/** Of a Nitro host, which reads them with its own role. */
export const policyNodeServiceSecrets = (node: NodeIndex): readonly ServiceSecret[] => [
  ofWallet('DB_INFO', secretNames.dbInfo(`node${node}`)),
  rootCa,
  ofWallet('BROKER_TLS', secretNames.brokerTls(`node${node}`)),
  { env: 'NODE_SECRET', secret: secretNames.policyNode(node), account: 'node' },
  { env: 'PINS', secret: secretNames.policyNodePins(node), account: 'node' },
]

/** Who has a database of its own. */
export const databaseParties = ['wallet', 'node0', 'node1', 'node2'] as const
/** Who has a certificate on the bus; `broker` is the server. */
export const busParties = ['broker', 'wallet', 'node0', 'node1', 'node2'] as const
