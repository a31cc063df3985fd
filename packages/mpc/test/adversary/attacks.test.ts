import { describe, expect, it } from 'vitest'
import { concat } from '../../src/bytes.ts'
import { HEADER_LENGTH } from '../../src/frame.ts'
import { ed25519Group, type Group, secp256k1Group } from '../../src/group.ts'
import {
  createFrostSigning,
  createKeygen,
  createPairSetup,
  createRefresh,
  createSigning,
  type Failure,
  type KeyShare,
  MpcError,
  type Session,
  type Signature,
} from '../../src/index.ts'
import { KeyShare as Share } from '../../src/keyshare.ts'
import { mod, scalarBytes } from '../../src/scalar.ts'
import { addOne, CHEAT, never, put, roundOf } from '../cheats.ts'
import { dealPairs, keygenSessions, random, run, seeded, signSessions } from '../run.ts'
import type { Choose } from './player.ts'
import { keygenMessages, signingMessages } from './schema.ts'
import { keygenPlayer, refreshPlayer } from './sharing-player.ts'
import { type SigningPlayer, signingPlayer } from './signing-player.ts'

const FULL = process.env.TRIVAULT_ADVERSARY === 'full'
const honestly: Choose = (_field, value) => value
const sessionsOf = (entries: readonly (readonly [number, Session<unknown>])[]): Map<number, Session<unknown>> =>
  new Map(entries)

const keyOn = (group: Group, parties: number, threshold: number): ReadonlyMap<number, KeyShare> =>
  run(keygenSessions(parties, threshold, undefined, undefined, group.name)).results
const shares = keyOn(secp256k1Group, 3, 3)
const twoOfThree = keyOn(secp256k1Group, 3, 2)
const digest = new Uint8Array(32).fill(9)
const expectNamed = (failure: Failure | undefined, check: string): void =>
  expect(failure).toEqual({ check, kind: 'accusation', party: CHEAT, suspects: [CHEAT] })

/** A signing session in which party 3 is a player; OT state as dealt, or as it was left before. */
const signAgainst = (
  signers: readonly number[],
  player: Partial<SigningPlayer>,
  pairs = dealPairs(signers),
  sessionId = random(32),
) => {
  const used = signers.length === 3 ? shares : twoOfThree
  const honest = signers.filter(party => party !== CHEAT)
  const sessions = sessionsOf([...signSessions({ shares: used, pairs, signers, digest, sessionId, only: honest })])
  const own = { self: CHEAT, signers, share: used.get(CHEAT) ?? never(), pairs: pairs.get(CHEAT) ?? never() }
  sessions.set(CHEAT, signingPlayer({ ...own, digest, sessionId, random, choose: honestly, ...player }))
  const { results, failures } = run(sessions)
  return { signed: honest.filter(party => results.has(party)), results, failures, pairs }
}

describe('a malicious OT receiver who corrupts one column group and recomputes its Fiat–Shamir values', () => {
  // The cheat's request passes where the victim's secret position in that tree is zero, and tells so.
  const corrupt =
    (tree: number): Choose =>
    (field, value, { element } = {}) =>
      field === '1.corrections' && element === tree ? put(value, 0, Uint8Array.of((value[0] ?? 0) ^ 32)) : value

  it('gets no further than its first failure, in 128 sessions over one epoch', () => {
    const victims = FULL ? 24 : 4
    let longest = 0
    for (let nth = 0; nth < victims; nth++) {
      const pairs = dealPairs([1, CHEAT])
      const positions = pairs.get(1)?.get(CHEAT)?.claim(random(32)).positions.slice() ?? never()
      let passed = 0
      let refused = 0
      for (let session = 0; session < 128; session++) {
        const tree = session % 64
        try {
          const { failures, signed } = signAgainst([1, CHEAT], { choose: corrupt(tree) }, pairs)
          if (failures.has(1)) expectNamed(failures.get(1), 'S1.2')
          expect(failures.has(1)).toBe(positions[tree] !== 0)
          expect(signed).toEqual(failures.has(1) ? [] : [1])
          if (!failures.has(1)) passed += 1
        } catch (error) {
          expect(error).toMatchObject({ code: 'pair-destroyed' })
          refused += 1
        }
      }
      // All it learns: a run of zeros at the beginning, and where it ends.
      expect([passed, refused]).toEqual([
        positions.findIndex(position => position !== 0),
        127 - positions.findIndex(position => position !== 0),
      ])
      expect(pairs.get(1)?.get(CHEAT)?.usable).toBe(false)
      longest = Math.max(longest, passed)
    }
    // Each further bit pair costs a factor of four: 24 victims reach twelve with probability 2^-19.
    expect(longest).toBeLessThan(12)
  })
})

