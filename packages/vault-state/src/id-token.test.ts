import { fromHex, toHex, utf8 } from '@trivault/codec'
import { issuerKeyThumbprint } from '@trivault/protocol'
import {
  type Claims,
  claimsFor,
  idpFixtures,
  issuerKeyOf,
  makeIssuerKey,
  Person,
  signToken,
  type TestKey,
  testGenesis,
} from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { type ExpectedToken, verifyIdToken } from './id-token.ts'

const ec = makeIssuerKey()
const rsa = makeIssuerKey('RS256')
const stranger = makeIssuerKey()
const person = new Person('ann@example.com')
const vault = { genesis: testGenesis(), vaultId: new Uint8Array(32).fill(7) }
const time = Date.parse('2026-11-22T12:00:00.000Z')
const seconds = time / 1000
const good = claimsFor(vault, person, time)
const expected: ExpectedToken = {
  issuer: vault.genesis.issuer,
  clientId: vault.genesis.approverClientId,
  thumbprints: [ec, rsa].map(key => toHex(issuerKeyThumbprint(issuerKeyOf(key)))),
  claims: vault.genesis.claims,
  nonce: String(good.nonce),
}
const headerOf = (key: TestKey, more: Claims = {}) => JSON.stringify({ alg: key.alg, kid: 'k1', typ: 'JWT', ...more })
const token = (claims: Claims = {}, key = ec) => signToken(key, headerOf(key), JSON.stringify({ ...good, ...claims }))
const verify = (text: string, key = ec, changes: Partial<ExpectedToken> = {}) =>
  verifyIdToken(text, issuerKeyOf(key), { ...expected, ...changes }, time)
const refused = (code: string, what?: RegExp) =>
  expect.objectContaining({ code, ...(what && { message: expect.stringMatching(what) }) })
const bad = (what?: RegExp) => refused('bad-id-token', what)

