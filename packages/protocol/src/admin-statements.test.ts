import { type Codec, concat, decode, encode, parseJson, toHex, utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { adminSignerOf } from './admin-key.ts'
import {
  type AdminOrder,
  adminDigest,
  adminStatementsCodec,
  adminStatementsJson,
  isOrdered,
  noStatements,
  quarantineHash,
  signOrder,
  withOrder,
} from './admin-statements.ts'
import type { Genesis } from './genesis.ts'
import { sha256 } from './hash.ts'

const genesis: Genesis = {
  version: 1,
  deploymentId: 'prod',
  identityKeys: [1, 2, 3].map(fill => new Uint8Array(32).fill(fill)),
  ersFingerprint: new Uint8Array(32).fill(4),
  ...{ foundingMode: 'identity', founders: ['alice@example.com'], foundersRequired: 1, founderKeys: [] },
  ...{ issuer: 'https://idp.example.com/', approverClientId: 'app', jwksThumbprints: [new Uint8Array(32).fill(5)] },
  claims: { email: 'email', emailVerified: 'email_verified', subject: ['sub'] },
  ...{ profile: 'enclave', rulesVersion: 1 },
}
const epoch = { epoch: 1, owners: [{ id: 'dave@example.com', name: 'Dave', key: undefined }], required: 1 }
const recreate = { seq: 17, hash: new Uint8Array(32).fill(6), time: 1_800_000_000_000 }
const release = { peer: 1, quarantine: quarantineHash(1, utf8('{}')) }
const orders: AdminOrder[] = [
  { type: 'pins' },
  { type: 'founding-epoch', ...epoch },
  { type: 'recreate', ...recreate },
  { type: 'release', ...release },
]
const signer = adminSignerOf(sha256(utf8('admin 0')))
const other = adminSignerOf(sha256(utf8('admin 1')))
const signed = await Promise.all(orders.map(order => signOrder(signer, genesis, 0, order)))
const signatureOf = (order: AdminOrder): Uint8Array => signed[orders.indexOf(order)] ?? new Uint8Array(0)

/** Every pin changed, one after the other. */
const otherPins: Genesis[] = [
  { ...genesis, deploymentId: 'test' },
  { ...genesis, deploymentId: '' },
  { ...genesis, identityKeys: [2, 1, 3].map(fill => new Uint8Array(32).fill(fill)) },
  { ...genesis, ersFingerprint: new Uint8Array(32) },
  { ...genesis, foundingMode: 'open' },
  { ...genesis, founders: ['mallory@example.com'] },
  { ...genesis, founders: [...genesis.founders, 'mallory@example.com'] },
  { ...genesis, foundersRequired: 2 },
  { ...genesis, founderKeys: [new Uint8Array(32)] },
  { ...genesis, issuer: 'https://idp.example.org/' },
  { ...genesis, approverClientId: 'app2' },
  { ...genesis, jwksThumbprints: [new Uint8Array(32)] },
  { ...genesis, claims: { ...genesis.claims, emailVerified: 'email' } },
  { ...genesis, profile: 'local' },
  { ...genesis, rulesVersion: 2 },
  { ...genesis, version: 2 },
]

describe.each(orders)('an order: $type', order => {
  it('counts with the signature of the admin', () => {
    expect(isOrdered(signer.adminKey, genesis, 0, order, signatureOf(order))).toBe(true)
  })

  it('does not count for another node, in another vault or deployment, or under another key', () => {
    for (const node of [1, 2]) expect(isOrdered(signer.adminKey, genesis, node, order, signatureOf(order))).toBe(false)
    for (const pins of otherPins) expect(isOrdered(signer.adminKey, pins, 0, order, signatureOf(order))).toBe(false)
    expect(isOrdered(other.adminKey, genesis, 0, order, signatureOf(order))).toBe(false)
  })

  it('does not count with the signature of another kind, or none', () => {
    for (const one of orders)
      expect(isOrdered(signer.adminKey, genesis, 0, order, signatureOf(one))).toBe(one === order)
    expect(isOrdered(signer.adminKey, genesis, 0, order, new Uint8Array(64))).toBe(false)
  })
})

it('an order does not count with anything in it changed', () => {
  const changed: [AdminOrder, AdminOrder][] = [
    ...[
      { ...epoch, epoch: 2 },
      { ...epoch, required: 2 },
      { ...epoch, owners: [] },
      { ...epoch, owners: [{ id: 'eve@example.com', name: 'Dave', key: undefined }] },
      { ...epoch, owners: [{ id: 'dave@example.com', name: 'Eve', key: undefined }] },
      { ...epoch, owners: [{ id: 'dave@example.com', name: 'Dave', key: new Uint8Array(32) }] },
      { ...epoch, owners: [...epoch.owners, { id: 'eve@example.com', name: 'Eve', key: undefined }] },
    ].map((one): [AdminOrder, AdminOrder] => [orders[1] as AdminOrder, { type: 'founding-epoch', ...one }]),
    ...[
      { ...recreate, seq: 18 },
      { ...recreate, time: recreate.time + 1 },
      { ...recreate, hash: recreate.hash.with(31, 0) },
    ].map((one): [AdminOrder, AdminOrder] => [orders[2] as AdminOrder, { type: 'recreate', ...one }]),
    ...[
      { ...release, peer: 2 },
      { ...release, quarantine: quarantineHash(1, utf8('{ }')) },
    ].map((one): [AdminOrder, AdminOrder] => [orders[3] as AdminOrder, { type: 'release', ...one }]),
  ]
  for (const [order, one] of changed)
    expect(isOrdered(signer.adminKey, genesis, 0, one, signatureOf(order))).toBe(false)
})

it('digests stay what they are: signatures outlive a release of the software', () => {
  expect(orders.map(order => toHex(adminDigest(genesis, 0, order)))).toMatchInlineSnapshot(`
    [
      "df17aec3b5c4dcc4d724243ed9a81799c23b45b262a142f8c032da5496df1185",
      "32612641b0aa8558235a98d92d01086e7092007aecd291ea48527c92053136aa",
      "21f49d9da2f7857552e9b530a917a5575d76452dccb7fa42a260ea5e8b422c18",
      "bf034432284f7ac385b7a344dd1ef98b93f6864193b28917880c4d69425416bd",
    ]
  `)
})

describe('the statements of an admin', () => {
  const full = orders.reduce((all, order) => withOrder(all, order, signatureOf(order)), noStatements)

  it('come back as they were written, in a file and over the link', () => {
    for (const statements of [full, noStatements, { ...noStatements, pins: signatureOf(orders[0] as AdminOrder) }]) {
      expect(adminStatementsJson.read(parseJson(adminStatementsJson.write(statements)))).toEqual(statements)
      const codec = adminStatementsCodec as Codec<typeof statements>
      expect(decode(codec, encode(codec, statements))).toEqual(statements)
    }
    expect(adminStatementsJson.read({})).toEqual(noStatements)
  })

  it('take one order of each kind, one release of each peer; new pins begin anew', () => {
    const twice = withOrder(full, { type: 'release', peer: 1, quarantine: new Uint8Array(32) }, new Uint8Array(64))
    expect(twice.releases).toHaveLength(1)
    const two = withOrder(twice, { type: 'release', peer: 2, quarantine: new Uint8Array(32) }, new Uint8Array(64))
    expect(two.releases.map(({ order }) => order.peer)).toEqual([1, 2])
    expect(withOrder(two, { type: 'recreate', ...recreate, seq: 18 }, new Uint8Array(64)).recreate?.order.seq).toBe(18)
    expect(withOrder(two, { type: 'pins' }, new Uint8Array(64))).toEqual({ ...noStatements, pins: new Uint8Array(64) })
  })

  it.each([
    '[]',
    '{"pins":""}',
    `{"pins":"${'0'.repeat(126)}"}`,
    `{"pins":"${'A'.repeat(128)}"}`,
    '{"more":1}',
    '{"recreate":{"order":{"seq":1,"hash":"00","time":1},"signature":"00"}}',
    `{"recreate":{"seq":1,"hash":"${'0'.repeat(64)}","time":1,"signature":"${'0'.repeat(128)}"}}`,
    `{"releases":[{"order":{"peer":3,"quarantine":"${'0'.repeat(64)}"},"signature":"${'0'.repeat(128)}"}]}`,
    `{"foundingEpoch":{"order":{"epoch":1,"owners":[],"required":1},"signature":"${'0'.repeat(128)}"}}`,
  ])('are not read from %s', text => {
    expect(() => adminStatementsJson.read(parseJson(text))).toThrow()
  })

  it('are not decoded when cut off, longer, or with a third release', () => {
    const bytes = encode(adminStatementsCodec as Codec<typeof full>, full)
    for (const cut of [0, 1, 64, 65, bytes.length - 1])
      expect(() => decode(adminStatementsCodec, bytes.slice(0, cut))).toThrow()
    expect(() => decode(adminStatementsCodec, concat(bytes, new Uint8Array(1)))).toThrow()
    const third = {
      ...full,
      releases: [0, 1, 2].map(peer => ({ order: { ...release, peer }, signature: new Uint8Array(64) })),
    }
    expect(() => encode(adminStatementsCodec as Codec<typeof third>, third)).toThrow('at most 2')
  })
})

it('a quarantine has another name for another peer or another byte', () => {
  const names = [
    quarantineHash(0, utf8('{}')),
    quarantineHash(1, utf8('{}')),
    quarantineHash(1, utf8('{}\n')),
    quarantineHash(1, new Uint8Array(0)),
  ]
  expect(new Set(names.map(toHex)).size).toBe(4)
})