describe('a malicious sender in the multiplication', () => {
  it.each([1, 2])('with another input than its committed point, to all or to one (input %i)', which => {
    for (const victims of [[1, 2], [1]]) {
      const inputs: SigningPlayer['inputs'] = (peer, [nonce, key]) => {
        const one = victims.includes(peer) ? 1n : 0n
        return which === 1 ? [mod(nonce + one), key] : [nonce, mod(key + one)]
      }
      const { failures, signed, pairs } = signAgainst([1, 2, CHEAT], { inputs })
      for (const victim of victims) expectNamed(failures.get(victim), which === 1 ? 'S3.5' : 'S3.6')
      expect(signed).toEqual([])
      expect(pairs.get(1)?.get(CHEAT)?.usable).toBe(false)
      expect(pairs.get(1)?.get(2)?.usable).toBe(true)
    }
  })

  it('that bets on twenty choice bits at once loses all and the epoch', () => {
    const choose: Choose = (field, value, { element = 0, to } = {}) =>
      field === '3.matrix' && element < 80 && element % 4 === 0 && to === 1 ? addOne(value, 0) : value
    // All twenty bits are zero with probability 2^-20.
    const { failures, pairs, signed } = signAgainst([1, 2, CHEAT], { choose })
    expectNamed(failures.get(1), 'S3.4')
    expect([signed, pairs.get(1)?.get(CHEAT)?.usable]).toEqual([[], false])
  })
})