describe('an ID token', () => {
  it('is taken with ES256 and RS256, and tells who it is about', () => {
    const who = { email: 'ann@example.com', subject: '["subject of ann@example.com"]' }
    expect(verify(token())).toEqual(who)
    expect(verify(token({}, rsa), rsa)).toEqual(who)
    expect(verify(token({ email: 'Ann@Example.com' }))).toEqual(who)
    expect(verify(token({ aud: ['approver'], azp: 'approver' }))).toEqual(who)
  })

  it.each<[string, Claims]>([
    ['exp within the clock difference', { exp: seconds - 59 }],
    ['iat within the clock difference', { iat: seconds + 60 }],
    ['nbf within the clock difference', { nbf: seconds + 60 }],
    ['auth_time just fresh', { auth_time: seconds - 300 }],
    ['auth_time within the clock difference', { auth_time: seconds + 60 }],
    ['claims that nobody asked about', { groups: ['a', { b: null }], roles: [] }],
  ])('is taken with %s', (_what, claims) => {
    expect(() => verify(token(claims))).not.toThrow()
  })

  it.each<[string, Claims, RegExp]>([
    ['another issuer', { iss: 'https://idp.example.com/' }, /^iss/],
    ['no issuer', { iss: undefined }, /^iss/],
    ['the audience of the console', { aud: 'console' }, /^aud/],
    ['no audience', { aud: undefined }, /^aud/],
    ['two audiences', { aud: ['approver', 'console'] }, /^aud/],
    ['an audience in a list in a list', { aud: [['approver']] }, /^aud/],
    ['another authorized party', { azp: 'console' }, /^azp/],
    ['another nonce', { nonce: 'AAAA' }, /^nonce/],
    ['no nonce', { nonce: undefined }, /^nonce/],
    ['an end in the past', { exp: seconds - 60 }, /^exp/],
    ['no end', { exp: undefined }, /^exp/],
    ['an end that is text', { exp: String(seconds + 300) }, /^exp/],
    ['an end in parts of seconds', { exp: seconds + 0.5 }, /^exp/],
    ['a negative end', { exp: -1 }, /^exp/],
    ['an end beyond all bounds', { exp: 1e15 }, /^exp/],
    ['a birth in the future', { iat: seconds + 61 }, /^iat/],
    ['no birth', { iat: undefined }, /^iat/],
    ['a start in the future', { nbf: seconds + 61 }, /^nbf/],
    ['a start that is no time', { nbf: 'now' }, /^nbf/],
    ['an old sign-in', { auth_time: seconds - 301 }, /^auth_time/],
    ['a sign-in to come', { auth_time: seconds + 61 }, /^auth_time/],
    ['no sign-in', { auth_time: undefined }, /^auth_time/],
    ['an unverified e-mail address', { email_verified: false }, /^email_verified/],
    ['an e-mail address of which nobody knows', { email_verified: undefined }, /^email_verified/],
    ['an odd word about the e-mail address', { email_verified: 'yes' }, /^email_verified/],
    ['an object about the e-mail address', { email_verified: {} }, /^email_verified/],
    ['no e-mail address', { email: undefined }, /^email /],
    ['an e-mail address with a Kelvin sign, whose lower case is k', { email: 'mi\u212ae@example.com' }, /^email /],
    ['an e-mail address with white space', { email: 'ann@example.com\n' }, /^email /],
    ['an e-mail address that is a list', { email: ['ann@example.com'] }, /^email /],
    ['no subject', { sub: undefined }, /^sub/],
    ['an empty subject', { sub: '' }, /^sub/],
    ['a subject that is a number', { sub: 7 }, /^sub/],
    ['a subject without end', { sub: 'x'.repeat(256) }, /^sub/],
  ])('is refused with %s', (_what, claims, message) => {
    expect(() => verify(token(claims))).toThrow(bad(message))
  })

  it('is refused by the wrong key, and by one that is not pinned', () => {
    expect(() => verify(token({}, stranger))).toThrow(bad(/signature/))
    expect(() => verify(token({}, stranger), stranger)).toThrow(refused('issuer-key-not-pinned'))
    expect(() => verify(token(), rsa)).toThrow(bad(/alg/))
    expect(() => verify(token(), ec, { thumbprints: [] })).toThrow(refused('issuer-key-not-pinned'))
  })

  it('is refused when its header chooses: none, a shared secret, another algorithm, a key of its own', () => {
    const payload = JSON.stringify(good)
    const chosen = [
      { alg: 'none' },
      { alg: 'HS256' },
      { alg: 'RS256' },
      { alg: 'PS256' },
      { alg: 'es256' },
      { alg: undefined },
    ]
    for (const header of chosen) expect(() => verify(signToken(ec, headerOf(ec, header), payload))).toThrow(bad(/alg/))
    const [head] = signToken(ec, headerOf(ec, { alg: 'none' }), payload).split('.')
    expect(() => verify(`${head}.${Buffer.from(payload).toString('base64url')}.`)).toThrow(bad(/alg/))
    // A jwk or jku in the header is not looked at: the stranger's own key does not help.
    const own = headerOf(stranger, { jwk: { kty: 'EC' }, jku: 'https://evil.example' })
    expect(() => verify(signToken(stranger, own, payload))).toThrow(bad(/signature/))
    expect(() => verify(signToken(ec, headerOf(ec, { crit: ['exp'] }), payload))).toThrow(bad(/critical/))
    expect(() => verify(signToken(ec, headerOf(ec, { typ: 'at+jwt' }), payload))).toThrow(bad(/typ/))
  })

  it('is refused when a claim stands twice, however it is written', () => {
    const text = JSON.stringify(good)
    for (const more of ['"email":"eve@example.com",', '"\\u0065mail":"eve@example.com",', '"x":{"y":1,"y":2},'])
      expect(() => verify(signToken(ec, headerOf(ec), text.replace('{', `{${more}`)))).toThrow(bad(/once/))
    const twice = headerOf(ec).replace('{', '{"alg":"none",')
    expect(() => verify(signToken(ec, twice, text))).toThrow(bad(/once/))
  })

  it.each([
    '',
    '.',
    '..',
    '...',
    'a.b',
    'e30.e30.',
    'e30.e30.AA',
    'e30=.e30.AA',
    'bnVsbA.bnVsbA.AA',
    'W10.W10.AA',
    'IiI.IiI.AA',
    'MQ.MQ.AA',
    '_w._w.AA',
  ])('is refused as %j', text => {
    expect(() => verify(text)).toThrow(bad())
  })

  it('is refused after any change of its bytes', () => {
    const text = token()
    for (let i = 0; i < text.length; i += 7) {
      const changed = text.slice(0, i) + (text[i] === 'A' ? 'B' : 'A') + text.slice(i + 1)
      expect(() => verify(changed), changed).toThrow(bad())
    }
    for (const changed of [`${text}A`, `${text}.`, ` ${text}`, text.slice(0, -1), text.replace('.', '..')])
      expect(() => verify(changed)).toThrow(bad())
  })

  it('is refused with a signature in ASN.1 instead of r and s', () => {
    const [head, body, seal] = token().split('.')
    const der = Buffer.concat([fromHex('30440220'), Buffer.from(seal ?? '', 'base64url').subarray(0, 32), utf8('x')])
    expect(() => verify(`${head}.${body}.${der.toString('base64url')}`)).toThrow(bad(/signature/))
  })

  it('is not confused by names of the prototype', () => {
    const names = { email: '__proto__', emailVerified: 'constructor', subject: ['toString'] }
    expect(() => verify(token(), ec, { claims: names })).toThrow(bad())
  })
})

