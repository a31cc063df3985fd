import { founding, people } from './people-schema.ts'
import { regions } from './regions.ts'
import type { Schema } from './yaml.ts'

const label = '^[a-z][a-z0-9]*(-[a-z0-9]+)*$'
const hostPattern = '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$'

export const account = (whose: string): Schema => ({
  type: 'string',
  pattern: '^\\d{12}$',
  description: `account id (12 digits) ${whose}`,
  remedy: '`aws sts get-caller-identity` prints it; put it in quotes',
  examples: ['111111111111'],
})

const zone = (whose: string, name: string): Schema => ({
  type: 'object',
  description: `Route 53 public hosted zone ${whose}`,
  properties: {
    name: {
      type: 'string',
      pattern: hostPattern,
      description: 'domain name of the zone, lower case, without a dot at the end',
      examples: [name],
    },
    id: {
      type: 'string',
      pattern: '^Z[A-Z0-9]{5,31}$',
      description: 'id of the hosted zone',
      remedy: '`aws route53 list-hosted-zones` prints it behind /hostedzone/',
      examples: ['Z0123456789ABCDEFGHIJ'],
    },
  },
  required: ['name', 'id'],
  additionalProperties: false,
})

const host = (which: string, example: string, defaultText: string): Schema => ({
  type: 'string',
  pattern: hostPattern,
  description: `host name of ${which}`,
  examples: [example],
  defaultText,
})

const chain: Schema = {
  type: 'string',
  pattern: '^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$',
  description: 'a CAIP-2 chain id',
  examples: ['eip155:11155111'],
}

export const network: Schema = {
  type: 'object',
  description: 'The VPC of the wallet account',
  properties: {
    cidr: {
      type: 'string',
      pattern: '^\\d{1,3}(\\.\\d{1,3}){3}/\\d{1,2}$',
      description: 'a private IPv4 range in CIDR notation, /16 to /20',
      examples: ['10.20.0.0/16'],
      default: '10.0.0.0/16',
    },
    availabilityZones: {
      type: 'array',
      minItems: 2,
      maxItems: 2,
      items: {
        type: 'string',
        pattern: '^[a-z]{2}(-[a-z]+)+-\\d[a-z]$',
        description: 'an availability zone of the region',
        examples: ['us-east-1a'],
      },
      description: 'two different availability zones of the region',
      examples: [['us-east-1a', 'us-east-1b']],
      defaultText: 'a and b of the region',
    },
  },
  additionalProperties: false,
}

export const database: Schema = {
  type: 'object',
  description: 'RDS for PostgreSQL; holds one database for the wallet and one for each Policy Node',
  properties: {
    instanceClass: {
      type: 'string',
      pattern: '^db\\.[a-z0-9-]+\\.[a-z0-9]+$',
      description: 'an RDS instance class',
      examples: ['db.m7g.large'],
      default: 'db.t4g.medium',
    },
    multiAz: {
      type: 'boolean',
      description: 'a standby in the second zone',
      defaultText: 'false on testnet, else true',
    },
    backupDays: {
      type: 'integer',
      minimum: 1,
      maximum: 35,
      description: 'days that automatic backups are kept, 1 to 35',
      examples: [14],
      defaultText: '7 on testnet, else 35',
    },
  },
  additionalProperties: false,
}

export const nitro: Schema = {
  type: 'object',
  description: 'Hosts of the Policy Nodes',
  properties: {
    instanceType: {
      type: 'string',
      pattern: '^[a-z][a-z0-9-]*\\.[a-z0-9-]+$',
      description: 'an EC2 instance type that can run enclaves: x86, at least 4 vCPUs, no burstable one',
      examples: ['c6a.xlarge'],
      default: 'c6a.xlarge',
    },
    enclaveMemoryMiB: {
      type: 'integer',
      minimum: 1024,
      maximum: 262144,
      description: 'memory of the enclave in MiB, 1024 or more',
      examples: [4096],
      default: 4096,
    },
    enclaveCpus: {
      type: 'integer',
      minimum: 2,
      maximum: 64,
      description: 'vCPUs of the enclave, an even number from 2',
      examples: [2],
      default: 2,
    },
  },
  additionalProperties: false,
}

