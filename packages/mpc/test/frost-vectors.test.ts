import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ed25519, ed25519_FROST } from '@noble/curves/ed25519.js'
import { schnorr, schnorr_FROST } from '@noble/curves/secp256k1.js'
import { describe, expect, it } from 'vitest'
import { concat } from '../src/bytes.ts'
import { deriveEd25519Tweak } from '../src/derive-ed25519.ts'
import { bindingFactors, boundNonce, keyFactor, nonceGenerate, signatureShare } from '../src/frost/core.ts'
import { publicShareFor, secretFor, signingKey } from '../src/frost/signing-key.ts'
import { type Ciphersuite, frostBip340, frostEd25519, hashToScalar, liftX, suiteOf } from '../src/frost/suite.ts'
import { ed25519Group, groupOf, secp256k1Group } from '../src/group.ts'
import {
  type Curve,
  deriveEd25519PublicKey,
  derivePublicKey,
  deriveSchnorrKey,
  type KeyShare,
  MpcError,
} from '../src/index.ts'
import { KeyShare as Share } from '../src/keyshare.ts'
import { HEADER, never } from './cheats.ts'
import { codeOf } from './code-of.ts'
import { frostSessions, keygenOn } from './frost-run.ts'
import { random, run } from './run.ts'

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const read = (name: string): string => readFileSync(new URL(`./vectors/${name}`, import.meta.url), 'utf8')

