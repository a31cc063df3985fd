import { afterEach, describe, expect, it, vi } from 'vitest'
import { ed25519Group, type Group, secp256k1Group } from '../src/group.ts'
import { createRefresh, type KeyShare, type Session } from '../src/index.ts'
import type { Scalar } from '../src/kernel/scalar.ts'
import { CHEAT, flip, HEADER, never, rewrite, roundOf } from './cheats.ts'
import { keygenSessions, random, run } from './run.ts'

const toHex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? never()).toString('hex')

/** Every scalar that the group's operations return from now on. */
const watch = (group: Group): Scalar[] => {
  const seen: Scalar[] = []
  for (const name of ['randomScalar', 'add', 'subtract', 'multiplyAdd'] as const) {
    const original = group[name] as (...args: unknown[]) => Scalar
    vi.spyOn(group, name).mockImplementation((...args: unknown[]) => {
      const value = original(...args)
      seen.push(value)
      return value
    })
  }
  return seen
}

describe.each<Group>([secp256k1Group, ed25519Group])(
  'a session on $name that fails in its last round leaves',
  group => {
    afterEach(() => void vi.restoreAllMocks())

    /** Logarithms of party 1's new public share and of its highest coefficient must be nowhere; party 2 has the result. */
    const expectErased = (sessions: ReadonlyMap<number, Session<KeyShare>>, check: string, points: number): void => {
      const seen = watch(group)
      let top = ''
      const { failures, results } = run(sessions, (from, to, frame) => {
        const at = HEADER + (points - 1) * group.pointLength
        if (from === 1 && roundOf(frame) === 3) top = toHex(frame.slice(at, at + group.pointLength))
        return rewrite(4, body => flip(body, 0), 1)(from, to, frame)
      })
      expect(failures.get(1)?.check).toBe(check)
      const logarithms = seen.map(scalar => group.base(scalar)).flatMap(point => (point ? [toHex(point)] : []))
      expect(logarithms.length).toBeGreaterThan(0)
      expect(logarithms).not.toContain(top)
      expect(logarithms).not.toContain(toHex(results.get(2)?.publicShares[0]))
    }

    it('neither share nor polynomial of a key generation', () => {
      expectErased(keygenSessions(3, 2, random(32), random, group.name), 'K4.1', 2)
    })

    it('neither share nor polynomial of a refresh', () => {
      const shares = run(keygenSessions(3, 2, random(32), random, group.name)).results
      const sessionId = random(32)
      const sessions = [...shares].map(
        ([party, share]) => [party, createRefresh({ share, sessionId, random })] as const,
      )
      expectErased(new Map(sessions), 'R4.1', 1)
      expect(shares.get(CHEAT)).toBeDefined()
    })
  },
)
