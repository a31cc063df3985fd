import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isOlder, verifyManifest } from '../src/release/manifest.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pointOf = (key: typeof privateKey): string => {
  const { x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' })
  return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]).toString('base64')
}
const key = pointOf(privateKey)
const good = { version: '1.2.3', files: { '/index.html': 'a'.repeat(64), '/assets/a-b_c.js': 'b'.repeat(64) } }
const signed = (text: string): string =>
  sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64')
const read = (value: unknown): Promise<unknown> =>
  verifyManifest(JSON.stringify(value), signed(JSON.stringify(value)), key)

describe('the signed list of files', () => {
  it('is taken from the release key alone, byte for byte', async () => {
    const text = JSON.stringify(good)
    expect(await read(good)).toEqual(good)
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    await expect(verifyManifest(text, signed(text), pointOf(stranger))).rejects.toThrow('not signed')
    await expect(verifyManifest(`${text} `, signed(text), key)).rejects.toThrow('not signed')
    for (const signature of ['', 'AAAA', '!', Buffer.alloc(64).toString('base64')])
      await expect(verifyManifest(text, signature, key)).rejects.toThrow(/sign/)
  })

  it.each<[string, unknown]>([
    ['no version', { files: good.files }],
    ['a version of another form', { ...good, version: '1.2' }],
    ['no files', { version: '1.2.3' }],
    ['a path upwards from nowhere', { ...good, files: { '../x': 'a'.repeat(64) } }],
    ['a path on another host', { ...good, files: { '//evil.example/x': 'a'.repeat(64) } }],
    ['a short hash', { ...good, files: { '/a': 'a'.repeat(63) } }],
    ['a hash that is no text', { ...good, files: { '/a': 1 } }],
    ['a list', []],
    ['nothing', null],
  ])('is refused with %s, though signed', async (_what, value) => {
    await expect(read(value)).rejects.toThrow('cannot be read')
  })

  it('has versions in the order of their numbers', () => {
    for (const [a, b] of [
      ['1.2.3', '1.2.4'],
      ['1.9.0', '1.10.0'],
      ['0.9.9', '1.0.0'],
    ] as const) {
      expect(isOlder(a, b)).toBe(true)
      expect(isOlder(b, a)).toBe(false)
    }
    expect(isOlder('1.2.3', '1.2.3')).toBe(false)
  })
})
