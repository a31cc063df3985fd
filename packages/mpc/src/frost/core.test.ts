import { describe, expect, it } from 'vitest'
import type { Group } from '../group.ts'
import type { Scalar } from '../kernel/scalar.ts'
import { keyFactor, nonceGenerate, signatureShare } from './core.ts'
import { type Ciphersuite, frostBip340, frostEd25519 } from './suite.ts'

const fresh = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32))
const isErased = (bytes: Uint8Array | undefined): boolean => bytes?.every(byte => byte === 0) ?? false

describe.each<Ciphersuite>([frostEd25519, frostBip340])('what $name computes on the way to a share', suite => {
  const { group } = suite

  it('leaves no input of a nonce in memory', () => {
    let input: Uint8Array | undefined
    const watched: Ciphersuite = {
      ...suite,
      nonce: bytes => {
        input = bytes
        return suite.nonce(bytes)
      },
    }
    const [randomness, secret] = [fresh(), group.scalarOf(5)]
    expect(nonceGenerate(watched, randomness, secret)).toEqual(nonceGenerate(suite, randomness, secret))
    expect([input?.length, isErased(input)]).toEqual([64, true])
    expect([isErased(randomness), isErased(secret)]).toEqual([false, false])
  })

  it.each([false, true])('leaves no weighted key share in memory, nonce negated: %s', negated => {
    let product: Scalar | undefined
    const watching: Group = {
      ...group,
      multiplyAdd: (a, b, c) => {
        product = group.multiplyAdd(a, b, c)
        return product
      },
    }
    const [nonce, secret] = [group.scalarOf(7), group.scalarOf(5)]
    const factor = keyFactor(suite, 1, [1, 2], group.scalarOf(3))
    const share = signatureShare({ ...suite, group: watching }, nonce, negated, factor, secret)
    // λ = 2 for the first of two signers.
    expect(group.valueOf(share)).toBe(negated ? 23n : 37n)
    expect(isErased(product)).toBe(true)
    expect([isErased(nonce), isErased(secret)]).toEqual([false, false])
  })
})
