import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519 } from '@noble/curves/ed25519.js'
import { addressOfKey, addressOfPublicKey, recoverSigner } from '@trivault/chains'
import { fromHex, toBase64, toHex } from '@trivault/codec'
import { deriveEd25519PublicKey, derivePublicKey, encodeKeyShare } from '@trivault/mpc'
import { type BackupFile, encodeBackupFile } from '@trivault/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicKeyOf, readBackup, rebuild, verifyBackup } from '../src/backup.ts'
import { runRecovery } from '../src/run.ts'
import { type Sample, sampleBackup } from './support.ts'

let sample: Sample
let other: Sample
let edwards: Sample
let directory: string
const path = (name: string): string => join(directory, name)

async function run(...args: string[]) {
  let out = ''
  let err = ''
  const code = await runRecovery(
    args,
    text => {
      out += text
    },
    text => {
      err += text
    },
  )
  return { code, out, err }
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'recovery-'))
  sample = sampleBackup()
  other = sampleBackup()
  edwards = sampleBackup('EdDSA_Ed25519')
  writeFileSync(path('backup'), encodeBackupFile(sample.file))
  writeFileSync(path('ed25519-backup'), encodeBackupFile(edwards.file))
  writeFileSync(path('ed25519-ers.pem'), edwards.ersPem, { mode: 0o600 })
  writeFileSync(path('ers.pem'), sample.ersPem, { mode: 0o600 })
  writeFileSync(path('ers-public.pem'), publicPem(sample))
})
afterAll(() => rmSync(directory, { recursive: true }))

const publicPem = ({ ers }: Sample): string =>
  `-----BEGIN PUBLIC KEY-----\n${toBase64(publicKeyOf(ers))}\n-----END PUBLIC KEY-----\n`
const codeOf = (body: () => unknown): unknown => {
  try {
    body()
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
  return undefined
}
const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 1)
const secretOf = ({ shares }: Sample): bigint => {
  // Lagrange at 0 for the points 1, 2, 3: 3, -3, 1.
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const [a = 0n, b = 0n, c = 0n] = shares.map(share => BigInt(`0x${toHex(encodeKeyShare(share).slice(4, 36))}`))
  return (((3n * a - 3n * b + c) % order) + order) % order
}

describe('rebuild', () => {
  it('gives the private key behind the public key', () => {
    const key = rebuild(readBackup(encodeBackupFile(sample.file)), sample.ers)
    expect(toHex(key.privateKey)).toBe(secretOf(sample).toString(16).padStart(64, '0'))
    expect(key.chainCode).toEqual(sample.file.chainCode)
  })

  it('reads the base64 text that the API returns', () => {
    expect(readBackup(new TextEncoder().encode(`${toBase64(encodeBackupFile(sample.file))}\n`))).toEqual(sample.file)
  })

  it('refuses another ERS key', () => {
    expect(codeOf(() => rebuild(sample.file, other.ers))).toBe('ers-key')
  })

  it('refuses a key that claims the fingerprint of another', () => {
    const ersFingerprint = other.file.ersFingerprint
    expect(codeOf(() => rebuild({ ...sample.file, ersFingerprint }, other.ers))).toBe('backup')
  })

  it.each([0, 1, 2])('refuses the altered share of node %i, wherever it is altered', node => {
    const blob = sample.file.blobs[node] ?? new Uint8Array()
    for (const at of [0, 2, 50, 160, 200, 300, blob.length >> 1, blob.length - 1]) {
      const blobs = sample.file.blobs.with(node, flipped(blob, at))
      expect(codeOf(() => verifyBackup({ ...sample.file, blobs }, publicKeyOf(sample.ers)))).toBe('backup')
    }
  })

  it('refuses what is altered around the shares', () => {
    const { file } = sample
    const altered: Partial<BackupFile>[] = [
      { vaultId: flipped(file.vaultId, 0) },
      { masterKey: 'Defaulu' },
      { keyId: flipped(file.keyId, 31) },
      { transcriptHash: flipped(file.transcriptHash, 3) },
      { chainCode: flipped(file.chainCode, 7) },
      { publicShares: file.publicShares.with(1, file.publicShares[0] ?? file.publicKey) },
      { publicKey: other.file.publicKey },
      { publicKey: flipped(file.publicKey, 0) },
    ]
    for (const change of altered)
      expect(['backup', 'rebuild'], Object.keys(change).join()).toContain(
        codeOf(() => rebuild({ ...file, ...change }, sample.ers)),
      )
  })

  it('refuses two shares, swapped shares, one share twice and a share of another key', () => {
    const { file } = sample
    const [a, b, c] = file.blobs as [Uint8Array, Uint8Array, Uint8Array]
    const foreign = other.file.blobs[2] ?? a
    expect(codeOf(() => readBackup(encodeBackupFile({ ...file, blobs: [a, b] })))).toBe('backup')
    for (const blobs of [
      [b, a, c],
      [a, a, c],
      [a, b, foreign],
    ])
      expect(codeOf(() => rebuild({ ...file, blobs }, sample.ers))).toBe('backup')
  })

  it('refuses what is no backup: cut off, other formats, other curves', () => {
    const bytes = encodeBackupFile(sample.file)
    expect(codeOf(() => readBackup(bytes.slice(0, -1)))).toBe('backup')
    expect(codeOf(() => readBackup(new Uint8Array(0)))).toBe('backup')
    expect(codeOf(() => readBackup(encodeBackupFile({ ...sample.file, version: 2 })))).toBe('backup')
    expect(codeOf(() => readBackup(encodeBackupFile({ ...sample.file, curve: 'EdDSA_Ed25519' })))).toBe('backup')
    expect(codeOf(() => readBackup(encodeBackupFile({ ...edwards.file, curve: 'ECDSA_SECP256K1' })))).toBe('backup')
  })
})