describe.each([secp256k1Group, ed25519Group])('a dealer on $name', group => {
  const deal = (coefficients: readonly Uint8Array[], choose = honestly) => {
    const sessionId = random(32)
    const sessions = sessionsOf([...keygenSessions(3, 2, sessionId, random, group.name)])
    sessions.set(
      CHEAT,
      keygenPlayer({ group, self: CHEAT, parties: 3, threshold: 2, sessionId, random, choose, coefficients }),
    )
    return run(sessions)
  }
  const some = () => group.randomScalar(random)

  it('of a polynomial of too low degree', () => {
    const { failures } = deal([some(), group.scalarOf(0)])
    for (const honest of [1, 2]) expectNamed(failures.get(honest), 'K3.2')
  })

  it('of a polynomial of too high degree, whose highest coefficient it does not announce', () => {
    const { failures, results } = deal([some(), some(), some()])
    for (const honest of [1, 2]) expectNamed(failures.get(honest), 'K3.5')
    expect(results.size).toBe(0)
  })

  it('of one coefficient more than the threshold', () => {
    const { length } = keygenMessages(group, 3, 2)[2] ?? never()
    const { failures } = run(keygenSessions(3, 2, random(32), random, group.name), (from, to, frame) =>
      from === CHEAT && to === 1 && roundOf(frame) === 3
        ? concat(frame.slice(0, HEADER_LENGTH), new Uint8Array(length + group.pointLength))
        : frame,
    )
    expectNamed(failures.get(1), 'F.4')
  })

  it('who is last to open and picks its constant term so that the key is one it likes', () => {
    // Rushing: it sees the openings of both before it sends its own.
    const liked = group.base(group.scalarOf(7)) ?? never()
    const seen = new Map<number, Uint8Array>()
    let held: { to: number; frame: Uint8Array }[] = []
    const sessions = keygenSessions(3, 2, random(32), random, group.name)
    run(sessions, (from, to, frame) => {
      if (roundOf(frame) !== 3) return frame
      if (from === CHEAT) held = [...held, { to, frame }]
      else if (to === CHEAT) seen.set(from, frame.slice(HEADER_LENGTH, HEADER_LENGTH + group.pointLength))
      return from === CHEAT ? undefined : frame
    })
    const others = [...seen.values()].map(group.negate)
    const constant = group.sum(liked, ...others) ?? never()
    for (const { to, frame } of held) {
      const step = sessions.get(to)?.receive(CHEAT, put(frame, HEADER_LENGTH, constant))
      expectNamed(step?.failure, 'K3.1')
    }
    expect(held).toHaveLength(2)
  })

  it('who commits to what another party commits to', () => {
    let first = new Uint8Array()
    const { failures, results } = run(keygenSessions(3, 2, random(32), random, group.name), (from, to, frame) => {
      if (from === 1 && roundOf(frame) === 1) first = frame.slice(HEADER_LENGTH)
      if (from === CHEAT && roundOf(frame) === 1) return put(frame, HEADER_LENGTH, first)
      if (from === CHEAT && roundOf(frame) === 2) return put(frame, HEADER_LENGTH + 64, first)
      return to === CHEAT && roundOf(frame) === 2 ? undefined : frame
    })
    // It cannot open: it does not know what it committed to. The others wait, nobody has a key.
    expect([failures.size, results.size]).toEqual([0, 0])
  })
})

describe.each([secp256k1Group, ed25519Group])('a refresh on $name', group => {
  const old = keyOn(group, 3, 2)
  const refreshAgainst = (coefficients: readonly Uint8Array[], choose = honestly) => {
    const sessionId = random(32)
    const share = (party: number): KeyShare => old.get(party) ?? never()
    return run(
      sessionsOf([
        ...[1, 2].map(party => [party, createRefresh({ share: share(party), sessionId, random })] as const),
        [CHEAT, refreshPlayer({ group, share: share(CHEAT), sessionId, random, choose, coefficients })],
      ]),
    )
  }
  const some = () => group.randomScalar(random)

  it('with a changed secret: summands of a polynomial with a constant term', () => {
    const change: Choose = (field, value) => (field === '3.share' ? group.add(value, group.scalarOf(5)) : value)
    const { failures, results } = refreshAgainst([some()], change)
    for (const honest of [1, 2]) expectNamed(failures.get(honest), 'R3.5')
    expect(results.size).toBe(0)
    // The old shares are as they were.
    expect(old.get(1)?.epoch).toBe(0)
  })

  it('of a polynomial of too low and of too high degree', () => {
    for (const [coefficients, check] of [
      [[group.scalarOf(0)], 'R3.2'],
      [[some(), some()], 'R3.5'],
    ] as const) {
      const { failures } = refreshAgainst(coefficients)
      for (const honest of [1, 2]) expectNamed(failures.get(honest), check)
    }
  })

  it('by a party that starts from another epoch is not heard', () => {
    const once = run(
      sessionsOf(
        [1, 2, 3].map(party => {
          const share = old.get(party) ?? never()
          return [party, createRefresh({ share, sessionId: digest, random: seeded(`refresh/${party}`) })] as const
        }),
      ),
    ).results as ReadonlyMap<number, KeyShare>
    const sessionId = random(32)
    // Party 3 was restored from before the refresh.
    const { results, failures } = run(
      sessionsOf([
        ...[1, 2].map(
          party => [party, createRefresh({ share: once.get(party) ?? never(), sessionId, random })] as const,
        ),
        [CHEAT, createRefresh({ share: old.get(CHEAT) ?? never(), sessionId, random })],
      ]),
    )
    expect([results.size, failures.size]).toEqual([0, 0])
  })
})

