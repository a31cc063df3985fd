import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Curve } from '../src/index.ts'
import { frostSessions, keygenOn } from './frost-run.ts'
import { random, run } from './run.ts'

/** What the functions below really returned or took, all of it secret. */
const secrets = vi.hoisted(() => ({ seen: [] as Uint8Array[] }))
const keep = <T extends Uint8Array>(value: T): T => {
  secrets.seen.push(value)
  return value
}

vi.mock('../src/hash.ts', async original => {
  const real = await original<typeof import('../src/hash.ts')>()
  const hash: typeof real.hash = (label, ...parts) => {
    const digest = real.hash(label, ...parts)
    const drawn = parts.at(-1)
    if (label !== 'frost/nonce' || drawn === undefined) return digest
    keep(drawn)
    return keep(digest)
  }
  return { ...real, hash }
})
vi.mock('../src/frost/core.ts', async original => {
  const real = await original<typeof import('../src/frost/core.ts')>()
  const nonceGenerate: typeof real.nonceGenerate = (...args) => keep(real.nonceGenerate(...args))
  const boundNonce: typeof real.boundNonce = (...args) => keep(real.boundNonce(...args))
  return { ...real, nonceGenerate, boundNonce }
})
vi.mock('../src/frost/signing-key.ts', async original => {
  const real = await original<typeof import('../src/frost/signing-key.ts')>()
  const secretFor: typeof real.secretFor = (...args) => keep(real.secretFor(...args))
  return { ...real, secretFor }
})

describe.each<Curve>(['ed25519', 'secp256k1'])(
  'a FROST session on %s leaves no nonce and no secret in memory',
  curve => {
    const shares = keygenOn(curve, 2, 2)
    const sessions = () => frostSessions({ shares, signers: [1, 2], message: random(32) })
    const left = (): number => secrets.seen.filter(bytes => bytes.some(byte => byte !== 0)).length
    beforeEach(() => {
      secrets.seen = []
    })

    it('when it has signed', () => {
      expect(run(sessions()).results.size).toBe(2)
      // Of each signer: source twice, two inputs, two nonces, the bound nonce, the share.
      expect([secrets.seen.length, left()]).toEqual([16, 0])
    })

    it('once its signature share is out, before the session ends', () => {
      const held = run(sessions(), (_from, _to, frame) => (frame[2] === 3 ? undefined : frame))
      expect([held.results.size, held.failures.size]).toEqual([0, 0])
      expect([secrets.seen.length, left()]).toEqual([16, 0])
    })

    it.each([1, 2])('when round %i fails', round => {
      const { failures } = run(sessions(), (_from, _to, frame) => (frame[2] === round ? frame.slice(0, -1) : frame))
      expect(failures.size).toBe(2)
      expect([secrets.seen.length, left()]).toEqual([round === 1 ? 14 : 16, 0])
    })
  },
)
