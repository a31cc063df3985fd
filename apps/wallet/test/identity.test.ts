import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Claims,
  type IdpFixture,
  idpFixtures,
  jwkOf,
  makeIssuerKey,
  signToken,
  type TestKey,
} from '@trivault/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Caller } from '../src/service.ts'
import { createMemoryService } from './memory-service.ts'
import { createShell, requestOf, type Shell } from './shell.ts'

const ann: Caller = { id: 'anke@acme.example', name: 'Ann', role: 'Viewer', kind: 'user' }
const now = () => Math.floor(Date.now() / 1000)

/** The JWK set of a provider, as long as it publishes these keys. */
class Keys {
  published: TestKey[]
  requests = 0
  readonly #server: Server

  constructor(...keys: TestKey[]) {
    this.published = keys
    this.#server = createServer((_request, response) => {
      this.requests += 1
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ keys: this.published.map(jwkOf) }))
    }).listen(0, '127.0.0.1')
  }

  async uri(): Promise<string> {
    if (!this.#server.listening) await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/jwks`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

const shellFor = async ({ issuer, walletAudience, wallet }: IdpFixture, keys: Keys): Promise<Shell> =>
  createShell(
    { auth: { oidc: { issuer, audience: walletAudience, jwksUri: await keys.uri(), ...wallet } } },
    createMemoryService([ann]),
  )
const ask = async (shell: Shell, bearer: string) => {
  const answer = await shell.app.inject(requestOf('getUserInfo', { headers: { authorization: `Bearer ${bearer}` } }))
  return answer.statusCode
}

describe.each(idpFixtures)('access tokens of $name', fixture => {
  const key = makeIssuerKey(fixture.alg)
  const keys = new Keys(key)
  let shell: Shell
  beforeAll(async () => {
    shell = await shellFor(fixture, keys)
  })
  afterAll(async () => {
    await shell.app.close()
    keys.close()
  })

  const claims = (changes: Claims = {}): Claims => ({
    iss: fixture.issuer,
    iat: now(),
    exp: now() + 300,
    ...fixture.accessToken(ann.id),
    ...changes,
  })
  const header = (more: Claims = {}) => JSON.stringify({ alg: key.alg, kid: key.kid, typ: 'JWT', ...more })
  const token = (changes: Claims = {}, head: Claims = {}) =>
    signToken(key, header(head), JSON.stringify(claims(changes)))
  const { emailClaim = '', emailVerifiedClaim = '' } = fixture.wallet

  it('let the person in whose e-mail address the configured claim holds', async () => {
    expect(await ask(shell, token())).toBe(200)
    expect(await ask(shell, token({ [emailClaim]: 'ANKE@acme.example' }))).toBe(200)
    expect(await ask(shell, token({ exp: now() - 50, nbf: now() + 50 }))).toBe(200)
  })

  it.each<[string, Claims]>([
    ['as they are before anything is configured', { [emailClaim]: undefined, [emailVerifiedClaim]: undefined }],
    ['for another API', { aud: 'https://graph.example' }],
    ['that are ID tokens', { aud: fixture.approverClientId }],
    ['of another issuer', { iss: `${fixture.issuer}x` }],
    ['without issuer', { iss: undefined }],
    ['that are over', { exp: now() - 70 }],
    ['without end', { exp: undefined }],
    ['of the future', { nbf: now() + 120 }],
    ['with an unverified address', { [emailVerifiedClaim]: false }],
    ['with an address that nobody verified', { [emailVerifiedClaim]: undefined }],
    ['with an odd word about the address', { [emailVerifiedClaim]: 'yes' }],
    ['with an address that only in lower case is a user id', { [emailClaim]: 'an\u212ae@acme.example' }],
    ['with a list of addresses', { [emailClaim]: [ann.id] }],
  ])('are refused %s', async (_what, changes) => {
    expect(await ask(shell, token(changes))).toBe(401)
  })

  it('are refused where only claims of other names tell the address', async () => {
    const payload = { iss: fixture.issuer, iat: now(), exp: now() + 300, ...fixture.unconfigured, upn: ann.id }
    expect(await ask(shell, signToken(key, header(), JSON.stringify(payload)))).toBe(401)
  })

  it('are refused with a claim or a header that stands twice', async () => {
    const twice = JSON.stringify(claims()).replace('{', `{${JSON.stringify(emailClaim)}:"eve@acme.example",`)
    expect(await ask(shell, signToken(key, header(), twice))).toBe(401)
    expect(await ask(shell, signToken(key, header().replace('{', '{"alg":"none",'), JSON.stringify(claims())))).toBe(
      401,
    )
  })

  it('are refused unsigned, with a shared secret, with another algorithm and with a key of their own', async () => {
    const [head, body] = token({}, { alg: 'none' }).split('.')
    expect(await ask(shell, `${head}.${body}.`)).toBe(401)
    for (const alg of ['none', 'HS256', 'HS512', 'PS256', 'rs256'])
      expect(await ask(shell, token({}, { alg }))).toBe(401)
    const stranger = makeIssuerKey(fixture.alg)
    const own = header({ jwk: jwkOf(stranger), jku: 'https://evil.example/jwks' })
    expect(await ask(shell, signToken(stranger, own, JSON.stringify(claims())))).toBe(401)
  })

  it('are refused with the kid of a key that this issuer does not publish', async () => {
    expect(await ask(shell, token({}, { kid: 'of another issuer' }))).toBe(401)
    const elsewhere = makeIssuerKey(fixture.alg, 'k2')
    const text = JSON.stringify(claims())
    expect(await ask(shell, signToken(elsewhere, header({ kid: 'k2' }), text))).toBe(401)
  })
})

describe('new keys of the issuer', () => {
  const [fixture] = idpFixtures as [IdpFixture]
  afterEach(() => vi.useRealTimers())
  const minutes = (count: number) => vi.setSystemTime(Date.now() + count * 60_000)

  it('are fetched when a token names one, and old ones end when they are no longer published', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const [first, second] = [makeIssuerKey('RS256', 'first'), makeIssuerKey('RS256', 'second')]
    const keys = new Keys(first)
    const shell = await shellFor(fixture, keys)
    const token = (key: TestKey) => {
      const claims = { iss: fixture.issuer, exp: now() + 300, ...fixture.accessToken(ann.id) }
      return signToken(key, JSON.stringify({ alg: 'RS256', kid: key.kid }), JSON.stringify(claims))
    }
    expect(await ask(shell, token(first))).toBe(200)
    expect(await ask(shell, token(second))).toBe(401)
    keys.published = [first, second]
    minutes(1)
    expect(await ask(shell, token(second))).toBe(200)
    expect(await ask(shell, token(first))).toBe(200)
    keys.published = [second]
    minutes(11)
    expect(await ask(shell, token(first))).toBe(401)
    expect(await ask(shell, token(second))).toBe(200)
    // Unknown names do not make the wallet ask again and again.
    const before = keys.requests
    for (let i = 0; i < 20; i++) expect(await ask(shell, token(makeUnknown(second, i)))).toBe(401)
    expect(keys.requests - before).toBeLessThanOrEqual(1)
    await shell.app.close()
    keys.close()
  })
})
const makeUnknown = (key: TestKey, i: number): TestKey => ({ ...key, kid: `unknown-${i}` })
