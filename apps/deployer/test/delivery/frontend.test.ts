import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { apiUrl, envConfig, packageApp, unzipFiles, zipFiles } from '../../src/delivery/frontend.ts'
import { loadFixture } from '../fixtures/index.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const deployment = loadFixture('recommended')
const api = `https://${deployment.hosts.api}`
const oidc = {
  ISSUER: 'https://login.example.com/',
  AUDIENCE: 'urn:wallet',
  CLIENT_ID_SPA: 'spa',
  CLIENT_ID_NATIVE: 'native',
}
const app = { 'index.html': utf8('<html>'), 'assets/a.js': utf8('1') }

describe('the packaged web apps', () => {
  it('have the same bytes for the same files, in any order and time zone', () => {
    const script = `import { zipFiles } from './src/delivery/frontend.ts'
      const b = t => new TextEncoder().encode(t)
      process.stdout.write(Buffer.from(zipFiles({ 'assets/a.js': b('1'), 'index.html': b('<html>') })).toString('hex'))`
    const zipIn = (TZ: string) =>
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        cwd: new URL('../..', import.meta.url).pathname,
        env: { ...process.env, TZ, NODE_OPTIONS: '' },
      }).toString()
    const here = Buffer.from(zipFiles(app)).toString('hex')
    expect(zipIn('Pacific/Kiritimati')).toBe(here)
    expect(zipIn('America/Los_Angeles')).toBe(here)
  })

  it('carry this environment’s env-config.js, and differ in nothing else between customers', () => {
    const files = unzipFiles(packageApp(zipFiles(app), envConfig(deployment, api, oidc)))
    const script = new TextDecoder().decode(files['env-config.js'])
    const page: { trivaultEnv?: Record<string, unknown> } = {}
    new Function('window', script)(page)
    expect(page.trivaultEnv).toMatchObject({
      ...oidc,
      API_URL: api,
      ENVIRONMENT: 'testnet',
      TESTNET: true,
      APPROVER_URL: `https://${deployment.hosts.approverApp}`,
      CONSOLE_URL: `https://${deployment.hosts.console}`,
    })
    const { 'env-config.js': _, ...others } = files
    expect(others).toEqual(app)
  })

  it('reject what was delivered with an env-config.js of its own, or without a page', () => {
    const config = envConfig(deployment, api, oidc)
    expect(() => packageApp(zipFiles({ ...app, 'env-config.js': utf8('evil') }), config)).toThrow(
      'the delivered app is not one',
    )
    expect(() => packageApp(zipFiles({ 'other.html': utf8('') }), config)).toThrow('the delivered app is not one')
    expect(() => unzipFiles(zipFiles({ '../index.html': utf8('') }))).toThrow('leads out')
  })

  it('reject another environment’s API URL and a malformed issuer', () => {
    expect(apiUrl(`${api}/`, deployment)).toBe(api)
    for (const other of [
      'https://api.mainnet.wallet.example.com',
      'http://api.testnet.wallet.example.com',
      `${api}/v1`,
      '',
    ])
      expect(() => apiUrl(other, deployment)).toThrow(`this environment’s API is ${api}`)
    expect(() => envConfig(deployment, api, { ...oidc, ISSUER: 'login.example.com' })).toThrow(
      'ISSUER must be an https URL',
    )
  })
})
