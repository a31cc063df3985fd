import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fingerprintWords } from '@trivault/approval'
import { toHex } from '@trivault/codec'
import { issuerKeyThumbprint } from '@trivault/protocol'
import { issuerKeyOf, jwkOf, makeIssuerKey, signToken } from '@trivault/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fetchIdToken } from '../src/id-token.ts'
import { run } from './support.ts'

describe('fingerprintWords', () => {
  it('are six words for the first 66 bits', () => {
    expect(fingerprintWords('00'.repeat(32))).toBe('abandon abandon abandon abandon abandon abandon')
    expect(fingerprintWords('ff'.repeat(32))).toBe('zoo zoo zoo zoo zoo zoo')
    // 00000000001 00000000010 …: each word is eleven bits.
    expect(fingerprintWords(`002008${'00'.repeat(29)}`)).toBe('ability able abandon abandon abandon abandon')
    expect(fingerprintWords(`${'00'.repeat(8)}40${'00'.repeat(23)}`)).toBe(
      'abandon abandon abandon abandon abandon ability',
    )
    expect(fingerprintWords(`${'00'.repeat(8)}3f${'ff'.repeat(23)}`)).toBe(
      'abandon abandon abandon abandon abandon abandon',
    )
  })
})

describe('fetchIdToken', () => {
  const key = makeIssuerKey('RS256', 'right')
  const other = makeIssuerKey('ES256', 'other')
  let server: Server
  let issuer: string
  let answers: Record<string, (request: IncomingMessage, body: URLSearchParams) => unknown>
  let opened: URL

  beforeEach(async () => {
    server = createServer((request: IncomingMessage, response: ServerResponse) => {
      let text = ''
      request.on('data', chunk => {
        text += chunk
      })
      request.on('end', () => {
        const answer = answers[(request.url ?? '').split('?')[0] ?? '']?.(request, new URLSearchParams(text))
        response.writeHead(answer === undefined ? 400 : 200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(answer ?? { error: 'invalid_grant' }))
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    answers = {
      '/.well-known/openid-configuration': () => ({
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
      }),
      '/token': () => ({ id_token: signToken(key, JSON.stringify({ alg: 'RS256', kid: 'right' }), '{}') }),
      '/jwks': () => ({ keys: [jwkOf(other), jwkOf(key)] }),
    }
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  /** Fetches; the browser comes back with what `back` makes of the address that it was sent to. */
  const fetchWith = (back: (sent: URLSearchParams) => Record<string, string>[], changes: object = {}) =>
    fetchIdToken({
      issuer,
      clientId: 'approver',
      nonce: 'a-nonce',
      callbackPort: 0,
      timeoutMs: 2_000,
      terminal: {
        err: text => {
          opened = new URL(/http\S+/.exec(text)?.[0] ?? '')
          const visit = async () => {
            for (const query of back(opened.searchParams))
              await fetch(`${opened.searchParams.get('redirect_uri')}?${new URLSearchParams(query)}`)
          }
          visit().catch(() => undefined)
        },
      },
      ...changes,
    })
  const good = (sent: URLSearchParams) => [{ code: 'c', state: sent.get('state') ?? '' }]

  it('signs in anew with PKCE, and returns the token with the key that its header names', async () => {
    const seen: URLSearchParams[] = []
    const token = answers['/token']
    answers['/token'] = (request, body) => {
      seen.push(body)
      return token?.(request, body)
    }
    const { idToken, issuerKey } = await fetchWith(good)
    expect(idToken.split('.')).toHaveLength(3)
    expect(issuerKey).toEqual({ kty: 'RSA', n: jwkOf(key).n })
    expect(Object.fromEntries(opened.searchParams)).toMatchObject({
      client_id: 'approver',
      nonce: 'a-nonce',
      max_age: '0',
      prompt: 'login',
      code_challenge_method: 'S256',
    })
    expect(Object.fromEntries(seen[0] ?? [])).toMatchObject({ grant_type: 'authorization_code', code: 'c' })
    expect(seen[0]?.get('code_verifier')).toMatch(/^[\w-]{43}$/)
  })

  it('ignores answers that are not those to its own question', async () => {
    const noise: Record<string, string>[] = [
      { code: 'evil', state: 'x' },
      { code: 'evil' },
      { error: 'access_denied', state: 'x' },
    ]
    await fetchWith(sent => [...noise, ...good(sent)])
    await expect(fetchWith(() => noise)).rejects.toMatchObject({ code: 'failed' })
  })

  it('refuses what the provider refuses, and shows no control characters of it', async () => {
    const denied = fetchWith(sent => [{ error: 'access_denied\u001b[2J', state: sent.get('state') ?? '' }])
    await expect(denied).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/access_denied\?\[2J$/),
    })
    answers['/token'] = () => undefined
    await expect(fetchWith(good)).rejects.toMatchObject({ code: 'refused' })
  })

  it('has a sister that prints the thumbprints of what the issuer publishes', async () => {
    const { code, out } = await run(['founding', 'thumbprints', issuer, '--json'])
    const expected = [other, key].map(one => ({
      kid: one.kid,
      thumbprint: toHex(issuerKeyThumbprint(issuerKeyOf(one))),
    }))
    expect([code, JSON.parse(out)]).toEqual([0, expected])
    expect((await run(['founding', 'thumbprints', `${issuer}/`])).err).toContain('give it exactly so')
  })

  it('refuses another issuer, a token without key, and a provider that is away', async () => {
    answers['/jwks'] = () => ({ keys: [jwkOf(other)] })
    await expect(fetchWith(good)).rejects.toMatchObject({ code: 'refused' })
    answers['/token'] = () => ({ access_token: 'x' })
    await expect(fetchWith(good)).rejects.toMatchObject({ code: 'refused' })
    answers['/.well-known/openid-configuration'] = () => ({ issuer: 'https://evil.example' })
    await expect(fetchWith(good)).rejects.toMatchObject({ code: 'untrusted' })
    await expect(fetchWith(good, { issuer: 'http://127.0.0.1:1' })).rejects.toMatchObject({ code: 'unreachable' })
  })
})
