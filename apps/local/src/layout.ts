import { fileURLToPath } from 'node:url'
import type { Credentials } from '@trivault/bus'
import type { AdminFiles } from '@trivault/node-host'
import type { EnvConfig } from '@trivault/web-config'
import { DEV_CHAIN_ID } from './anvil.ts'
import { readIfThere, writePrivateJson } from './files.ts'
import { distOf, WEB_APPS } from './frontend/build.ts'
import type { Home } from './home.ts'
import { NODES, type NodeIndex, nodeName } from './nodes.ts'
import type { ServicesConfig } from './services/main.ts'
import { APPROVER_CLIENT, CONSOLE_CLIENT, WALLET_AUDIENCE } from './services/oidc.ts'

export const PORT_NAMES = [
  ...(['postgres', 'nats', 'anvil', 'oidc', 'kms', 'api', 'console', 'approver'] as const),
  ...([
    'metricsServices',
    'metricsNode0',
    'metricsNode1',
    'metricsNode2',
    'metricsWallet',
    'metricsSupervisor',
  ] as const),
] as const
export type Ports = Record<(typeof PORT_NAMES)[number], number>

const project = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

/** The mains of our own processes. */
export const MAINS = {
  services: project('apps/local/src/services/main.ts'),
  node: project('apps/policy-node/src/host.ts'),
  wallet: project('apps/wallet/src/main.ts'),
}

export const ersPublicKeyFile = (home: Home) => home.path('sample-ers-public-key.pem')
/** What a node's admin has of the own node. On one machine the signing key lies beside the node; a real admin keeps it elsewhere. */
export const adminFiles = (home: Home, index: NodeIndex): AdminFiles => ({
  index,
  pins: home.path(nodeName(index), 'pins.json'),
  statements: home.path(nodeName(index), 'statements.json'),
  adminKey: home.path(nodeName(index), 'admin-key.pem'),
})
export const bootstrapKeyFile = (home: Home) => home.path('wallet', 'bootstrap-key')
/** Origins of the web apps. */
export const webOrigins = (ports: Ports) => ({
  console: `http://127.0.0.1:${ports.console}`,
  approver: `http://127.0.0.1:${ports.approver}`,
})
export const issuerOf = (ports: Ports) => `http://127.0.0.1:${ports.oidc}`
export const databaseUrlFile = (home: Home, party: string) => home.path(party, 'database-url')

export function servicesConfig(home: Home, ports: Ports): ServicesConfig {
  return {
    issuer: issuerOf(ports),
    oidcPort: ports.oidc,
    keyFile: home.path('services', 'oidc-keys.json'),
    cookieFile: home.path('services', 'cookie-secret'),
    kmsFile: home.path('services', 'kms.json'),
    kmsPort: ports.kms,
    kmsKeyIds: NODES.map(nodeName),
    usersFile: home.path('services', 'users.json'),
    web: WEB_APPS.map(app => ({ app, port: ports[app], directory: distOf(app) })),
    env: envConfig(ports),
    metricsPort: ports.metricsServices,
  }
}

/** What the web apps of this vault read at their start. */
function envConfig(ports: Ports): EnvConfig {
  const origins = webOrigins(ports)
  return {
    API_URL: `http://127.0.0.1:${ports.api}`,
    ISSUER: issuerOf(ports),
    AUDIENCE: WALLET_AUDIENCE,
    CLIENT_ID_SPA: CONSOLE_CLIENT,
    CLIENT_ID_NATIVE: APPROVER_CLIENT,
    ENVIRONMENT: 'local',
    TESTNET: true,
    CONSOLE_URL: origins.console,
    APPROVER_URL: origins.approver,
  }
}

export type BusAccess = { readonly url: string; readonly clients: Readonly<Record<string, Credentials>> }

/** Writes the config file of a Policy Node host, as described in the README, and returns its path. */
export function writeNodeConfig(home: Home, index: NodeIndex, ports: Ports, bus: BusAccess): string {
  const name = nodeName(index)
  const files = adminFiles(home, index)
  return writeConfig(home, name, {
    index,
    home: home.path(name),
    pins: files.pins,
    statements: files.statements,
    secret: home.path(name, 'secret.sealed'),
    anchor: home.path(name, 'anchor'),
    ersPublicKey: ersPublicKeyFile(home),
    database: { urlFile: databaseUrlFile(home, name) },
    bus: { url: bus.url, ...bus.clients[name] },
    kms: { url: `http://127.0.0.1:${ports.kms}/kms`, keyId: name },
    attestation: { url: `http://127.0.0.1:${ports.kms}/attestation` },
    metrics: { host: '127.0.0.1', port: ports[`metricsNode${index}`] },
  })
}

/** Writes the config file of the wallet and returns its path. RPC URLs of other chains that a person put there stay. */
export function writeWalletConfig(home: Home, ports: Ports, bus: BusAccess): string {
  const before = JSON.parse(readIfThere(home.path('wallet', 'config.json')) ?? '{}') as { chains?: object }
  return writeConfig(home, 'wallet', {
    home: home.path('wallet'),
    listen: { host: '127.0.0.1', port: ports.api },
    publicUrl: `http://127.0.0.1:${ports.api}`,
    pins: home.path('wallet', 'pins.json'),
    database: { urlFile: databaseUrlFile(home, 'wallet') },
    bus: { url: bus.url, ...bus.clients.wallet },
    oidc: { issuer: issuerOf(ports), audience: WALLET_AUDIENCE },
    bootstrapKeyFile: bootstrapKeyFile(home),
    corsOrigins: Object.values(webOrigins(ports)),
    requestsPerMinute: 600_000, // one machine: tests and benchmarks ask fast
    chains: { ...before.chains, [`eip155:${DEV_CHAIN_ID}`]: { rpcUrl: `http://127.0.0.1:${ports.anvil}` } },
    metrics: { host: '127.0.0.1', port: ports.metricsWallet },
  })
}

export function writeServicesConfig(home: Home, ports: Ports): string {
  return writeConfig(home, 'services', servicesConfig(home, ports))
}

function writeConfig(home: Home, name: string, config: object): string {
  const path = home.path(name, 'config.json')
  writePrivateJson(path, config)
  return path
}
