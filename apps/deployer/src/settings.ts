import { DeployerError } from './errors.ts'

interface Variable {
  readonly purpose: string
  readonly example: string
  /** What the Makefile sets unless the environment does. */
  readonly preset?: string
  /** Not for `make help`'s first table: used by one target only. */
  readonly rare?: true
}

/** Every Makefile variable: the Makefile, `make help`, the reference page and the messages about unset ones all come from here. */
export const variables = {
  DEPLOYER_VERSION: { purpose: 'Wallet deployer container tag', example: 'v3.4.0' },
  MPA_IMAGE_TAG: { purpose: 'Policy Node / Nitro EIF prefix (enclave/<tag>/)', example: 'v8.26.5' },
  CUSTOMER_SHARED_SEGMENT: { purpose: 'Wallet release tag of the shared bundle', example: 'v3.4.0' },
  NAMESPACE: { purpose: 'Deployment namespace (resource naming)', example: 'acme-custody' },
  ENV_PREFIX: { purpose: 'Environment name and DNS prefix', example: 'testnet' },
  AWS_REGION: { purpose: 'Target AWS Region', example: 'us-east-1' },
  BACKEND_API_PATH: {
    purpose: 'Wallet API base URL (frontend and bootstrap)',
    example: 'https://api.testnet.wallet.example.com',
  },
  ROLE: {
    purpose: 'Who you are: my-steps lists your steps, steps of others are refused',
    example: 'infrastructure-admin',
  },
  AWS_PROFILE: { purpose: 'Profile of ~/.aws/config to use', example: 'acme-wallet' },
  LOCAL_AWS_PROFILE_MODE: {
    purpose: 'true: hand the credentials of AWS_PROFILE (SSO too) to the container',
    example: 'true',
  },
  DEPLOYER: {
    purpose: 'container, or local: run trivault-deployer of this host',
    example: 'local',
    preset: 'container',
  },
  DELIVERY_REGISTRY: {
    purpose: 'Registry of the delivered images',
    example: '999999999999.dkr.ecr.us-east-1.amazonaws.com',
    preset: '999999999999.dkr.ecr.us-east-1.amazonaws.com',
  },
  DELIVERY_BUCKET: {
    purpose: 'Bucket of the delivered bundle and enclave images',
    example: 'trivault-delivery-999999999999',
    preset: 'trivault-delivery-999999999999',
  },
  DELIVERY_REGION: { purpose: 'Region of registry and bucket', example: 'us-east-1', preset: 'us-east-1' },
  SIGNING_KEY_FINGERPRINT: {
    purpose: "SHA-256 of the publisher's signing key, from the delivery note",
    example: 'sha256:5f2c…64 hex digits',
  },
  TENANT_SETUP_JSON: {
    purpose: 'Body of the tenant set-up',
    example: '/path/to/file.json',
    preset: 'tenant-setup.json',
  },
  WALLET_API_KEY: { purpose: 'Bootstrap Admin API key, from Secrets Manager', example: 'cwp_…', rare: true },
  RDS_DB_INSTANCE_IDENTIFIER: {
    purpose: 'Database instance to take a snapshot of',
    example: 'acme-custody-testnet-database',
    rare: true,
  },
  PULL_SYNC_MAKEFILE: { purpose: '1: pull-customer-assets refreshes the Makefile too', example: '1', rare: true },
  ARGS: { purpose: 'Further options of the command', example: '--dry-run', rare: true },
} as const satisfies Record<string, Variable>

export type VariableName = keyof typeof variables
export const variableNames = Object.keys(variables) as VariableName[]
export const variable = (name: VariableName): Variable => variables[name]

/** The Makefile variables as this run has them: environment, else preset. */
export interface Settings {
  /** Undefined when unset or empty. */
  get(name: VariableName): string | undefined
  /** Throws `DeployerError` missing-variable, which names purpose and example. */
  require(name: VariableName): string
}

export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const get = (name: VariableName): string | undefined => environment[name]?.trim() || variable(name).preset
  return {
    get,
    require(name) {
      const value = get(name)
      if (value !== undefined) return value
      const { purpose, example } = variable(name)
      throw new DeployerError('missing-variable', `${name} is not set: ${purpose}`, `export ${name}=${example}`)
    },
  }
}
