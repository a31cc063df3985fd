import { HDKey } from '@scure/bip32'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../test/code-of.ts'
import { derivePublicKey, deriveTweak } from './derive.ts'
import { deriveSchnorrKey } from './frost/signing-key.ts'
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

/** The steps of BIP-32's test vectors 1 and 2 that are not hardened; 3 and 4 have none. Extended public keys as published. */
const PUBLISHED: readonly (readonly [name: string, parent: string, index: number, child: string])[] = [
  [
    'vector 1, m/0H/1',
    'xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw',
    1,
    'xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ',
  ],
  [
    'vector 1, m/0H/1/2H/2',
    'xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5',
    2,
    'xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV',
  ],
  [
    'vector 1, m/0H/1/2H/2/1000000000',
    'xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV',
    1_000_000_000,
    'xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy',
  ],
  [
    'vector 2, m/0',
    'xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB',
    0,
    'xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH',
  ],
  [
    'vector 2, m/0/2147483647H/1',
    'xpub6ASAVgeehLbnwdqV6UKMHVzgqAG8Gr6riv3Fxxpj8ksbH9ebxaEyBLZ85ySDhKiLDBrQSARLq1uNRts8RuJiHjaDMBU4Zn9h8LZNnBC5y4a',
    1,
    'xpub6DF8uhdarytz3FWdA8TvFSvvAh8dP3283MY7p2V4SeE2wyWmG5mg5EwVvmdMVCQcoNJxGoWaU9DCWh89LojfZ537wTfunKau47EL2dhHKon',
  ],
  [
    'vector 2, m/0/2147483647H/1/2147483646H/2',
    'xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL',
    2,
    'xpub6FnCn6nSzZAw5Tw7cgR9bi15UV96gLZhjDstkXXxvCLsUXBGXPdSnLFbdpq8p9HmGsApME5hQTZ3emM2rnY5agb9rXpVGyy3bdW6EEgAtqt',
  ],
]

describe('BIP-32 public derivation', () => {
  it.each(PUBLISHED)('gives %s as published', (_name, parent, index, child) => {
    // Decoding checks their checksums.
    const [from, to] = [HDKey.fromExtendedKey(parent), HDKey.fromExtendedKey(child)]
    const none = new Uint8Array()
    expect(derivePublicKey(from.publicKey ?? none, from.chainCode ?? none, [index])).toEqual({
      publicKey: to.publicKey,
      chainCode: to.chainCode,
    })
  })

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

describe('the key that verifies Schnorr signatures', () => {
  const chain = new Uint8Array(32)
  const orderFour = new Uint8Array(32)
  const offCurve = Uint8Array.of(2, ...new Uint8Array(31))

  it.each([
    ['ed25519', 'a point of order 4', orderFour, chain],
    ['ed25519', 'no point', offCurve, chain],
    ['ed25519', 'a short key', offCurve.slice(1), chain],
    ['ed25519', 'a short chain code', Uint8Array.of(0x58, ...new Uint8Array(31).fill(0x66)), chain.slice(1)],
    ['secp256k1', 'no point', new Uint8Array(33), chain],
    ['secp256k1', 'a short chain code', publicKey, chain.slice(1)],
  ] as const)('is refused on %s for a master that is none: %s', (curve, _name, key, code) => {
    for (const path of [[], [1]]) {
      const master = { curve, publicKey: key, chainCode: code }
      expect(codeOf(() => deriveSchnorrKey(master, path))).toBe('invalid-argument')
    }
  })
})
