import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig as readNodeConfig } from '@trivault/node-host'
import { afterAll, describe, expect, it } from 'vitest'
import { readEnvironment } from '../../../entrypoint/src/environment.ts'
import { readConfig as readWalletConfig } from '../../../wallet/src/config.ts'
import { confFiles } from '../../src/config/conf-files.ts'
import {
  brokerServiceSecrets,
  databaseSetupSecrets,
  policyNodeServiceSecrets,
  type ServiceSecret,
  walletServiceSecrets,
} from '../../src/secrets/wiring.ts'
import { loadFixture } from '../fixtures/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'trivault-conf-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
mkdirSync(join(dir, 'secrets'))
const identity = { AUDIENCE: 'a', ISSUER: 'https://login.example.com', CLIENT_ID_SPA: 's', CLIENT_ID_NATIVE: 'n' }
writeFileSync(join(dir, 'secrets', 'auth0'), JSON.stringify({ PROVIDER: 'auth0', ...identity }))
writeFileSync(join(dir, 'secrets', 'chain-rpc-urls'), '{}')

describe.each(['recommended', 'four-accounts', 'one-account'] as const)('conf files of %s', layout => {
  const deployment = loadFixture(layout)
  const files = confFiles(deployment)
  const write = (name: string): string => {
    const path = join(dir, 'conf')
    writeFileSync(path, files.get(name) ?? expect.fail(`no ${name}`))
    return path
  }

  it('are what the wallet reads', () => {
    const config = readWalletConfig(write('wallet.json'))
    expect(config).toMatchObject({
      publicUrl: `https://${deployment.hosts.api}`,
      missingChains: deployment.chains,
      pins: join(dir, 'secrets/pins'),
    })
  })

  it.each([0, 1, 2] as const)('are what the host of node %d reads', async node => {
    const config = await readNodeConfig(write(`node${node}.json`))
    expect(config).toMatchObject({
      index: node,
      secret: join(dir, 'secrets/node-secret'),
      statements: join(dir, 'secrets/statements'),
      attestation: { nitro: true },
    })
    expect(config.kms).toMatchObject({
      keyId: expect.stringContaining(`:${deployment.accounts.policyNodes[node]}:alias/`),
    })
  })
})

describe('the secrets that a task definition names', () => {
  it.each<[string, readonly ServiceSecret[], readonly string[]]>([
    ['wallet', walletServiceSecrets, []],
    ['broker', brokerServiceSecrets, []],
    ['database-setup', databaseSetupSecrets, ['DB_MASTER']],
    ['node2', policyNodeServiceSecrets(2), []],
  ])('are exactly those that the entrypoint of %s takes', (component, secrets, more) => {
    const given = [...secrets.map(({ env }) => env), ...more]
    const start = readEnvironment({
      ...{ TRIVAULT_COMPONENT: component, CONF_BUCKET: 'b', CONF_KEY: 'k', CONF_SHA256: '0'.repeat(64) },
      ...{ DATABASE_HOST: 'h', DATABASE_PORT: '1' },
      ...Object.fromEntries(given.map(name => [name, 'value'])),
    })
    expect([...start.secrets.keys()].sort()).toEqual([...given].sort())
  })
})
