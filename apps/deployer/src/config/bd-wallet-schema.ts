import { email, founding, people } from './people-schema.ts'
import { account, customerConfigSchema, database, network, nitro, tags } from './schema.ts'
import type { Schema } from './yaml.ts'

const whole = (schema: Schema): Schema => ({ ...schema, required: Object.keys(schema.properties ?? {}) })
const properties = customerConfigSchema.properties ?? {}
const property = (name: string): Schema => properties[name] ?? {}
const inOf = (schema: Schema, name: string): Schema => schema.properties?.[name] ?? {}

/** bd-wallet.yml: one environment with nothing left open. */
export const deploymentSchema: Schema = whole({
  type: 'object',
  properties: {
    namespace: property('namespace'),
    environment: property('environment'),
    testnet: property('testnet'),
    region: property('region'),
    accounts: whole({
      type: 'object',
      properties: {
        wallet: inOf(property('accounts'), 'wallet'),
        policyNodes: {
          type: 'array',
          minItems: 3,
          maxItems: 3,
          items: account('of a Policy Node admin'),
          description: 'three account ids, of nodes 0, 1 and 2',
        },
        approverApp: inOf(property('accounts'), 'approverApp'),
      },
      additionalProperties: false,
    }),
    zones: property('hostedZones'),
    hosts: whole(property('hosts')),
    network: whole(network),
    database: whole(database),
    nitro: whole(nitro),
    adminUsers: people,
    founding: whole({
      ...founding,
      properties: { ...founding.properties, founders: { type: 'array', minItems: 1, maxItems: 100, items: email } },
    }),
    chains: property('chains'),
    tags,
  },
  additionalProperties: false,
})
