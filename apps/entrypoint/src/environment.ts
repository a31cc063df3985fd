import { EntrypointError } from './errors.ts'

export const components = ['wallet', 'broker', 'database-setup', 'node0', 'node1', 'node2'] as const
export type Component = (typeof components)[number]

const ofNode = ['DB_INFO', 'BROKER_ROOT_CA', 'BROKER_TLS', 'NODE_SECRET', 'PINS']

/** Variables that carry a secret's value, or with `_ARN` where it is. */
const secretsOf: Readonly<Record<Component, readonly string[]>> = {
  wallet: ['DB_INFO', 'BROKER_ROOT_CA', 'BROKER_TLS', 'AUTH0', 'PINS', 'CHAIN_RPC_URLS'],
  broker: ['BROKER_ROOT_CA', 'BROKER_TLS'],
  'database-setup': ['DB_MASTER', 'DB_INFO', 'DB_INFO_NODE0', 'DB_INFO_NODE1', 'DB_INFO_NODE2'],
  node0: ofNode,
  node1: ofNode,
  node2: ofNode,
}

export interface Endpoint {
  readonly host: string
  readonly port: number
  /** PEM file of the authorities that may vouch for the server. */
  readonly ca: string
}

/** What a container or host was started with. */
export interface Start {
  readonly component: Component
  readonly conf: { readonly bucket: string; readonly key: string; readonly sha256: string } | undefined
  readonly database: Endpoint | undefined
  /** A secret is here, or is to be fetched. */
  readonly secrets: ReadonlyMap<string, { readonly value: string } | { readonly arn: string }>
  /** Private, for this run only. */
  readonly runDir: string
  readonly softwareAttestation: string | undefined
  /** What the service itself is given: nothing secret. */
  readonly environment: NodeJS.ProcessEnv
}

const passedOn = /^(PATH|HOME|LANG|TZ|NODE_[A-Z_]+|AWS_[A-Z_]+)$/

/** Throws EntrypointError environment. */
export function readEnvironment(env: NodeJS.ProcessEnv): Start {
  const require = (name: string): string => {
    const value = env[name]
    if (value) return value
    throw new EntrypointError(
      'environment',
      `${name} is not set; the task definition or the host's environment sets it`,
    )
  }
  const named = require('TRIVAULT_COMPONENT')
  const component = components.find(name => name === named)
  if (component === undefined)
    throw new EntrypointError(
      'environment',
      `TRIVAULT_COMPONENT is ${named}; it must be one of ${components.join(', ')}`,
    )
  return {
    component,
    conf: component === 'database-setup' ? undefined : readConf(require),
    database: component === 'broker' ? undefined : readDatabase(env, require),
    secrets: new Map(
      secretsOf[component].map(name => {
        const arn = env[`${name}_ARN`]
        return [name, arn ? { arn } : { value: require(name) }]
      }),
    ),
    runDir: env.TRIVAULT_RUN_DIR || '/run/trivault',
    softwareAttestation: env.TRIVAULT_SOFTWARE_ATTESTATION || undefined,
    environment: Object.fromEntries(
      Object.entries(env).filter(
        ([name]) => passedOn.test(name) && !secretsOf[component].includes(name.replace(/_ARN$/, '')),
      ),
    ),
  }
}

function readConf(require: (name: string) => string): NonNullable<Start['conf']> {
  const sha256 = require('CONF_SHA256')
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new EntrypointError('environment', 'CONF_SHA256 must be 64 lower-case hex digits')
  return { bucket: require('CONF_BUCKET'), key: require('CONF_KEY'), sha256 }
}

function readDatabase(env: NodeJS.ProcessEnv, require: (name: string) => string): Endpoint {
  const port = Number(require('DATABASE_PORT'))
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new EntrypointError('environment', `DATABASE_PORT is ${env.DATABASE_PORT}; it must be a port number`)
  return { host: require('DATABASE_HOST'), port, ca: env.DATABASE_CA || '/etc/trivault/rds-ca.pem' }
}
