import { CodecError, concat } from '@trivault/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { name, raw } from '../test/support.ts'
import { type BackupFile, backupContext, curves, decodeBackupFile, encodeBackupFile } from './index.ts'

const file: fc.Arbitrary<BackupFile> = fc.record({
  version: fc.integer({ min: 0, max: 255 }),
  vaultId: raw(32),
  masterKey: name,
  keyId: raw(32),
  curve: fc.constantFrom(...curves),
  ersFingerprint: raw(32),
  publicKey: raw(33),
  publicShares: fc.array(raw(33), { maxLength: 3 }),
  chainCode: raw(32),
  transcriptHash: raw(32),
  blobs: fc.array(raw(0, 40), { maxLength: 3 }),
})
const accepts = (bytes: Uint8Array) => {
  try {
    return decodeBackupFile(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError)
    return undefined
  }
}

describe('backup files', () => {
  it('round trip', () => {
    fc.assert(
      fc.property(file, value => {
        expect(decodeBackupFile(encodeBackupFile(value))).toEqual(value)
      }),
    )
  })

  it('rejects every truncation and extension', () => {
    fc.assert(
      fc.property(file, raw(1, 3), (value, more) => {
        const bytes = encodeBackupFile(value)
        for (let end = 0; end < bytes.length; end++) expect(accepts(bytes.subarray(0, end))).toBeUndefined()
        expect(accepts(concat(bytes, more))).toBeUndefined()
      }),
      { numRuns: 20 },
    )
  })

  it('rejects changed bytes, or reads another file that has exactly these bytes', () => {
    fc.assert(
      fc.property(file, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, position, flip) => {
        const bytes = encodeBackupFile(value)
        const at = position % bytes.length
        const changed = bytes.map((one, i) => (i === at ? one ^ flip : one))
        const other = accepts(changed)
        if (other === undefined) return
        expect(other).not.toEqual(value)
        expect(encodeBackupFile(other)).toEqual(changed)
      }),
      { numRuns: 500 },
    )
  })
})

describe('backupContext', () => {
  it('differs as soon as one thing does that a backup is bound to', () => {
    const fill = (byte: number) => new Uint8Array(32).fill(byte)
    const base = {
      vaultId: fill(1),
      masterKey: 'main',
      keyId: fill(2),
      transcriptHash: fill(3),
      chainCode: fill(4),
      node: 0,
    }
    const contexts = [
      base,
      { ...base, vaultId: fill(9) },
      { ...base, masterKey: 'main2' },
      { ...base, keyId: fill(9) },
      { ...base, transcriptHash: fill(9) },
      { ...base, chainCode: fill(9) },
      { ...base, node: 1 },
    ].map(of => Buffer.from(backupContext(of)).toString('hex'))
    expect(new Set(contexts).size).toBe(contexts.length)
  })
})
