import { NODE_INDEXES, type NodeIndex } from '../model.ts'
import { secretNames } from '../names.ts'

/** One secret as a service gets it: the entrypoint turns TRIVAULT_SECRET_<X> into the file `secrets/<x>` of its run directory. */
export interface ServiceSecret {
  readonly env: `TRIVAULT_SECRET_${string}`
  /** Last part of the secret's name. */
  readonly secret: string
  /** Where only one member of a JSON secret is given: `valueFrom` becomes `<arn>:<key>::`. */
  readonly key?: string
  /** Whose Secrets Manager holds it. */
  readonly account: 'wallet' | 'node'
}

const ofWallet = (env: string, secret: string, key?: string): ServiceSecret => ({
  env: `TRIVAULT_SECRET_${env}`,
  secret,
  ...(key !== undefined && { key }),
  account: 'wallet',
})
const ofNode = (env: string, secret: string, key: string): ServiceSecret => ({
  ...ofWallet(env, secret, key),
  account: 'node',
})

const busOf = (party: string): ServiceSecret[] =>
  ['ca', 'cert', 'key'].map(key => ofWallet(`BUS_${key.toUpperCase()}`, secretNames.bus(party), key))

export const walletServiceSecrets: readonly ServiceSecret[] = [
  ofWallet('DATABASE', secretNames.dbInfo),
  ...busOf('wallet'),
  ofWallet('OIDC', 'auth0'),
  ofWallet('PINS', secretNames.walletPins),
  ofWallet('CHAIN_RPC_URLS', 'custom-chain-rpc-urls'),
]

export const brokerServiceSecrets: readonly ServiceSecret[] = busOf('broker')

/** Of the database-setup task; beside these it gets the database's master credentials as TRIVAULT_SECRET_DATABASE_ADMIN. */
export const databaseSetupSecrets: readonly ServiceSecret[] = [
  ofWallet('DATABASE_WALLET', secretNames.dbInfo),
  ...NODE_INDEXES.map(node => ofWallet(`DATABASE_NODE${node}`, secretNames.dbInfoOf(node))),
]

export const policyNodeServiceSecrets = (node: NodeIndex): readonly ServiceSecret[] => [
  ofWallet('DATABASE', secretNames.dbInfoOf(node)),
  ...busOf(`node${node}`),
  ofNode('NODE_SECRET', secretNames.policyNode(node), 'secret'),
  ofNode('ANCHOR', secretNames.policyNode(node), 'anchor'),
  ofNode('PINS', secretNames.policyNodePins(node), 'pins'),
  ofNode('ERS_PUBLIC_KEY', secretNames.policyNodePins(node), 'ersPublicKey'),
]

/** Whose database roles there are, and their secrets. */
export const databaseSecrets: Readonly<Record<'wallet' | `node${NodeIndex}`, string>> = {
  wallet: secretNames.dbInfo,
  node0: secretNames.dbInfoOf(0),
  node1: secretNames.dbInfoOf(1),
  node2: secretNames.dbInfoOf(2),
}

/** Who has a certificate on the bus; `broker` is the server. */
export const busParties = ['broker', 'wallet', 'node0', 'node1', 'node2'] as const
export type BusParty = (typeof busParties)[number]

/** Every secret of the wallet's partition; its long-lived stack makes them without a value. */
export const walletSecrets: readonly string[] = [
  'ubiquity_org_username',
  'ubiquity_auth_token',
  'auth0',
  'ers_public_key',
  'broker-root-ca',
  'broker-root-ca-key',
  'chainalysis-user',
  'chainalysis-token',
  'canton-client-id',
  'canton-client-secret',
  'custom-chain-rpc-urls',
  ...Object.values(databaseSecrets),
  secretNames.webhookToken,
  ...busParties.map(secretNames.bus),
  secretNames.walletPins,
  secretNames.bootstrapKey,
]