describe.each([secp256k1Group, ed25519Group])(
  'a share that becomes zero on $name, which takes all others’ secrets',
  group => {
    /** What an honest session draws with this seed, as scalars. */
    const drawnWith = (seed: string, start: (source: (n: number) => Uint8Array) => Session<unknown>): Uint8Array[] => {
      const source = seeded(seed)
      const scalars: Uint8Array[] = []
      start(n => {
        const bytes = source(n)
        if (n === 48) scalars.push(group.randomScalar(() => bytes.slice()))
        return bytes
      }).start()
      return scalars
    }
    const zero = group.scalarOf(0)

    it('in key generation', () => {
      const sessionId = random(32)
      const common = { curve: group.name, parties: 3, threshold: 2, sessionId }
      const make = (self: number) => (source: (n: number) => Uint8Array) =>
        createKeygen({ ...common, self, random: source })
      // The own polynomial's value at 1 cancels those of the others: the public share of party 1 is the identity, the key is not.
      const others = [1, 2].map(self => drawnWith(`zero/${self}`, make(self)).slice(0, 2))
      const first = group.scalarOf(11)
      const sum = group.add(first, ...others.flat())
      const sessions = sessionsOf([
        ...[1, 2].map(self => [self, make(self)(seeded(`zero/${self}`))] as const),
        [
          CHEAT,
          keygenPlayer({
            ...{ group, self: CHEAT, parties: 3, threshold: 2, sessionId, random, choose: honestly },
            coefficients: [first, group.subtract(zero, sum)],
          }),
        ],
      ])
      const { results, failures } = run(sessions)
      expect(failures.get(1)).toEqual({ check: 'K3.6', kind: 'accusation', suspects: [2, CHEAT] })
      expect([results.has(1), results.has(2)]).toEqual([false, false])
    })

    it('in a refresh', () => {
      const old = keyOn(group, 3, 2)
      const shareOf = (party: number): KeyShare => old.get(party) ?? never()
      const sessionId = random(32)
      const make = (party: number) => (source: (n: number) => Uint8Array) =>
        createRefresh({ share: shareOf(party), sessionId, random: source })
      const others = [1, 2].flatMap(party => drawnWith(`zero/${party}`, make(party)).slice(0, 1))
      const sum = group.add(Share.secretOf(shareOf(1)), ...others)
      const sessions = sessionsOf([
        ...[1, 2].map(party => [party, make(party)(seeded(`zero/${party}`))] as const),
        [
          CHEAT,
          refreshPlayer({
            ...{ group, share: shareOf(CHEAT), sessionId, random, choose: honestly },
            coefficients: [group.subtract(zero, sum)],
          }),
        ],
      ])
      const { results, failures } = run(sessions)
      expect(failures.get(2)).toEqual({ check: 'R3.6', kind: 'accusation', suspects: [1, CHEAT] })
      expect([results.has(1), results.has(2)]).toEqual([false, false])
    })
  },
)

describe('a wrong share', () => {
  it.each([secp256k1Group, ed25519Group])('in FROST on $name names its signer', group => {
    const key = keyOn(group, 3, 3)
    const own = key.get(CHEAT) ?? never()
    const wrong = new Share(CHEAT, group.add(Share.secretOf(own), group.scalarOf(1)), own)
    const sessionId = random(32)
    const { results, failures } = run(
      sessionsOf(
        [1, 2, CHEAT].map(self => {
          const share = self === CHEAT ? wrong : (key.get(self) ?? never())
          return [
            self,
            createFrostSigning({ self, signers: [1, 2, 3], share, path: [], message: digest, sessionId, random }),
          ] as const
        }),
      ),
    )
    for (const honest of [1, 2]) expectNamed(failures.get(honest), 'T3.2')
    expect([results.has(1), results.has(2)]).toEqual([false, false])
  })
})

