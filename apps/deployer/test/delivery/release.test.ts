import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openRelease, type Release, renderRelease, signRelease } from '../../src/delivery/release.ts'
import { signingKey, trustedKey } from '../../src/delivery/signing.ts'
import { newKey } from './keys.ts'

const digest = (n: number) => `sha256:${String(n).repeat(64)}` as const
const release: Release = {
  release: 'v1.2.3',
  deployer: { version: 'v1.2.4', image: digest(1) },
  enclave: { tag: 'v8', pcrs: { PCR0: 'a'.repeat(96), PCR1: 'b'.repeat(96), PCR2: 'c'.repeat(96) } },
  images: { wallet: digest(2), 'policy-node': digest(3), broker: digest(4) },
  files: { 'customer/shared/v1.2.3/Makefile': { sha256: 'd'.repeat(64), size: 7 } },
}
const ours = newKey()
const trusted = trustedKey(ours.publicKeyPem, ours.fingerprint)
const bytes = renderRelease(release)

/** Signed by the publisher, so that only the content can be what is refused. */
const opened = (change: (release: Record<string, unknown>) => void): Release => {
  const value = JSON.parse(new TextDecoder().decode(bytes))
  change(value)
  const altered = new TextEncoder().encode(JSON.stringify(value))
  return openRelease(altered, signRelease(altered, ours), trusted)
}

describe('the signed manifest of a release', () => {
  it('comes back as it was, and has the same bytes each time', () => {
    expect(openRelease(bytes, signRelease(bytes, ours), trusted)).toEqual(release)
    const shuffled = {
      ...release,
      files: Object.fromEntries(Object.entries({ z: { sha256: 'e'.repeat(64), size: 0 }, ...release.files })),
    }
    const sorted = { ...release, files: { ...release.files, z: { sha256: 'e'.repeat(64), size: 0 } } }
    expect(renderRelease(shuffled)).toEqual(renderRelease(sorted))
  })

  it('is verified by openssl alone', () => {
    const dir = mkdtempSync(join(tmpdir(), 'trivault-release-'))
    writeFileSync(join(dir, 'key.pem'), ours.publicKeyPem)
    writeFileSync(join(dir, 'release.json'), bytes)
    writeFileSync(join(dir, 'sig'), Buffer.from(signRelease(bytes, ours), 'base64'))
    const args = ['dgst', '-sha256', '-verify', 'key.pem', '-signature', 'sig', 'release.json']
    expect(execFileSync('openssl', args, { cwd: dir }).toString()).toContain('Verified OK')
  })

  it('rejects a changed byte, another key’s signature and what is no signature', () => {
    const signature = signRelease(bytes, ours)
    const altered = bytes.slice()
    altered[40] = (altered[40] ?? 0) ^ 1
    expect(() => openRelease(altered, signature, trusted)).toThrow('not signed by the key')
    expect(() => openRelease(bytes, signRelease(bytes, newKey()), trusted)).toThrow('not signed by the key')
    expect(() => openRelease(bytes, '', trusted)).toThrow('holds no signature')
    expect(() => openRelease(bytes, '<html>', trusted)).toThrow('holds no signature')
    expect(() => openRelease(new Uint8Array(2 << 20), signature, trusted)).toThrow('too large')
  })

  it.each<[string, (release: Record<string, unknown>) => void, string]>([
    ['another format', r => Object.assign(r, { format: 'trivault-release-2' }), 'format'],
    ['a further field', r => Object.assign(r, { extra: 1 }), 'must have'],
    ['a missing image', r => Object.assign(r, { images: { wallet: digest(1), broker: digest(2) } }), 'must have'],
    ['an image by tag', r => Object.assign(r, { deployer: { version: 'v1', image: 'latest' } }), 'digest'],
    ['a tag with a path', r => Object.assign(r, { release: '../v1' }), 'is no tag'],
    [
      'a file that leads out',
      r => Object.assign(r, { files: { '../../.bashrc': { sha256: 'd'.repeat(64), size: 1 } } }),
      'leads out',
    ],
    [
      'an absolute file',
      r => Object.assign(r, { files: { '/etc/passwd': { sha256: 'd'.repeat(64), size: 1 } } }),
      'leads out',
    ],
    ['a file without hash', r => Object.assign(r, { files: { a: { size: 1 } } }), 'must have'],
    ['a negative size', r => Object.assign(r, { files: { a: { sha256: 'd'.repeat(64), size: -1 } } }), 'no size'],
    [
      'a short PCR',
      r => Object.assign(r, { enclave: { tag: 'v8', pcrs: { PCR0: 'aa', PCR1: 'bb', PCR2: 'cc' } } }),
      'PCR0',
    ],
    [
      'a PCR of another name',
      r => Object.assign(r, { enclave: { tag: 'v8', pcrs: { ...release.enclave.pcrs, PCR3: 'a'.repeat(96) } } }),
      'must have',
    ],
    ['a list', r => Object.assign(r, { files: [] }), 'files is no object'],
  ])('rejects %s', (_what, change, message) => {
    expect(() => opened(change)).toThrow(message)
  })
})

describe('the signing key', () => {
  it('has the fingerprint that openssl and sha256sum compute', () => {
    const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'DER'], { input: ours.publicKeyPem })
    const [hash] = execFileSync('sha256sum', { input: der }).toString().split(' ')
    expect(ours.fingerprint).toBe(`sha256:${hash}`)
  })

  it('rejects the key of a swapped bundle, and what is no key or no fingerprint', () => {
    const own = newKey()
    expect(() => trustedKey(own.publicKeyPem, ours.fingerprint)).toThrow('may have been swapped')
    expect(() => trustedKey('garbage', ours.fingerprint)).toThrow('no public key')
    expect(() => trustedKey(ours.publicKeyPem, ours.fingerprint.slice(0, -1))).toThrow('64 hex digits')
    expect(() => trustedKey(ours.publicKeyPem, '')).toThrow('64 hex digits')
  })

  it('rejects other kinds of keys, and a private key where everybody can read it', () => {
    const pem = (key: { export(o: { type: 'spki'; format: 'pem' }): string | Buffer }) =>
      String(key.export({ type: 'spki', format: 'pem' }))
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
    expect(() => trustedKey(pem(rsa.publicKey), ours.fingerprint)).toThrow('not an ECDSA key on P-256')
    expect(() => trustedKey(pem(p384.publicKey), ours.fingerprint)).toThrow('not an ECDSA key on P-256')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const secret = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    expect(() => trustedKey(secret, signingKey(secret).fingerprint)).toThrow('no public key')
  })
})
