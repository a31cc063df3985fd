import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { APPROVER_CLIENT, CONSOLE_CLIENT, createOidc, WALLET_AUDIENCE } from '../../local/src/services/oidc.ts'
import { makeUser } from '../../local/src/services/users.ts'

export interface IdentityProvider {
  readonly block: {
    readonly AUDIENCE: string
    readonly ISSUER: string
    readonly CLIENT_ID_SPA: string
    readonly CLIENT_ID_NATIVE: string
  }
  passwordOf(email: string): string
  stop(): Promise<void>
}

/** The customer's identity provider: the one of local vaults, with the customer's people. */
export async function startIdentityProvider(dir: string, emails: readonly string[]): Promise<IdentityProvider> {
  const passwordOf = (email: string): string => `the guide’s password of ${email}`
  const users = await Promise.all(emails.map(email => makeUser(email, email.split('@')[0] ?? email, passwordOf(email))))
  const server = createServer()
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const handle = createOidc({
    issuer,
    keyFile: join(dir, 'oidc-keys.json'),
    cookieFile: join(dir, 'cookie-secret'),
    users,
    onSignIn: () => {},
  })
  server.on('request', (request, response) => void handle(request, response).catch(() => response.destroy()))
  return {
    block: {
      AUDIENCE: WALLET_AUDIENCE,
      ISSUER: issuer,
      CLIENT_ID_SPA: CONSOLE_CLIENT,
      CLIENT_ID_NATIVE: APPROVER_CLIENT,
    },
    passwordOf,
    stop: () =>
      new Promise(done => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
