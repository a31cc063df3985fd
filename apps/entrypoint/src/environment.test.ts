import { describe, expect, it } from 'vitest'
import { readEnvironment } from './environment.ts'

const wallet = {
  TRIVAULT_COMPONENT: 'wallet',
  CONF_BUCKET: 'conf',
  CONF_KEY: 'wallet/1.json',
  CONF_SHA256: 'a'.repeat(64),
  DATABASE_HOST: 'db.example.com',
  DATABASE_PORT: '5432',
  DB_INFO: 'a',
  BROKER_ROOT_CA: 'b',
  BROKER_TLS: 'c',
  AUTH0: 'd',
  PINS: 'e',
  CHAIN_RPC_URLS: 'f',
  PATH: '/bin',
  AWS_REGION: 'eu-west-1',
  AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.2/v2',
  HISTFILE: '/x',
}

describe('the environment of a container', () => {
  it('gives the service its region and role, and nothing that is secret', () => {
    const { environment, secrets, database } = readEnvironment(wallet)
    expect(Object.keys(environment).sort()).toEqual(['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_REGION', 'PATH'])
    expect(secrets.get('DB_INFO')).toEqual({ value: 'a' })
    expect(database).toEqual({ host: 'db.example.com', port: 5432, ca: '/etc/trivault/rds-ca.pem' })
  })

  it('of a host names its secrets by ARN', () => {
    const { AUTH0: _, CHAIN_RPC_URLS: __, DB_INFO: ___, ...rest } = wallet
    const host = { ...rest, TRIVAULT_COMPONENT: 'node1', DB_INFO_ARN: 'arn:aws:x', NODE_SECRET_ARN: 'arn:aws:y' }
    const { secrets, environment } = readEnvironment({ ...host, NODE_ENV: 'production' })
    expect(Object.keys(environment).filter(name => name.startsWith('NODE_'))).toEqual(['NODE_ENV'])
    expect(secrets.get('DB_INFO')).toEqual({ arn: 'arn:aws:x' })
    expect(secrets.get('NODE_SECRET')).toEqual({ arn: 'arn:aws:y' })
    const given = { ...host, NODE_SECRET_ARN: undefined, NODE_SECRET: 'sealed' }
    expect(readEnvironment(given).environment).not.toHaveProperty('NODE_SECRET')
  })

  it.each<[string, Record<string, string | undefined>, RegExp]>([
    ['no component', { TRIVAULT_COMPONENT: '' }, /TRIVAULT_COMPONENT is not set/],
    ['an unknown one', { TRIVAULT_COMPONENT: 'node3' }, /node3; it must be one of/],
    ['a hash that is none', { CONF_SHA256: 'A'.repeat(64) }, /CONF_SHA256/],
    ['no bucket', { CONF_BUCKET: undefined }, /CONF_BUCKET is not set/],
    ['a port that is none', { DATABASE_PORT: 'x' }, /DATABASE_PORT is x/],
    ['no database', { DATABASE_HOST: undefined }, /DATABASE_HOST/],
    ...(['DB_INFO', 'BROKER_ROOT_CA', 'BROKER_TLS', 'AUTH0', 'PINS', 'CHAIN_RPC_URLS'] as const).map(
      (name): [string, Record<string, string>, RegExp] => [
        `no ${name}`,
        { [name]: '' },
        new RegExp(`${name} is not set`),
      ],
    ),
  ])('is refused with %s', (_what, changes, message) => {
    expect(() => readEnvironment({ ...wallet, ...changes })).toThrow(message)
  })
})
