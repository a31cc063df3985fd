import { describe, expect, it } from 'vitest'
import {
  type EnvConfig,
  EnvConfigError,
  parseEnvConfig,
  readEnvConfig,
  renderEnvConfig,
  securityHeaders,
} from './index.ts'

const config: EnvConfig = {
  API_URL: 'https://api.testnet.wallet.example.com',
  ISSUER: 'https://login.example.com/tenant/',
  AUDIENCE: 'urn:trivault:wallet',
  CLIENT_ID_SPA: 'console',
  CLIENT_ID_NATIVE: 'approver',
  ENVIRONMENT: 'testnet',
  TESTNET: true,
  CONSOLE_URL: 'https://testnet.wallet.example.com',
  APPROVER_URL: 'https://approver.example.org',
}

const load = (script: string): EnvConfig => {
  const page = {}
  new Function('window', script)(page)
  return readEnvConfig(page)
}

describe('env-config.js', () => {
  it('gives the page what was rendered, the same bytes each time', () => {
    expect(load(renderEnvConfig(config))).toEqual(config)
    expect(renderEnvConfig({ ...config })).toBe(renderEnvConfig(config))
  })

  it('keeps a text that looks like markup a text', () => {
    const odd = { ...config, ENVIRONMENT: '</script><script>alert(1)\u2028' }
    expect(renderEnvConfig(odd)).not.toContain('<')
    expect(load(renderEnvConfig(odd))).toEqual(odd)
  })

  it('accepts plain http on this machine only', () => {
    expect(parseEnvConfig({ ...config, API_URL: 'http://127.0.0.1:29980' }).API_URL).toBe('http://127.0.0.1:29980')
    expect(() => parseEnvConfig({ ...config, API_URL: 'http://10.0.0.1:80' })).toThrow('API_URL must be an https URL')
  })

  it.each<[string, unknown, string]>([
    ['no object', 'x', 'holds no object'],
    ['null', null, 'holds no object'],
    ['an unknown field', { ...config, EXTRA: 1 }, 'EXTRA is not known'],
    ['a missing field', { ...config, AUDIENCE: undefined }, 'AUDIENCE must be a text'],
    ['an empty field', { ...config, CLIENT_ID_SPA: '' }, 'CLIENT_ID_SPA must be a text'],
    ['a very long field', { ...config, ENVIRONMENT: 'x'.repeat(2_049) }, 'ENVIRONMENT must be a text'],
    ['a path on the API', { ...config, API_URL: 'https://api.example.com/v1' }, 'API_URL must be an origin'],
    ['a trailing slash', { ...config, CONSOLE_URL: 'https://console.example.com/' }, 'CONSOLE_URL must be an origin'],
    ['credentials in a URL', { ...config, ISSUER: 'https://a:b@login.example.com' }, 'ISSUER must be an https URL'],
    ['a script URL', { ...config, APPROVER_URL: 'javascript:alert(1)' }, 'APPROVER_URL must be an https URL'],
    ['a flag as text', { ...config, TESTNET: 'true' }, 'TESTNET must be true or false'],
  ])('rejects %s', (_what, value, message) => {
    expect(() => parseEnvConfig(value)).toThrow(EnvConfigError)
    expect(() => parseEnvConfig(value)).toThrow(message)
  })

  it('says that the file is missing', () => {
    expect(() => readEnvConfig({})).toThrow('was not loaded')
  })
})

describe('headers', () => {
  it('let the page talk to API and identity provider only, and run no code from elsewhere', () => {
    const { 'content-security-policy': policy = '' } = securityHeaders('approver', config)
    expect(policy).toContain(
      "connect-src 'self' https://api.testnet.wallet.example.com wss://api.testnet.wallet.example.com https://login.example.com;",
    )
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("default-src 'none'")
  })

  it('give the camera to the Approver App only', () => {
    expect(securityHeaders('approver', config)['permissions-policy']).toContain('camera=(self)')
    expect(securityHeaders('console', config)['permissions-policy']).toContain('camera=()')
  })

  it('ask for https for ever where there is https', () => {
    expect(securityHeaders('console', config)).toHaveProperty('strict-transport-security')
    expect(securityHeaders('console', { ...config, API_URL: 'http://127.0.0.1:1' })).not.toHaveProperty(
      'strict-transport-security',
    )
  })
})
