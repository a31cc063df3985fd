import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from '../src/bytes.ts'
import { isPoint } from '../src/curve.ts'
import { decodeKeyShare, encodeKeyShare, MpcError, type Session } from '../src/index.ts'
import { parseScalar } from '../src/scalar.ts'
import { dealPairs, keygen, keygenSessions, pairSessions, run, signSessions } from './run.ts'

const shares = keygen(3, 3)
const signers = [1, 2, 3]
const never = (): never => {
  throw new Error('unreachable')
}

/** A frame of arbitrary bytes, or an arbitrary body behind the header that the session expects from party 3. */
const hostileFrame = fc.record({
  sender: fc.integer({ min: 1, max: 4 }),
  round: fc.option(fc.integer({ min: 0, max: 6 })),
  body: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ minLength: 96, maxLength: 96 })),
})

/** Any sequence of frames ends in nothing or in one failure, never in an exception or a result. */
const survives = (make: () => ReadonlyMap<number, Session<unknown>>, numRuns: number): void => {
  fc.assert(
    fc.property(fc.array(hostileFrame, { minLength: 1, maxLength: 8 }), frames => {
      const victim = make().get(1) ?? never()
      const header = (victim.start().out[0]?.frame ?? never()).slice(0, 20)
      header[3] = 3
      for (const { sender, round, body } of frames) {
        if (round !== null) header[2] = round
        const step = victim.receive(sender, round === null ? body : concat(header, body))
        expect(step.result).toBeUndefined()
        if (step.failure !== undefined) expect(step.failure.check).toMatch(/^[FKPS]\d?\.\d$/)
      }
    }),
    { numRuns },
  )
}

describe('hostile frames', () => {
  it('against key generation', () => survives(() => keygenSessions(3, 3), 60))
  it('against pair set-up', () => survives(() => pairSessions(1, 3), 4))
  it('against signing', () => {
    survives(() => signSessions({ shares, pairs: dealPairs(signers), signers }), 60)
  })

  it('one changed byte anywhere in an honest run never yields a wrong result', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, position, flip) => {
        let index = 0
        const target = which % 24
        const { results, failures } = run(
          signSessions({ shares, pairs: dealPairs(signers), signers }),
          (_f, _t, frame) => {
            if (index++ !== target) return frame
            const changed = frame.slice()
            changed[position % frame.length] = (changed[position % frame.length] ?? 0) ^ flip
            return changed
          },
        )
        const signatures = [...results.values()]
        for (const signature of signatures) expect(signature).toEqual(signatures[0])
        // The recipient of the changed frame has no result: it failed, or it still waits.
        expect(results.size).toBeLessThan(3)
        for (const failure of failures.values()) expect(failure.check).toMatch(/^[FS]\d?\.\d$/)
      }),
      { numRuns: 40 },
    )
  })
})

describe('decoders', () => {
  it('a key share is rejected after any change', () => {
    const bytes = encodeKeyShare(shares.get(1) ?? never())
    fc.assert(
      fc.property(fc.nat(35), fc.integer({ min: 1, max: 255 }), (position, flip) => {
        const bad = bytes.slice()
        bad[position] = (bad[position] ?? 0) ^ flip
        expect(() => decodeKeyShare(bad)).toThrow(MpcError)
      }),
      { numRuns: 100 },
    )
    const points = bytes.length - 4 * 33
    fc.assert(
      fc.property(
        fc.integer({ min: points, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (position, flip) => {
          const bad = bytes.slice()
          bad[position] = (bad[position] ?? 0) ^ flip
          expect(() => decodeKeyShare(bad)).toThrow(MpcError)
        },
      ),
      { numRuns: 60 },
    )
    for (const bad of [bytes.slice(1), bytes.slice(0, -1), new Uint8Array([...bytes, 0]), new Uint8Array()]) {
      expect(() => decodeKeyShare(bad)).toThrow(MpcError)
    }
  })

  it('scalars and points take any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), bytes => {
        const scalar = parseScalar(bytes)
        if (bytes.length !== 32) expect(scalar).toBeUndefined()
        if (bytes.length !== 33) expect(isPoint(bytes)).toBe(false)
      }),
    )
  })
})