describe('claim names', () => {
  const claims = { email: 'upn', emailVerified: 'xms_edov', subject: ['tid', 'oid'] }
  const entra = { upn: 'ann@example.com', tid: 't', oid: 'o', email: 'eve@example.com', email_verified: undefined }

  it('are those of the pins', () => {
    for (const xms_edov of [true, 'true', '1', 1])
      expect(verify(token({ ...entra, xms_edov }), ec, { claims })).toEqual({
        email: 'ann@example.com',
        subject: '["t","o"]',
      })
  })

  it.each<[string, Claims]>([
    ['the usual claim verified only', { email_verified: true }],
    ['nothing verified', { xms_edov: 0 }],
    ['zero as text', { xms_edov: '0' }],
    ['no tenant', { xms_edov: true, tid: undefined }],
    ['no object id', { xms_edov: true, oid: undefined }],
  ])('are refused with %s', (_what, changes) => {
    expect(() => verify(token({ ...entra, ...changes }), ec, { claims })).toThrow(bad())
  })

  it('keep subjects apart whose parts join to the same text', () => {
    const of = (tid: string, oid: string) =>
      verify(token({ ...entra, xms_edov: true, tid, oid }), ec, { claims }).subject
    expect(of('a","b', 'c')).not.toBe(of('a', 'b","c'))
  })
})

describe.each(idpFixtures)('an ID token of $name', fixture => {
  const key = makeIssuerKey(fixture.alg)
  const email = 'Ann@acme.example'
  const pins: ExpectedToken = {
    issuer: fixture.issuer,
    clientId: fixture.approverClientId,
    thumbprints: [toHex(issuerKeyThumbprint(issuerKeyOf(key)))],
    claims: fixture.claims,
    nonce: 'a-nonce',
  }
  const times = { iat: seconds, exp: seconds + 3600, auth_time: seconds - 5, nonce: 'a-nonce' }
  const check = (claims: Claims) =>
    verifyIdToken(
      signToken(key, headerOf(key), JSON.stringify({ iss: fixture.issuer, ...times, ...claims })),
      issuerKeyOf(key),
      pins,
      time,
    )

  it('passes by its claim names, which bind the account', () => {
    const claims = fixture.idToken(email)
    expect(check(claims)).toEqual({
      email: 'ann@acme.example',
      subject: JSON.stringify(fixture.claims.subject.map(name => claims[name])),
    })
  })

  it('is refused before the provider is configured, without a fresh sign-in, and as an access token', () => {
    expect(() => check({ ...fixture.unconfigured, aud: fixture.approverClientId })).toThrow(bad())
    expect(() => check({ ...fixture.idToken(email), [fixture.claims.emailVerified]: undefined })).toThrow(bad())
    expect(() => check({ ...fixture.idToken(email), auth_time: undefined })).toThrow(bad(/^auth_time/))
    expect(() => check(fixture.accessToken(email))).toThrow(bad(/^aud/))
  })
})
