import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workplace } from '../../test/run.ts'

/** A provider that keeps the rule of OpenID Connect Core 3.1.2.6: errors go to registered redirect URIs only. */
const registered = new Map([
  ['spa', ['https://console.testnet.wallet.example.com/callback']],
  ['native', ['https://app.testnet.approver.example.org/callback', 'http://127.0.0.1:8910/callback']],
])
const provider = createServer((request, response) => {
  const url = new URL(request.url ?? '', issuer())
  if (url.pathname.startsWith('/.well-known/'))
    return response.end(JSON.stringify({ issuer: issuer(), authorization_endpoint: `${issuer()}/authorize` }))
  const to = url.searchParams.get('redirect_uri') ?? ''
  const known = registered.get(url.searchParams.get('client_id') ?? '')?.includes(to)
  if (!known || url.searchParams.get('prompt') !== 'none')
    return response.writeHead(400).end('<p>Callback URL mismatch</p>')
  return response.writeHead(302, { location: `${to}?error=login_required` }).end()
})
const issuer = (): string => `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
const place = new Workplace('recommended')

beforeAll(async () => {
  await new Promise<void>(resolve => provider.listen(0, '127.0.0.1', resolve))
  await place.run(['generate-customer-assets'])
})
afterAll(() => {
  provider.close()
  place.remove()
})

const check = (...more: string[]) => place.run(['oidc-urls', '--check', ...more])

describe('oidc-urls --check', () => {
  it('finds every redirect URI registered, from the block of customer-secrets.yml', async () => {
    place.write(
      'customer-secrets.yml',
      `auth0:\n  ISSUER: ${issuer()}\n  CLIENT_ID_SPA: spa\n  CLIENT_ID_NATIVE: native\n`,
    )
    const { code, out } = await check()
    expect([code, out.match(/✓/g)?.length]).toEqual([0, 3])
  })

  it('names the redirect URI that the provider does not know', async () => {
    const { code, out, err } = await check('--client-id-native', 'spa')
    expect(code).toBe(1)
    expect(out).toContain('✗ CLIENT_ID_NATIVE https://app.testnet.approver.example.org/callback')
    expect(err).toContain('register exactly these redirect URIs')
  })

  it('says that an issuer does not answer, or that nobody told it', async () => {
    expect(await check('--issuer', 'http://127.0.0.1:9')).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not answer'),
    })
    place.write('customer-secrets.yml', 'auth0: {}\n')
    expect(await check()).toMatchObject({ code: 2, err: expect.stringContaining('auth0.ISSUER') })
  })
})
