import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOidc, PASSWORD_GRANT, WALLET_AUDIENCE } from './oidc.ts'
import { makeUser } from './users.ts'

const dir = mkdtempSync(join(tmpdir(), 'trivault-oidc-'))
const signIns: boolean[] = []
let server: Server
let issuer: string
let restart: () => Promise<void>

const password = 'correct horse'
const redirect = 'http://127.0.0.1:7777/callback'

beforeAll(async () => {
  const users = [
    await makeUser('alice@example.com', 'Alice', password),
    await makeUser('bob@example.com', 'Bob', 'other'),
  ]
  let handler: ReturnType<typeof createOidc>
  server = createServer((request, response) => void handler(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  issuer = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  restart = async () => {
    handler = createOidc({
      issuer,
      keyFile: join(dir, 'keys.json'),
      cookieFile: join(dir, 'cookie'),
      users,
      onSignIn: accepted => void signIns.push(accepted),
    })
  }
  await restart()
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(dir, { recursive: true, force: true })
})

const token = async (fields: Record<string, string>) => {
  const response = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(fields) })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}
const byPassword = (username: string, secret: string) =>
  token({ grant_type: PASSWORD_GRANT, client_id: 'trivault-cli', username, password: secret })
const verify = async (jwt: string) =>
  (await jwtVerify(jwt, createRemoteJWKSet(new URL(`${issuer}/jwks`)), { issuer, audience: WALLET_AUDIENCE })).payload

/** A browser that keeps cookies and stops at the redirect of the client. */
class Browser {
  readonly #cookies = new Map<string, string>()
  async go(url: string, form?: Record<string, string>): Promise<{ status: number; url: string; text: string }> {
    const response = await fetch(new URL(url, issuer), {
      redirect: 'manual',
      headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value) this.#cookies.set(name, value)
      else this.#cookies.delete(name)
    }
    const location = response.headers.get('location')
    if (location?.startsWith(redirect)) return { status: response.status, url: location, text: '' }
    if (location) return this.go(location)
    return { status: response.status, url: response.url, text: await response.text() }
  }
}

const verifier = randomBytes(32).toString('base64url')
const authorization = (more: Record<string, string> = {}) =>
  `/auth?${new URLSearchParams({
    client_id: 'trivault-console',
    response_type: 'code',
    scope: 'openid email',
    redirect_uri: redirect,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    nonce: 'n-1',
    state: 's-1',
    ...more,
  })}`

describe('the password grant', () => {
  it('gives an access token that carries the e-mail address and the wallet as audience', async () => {
    const { status, body } = await byPassword('Alice@Example.com', password)
    expect(status).toBe(200)
    expect(await verify(body.access_token ?? '')).toMatchObject({
      sub: 'alice@example.com',
      email: 'alice@example.com',
      email_verified: true,
      aud: WALLET_AUDIENCE,
    })
    expect(signIns.at(-1)).toBe(true)
  })

  it('rejects wrong passwords, unknown users, other clients and missing fields', async () => {
    for (const [user, secret] of [
      ['alice@example.com', 'other'],
      ['bob@example.com', password],
      ['mallory@example.com', password],
      ['', ''],
    ] as const) {
      const { status, body } = await byPassword(user, secret)
      expect([status, body.error]).toEqual([400, 'invalid_grant'])
      expect(signIns.at(-1)).toBe(false)
    }
    const fields = { grant_type: PASSWORD_GRANT, username: 'alice@example.com', password }
    expect((await token({ ...fields, client_id: 'trivault-console' })).status).toBe(400)
    expect((await token({ ...fields, client_id: 'nobody' })).status).toBe(401)
    expect((await token({ client_id: 'trivault-cli', grant_type: PASSWORD_GRANT })).body.error).toBe('invalid_grant')
  })

  it('signs with keys that survive a restart and lie in a private file', async () => {
    const { body } = await byPassword('alice@example.com', password)
    await restart()
    expect(await verify(body.access_token ?? '')).toMatchObject({ sub: 'alice@example.com' })
    expect(statSync(join(dir, 'keys.json')).mode & 0o777).toBe(0o600)
    expect(statSync(join(dir, 'cookie')).mode & 0o777).toBe(0o600)
    const jwks = (await (await fetch(`${issuer}/jwks`)).json()) as { keys: Record<string, string>[] }
    expect(jwks.keys.map(key => [key.kty, 'd' in key])).toEqual([['EC', false]])
  })
})

describe('authorization code with PKCE', () => {
  it('asks for user and password, then gives ID token and access token', async () => {
    const browser = new Browser()
    const form = await browser.go(authorization())
    expect(form.text).toContain('Sign in')
    const path = /action="([^"]+)"/.exec(form.text)?.[1] ?? ''
    const wrong = await browser.go(path, { username: 'alice@example.com', password: 'wrong' })
    expect([wrong.status, wrong.text.includes('Wrong user or password')]).toEqual([401, true])
    const { url } = await browser.go(path, { username: 'alice@example.com', password })
    const code = new URL(url).searchParams.get('code') ?? ''
    expect(new URL(url).searchParams.get('state')).toBe('s-1')
    const exchange = { grant_type: 'authorization_code', client_id: 'trivault-console', redirect_uri: redirect, code }
    const { body } = await token({ ...exchange, code_verifier: verifier })
    expect(decodeJwt(body.id_token ?? '')).toMatchObject({
      sub: 'alice@example.com',
      nonce: 'n-1',
      aud: 'trivault-console',
    })
    expect(await verify(body.access_token ?? '')).toMatchObject({ email: 'alice@example.com' })
    expect((await token({ ...exchange, code_verifier: verifier })).body.error).toBe('invalid_grant')
  })

  it('rejects a request without PKCE, a foreign redirect, an unknown client, and a code with another verifier', async () => {
    const browser = new Browser()
    const bare = await browser.go(authorization({ code_challenge: '', code_challenge_method: '' }))
    expect(`${bare.url}${bare.text}`).toMatch(/invalid_request/)
    expect((await new Browser().go(authorization({ redirect_uri: 'https://evil.example/callback' }))).status).toBe(400)
    expect((await new Browser().go(authorization({ client_id: 'nobody' }))).status).toBe(400)
    const form = await browser.go(authorization())
    const path = /action="([^"]+)"/.exec(form.text)?.[1] ?? ''
    const { url } = await browser.go(path, { username: 'bob@example.com', password: 'other' })
    const code = new URL(url).searchParams.get('code') ?? ''
    const other = { grant_type: 'authorization_code', client_id: 'trivault-console', redirect_uri: redirect, code }
    expect((await token({ ...other, code_verifier: randomBytes(32).toString('base64url') })).body.error).toBe(
      'invalid_grant',
    )
  })

  it('rejects a login form of another browser, an unknown one and an oversized one', async () => {
    const form = await new Browser().go(authorization())
    const path = /action="([^"]+)"/.exec(form.text)?.[1] ?? ''
    const credentials = { username: 'alice@example.com', password }
    expect((await new Browser().go(path, credentials)).status).toBe(400)
    expect((await new Browser().go('/interaction/unknown', credentials)).status).toBe(400)
    const browser = new Browser()
    const own = /action="([^"]+)"/.exec((await browser.go(authorization())).text)?.[1] ?? ''
    expect((await browser.go(own, { ...credentials, filler: 'x'.repeat(10_000) })).status).toBe(401)
  })
})