export const tags: Schema = {
  type: 'object',
  description: 'On every taggable resource of every stack',
  examples: [{ 'cost-center': 'treasury' }],
  maxProperties: 40,
  additionalProperties: { type: 'string', maxLength: 256, description: 'a tag value of at most 256 characters' },
}

/** customer-config.yml: what the people who install a vault write. */
export const customerConfigSchema: Schema = {
  type: 'object',
  properties: {
    namespace: {
      type: 'string',
      pattern: label,
      maxLength: 20,
      description:
        'a name of up to 20 lower-case letters, digits and single dashes; begins every resource name (`NAMESPACE`)',
      examples: ['acme-custody'],
    },
    environment: {
      type: 'string',
      pattern: label,
      maxLength: 12,
      description:
        'name of the environment (`ENV_PREFIX`) and DNS label, up to 12 lower-case letters, digits and dashes',
      examples: ['testnet'],
    },
    testnet: {
      type: 'boolean',
      description: 'the tenant is for test networks',
      defaultText: 'true when the environment is called `testnet`',
    },
    region: {
      type: 'string',
      enum: regions,
      description: 'AWS Region of everything but the CloudFront certificates (`AWS_REGION`)',
      examples: ['us-east-1'],
    },
    layout: {
      type: 'string',
      enum: ['recommended', 'four-accounts', 'one-account'],
      description:
        '`recommended`: the wallet account also holds Policy Node 0, nodes 1 and 2 have their own. `four-accounts`: each node has its own. `one-account`: everything in one; no separation.',
      examples: ['recommended'],
    },
    accounts: {
      type: 'object',
      description: 'AWS accounts',
      properties: {
        wallet: account('of the infrastructure admin'),
        policyNode0: account('of the Policy Node 0 admin'),
        policyNode1: account('of the Policy Node 1 admin'),
        policyNode2: account('of the Policy Node 2 admin'),
        approverApp: account("that serves the Approver App, outside the infrastructure admin's control"),
      },
      required: ['wallet', 'policyNode0', 'policyNode1', 'policyNode2', 'approverApp'],
      additionalProperties: false,
    },
    hostedZones: {
      type: 'object',
      description: 'Public DNS zones; the installer makes records in them',
      properties: {
        wallet: zone('in the wallet account', 'wallet.example.com'),
        approverApp: zone("in the Approver App's account", 'approver.example.org'),
      },
      required: ['wallet', 'approverApp'],
      additionalProperties: false,
    },
    hosts: {
      type: 'object',
      description: 'Host names, when they shall not be the usual ones',
      properties: {
        api: host('the wallet API', 'api.testnet.wallet.example.com', '`api.<environment>.<wallet zone>`'),
        console: host('the Vault UI', 'console.testnet.wallet.example.com', '`console.<environment>.<wallet zone>`'),
        approverApp: host(
          'the Approver App',
          'app.testnet.approver.example.org',
          "`app.<environment>.<Approver App's zone>`",
        ),
      },
      additionalProperties: false,
    },
    adminUsers: people,
    founding,
    chains: {
      type: 'array',
      minItems: 1,
      maxItems: 64,
      items: chain,
      description: 'CAIP-2 ids of the chains that the wallet connects to',
      examples: [['eip155:11155111']],
      defaultText: '`eip155:11155111` on testnet, else `eip155:1`',
    },
    network,
    database,
    nitro,
    canton: {
      type: 'object',
      description: 'Not in this release: leave it out',
      properties: { enabled: { type: 'boolean', description: 'false, or left out', examples: [false] } },
      additionalProperties: true,
    },
    tags,
  },
  required: ['namespace', 'environment', 'region', 'layout', 'accounts', 'hostedZones', 'adminUsers'],
  additionalProperties: false,
}
