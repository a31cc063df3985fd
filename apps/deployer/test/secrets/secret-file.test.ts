import { existsSync } from 'node:fs'
import { createBusRoot } from '@trivault/bus'
import { describe, expect, it } from 'vitest'
import { DeployerError } from '../../src/errors.ts'
import { readGivenSecrets, readPublicPart } from '../../src/secrets/secret-file.ts'
import { publicTemplate, secretTemplate } from '../../src/secrets/template.ts'
import { Workplace } from '../run.ts'
import { ersLine, fill, filledIn, identity } from './given.ts'

const made = await createBusRoot({ now: Date.now(), days: 9, exportable: true })
const root = { cert: made.root.cert, key: made.key ?? '' }
const ers = ersLine()
const good = filledIn(ers, root)

/** Everything that is wrong, as `line field message`. */
function faults(text: string, read: (text: string) => unknown = readGivenSecrets): string[] {
  try {
    read(text)
  } catch (error) {
    if (!(error instanceof DeployerError)) throw error
    return [error, ...error.others].map(
      ({ place, message }) => `${place?.line ?? '-'} ${place?.field ?? ''} ${message}`,
    )
  }
  return []
}
const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length

describe('customer-secrets.yml', () => {
  it('has exactly the keys of the guide in its template, and no value', () => {
    const keys = [...secretTemplate().matchAll(/^#? ?([a-z][\w-]*|auth0):/gm)].map(([, name]) => name)
    expect(keys).toEqual([
      ...['ubiquity_org_username', 'ubiquity_auth_token', 'ers_public_key', 'broker-root-ca', 'broker-root-ca-key'],
      ...['chainalysis-user', 'chainalysis-token', 'canton-client-id', 'canton-client-secret', 'custom-chain-rpc-urls'],
      ...['auth0', 'okta', 'entra', 'oidc'],
    ])
    expect([...secretTemplate().matchAll(/^ *[\w-]+: *"(.*?)"/gm)].every(([, value]) => value === '')).toBe(true)
  })

  it('is read as what is stored: PEM as it was, the ERS key as PEM, chains as JSON', () => {
    const chains = good
      .replace('# custom-chain-rpc-urls:', 'custom-chain-rpc-urls:')
      .replace('#   "eip155:1"', '  "eip155:1"')
    const { values, identity: found, ersKey } = readGivenSecrets(chains)
    expect(values.get('broker-root-ca')).toBe(root.cert)
    expect(values.get('broker-root-ca-key')).toBe(root.key)
    expect(values.get('ers_public_key')).toBe(ersKey.pem)
    expect(values.get('custom-chain-rpc-urls')).toBe('{"eip155:1":"https://rpc.example.com/key"}')
    expect(readGivenSecrets(good).values.get('custom-chain-rpc-urls')).toBe('{}')
    expect(found).toEqual({ provider: 'auth0', block: identity })
  })

  it.each([
    ['okta', { EMAIL_CLAIM: 'email', EMAIL_VERIFIED_CLAIM: 'email_verified' }],
    ['entra', { EMAIL_CLAIM: 'email', EMAIL_VERIFIED_CLAIM: 'xms_edov' }],
    ['oidc', {}],
  ])('takes the block of %s', (provider, claims) => {
    const { identity: found } = readPublicPart(good.replace('auth0:', `${provider}:`))
    expect(found).toEqual({ provider, block: { ...claims, ...identity } })
  })

  it('of a Policy Node admin holds what is pinned and nothing secret', () => {
    expect(publicTemplate()).not.toMatch(/_token|secret-|broker|^ubiquity/m)
    expect(readPublicPart(fill(publicTemplate(), { ers_public_key: ers, ...identity })).identity.provider).toBe('auth0')
  })

  const pem = root.cert.trimEnd().split('\n')
  const second = `  ${pem[2]}`
  it.each([
    ['an empty required key', good.replace("'acme'", '""'), 'acme', /ubiquity_org_username is empty/],
    ['a word with a space', good.replace('token-of', 'token of'), 'token-of', /ubiquity_auth_token has a space/],
    [
      'a folded PEM block',
      good.replace('broker-root-ca: |', 'broker-root-ca: >'),
      '  -----BEGIN CERTIFICATE',
      /line breaks .* are gone/,
    ],
    ['a damaged PEM line', good.replace(second, second.replace(/.$/, '!')), second, /not base64/],
    ['a cut PEM line', good.replace(second, second.slice(0, 20)), second, /is cut/],
    [
      'a PEM block without its end',
      good.replace('  -----END CERTIFICATE-----\n', ''),
      `  ${pem.at(-2)}`,
      /does not end with/,
    ],
    [
      'certificate and key the wrong way round',
      good.replace('BEGIN CERTIFICATE', 'BEGIN PRIVATE KEY'),
      '  -----BEGIN CERTIFICATE',
      /block of PRIVATE KEY/,
    ],
    ['a small ERS key', good.replace(ers, ersLine(2048)), 'ers_public_key:', /2048 bits/],
    ['no ERS key', good.replace(ers, ''), 'ers_public_key:', /step 2 does not exist/],
    ['an ERS key that is none', good.replace(ers, 'QUJD'), 'ers_public_key:', /not a public key/],
    ['a private ERS key', good.replace(ers, '-----BEGIN PRIVATE KEY-----'), 'ers_public_key:', /private key/],
    ['an issuer without TLS', good.replace('https://login', 'http://login'), '  ISSUER', /no https URL/],
    [
      'one client for both apps',
      good.replace("'approver-app'", "'vault-ui'"),
      '  CLIENT_ID_NATIVE',
      /client of the Vault UI/,
    ],
    ['an unknown key', `${good}\nubiquity_token: x\n`, 'ubiquity_token', /no such key/],
    [
      'two providers',
      `${good}\nokta:\n${Object.entries(identity)
        .map(([k, v]) => `  ${k}: ${v}\n`)
        .join('')}`,
      'okta:\n  AUDIENCE',
      /both auth0 and okta/,
    ],
    [
      'a chain that is none',
      `${good}\ncustom-chain-rpc-urls:\n  ethereum: https://x.example\n`,
      '  ethereum:',
      /no CAIP-2/,
    ],
    ['a tab', good.replace('  AUDIENCE', '\tAUDIENCE'), '\tAUDIENCE', /tab/],
  ])('is refused with %s, which is told with its line', (_what, text, place, message) => {
    const source = text.includes(place) ? text : good
    const told = faults(text)
    expect(told.join('\n')).toMatch(message)
    expect(told.find(fault => message.test(fault))?.split(' ')[0]).toBe(String(lineOf(source, place)))
  })

  it.each([
    '*secret-value',
    '&secret-value x',
    '"secret-value',
    '{secret-value',
    '[secret-value',
    'a: secret-value: b',
  ])('repeats nothing of %s', value => {
    const text = good.replace("'token-of-the-data-api'", value)
    const told = faults(text)
    expect(told).not.toEqual([])
    expect(told.join('\n')).not.toContain('secret-value')
  })

  it('repeats no value of any field that is of another kind', () => {
    expect(faults(good.replace("'token-of-the-data-api'", '12345678')).join()).not.toContain('12345678')
    expect(faults(good.replace('auth0:\n', 'auth0: secret-value\nx:\n')).join()).not.toContain('secret-value')
  })
})

describe('shred-secrets', () => {
  it('asks, overwrites and removes', async () => {
    const place = new Workplace('recommended')
    await place.run(['generate-customer-assets'])
    place.write('customer-secrets.yml', 'a: secret')
    expect((await place.run(['shred-secrets'])).code).toBe(3)
    expect(existsSync(place.path('customer-secrets.yml'))).toBe(true)
    expect(await place.run(['shred-secrets', '--yes'])).toMatchObject({ code: 0 })
    expect(existsSync(place.path('customer-secrets.yml'))).toBe(false)
    expect((await place.run(['shred-secrets'])).out).toMatch(/there is no/)
    place.remove()
  })
})
