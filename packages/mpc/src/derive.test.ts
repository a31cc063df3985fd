import { HDKey } from '@scure/bip32'
import { describe, expect, it } from 'vitest'
import { derivePublicKey, deriveTweak } from './derive.ts'
import { MpcError } from './errors.ts'
import { mod, reduce, scalarBytes } from './scalar.ts'

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
// BIP-32, test vector 2: seed, and the chain code and key of m/0.
const master = HDKey.fromMasterSeed(
  fromHex(
    'fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542',
  ),
)
const publicKey = master.publicKey ?? new Uint8Array()
const chainCode = master.chainCode ?? new Uint8Array()

const codeOf = (action: () => unknown): string | undefined => {
  try {
    action()
  } catch (error) {
    return error instanceof MpcError ? error.code : String(error)
  }
  return undefined
}

describe('BIP-32 public derivation', () => {
  it('gives test vector 2, chain m/0', () => {
    const child = derivePublicKey(publicKey, chainCode, [0])
    expect(Buffer.from(child.publicKey).toString('hex')).toBe(
      '02fc9e5af0ac8d9b3cecfe2a888e2117ba3d089d8585886c9c826b6b22a98d12ea',
    )
    expect(Buffer.from(child.chainCode).toString('hex')).toBe(
      'f0909affaa7ee7abe5dd4e100598d4dc53cd709d5a5c2cac40e7412f232f7c9c',
    )
  })

  it.each([[[]], [[0]], [[44, 60, 0, 0, 5]], [[2147483647, 1, 2147483646]]])(
    'agrees with @scure/bip32 for %j',
    path => {
      const child = derivePublicKey(publicKey, chainCode, path)
      const expected = path.reduce((key, index) => key.deriveChild(index), master)
      expect(child).toEqual({ publicKey: expected.publicKey, chainCode: expected.chainCode })
      const { tweak } = deriveTweak(publicKey, chainCode, path)
      const secret = mod(reduce(master.privateKey ?? new Uint8Array()) + tweak)
      expect(scalarBytes(secret)).toEqual(expected.privateKey)
    },
  )

  it('rejects hardened, fractional, negative and overlong paths, and malformed keys', () => {
    for (const path of [[2147483648], [1.5], [-1], [Number.NaN], new Array(17).fill(0)]) {
      expect(codeOf(() => derivePublicKey(publicKey, chainCode, path))).toBe('derivation')
    }
    expect(codeOf(() => derivePublicKey(publicKey.slice(1), chainCode, [0]))).toBe('invalid-argument')
    expect(codeOf(() => derivePublicKey(new Uint8Array(33), chainCode, [0]))).toBe('invalid-argument')
    expect(codeOf(() => derivePublicKey(publicKey, chainCode.slice(1), [0]))).toBe('invalid-argument')
  })
})
