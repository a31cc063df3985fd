import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Access, type OperationId, type Route, routes } from '@trivault/api-contract'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Caller, Role } from '../src/service.ts'
import { createMemoryService, keyOf } from './memory-service.ts'
import { createShell, requestOf, type Shell } from './shell.ts'

const ids = (Object.keys(routes) as OperationId[]).filter(id => (routes[id] as Route).status !== 101)
const roles: readonly Role[] = ['Admin', 'MarketOps', 'Viewer', 'AutomatedApprover', 'Auditor']
const mayCall: Readonly<Record<Access, readonly Role[]>> = {
  public: roles,
  any: roles,
  approver: ['Admin', 'MarketOps', 'Viewer', 'AutomatedApprover'],
  viewer: ['Admin', 'MarketOps', 'Viewer', 'Auditor'],
  operator: ['Admin', 'MarketOps'],
  admin: ['Admin'],
}

describe('API keys and roles', () => {
  let shell: Shell
  beforeAll(async () => {
    shell = await createShell()
  })
  afterAll(() => shell.app.close())
  const statusOf = async (id: OperationId, authorization: string) =>
    (await shell.app.inject(requestOf(id, { headers: { authorization } }))).statusCode

  it.each(ids)('%s lets in exactly the roles of its level', async id => {
    const { access } = routes[id] as Route
    for (const role of roles) {
      const refused = (await statusOf(id, keyOf(role))) === 403
      expect([role, refused]).toEqual([role, !mayCall[access].includes(role)])
    }
  })

  it.each(ids.filter(id => routes[id].access !== 'public'))('%s refuses strangers in shape', async id => {
    const { headers: _, ...request } = requestOf(id)
    const answer = await shell.app.inject(request)
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Bearer'])
    const path = routes[id].path
    if (/^\/api\/(cwp|trivault)\//.test(path)) expect(Object.keys(answer.json())).toEqual(['message'])
    else expect(answer.json()).toMatchObject({ Status: 401, Type: 'Authorization Error' })
  })

  it('takes the key bare and as bearer', async () => {
    expect(await statusOf('cwplistUsers', keyOf('Viewer'))).toBe(200)
    expect(await statusOf('cwplistUsers', `Bearer ${keyOf('Viewer')}`)).toBe(200)
    expect(await statusOf('cwplistUsers', `bearer  ${keyOf('Viewer')}`)).toBe(200)
  })

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'cwp_',
    `${keyOf('Admin')}x`,
    keyOf('Admin').slice(0, -1),
    keyOf('Admin').toUpperCase(),
    `Basic ${Buffer.from(keyOf('Admin')).toString('base64')}`,
    'Bearer eyJhbGciOiJub25lIn0.e30.',
  ])('refuses the credential %j', async authorization => {
    expect(await statusOf('cwplistUsers', authorization)).toBe(401)
  })

  it('refuses a record whose hash is another', async () => {
    const service = createMemoryService()
    const find = service.findApiKey
    const { app } = await createShell(
      {},
      {
        ...service,
        findApiKey: async hash => {
          const record = await find(hash)
          return record && { ...record, hash: new Uint8Array(32) }
        },
      },
    )
    expect((await app.inject(requestOf('cwplistUsers'))).statusCode).toBe(401)
    await app.close()
  })

  it('asks for the credential before it reads the body', async () => {
    const answer = await shell.app.inject(
      requestOf('cwpstartCreateMasterKey', { headers: { authorization: 'x' }, payload: '{'.repeat(1_100_000) }),
    )
    expect(answer.statusCode).toBe(401)
  })
})