describe('a biased nonce', () => {
  it('of zero is refused', () => {
    const { failures, signed } = signAgainst([1, 2, CHEAT], { nonce: new Uint8Array(32) })
    for (const honest of [1, 2]) expectNamed(failures.get(honest), 'S3.2')
    expect(signed).toEqual([])
  })

  it('of one, known to everyone, leaves the joint nonce as random as the others make it', () => {
    const made = new Set<string>()
    for (let i = 0; i < 4; i++) {
      const { signed, failures, results } = signAgainst([1, 2, CHEAT], { nonce: scalarBytes(1n) })
      expect([signed, failures.size]).toEqual([[1, 2], 0])
      made.add(Buffer.from((results.get(1) as Signature).r).toString('hex'))
    }
    expect(made.size).toBe(4)
  })

  it('chosen after the others opened theirs is refused', () => {
    const liked = secp256k1Group.base(scalarBytes(7n)) ?? never()
    const pairs = dealPairs([1, 2, CHEAT])
    const sessions = signSessions({ shares, pairs, signers: [1, 2, CHEAT], digest })
    const seen = new Map<number, Uint8Array>()
    const held: { to: number; frame: Uint8Array }[] = []
    run(sessions, (from, to, frame) => {
      if (roundOf(frame) !== 3) return frame
      if (from === CHEAT) held.push({ to, frame })
      else if (to === CHEAT) seen.set(from, frame.slice(HEADER_LENGTH, HEADER_LENGTH + 33))
      return from === CHEAT ? undefined : frame
    })
    const nonce = secp256k1Group.sum(liked, ...[...seen.values()].map(secp256k1Group.negate)) ?? never()
    expect(held).toHaveLength(2)
    for (const { to, frame } of held) {
      expectNamed(sessions.get(to)?.receive(CHEAT, put(frame, HEADER_LENGTH, nonce)).failure, 'S3.1')
      expect(pairs.get(to)?.get(CHEAT)?.usable).toBe(false)
    }
  })
})

describe('a substitution between rounds', () => {
  const messages = signingMessages(3)

  it.each([
    ['digest', { digest: new Uint8Array(32).fill(8) }],
    ['path', { path: [1] }],
  ])('of the %s: frames made for another one pass under no round', (_name, other) => {
    for (const { round, length } of messages) {
      const sessionId = random(32)
      const pairs = dealPairs([1, 2, CHEAT])
      const common = { shares, signers: [1, 2, CHEAT], digest, sessionId }
      const recorded = new Map<number, Uint8Array>()
      // The cheat's other session runs over OT state of its own: with this one, the id would be used already.
      run(signSessions({ ...common, pairs: dealPairs([1, 2, CHEAT]), ...other }), (from, to, frame) => {
        if (from === CHEAT && to === 1) recorded.set(roundOf(frame), frame)
        return frame
      })
      const { results, failures } = run(signSessions({ ...common, pairs }), (from, to, frame) => {
        if (from !== CHEAT || to !== 1 || roundOf(frame) !== round) return frame
        const made = recorded.get(round) ?? never()
        expect(made.length).toBe(HEADER_LENGTH + length)
        return concat(frame.slice(0, HEADER_LENGTH), made.slice(HEADER_LENGTH))
      })
      expect(results.has(1)).toBe(false)
      expect(failures.get(1)?.suspects).toContain(CHEAT)
    }
  })

  it('of digest or path by the caller: a session id serves one request per epoch', () => {
    const sessionId = random(32)
    const pairs = dealPairs([1, 2, CHEAT])
    const common = { shares, pairs, signers: [1, 2, CHEAT], sessionId }
    signSessions({ ...common, digest })
    for (const other of [{ digest }, { digest: random(32) }, { digest, path: [1] }]) {
      expect(() => signSessions({ ...common, ...other })).toThrow(expect.objectContaining({ code: 'session-reused' }))
    }
  })
})