describe('trivault-recovery', () => {
  it('shows a backup and its addresses without the private key', async () => {
    const secret = secretOf(sample).toString(16).padStart(64, '0')
    const { code, out } = await run(
      '--json',
      'rebuild',
      '--backup',
      path('backup'),
      '--ers-key',
      path('ers.pem'),
      '--derive',
      '44/60/0/0',
      'm/44/60/2/1',
      '--out',
      path('key.json'),
    )
    expect(code).toBe(0)
    const { publicKey, chainCode } = sample.file
    const address = (steps: number[]) => addressOfPublicKey(derivePublicKey(publicKey, chainCode, steps).publicKey)
    expect(JSON.parse(out).addresses).toEqual({
      '44/60/0/0': address([44, 60, 0, 0]),
      'm/44/60/2/1': address([44, 60, 2, 1]),
    })
    expect(out).not.toContain(secret)
    expect(statSync(path('key.json')).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(path('key.json'), 'utf8')).privateKey).toBe(secret)
    const again = await run(
      'rebuild',
      '--backup',
      path('backup'),
      '--ers-key',
      path('ers.pem'),
      '--out',
      path('key.json'),
    )
    expect(again).toMatchObject({ code: 1, out: '' })
    const printed = await run(
      'rebuild',
      '--backup',
      path('backup'),
      '--ers-key',
      path('ers.pem'),
      '--print-private-key',
    )
    expect(printed.out).toContain(secret)
  })

  it('inspects without a secret, and verifies against the public key', async () => {
    expect(JSON.parse((await run('--json', 'inspect', '--backup', path('backup'))).out)).toMatchObject({
      masterKey: 'Default',
      shares: 3,
      verified: false,
    })
    const verified = await run(
      '--json',
      'inspect',
      '--backup',
      path('backup'),
      '--ers-public-key',
      path('ers-public.pem'),
    )
    expect(JSON.parse(verified.out).verified).toBe(true)
    writeFileSync(path('other.pem'), publicPem(other))
    expect(await run('inspect', '--backup', path('backup'), '--ers-public-key', path('other.pem'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('was made for the ERS key'),
    })
  })

  it('signs a digest that verifies under the derived address', async () => {
    const message = 'ab'.repeat(32)
    const { out } = await run(
      '--json',
      'sign-check',
      '--backup',
      path('backup'),
      '--ers-key',
      path('ers.pem'),
      '--path',
      '44/60/1/0',
      '--message',
      message,
    )
    const { address, signature } = JSON.parse(out) as { address: string; signature: string }
    const bytes = fromHex(signature)
    const recovery = bytes[64] === 1 ? 1 : 0
    expect(recoverSigner(fromHex(message), { r: bytes.slice(0, 32), s: bytes.slice(32, 64), recovery })).toBe(address)
  })

  it('rebuilds a key on Ed25519: its addresses are those that the vault derives, and its signature verifies', async () => {
    const keys = ['--backup', path('ed25519-backup'), '--ers-key', path('ed25519-ers.pem')]
    const { out, code } = await run(
      '--json',
      'rebuild',
      ...keys,
      '--derive',
      '44/501/0/0',
      '44/501/7/3',
      '--print-private-key',
    )
    expect(code).toBe(0)
    const { publicKey, chainCode } = edwards.file
    const derived = (steps: number[]) => deriveEd25519PublicKey(publicKey, chainCode, steps).publicKey
    const answer = JSON.parse(out) as { addresses: unknown; privateKey: string; extendedPrivateKey?: string }
    expect(answer.addresses).toEqual({
      '44/501/0/0': addressOfKey('solana', derived([44, 501, 0, 0])),
      '44/501/7/3': addressOfKey('solana', derived([44, 501, 7, 3])),
    })
    expect(answer.extendedPrivateKey).toBeUndefined()
    const scalar = BigInt(`0x${toHex(fromHex(answer.privateKey).toReversed())}`)
    expect(ed25519.Point.BASE.multiply(scalar).toBytes()).toEqual(publicKey)

    const message = 'cd'.repeat(32)
    const signed = await run('--json', 'sign-check', ...keys, '--path', '44/501/7/3', '--message', message)
    const { signature } = JSON.parse(signed.out) as { signature: string }
    expect(ed25519.verify(fromHex(signature), fromHex(message), derived([44, 501, 7, 3]))).toBe(true)
  })

  it('refuses an altered or foreign backup of a key on Ed25519', () => {
    const { file } = edwards
    const blobs = file.blobs.with(1, flipped(file.blobs[1] ?? new Uint8Array(), 500))
    expect(codeOf(() => rebuild({ ...file, blobs }, edwards.ers))).toBe('backup')
    expect(codeOf(() => rebuild(file, sample.ers))).toBe('ers-key')
    expect(codeOf(() => rebuild({ ...file, publicKey: file.publicShares[0] ?? file.publicKey }, edwards.ers))).toBe(
      'rebuild',
    )
  })

  it('makes an ERS key, encrypted too, and never overwrites one', async () => {
    writeFileSync(path('pass'), 'a long passphrase\n')
    const made = await run('ers-key', '--out', path('ers'), '--passphrase-file', path('pass'))
    expect(made.code).toBe(0)
    expect(made.out).toMatch(/^[A-Za-z0-9+/]{500,}=*\n$/)
    expect(statSync(path('ers/ers-private-key.pem')).mode & 0o777).toBe(0o600)
    expect(readFileSync(path('ers/ers-private-key.pem'), 'utf8')).toContain('ENCRYPTED')
    expect((await run('ers-key', '--out', path('ers'))).code).toBe(1)
    const locked = await run('rebuild', '--backup', path('backup'), '--ers-key', path('ers/ers-private-key.pem'))
    expect(locked).toMatchObject({ code: 1, err: expect.stringContaining('--ers-passphrase-file') })
    const opened = await run(
      'rebuild',
      '--backup',
      path('backup'),
      '--ers-key',
      path('ers/ers-private-key.pem'),
      '--ers-passphrase-file',
      path('pass'),
    )
    expect(opened).toMatchObject({ code: 1, err: expect.stringContaining('was made for the ERS key') })
  })

  it('exits with 2 for wrong usage and 1 for what fails, without a stack trace', async () => {
    const usage = [
      [],
      ['rebuildd'],
      ['rebuild'],
      ['inspect', '--backup', path('backup'), '--verbose'],
      ['rebuild', '--backup', path('backup'), '--ers-key', path('ers.pem'), '--derive', "44'/60'/0/0"],
      ['sign-check', '--backup', path('backup'), '--ers-key', path('ers.pem'), '--message', 'abc'],
    ]
    for (const args of usage) expect((await run(...args)).code, args.join(' ')).toBe(2)
    writeFileSync(
      path('ec.pem'),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    )
    for (const key of [path('nothing.pem'), path('backup'), path('ec.pem')]) {
      const { code, err } = await run('rebuild', '--backup', path('backup'), '--ers-key', key)
      expect(code).toBe(1)
      expect(err).toMatch(/^trivault-recovery: .*\n$/)
    }
  })
})