describe('bearer tokens', () => {
  let issuer: Server
  let url: string
  let shell: Shell
  let keys: CryptoKeyPair
  let strangers: CryptoKeyPair
  let jwksRequests = 0
  const alice: Caller = { id: 'alice@example.com', name: 'Alice', role: 'Viewer', kind: 'user' }

  beforeAll(async () => {
    keys = (await generateKeyPair('ES256', { extractable: true })) as CryptoKeyPair
    strangers = (await generateKeyPair('ES256', { extractable: true })) as CryptoKeyPair
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
    issuer = createServer((request, response) => {
      response.setHeader('content-type', 'application/json')
      if (request.url === '/jwks') jwksRequests += 1
      response.end(JSON.stringify(request.url === '/jwks' ? { keys: [jwk] } : { jwks_uri: `${url}/jwks` }))
    }).listen(0, '127.0.0.1')
    await once(issuer, 'listening')
    url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`
    shell = await createShell({ auth: { oidc: { issuer: url, audience: 'console' } } }, createMemoryService([alice]))
  })
  afterAll(async () => {
    await shell.app.close()
    issuer.close()
  })

  const now = () => Math.floor(Date.now() / 1000)
  const token = (
    changes: JWTPayload = {},
    { key = keys.privateKey, kid = 'k1' }: { key?: CryptoKey; kid?: string } = {},
  ) =>
    new SignJWT({
      iss: url,
      aud: 'console',
      email: 'Alice@example.com',
      email_verified: true,
      exp: now() + 60,
      ...changes,
    })
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign(key)
  const ask = async (bearer: string, id: OperationId = 'getUserInfo') =>
    shell.app.inject(requestOf(id, { headers: { authorization: `Bearer ${bearer}` } }))

  it('lets a user in, whatever the letter case of the address', async () => {
    const answer = await ask(await token())
    expect(answer.json()).toMatchObject({ Email: 'alice@example.com', Role: 'Viewer' })
    expect((await ask(await token(), 'cwpcreateGroup')).statusCode).toBe(403)
    expect(jwksRequests).toBe(1)
  })

  it('allows a minute of clock difference', async () => {
    expect((await ask(await token({ exp: now() - 50 }))).statusCode).toBe(200)
    expect((await ask(await token({ nbf: now() + 50 }))).statusCode).toBe(200)
  })

  it.each<[string, JWTPayload]>([
    ['another issuer', { iss: 'http://evil.example' }],
    ['another audience', { aud: 'approver-app' }],
    ['no audience', { aud: undefined }],
    ['an end in the past', { exp: now() - 70 }],
    ['no end', { exp: undefined }],
    ['a start in the future', { nbf: now() + 120 }],
    ['no address', { email: undefined }],
    ['an address that is no text', { email: 7 }],
    ['an unverified address', { email_verified: false }],
  ])('refuses a token with %s', async (_, changes) => {
    expect((await ask(await token(changes))).statusCode).toBe(401)
  })

  it('refuses a token of another key, of an unknown key, and an altered one', async () => {
    expect((await ask(await token({}, { key: strangers.privateKey }))).statusCode).toBe(401)
    expect((await ask(await token({}, { kid: 'k2' }))).statusCode).toBe(401)
    const [header, , signature] = (await token()).split('.')
    const payload = Buffer.from(JSON.stringify({ iss: url, aud: 'console', email: alice.id, exp: now() + 60 }))
    expect((await ask(`${header}.${payload.toString('base64url')}.${signature}`)).statusCode).toBe(401)
    expect((await ask('a.b.c')).statusCode).toBe(401)
  })

  it('refuses unsigned tokens and tokens signed by a shared secret', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = part({ iss: url, aud: 'console', email: alice.id, exp: now() + 60 })
    expect((await ask(`${part({ alg: 'none' })}.${claims}.`)).statusCode).toBe(401)
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(keys.publicKey)))
    const forged = new SignJWT({ iss: url, aud: 'console', email: alice.id, exp: now() + 60 })
    expect((await ask(await forged.setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(secret))).statusCode).toBe(401)
  })

  it('tells somebody who signed in but is no user', async () => {
    const answer = await ask(await token({ email: 'mallory@example.com' }))
    expect([answer.statusCode, answer.json().Detail]).toEqual([
      403,
      expect.stringContaining('not a user of this vault'),
    ])
  })

  it('takes the address from the configured claim', async () => {
    const oidc = { issuer: url, audience: ['other', 'console'], jwksUri: `${url}/jwks`, emailClaim: 'upn' }
    const { app } = await createShell({ auth: { oidc } }, createMemoryService([alice]))
    const bearer = await token({ email: undefined, upn: alice.id })
    const headers = { authorization: `Bearer ${bearer}` }
    expect((await app.inject(requestOf('getUserInfo', { headers }))).statusCode).toBe(200)
    await app.close()
  })

  it('says that the identity provider is down, and recovers', async () => {
    let up = false
    const provider = createServer((request, response) => {
      response.statusCode = up ? 302 : 500
      if (up) response.setHeader('location', url + request.url)
      response.end()
    }).listen(0, '127.0.0.1')
    await once(provider, 'listening')
    const own = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    const { app } = await createShell(
      { auth: { oidc: { issuer: own, audience: 'console' } } },
      createMemoryService([alice]),
    )
    const headers = { authorization: `Bearer ${await token({ iss: own })}` }
    expect((await app.inject(requestOf('getUserInfo', { headers }))).statusCode).toBe(503)
    up = true
    expect((await app.inject(requestOf('getUserInfo', { headers }))).statusCode).toBe(200)
    await app.close()
    provider.close()
  })
})
