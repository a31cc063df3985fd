import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readConfig } from './config.ts'

const dir = mkdtempSync(join(tmpdir(), 'trivault-wallet-config-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const file = (name: string, content: unknown): string => {
  const path = join(dir, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
const deployed = {
  listen: { host: '0.0.0.0', port: 8080 },
  publicUrl: 'https://api.testnet.vault.example.com',
  pins: 'secrets/pins',
  database: { urlFile: 'secrets/database-url' },
  bus: {
    url: 'tls://broker.testnet.acme.internal:4222',
    ca: 'secrets/ca',
    cert: 'secrets/cert',
    key: '/elsewhere/key',
  },
  oidc: { file: 'auth0' },
  bootstrapKeySecret: 'bd-wallet.acme.testnet.bootstrap-key',
  chains: {},
  chainRpcUrlsFile: 'chain-rpc-urls',
  requiredChains: ['eip155:1', 'eip155:11155111'],
  corsOrigins: ['https://vault.example.com'],
  metrics: { host: '127.0.0.1', port: 9464 },
  environmentName: 'testnet',
}
const block = {
  PROVIDER: 'okta',
  AUDIENCE: 'api://vault',
  ISSUER: 'https://login.example.com',
  CLIENT_ID_SPA: 'console',
  CLIENT_ID_NATIVE: 'approver',
}
file('auth0', { ...block, EMAIL_VERIFIED_CLAIM: 'email_verified' })
file('chain-rpc-urls', { 'eip155:1': 'https://rpc.example.com/key' })

describe('the wallet’s configuration', () => {
  it('is read with paths beside it, the identity provider’s block and the RPC URLs that are kept with the secrets', () => {
    const config = readConfig(file('wallet.json', deployed))
    expect(config.pins).toBe(join(dir, 'secrets/pins'))
    expect(config.bus).toMatchObject({ ca: join(dir, 'secrets/ca'), key: '/elsewhere/key' })
    expect(config.oidc).toEqual({
      ...{
        issuer: block.ISSUER,
        audience: block.AUDIENCE,
        webClientId: 'console',
        emailVerifiedClaim: 'email_verified',
      },
    })
    expect(config.chains).toEqual({ 'eip155:1': 'https://rpc.example.com/key' })
    expect(config.missingChains).toEqual(['eip155:11155111'])
    expect(config.bootstrapKey).toEqual({ secretId: 'bd-wallet.acme.testnet.bootstrap-key' })
  })

  it('takes a local vault’s, with the settings in it', () => {
    const { bootstrapKeySecret: _, chainRpcUrlsFile: __, ...rest } = deployed
    const local = { ...rest, home: dir, oidc: { issuer: 'http://127.0.0.1:1', audience: 'a' }, bootstrapKeyFile: '/k' }
    const config = readConfig(
      file('local.json', { ...local, chains: { 'eip155:1': { rpcUrl: 'http://127.0.0.1:2' } } }),
    )
    expect(config.bootstrapKey).toEqual({ file: '/k' })
    expect(config.chains).toEqual({ 'eip155:1': 'http://127.0.0.1:2' })
  })

  it.each([
    ['no JSON', '{', /wallet\.json/],
    ['an unknown field', { ...deployed, listn: 1 }, /listn/],
    ['no place for the bootstrap key', { ...deployed, bootstrapKeySecret: undefined }, /bootstrapKey/],
    ['two places for it', { ...deployed, bootstrapKeyFile: '/k' }, /bootstrapKey/],
    ['a public URL that is none', { ...deployed, publicUrl: 'api' }, /publicUrl/],
    ['a port that is none', { ...deployed, listen: { host: 'x', port: 70000 } }, /port/],
    ['an absent block', { ...deployed, oidc: { file: 'nothing' } }, /nothing/],
  ])('is refused with %s', (_what, content, message) => {
    expect(() => readConfig(file('wallet.json', content))).toThrow(message)
  })

  it('is refused with a block that lacks a key, without repeating what is in it', () => {
    file('short', { ...block, ISSUER: undefined })
    expect(() => readConfig(file('wallet.json', { ...deployed, oidc: { file: 'short' } }))).toThrow(/short.*ISSUER/)
    file('urls', { 'eip155:1': 'secret-token' })
    const message = (() => {
      try {
        readConfig(file('wallet.json', { ...deployed, chainRpcUrlsFile: 'urls' }))
      } catch (error) {
        return error instanceof Error ? error.message : ''
      }
    })()
    expect(message).toMatch(/urls/)
    expect(message).not.toContain('secret-token')
  })
})