describe('a party restored from an earlier point of a running session', () => {
  it('that begins anew is caught as equivocating, and nobody answers it twice', () => {
    const sessionId = random(32)
    const make = () => keygenSessions(3, 3, sessionId)
    const sessions = make()
    const restored = make().get(CHEAT) ?? never()
    const openedTo: number[] = []
    const { failures, results } = run(sessions, (from, to, frame) => {
      if (roundOf(frame) === 3 && from !== CHEAT) openedTo.push(from)
      return from === CHEAT && roundOf(frame) === 1 ? [frame, firstOf(restored, to)] : frame
    })
    for (const honest of [1, 2]) {
      expect(failures.get(honest)).toEqual({ check: 'F.5', kind: 'equivocation', party: CHEAT, suspects: [CHEAT] })
    }
    expect([results.size, openedTo]).toEqual([0, []])
  })

  it('has no OT state, and cannot use the id again where it has', () => {
    const pairs = dealPairs([1, 2])
    const sessionId = random(32)
    const options = { shares: twoOfThree, pairs, signers: [1, 2], digest, sessionId }
    const first = signSessions(options)
    const seen: number[] = []
    run(first, (_from, _to, frame) => {
      seen.push(roundOf(frame))
      return roundOf(frame) === 3 ? undefined : frame
    })
    expect(Math.max(...seen)).toBe(3)
    expect(() => signSessions(options)).toThrow(MpcError)
  })
})

/** The first frames of a session, which is started once. */
const firsts = new WeakMap<Session<unknown>, Map<number, Uint8Array>>()
const firstOf = (session: Session<unknown>, to: number): Uint8Array => {
  const known = firsts.get(session) ?? new Map(session.start().out.map(one => [one.to, one.frame]))
  firsts.set(session, known)
  return known.get(to) ?? never()
}

describe('ids that are zero, repeated, fractional or out of range', () => {
  const own = shares.get(1) ?? never()
  const sessionId = random(32)
  const codeOf = (action: () => unknown): unknown => {
    try {
      action()
    } catch (error) {
      return error instanceof MpcError ? error.code : error
    }
    return 'accepted'
  }
  const bad = [0, -1, 4, 1.5, Number.NaN, 256]

  it('are refused as own index', () => {
    for (const self of bad) {
      const key = { self, parties: 3, threshold: 2, sessionId, random }
      expect(codeOf(() => createKeygen(key))).toBe('invalid-argument')
      const signing = { self, signers: [1, 2, 3], share: own, pairs: new Map(), path: [], digest, sessionId, random }
      expect(codeOf(() => createSigning(signing))).toBe('invalid-argument')
      expect(codeOf(() => createFrostSigning({ ...signing, message: digest }))).toBe('invalid-argument')
    }
    for (const [self, peer] of [
      [0, 1],
      [1, 0],
      [1, 1],
      [1.5, 2],
      [256, 1],
      [1, 256],
      [Number.NaN, 1],
    ] as const) {
      expect(codeOf(() => createPairSetup({ self, peer, sessionId, random }))).toBe('invalid-argument')
    }
  })

  it('are refused among the signers', () => {
    for (const signers of [[0, 1, 2], [1, 1, 2], [1, 2, 2], [3, 2, 1], [1, 2, 4], [1, 2], [], [1, 1.5, 2], [2, 3]]) {
      const common = { self: 1, signers, share: own, path: [], sessionId, random }
      expect(codeOf(() => createFrostSigning({ ...common, message: digest }))).toBe('invalid-argument')
      const pairs = new Map([...(dealPairs([1, 2, 3]).get(1) ?? [])])
      expect(codeOf(() => createSigning({ ...common, digest, pairs }))).toBe('invalid-argument')
    }
  })
})
