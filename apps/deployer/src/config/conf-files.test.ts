import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig as readNodeConfig } from '@trivault/node-host'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig as readWalletConfig } from '../../../wallet/src/config.ts'
import { loadFixture } from '../../test/fixtures/index.ts'
import { NODE_INDEXES } from '../model.ts'
import { brokerHost } from '../names.ts'
import { confFiles } from './conf-files.ts'
import { layouts } from './customer-config.ts'

let run: string
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'trivault-conf-'))
  mkdirSync(join(run, 'secrets'))
})
afterEach(() => rmSync(run, { recursive: true }))

const write = (name: string, text: string): void => writeFileSync(join(run, name), text)

describe.each(layouts)('the conf files of the layout %s', layout => {
  const deployment = loadFixture(layout)
  const files = confFiles(deployment)

  it('are what the wallet reads', () => {
    write('wallet.json', files.get('wallet.json') ?? '')
    write(
      'secrets/auth0',
      '{"AUDIENCE":"urn:vault","ISSUER":"https://id.example.com/","CLIENT_ID_SPA":"spa","CLIENT_ID_NATIVE":"native"}',
    )
    write('secrets/chain-rpc-urls', '{}')
    const config = readWalletConfig(join(run, 'wallet.json'))
    expect(config).toMatchObject({
      publicUrl: `https://${deployment.hosts.api}`,
      environmentName: deployment.environment,
      bootstrapKey: { secretId: `bd-wallet.${deployment.namespace}.${deployment.environment}.bootstrap-key` },
      corsOrigins: [`https://${deployment.hosts.console}`, `https://${deployment.hosts.approverApp}`],
      missingChains: deployment.chains,
      oidc: { issuer: 'https://id.example.com/' },
      bus: { url: `tls://${brokerHost(deployment)}:4222` },
    })
    expect(config.pins).toBe(join(run, 'secrets/pins'))
  })

  it.each(NODE_INDEXES)('are what the host of Policy Node %i reads, with the key of its own account', async node => {
    write('node.json', files.get(`node${node}.json`) ?? '')
    const account = deployment.accounts.policyNodes[node]
    const name = `${deployment.namespace}-${deployment.environment}-policy-node${node}`
    expect(await readNodeConfig(join(run, 'node.json'))).toMatchObject({
      index: node,
      kms: { region: deployment.region, keyId: `arn:aws:kms:${deployment.region}:${account}:alias/${name}` },
      attestation: { nitro: true },
      secret: join(run, 'secrets/node-secret'),
    })
  })

  it('hold no secret and no absolute path', () => {
    for (const text of files.values()) expect(text).not.toMatch(/"\/|postgres|PRIVATE|BEGIN/)
  })
})

describe('nats.conf', () => {
  it('lets nobody in without a certificate, and each party speak only as itself', () => {
    const text = confFiles(loadFixture('recommended')).get('nats.conf') ?? ''
    expect(text).toContain('verify_and_map: true')
    expect(text).toContain('ca_file: "secrets/broker-root-ca"')
    expect(text.match(/user: /g)).toHaveLength(4)
  })
})