type Rfc9591 = {
  publicKey: string
  message: string
  shares: string[]
  signers: {
    index: number
    hidingRandomness: string
    bindingRandomness: string
    hidingNonce: string
    bindingNonce: string
    hiding: string
    binding: string
    bindingFactor: string
    share: string
  }[]
  signature: string
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const digest = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(createHash('sha256').update(Buffer.concat(parts)).digest())
const RFC_SECP256K1 = 'FROST-secp256k1-SHA256-v1'
/** What BIP-340 changes of it, changed back. */
const frostSecp256k1: Ciphersuite = {
  ...frostBip340,
  name: RFC_SECP256K1,
  evenY: false,
  bindingFactor: input => hashToScalar(input, ascii(`${RFC_SECP256K1}rho`)),
  challenge: (...parts) => hashToScalar(concat(...parts), ascii(`${RFC_SECP256K1}chal`)),
  nonce: input => hashToScalar(input, ascii(`${RFC_SECP256K1}nonce`)),
  messageHash: message => digest(ascii(`${RFC_SECP256K1}msg`), message),
  commitmentHash: encoded => digest(ascii(`${RFC_SECP256K1}com`), encoded),
  encodeSignature: concat,
}

describe.each([
  ['appendix E.1: Ed25519', 'rfc-9591-ed25519.json', frostEd25519],
  ['appendix E.5: secp256k1', 'rfc-9591-secp256k1.json', frostSecp256k1],
])('RFC 9591, %s', (_name, file, suite) => {
  const vector = JSON.parse(read(file)) as Rfc9591
  const publicKey = fromHex(vector.publicKey)
  const message = fromHex(vector.message)
  const indexes = vector.signers.map(({ index }) => index)
  const secretOf = (index: number): Uint8Array => fromHex(vector.shares[index - 1] ?? '')
  const commitments = vector.signers.map(({ index, hiding, binding }) => ({
    index,
    hiding: fromHex(hiding),
    binding: fromHex(binding),
  }))
  const factors = bindingFactors(suite, publicKey, commitments, message)

  it('nonces and commitments', () => {
    for (const signer of vector.signers) {
      const hiding = nonceGenerate(suite, fromHex(signer.hidingRandomness), secretOf(signer.index))
      const binding = nonceGenerate(suite, fromHex(signer.bindingRandomness), secretOf(signer.index))
      expect([toHex(hiding), toHex(binding)]).toEqual([signer.hidingNonce, signer.bindingNonce])
      expect(toHex(suite.group.base(hiding) ?? never())).toBe(signer.hiding)
      expect(toHex(suite.group.base(binding) ?? never())).toBe(signer.binding)
    }
  })

  it('binding factors, signature shares, signature', () => {
    const bound = commitments.map(({ index, hiding, binding }) =>
      suite.group.sum(hiding, suite.group.multiply(binding, factors.get(index) ?? never())),
    )
    const noncePoint = suite.group.sum(...bound) ?? never()
    const challenge = suite.challenge(noncePoint, publicKey, message)
    const responses = vector.signers.map(signer => {
      const factor = factors.get(signer.index) ?? never()
      expect(toHex(factor)).toBe(signer.bindingFactor)
      const nonces = { hiding: fromHex(signer.hidingNonce), binding: fromHex(signer.bindingNonce) }
      const nonce = boundNonce(suite, nonces, factor)
      const response = signatureShare(
        suite,
        nonce,
        false,
        keyFactor(suite, signer.index, indexes, challenge),
        secretOf(signer.index),
      )
      expect(toHex(response)).toBe(signer.share)
      return response
    })
    const signature = suite.encodeSignature(noncePoint, suite.group.add(...responses))
    expect(toHex(signature)).toBe(vector.signature)
    if (suite === frostEd25519) expect(suite.verify(signature, message, publicKey)).toBe(true)
  })
})

describe('BIP-341', () => {
  const vectors = JSON.parse(read('bip-341.json')) as {
    outputKeys: { internalKey: string; merkleRoot: string; outputKey: string }[]
    keyPathSpending: { internalSecret: string; merkleRoot: string; tweakedSecret: string; digest: string }[]
  }
  const chainCode = new Uint8Array(32)

  it.each(vectors.outputKeys)('output key of $internalKey', ({ internalKey, merkleRoot, outputKey }) => {
    const even = liftX(fromHex(internalKey))
    for (const publicKey of [even, secp256k1Group.negate(even)]) {
      const master = { curve: 'secp256k1' as const, publicKey, chainCode }
      expect(toHex(deriveSchnorrKey(master, [], { merkleRoot: fromHex(merkleRoot) }))).toBe(outputKey)
    }
  })

  it.each(vectors.keyPathSpending)('spending with $internalSecret', vector => {
    const secret = fromHex(vector.internalSecret)
    const publicKey = secp256k1Group.base(secret) ?? never()
    const taproot = { merkleRoot: fromHex(vector.merkleRoot) }
    const master = { curve: 'secp256k1' as const, publicKey, chainCode }
    const tweaked = secretFor(secp256k1Group, signingKey(master, [], taproot), secret)
    // Ours belongs to the even key; the vector's may belong to the odd one.
    expect([tweaked, secp256k1Group.subtract(secp256k1Group.scalarOf(0), tweaked)].map(toHex)).toContain(
      vector.tweakedSecret,
    )
    const digest = fromHex(vector.digest)
    const { results } = run(frostSessions({ shares: dealt(secret), signers: [1, 2], message: digest, taproot }))
    const { signature, publicKey: outputKey } = results.get(1) ?? never()
    expect(schnorr.verify(signature, digest, outputKey)).toBe(true)
    expect(outputKey).toEqual(schnorr.getPublicKey(fromHex(vector.tweakedSecret)))
  })

  it('refuses a root of another length, and Taproot for Ed25519', () => {
    const master = { curve: 'secp256k1' as const, publicKey: secp256k1Group.base(random(32)) ?? never(), chainCode }
    expect(() => deriveSchnorrKey(master, [], { merkleRoot: new Uint8Array(31) })).toThrow(MpcError)
    const edwards = { curve: 'ed25519' as const, publicKey: ed25519.getPublicKey(random(32)), chainCode }
    expect(() => deriveSchnorrKey(edwards, [], { merkleRoot: new Uint8Array() })).toThrow(MpcError)
  })

  /** A 2-of-2 sharing of a known secret. */
  function dealt(secret: Uint8Array): Map<number, KeyShare> {
    const group = secp256k1Group
    const slope = group.randomScalar(random)
    const secrets = [1, 2].map(x => group.multiplyAdd(slope, group.scalarOf(x), secret))
    const publicShares = secrets.map(value => group.base(value) ?? never())
    const publicKey = group.base(secret) ?? never()
    const transcriptHash = random(32)
    const report = { curve: 'secp256k1' as const, parties: 2, threshold: 2, publicKey, publicShares }
    return new Map(
      secrets.map((value, i) => [i + 1, new Share(i + 1, value, { ...report, chainCode, transcriptHash, epoch: 0 })]),
    )
  }
})

describe.each<Curve>(['ed25519', 'secp256k1'])('the FROST of @noble/curves agrees on %s', curve => {
  const noble = curve === 'ed25519' ? ed25519_FROST : schnorr_FROST
  const group = groupOf(curve)
  const suite = suiteOf(curve)
  const name = (index: number): string => noble.Identifier.fromNumber(index)

  /** Public package in noble's form for the key that signs. */
  const publicPackage = (share: KeyShare, path: readonly number[], taproot?: { merkleRoot: Uint8Array }) => {
    const key = signingKey(share, path, taproot)
    const shares = share.publicShares.map(point => publicShareFor(group, key, point) ?? never())
    return {
      signers: { min: share.threshold, max: share.parties },
      commitments: [key.publicKey],
      verifyingShares: Object.fromEntries(shares.map((point, i) => [name(i + 1), point])),
    }
  }

  it.each([
    { signers: [1, 3], path: [] as number[] },
    { signers: [2, 3], path: [86, 0, 1] },
    { signers: [1, 2, 3], path: [44, 2 ** 31 - 1] },
  ])('it verifies and joins what a session of $signers sent', ({ signers, path }) => {
    for (let repeat = 0; repeat < 6; repeat++) {
      const taproot = curve === 'secp256k1' && repeat % 2 === 1 ? { merkleRoot: random(32) } : undefined
      const shares = keygenOn(curve, 3, 2)
      const message = random(32)
      const bodies = new Map<string, Uint8Array>()
      const sessions = frostSessions({ shares, signers, message, path, ...(taproot && { taproot }) })
      const { results } = run(sessions, (from, _to, frame) => {
        bodies.set(`${frame[2]}/${from}`, frame.slice(HEADER))
        return frame
      })
      const pub = publicPackage(shares.get(1) ?? never(), path, taproot)
      const list = signers.map(index => {
        const body = bodies.get(`1/${index}`) ?? never()
        const [hiding, binding] = [body.slice(0, group.pointLength), body.slice(group.pointLength)]
        return { identifier: name(index), hiding, binding }
      })
      const responses = signers.map(index => [name(index), bodies.get(`3/${index}`) ?? never()] as const)
      for (const [identifier, response] of responses) {
        expect(noble.verifyShare(pub, list, message, identifier, response)).toBe(true)
      }
      const { signature } = results.get(signers[0] ?? 0) ?? never()
      const joined = noble.aggregate(pub, list, message, Object.fromEntries(responses))
      expect(toHex(signature)).toBe(toHex(joined))
    }
  })

  it('it makes the same shares from the same nonces', () => {
    const deal = noble.trustedDealer({ min: 2, max: 3 })
    const indexes = [1, 3]
    for (let repeat = 0; repeat < 8; repeat++) {
      const message = random(32)
      const drawn = indexes.map(index => {
        const secret = deal.secretShares[name(index)] ?? never()
        const sources = [random(32), random(32)]
        const hiding = nonceGenerate(suite, sources[0] ?? never(), secret.signingShare)
        const binding = nonceGenerate(suite, sources[1] ?? never(), secret.signingShare)
        const { nonces, commitments } = noble.commit(secret, () => sources.shift() ?? never())
        expect([nonces.hiding, nonces.binding].map(toHex)).toEqual([hiding, binding].map(toHex))
        return { index, secret, commitments, theirs: nonces, ours: { hiding, binding } }
      })
      const list = drawn.map(({ commitments }) => commitments)
      const master = deal.public.commitments[0] ?? never()
      const key = signingKey({ curve, publicKey: master, chainCode: new Uint8Array(32) }, [])
      const own = drawn.map(({ index, commitments }) => ({ ...commitments, index }))
      const factors = bindingFactors(suite, key.publicKey, own, message)
      const point =
        group.sum(
          ...own.flatMap(one => [one.hiding, group.multiply(one.binding, factors.get(one.index) ?? never())]),
        ) ?? never()
      const negated = suite.evenY && point[0] === 3
      const challenge = suite.challenge(negated ? group.negate(point) : point, key.publicKey, message)
      for (const { index, secret, theirs, ours } of drawn) {
        const nonce = boundNonce(suite, ours, factors.get(index) ?? never())
        const share = signatureShare(
          suite,
          nonce,
          negated,
          keyFactor(suite, index, indexes, challenge),
          secretFor(group, key, secret.signingShare),
        )
        expect(toHex(share)).toBe(toHex(noble.signShare(secret, deal.public, theirs, list, message)))
      }
    }
  })

  it('its verifier accepts our signature, and no changed one', () => {
    const shares = keygenOn(curve, 3, 3)
    const message = random(32)
    const { signature, publicKey } =
      run(frostSessions({ shares, signers: [1, 2, 3], message })).results.get(2) ?? never()
    expect(noble.verify(signature, message, publicKey)).toBe(true)
    for (const position of [0, 31, 32, 63]) {
      const changed = signature.slice()
      changed[position] = (changed[position] ?? 0) ^ 1
      expect(suite.verify(changed, message, signingKey(shares.get(1) ?? never(), []).publicKey)).toBe(false)
    }
  })
})

describe('derivation for Ed25519', () => {
  const vectors = JSON.parse(read('derivation-ed25519.json')) as {
    masterSecret: string
    publicKey: string
    chainCode: string
    children: { path: number[]; publicKey: string; chainCode: string; secret: string }[]
  }
  const order = ed25519.Point.Fn.ORDER
  const little = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.toReversed())}`)
  /** Secret child derivation by BigInt and noble points, written from SPEC.md. */
  const childSecret = (secret: bigint, chainCode: Uint8Array, path: readonly number[]) => {
    let [value, code] = [secret, chainCode]
    for (const index of path) {
      const parent = ed25519.Point.BASE.multiply(value).toBytes()
      const mac = (kind: number) => {
        const position = Buffer.alloc(4)
        position.writeUInt32BE(index)
        return new Uint8Array(
          createHmac('sha512', code)
            .update(Buffer.concat([Buffer.from([kind]), parent, position]))
            .digest(),
        )
      }
      const [tweak, next] = [mac(0), mac(1).slice(0, 32)]
      value = (value + little(tweak)) % order
      code = next
    }
    return { secret: value, publicKey: ed25519.Point.BASE.multiply(value).toBytes(), chainCode: code }
  }

  it.each(vectors.children)('gives the vector of path $path', ({ path, ...child }) => {
    const derived = deriveEd25519PublicKey(fromHex(vectors.publicKey), fromHex(vectors.chainCode), path)
    expect({ publicKey: toHex(derived.publicKey), chainCode: toHex(derived.chainCode) }).toEqual({
      publicKey: child.publicKey,
      chainCode: child.chainCode,
    })
    const oracle = childSecret(little(fromHex(vectors.masterSecret)), fromHex(vectors.chainCode), path)
    expect(toHex(oracle.publicKey)).toBe(child.publicKey)
    expect(toHex(ed25519Group.scalarOf(oracle.secret))).toBe(child.secret)
    const { tweak } = deriveEd25519Tweak(fromHex(vectors.publicKey), fromHex(vectors.chainCode), path)
    expect((little(fromHex(vectors.masterSecret)) + tweak) % order).toBe(oracle.secret)
  })

  it('refuses hardened, fractional, negative and overlong paths, and malformed keys', () => {
    const [publicKey, chainCode] = [fromHex(vectors.publicKey), fromHex(vectors.chainCode)]
    for (const path of [[2147483648], [1.5], [-1], [Number.NaN], new Array(17).fill(0)]) {
      expect(codeOf(() => deriveEd25519PublicKey(publicKey, chainCode, path))).toBe('derivation')
    }
    const smallOrder = fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
    for (const key of [publicKey.slice(1), new Uint8Array(32), smallOrder]) {
      expect(codeOf(() => deriveEd25519PublicKey(key, chainCode, [0]))).toBe('invalid-argument')
    }
    expect(codeOf(() => deriveEd25519PublicKey(publicKey, chainCode.slice(1), [0]))).toBe('invalid-argument')
  })
})

it('the BIP-340 key of a path is the X coordinate of its ECDSA key', () => {
  const share = keygenOn('secp256k1', 2, 2).get(1) ?? never()
  const child = derivePublicKey(share.publicKey, share.chainCode, [86, 0])
  expect(deriveSchnorrKey(share, [86, 0])).toEqual(child.publicKey.slice(1))
})
