import type { ClaimNames } from '@trivault/protocol'
import type { Claims, TestKey } from './issuer.ts'

/** What an identity provider's tokens look like when it is set up as docs/identity-*.md say; subjects and ids are made up. */
export interface IdpFixture {
  readonly name: string
  readonly alg: TestKey['alg']
  readonly issuer: string
  /** Client of the Approver App: audience of ID tokens. */
  readonly approverClientId: string
  /** Audience of access tokens. */
  readonly walletAudience: string
  /** Names of claims in ID tokens, for pins.json. */
  readonly claims: ClaimNames
  /** Names of claims in access tokens, for the wallet's config. */
  readonly wallet: { readonly emailClaim?: string; readonly emailVerifiedClaim?: string }
  /** Beyond nonce and times. */
  readonly idToken: (email: string) => Claims
  readonly accessToken: (email: string) => Claims
  /** What the same provider sends before anything is configured there: no usable e-mail address. */
  readonly unconfigured: Claims
}

const auth0: IdpFixture = {
  name: 'Auth0',
  alg: 'RS256',
  issuer: 'https://acme.eu.auth0.com/',
  approverClientId: 'q1W2e3R4t5Y6u7I8o9P0aAsSdDfFgGhH',
  walletAudience: 'https://vault.acme.example/api',
  claims: { email: 'email', emailVerified: 'email_verified', subject: ['sub'] },
  wallet: {
    emailClaim: 'https://vault.acme.example/email',
    emailVerifiedClaim: 'https://vault.acme.example/email_verified',
  },
  idToken: email => ({
    aud: auth0.approverClientId,
    sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
    email,
    email_verified: true,
    nickname: 'ann',
    name: email,
    picture: 'https://s.gravatar.com/avatar/x.png',
    updated_at: '2026-11-22T11:59:00.000Z',
    sid: 'OTJ4Vd0f3xF3bP7l',
  }),
  accessToken: email => ({
    aud: [auth0.walletAudience, 'https://acme.eu.auth0.com/userinfo'],
    azp: 'console-client',
    sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
    scope: 'openid profile email',
    'https://vault.acme.example/email': email,
    'https://vault.acme.example/email_verified': true,
  }),
  unconfigured: {
    aud: ['https://vault.acme.example/api', 'https://acme.eu.auth0.com/userinfo'],
    sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
    azp: 'console-client',
    scope: 'openid profile email',
  },
}

const okta: IdpFixture = {
  name: 'Okta',
  alg: 'RS256',
  issuer: 'https://acme.okta.com/oauth2/aus1a2b3c4d5E6F7g8h9',
  approverClientId: '0oa1a2b3c4d5E6F7g8h9',
  walletAudience: 'api://trivault',
  claims: { email: 'email', emailVerified: 'email_verified', subject: ['sub'] },
  wallet: { emailClaim: 'email', emailVerifiedClaim: 'email_verified' },
  idToken: email => ({
    ver: 1,
    jti: 'ID.4eAWJOCMB3SX8XewDfVR',
    amr: ['pwd', 'mfa'],
    idp: '00o1a2b3c4d5E6F7g8h9',
    aud: okta.approverClientId,
    sub: '00uid4BxXw6I6TV4m0g3',
    preferred_username: email,
    email,
    email_verified: true,
    groups: ['Everyone', 'Treasury'],
  }),
  accessToken: email => ({
    ver: 1,
    jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
    aud: okta.walletAudience,
    cid: 'console-client',
    uid: '00uid4BxXw6I6TV4m0g3',
    scp: ['openid', 'profile', 'email'],
    sub: email,
    email,
    email_verified: true,
  }),
  unconfigured: {
    ver: 1,
    aud: 'api://trivault',
    cid: 'console-client',
    uid: '00uid4BxXw6I6TV4m0g3',
    scp: ['openid'],
    sub: 'ann@acme.example',
  },
}

const tenant = '11111111-2222-4333-8444-555555555555'
const entra: IdpFixture = {
  name: 'Entra ID',
  alg: 'RS256',
  issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
  approverClientId: 'aaaaaaaa-0000-4000-8000-000000000001',
  walletAudience: 'aaaaaaaa-0000-4000-8000-000000000002',
  claims: { email: 'email', emailVerified: 'xms_edov', subject: ['tid', 'oid'] },
  wallet: { emailClaim: 'email', emailVerifiedClaim: 'xms_edov' },
  idToken: email => ({
    ver: '2.0',
    aud: entra.approverClientId,
    sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
    tid: tenant,
    oid: '00000000-0000-4000-8000-66f3332eca7e',
    preferred_username: email,
    name: 'Ann',
    email,
    xms_edov: true,
    rh: '0.AXoA',
    uti: 'x',
    roles: ['Vault.Owner'],
  }),
  accessToken: email => ({
    ver: '2.0',
    aud: entra.walletAudience,
    azp: 'console-client',
    azpacr: '0',
    sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
    tid: tenant,
    oid: '00000000-0000-4000-8000-66f3332eca7e',
    scp: 'access_as_user',
    preferred_username: email,
    email,
    xms_edov: '1',
    roles: ['Vault.Owner'],
  }),
  unconfigured: {
    ver: '2.0',
    aud: 'aaaaaaaa-0000-4000-8000-000000000002',
    azp: 'console-client',
    sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
    tid: tenant,
    oid: '00000000-0000-4000-8000-66f3332eca7e',
    scp: 'access_as_user',
    preferred_username: 'ann@acme.example',
  },
}

export const idpFixtures: readonly IdpFixture[] = [auth0, okta, entra]
