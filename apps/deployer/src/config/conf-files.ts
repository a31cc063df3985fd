import { serverConfig } from '@trivault/bus'
import type { Deployment, NodeIndex } from '../model.ts'
import { NODE_INDEXES } from '../model.ts'
import { anchorHost, brokerHost, nodeKeyAlias, secretId, secretNames } from '../names.ts'

type Environment = Pick<Deployment, 'namespace' | 'environment' | 'region' | 'accounts' | 'hosts' | 'chains'>

const METRICS = { host: '127.0.0.1', port: 9464 }
const BROKER_PORT = 4222

/** Files that the entrypoint writes beside the conf file from secrets; a relative path is relative to the conf file. */
const secretFiles = {
  pins: 'secrets/pins',
  statements: 'secrets/statements',
  database: { urlFile: 'secrets/database-url' },
  tls: { ca: 'secrets/broker-root-ca', cert: 'secrets/broker-cert', key: 'secrets/broker-key' },
}

const bus = (env: Environment) => ({ url: `tls://${brokerHost(env)}:${BROKER_PORT}`, ...secretFiles.tls })

/** What the wallet reads; its schema is `readConfig` of apps/wallet. */
export const walletConf = (env: Environment) => ({
  listen: { host: '0.0.0.0', port: 8080 },
  publicUrl: `https://${env.hosts.api}`,
  pins: secretFiles.pins,
  database: secretFiles.database,
  bus: bus(env),
  oidc: { file: 'secrets/auth0' },
  bootstrapKeySecret: secretId(env, secretNames.bootstrapKey),
  chains: {},
  chainRpcUrlsFile: 'secrets/chain-rpc-urls',
  requiredChains: env.chains,
  corsOrigins: [`https://${env.hosts.console}`, `https://${env.hosts.approverApp}`],
  environmentName: env.environment,
  metrics: METRICS,
})

/** What a Policy Node host reads; its schema is `readConfig` of packages/node-host. */
export const nodeConf = (env: Environment, node: NodeIndex) => ({
  index: node,
  home: '.',
  pins: secretFiles.pins,
  statements: secretFiles.statements,
  secret: 'secrets/node-secret',
  // The pipe of the core, which brings name, trust and access key of the table out of its secret.
  anchor: { host: anchorHost(env), port: 443 },
  ersPublicKey: 'secrets/ers-public-key',
  database: secretFiles.database,
  bus: bus(env),
  kms: {
    region: env.region,
    keyId: `arn:aws:kms:${env.region}:${env.accounts.policyNodes[node]}:${nodeKeyAlias(env, node)}`,
  },
  attestation: { nitro: true },
  metrics: METRICS,
})

/** Every file of conf/, by name. The same environment gives the same bytes. */
export function confFiles(env: Environment): ReadonlyMap<string, string> {
  const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
  return new Map([
    ['wallet.json', json(walletConf(env))],
    ...NODE_INDEXES.map(node => [`node${node}.json`, json(nodeConf(env, node))] as const),
    [
      'nats.conf',
      serverConfig({
        host: '0.0.0.0',
        port: BROKER_PORT,
        server: secretFiles.tls,
        parties: [...NODE_INDEXES.map(node => `node${node}`), 'wallet'],
      }),
    ],
  ])
}
