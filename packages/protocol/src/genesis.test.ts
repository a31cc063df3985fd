import { createHash } from 'node:crypto'
import { parseJson, toHex, utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { type Genesis, genesisJson, sha256, taggedHash, vaultIdOf } from './index.ts'

const key = (fill: number) => new Uint8Array(32).fill(fill)
const genesis: Genesis = {
  version: 1,
  deploymentId: 'test',
  identityKeys: [key(1), key(2), key(3)],
  ersFingerprint: key(4),
  foundingMode: 'open',
  founders: ['ann@example.com'],
  foundersRequired: 1,
  founderKeys: [],
  issuer: 'https://issuer.example.com',
  approverClientId: 'approver',
  jwksThumbprints: [key(5)],
  claims: { email: 'email', emailVerified: 'email_verified', subject: ['tid', 'oid'] },
  profile: 'local',
  rulesVersion: 1,
}

describe('vaultIdOf', () => {
  it('is the tagged hash of the canonical genesis, by an independent SHA-256', () => {
    const u32 = (n: number) => Buffer.from([n >>> 24, n >>> 16, n >>> 8, n])
    const text = (value: string) => Buffer.concat([u32(value.length), Buffer.from(value)])
    const bytes = Buffer.concat([
      Buffer.from([1]),
      text('test'),
      u32(3),
      key(1),
      key(2),
      key(3),
      key(4),
      Buffer.from([0]),
      u32(1),
      text('ann@example.com'),
      Buffer.from([0, 1]),
      u32(0),
      text('https://issuer.example.com'),
      text('approver'),
      u32(1),
      key(5),
      text('email'),
      text('email_verified'),
      u32(2),
      text('tid'),
      text('oid'),
      Buffer.from([0]),
      Buffer.from([0, 1]),
    ])
    const tag = Buffer.from('trivault/v1/genesis')
    const expected = createHash('sha256')
      .update(Buffer.from([tag.length]))
      .update(tag)
      .update(bytes)
      .digest('hex')
    expect(toHex(vaultIdOf(genesis))).toBe(expected)
  })

  it('differs as soon as one pin does', () => {
    const changes: Partial<Genesis>[] = [
      { version: 2 },
      { deploymentId: 'tesu' },
      { identityKeys: [key(2), key(1), key(3)] },
      { ersFingerprint: key(5) },
      { foundingMode: 'pinned' },
      { founders: ['ann@example.com', 'bob@example.com'] },
      { founders: [] },
      { foundersRequired: 2 },
      { issuer: '' },
      { approverClientId: 'console' },
      { jwksThumbprints: [] },
      { founderKeys: [key(6)] },
      { claims: { ...genesis.claims, email: 'upn' } },
      { claims: { ...genesis.claims, emailVerified: 'xms_edov' } },
      { claims: { ...genesis.claims, subject: ['oid', 'tid'] } },
      { profile: 'enclave' },
      { rulesVersion: 2 },
    ]
    const ids = [genesis, ...changes.map(change => ({ ...genesis, ...change }))].map(value => toHex(vaultIdOf(value)))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('rejects keys of another length', () => {
    for (const bad of [{ ersFingerprint: new Uint8Array(31) }, { identityKeys: [key(1), key(2), key(3), key(4)] }])
      expect(() => vaultIdOf({ ...genesis, ...bad })).toThrow()
  })
})

describe('genesisJson', () => {
  const text = genesisJson.write(genesis)

  it('gives back the pins', () => {
    expect(genesisJson.read(parseJson(text))).toEqual(genesis)
    expect(genesisJson.read(parseJson(JSON.stringify(JSON.parse(text), null, 2)))).toEqual(genesis)
  })

  it('rejects a node too few or too many, odd hex, unknown fields and modes', () => {
    const one = '01'.repeat(32)
    const bad = [
      text.replace(`"${one}",`, ''),
      text.replace(`"${one}",`, `"${one}","${one}",`),
      text.replace(one, '0x'.concat(one)),
      text.replace(one, one.slice(2)),
      text.replace('04'.repeat(32), '0A'.repeat(32)),
      text.replace('"open"', '"none"'),
      text.replace('"local"', '"cloud"'),
      text.replace('"version":1', '"version":256'),
      text.replace('{', '{"other":1,'),
      text.replace('"issuer"', '"Issuer"'),
    ]
    for (const changed of bad) {
      expect(changed).not.toBe(text)
      expect(() => genesisJson.read(parseJson(changed))).toThrow()
    }
  })
})

describe('genesisJson of an impossible vault', () => {
  const refused = (changes: Partial<Genesis>) => () => genesisJson.write({ ...genesis, ...changes })

  it('is refused: one identity for two nodes is one judge with two votes', () => {
    expect(refused({ identityKeys: [key(1), key(2), key(1)] })).toThrow(/differ/)
  })

  it('is refused: open founding in an enclave, where the first key would win', () => {
    expect(refused({ profile: 'enclave' })).toThrow(/open/)
    expect(refused({ profile: 'enclave', foundingMode: 'identity' })).not.toThrow()
  })

  const pinned: Partial<Genesis> = { foundingMode: 'pinned', founderKeys: [key(6)] }
  it.each<[string, Partial<Genesis>]>([
    ['no founder', { foundingMode: 'identity', founders: [] }],
    ['a founder twice', { foundingMode: 'identity', founders: ['ann@example.com', 'Ann@example.com'] }],
    ['no founder required', { foundingMode: 'identity', foundersRequired: 0 }],
    ['more founders required than there are', { foundingMode: 'identity', foundersRequired: 2 }],
    ['pinned keys in another mode', { foundingMode: 'identity', founderKeys: [key(6)] }],
    ['no issuer', { foundingMode: 'identity', issuer: '' }],
    ['no client id', { foundingMode: 'identity', approverClientId: '' }],
    ['no issuer key', { foundingMode: 'identity', jwksThumbprints: [] }],
    ['no e-mail claim', { foundingMode: 'identity', claims: { ...genesis.claims, email: '' } }],
    ['no claim that verifies', { foundingMode: 'identity', claims: { ...genesis.claims, emailVerified: '' } }],
    ['no subject', { foundingMode: 'identity', claims: { ...genesis.claims, subject: [] } }],
    ['pinned without a key', { ...pinned, founderKeys: [] }],
    ['pinned with a key too many', { ...pinned, founderKeys: [key(6), key(7)] }],
    ['one key for two', { ...pinned, founders: ['a@b.c', 'd@e.f'], founderKeys: [key(6), key(6)] }],
  ])('is refused: %s', (_what, changes) => {
    expect(refused(pinned)).not.toThrow()
    expect(refused(changes)).toThrow()
  })
})

describe('taggedHash', () => {
  it('separates domains, also where a tag is the beginning of another', () => {
    const hashes = [
      taggedHash('a', utf8('bc')),
      taggedHash('ab', utf8('c')),
      taggedHash('abc'),
      sha256(utf8('trivault/v1/abc')),
    ]
    expect(new Set(hashes.map(toHex)).size).toBe(4)
  })

  it('joins its parts', () => {
    expect(taggedHash('a', utf8('b'), utf8('c'))).toEqual(taggedHash('a', utf8('bc')))
  })
})
