import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import { concat } from '../src/bytes.ts'
import { groupOf } from '../src/group.ts'
import {
  type Curve,
  createFrostSigning,
  createRefresh,
  createSigning,
  type KeyShare,
  MpcError,
  type SchnorrSignature,
  type Session,
} from '../src/index.ts'
import { KeyShare as Share } from '../src/keyshare.ts'
import { CHEAT, HEADER, namesTheCheat, never, put, rewrite, roundOf } from './cheats.ts'
import { codeOf } from './code-of.ts'
import { type FrostInput, frostSessions, keygenOn } from './frost-run.ts'
import { dealPairs, type Intercept, random, run, seeded } from './run.ts'

const CURVES: Curve[] = ['ed25519', 'secp256k1']
const signers = [1, 2, 3]
const mixedOrder = (): Uint8Array => {
  const torsion = ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
  return ed25519.Point.BASE.multiply(77n).add(torsion).toBytes()
}

describe.each(CURVES)('FROST on %s', curve => {
  const group = groupOf(curve)
  const shares = keygenOn(curve, 3, 2)
  const shareOf = (index: number): KeyShare => shares.get(index) ?? never()
  const sign = (intercept?: Intercept, input: Partial<FrostInput> = {}) =>
    run(frostSessions({ shares, signers, ...input }), intercept)
  /** Bodies that honest parties sent in a round. */
  const watch = (round: number, intercept: Intercept) => {
    const sent: number[] = []
    const watching: Intercept = (from, to, frame) => {
      if (from !== CHEAT && roundOf(frame) === round) sent.push(from)
      return intercept(from, to, frame)
    }
    return { sent, watching }
  }
  const addOne = (body: Uint8Array): Uint8Array => group.add(body, group.scalarOf(1))
  const bad: [string, Uint8Array][] =
    curve === 'ed25519'
      ? [
          ['the identity', Uint8Array.of(1, ...new Uint8Array(31))],
          ['a point of order 4', new Uint8Array(32)],
          ['a point of mixed order', mixedOrder()],
          ['a second encoding', Uint8Array.of(0xee, ...new Uint8Array(30).fill(255), 0x7f)],
          ['no point', Uint8Array.of(2, ...new Uint8Array(31))],
        ]
      : [
          ['no encoding', new Uint8Array(33)],
          ['x beyond the field', Uint8Array.of(2, ...new Uint8Array(32).fill(255))],
          ['a hybrid encoding', put(shareOf(1).publicKey, 0, Uint8Array.of(6))],
        ]

  it('accuses nobody where it is its own share that does not fit', () => {
    const own = shareOf(1)
    const spoiled = new Share(1, addOne(Share.secretOf(own)), own)
    const input = { shares: new Map([...shares, [1, spoiled] as const]), signers: [1, 2] }
    const { results, failures } = run(frostSessions(input))
    expect(results.size).toBe(0)
    expect(failures.get(1)).toEqual({ check: 'T3.3', kind: 'accusation', suspects: [] })
    expect(failures.get(2)).toEqual({ check: 'T3.2', kind: 'accusation', party: 1, suspects: [1] })
  })

  it.each(
    bad.flatMap(([name, point]) => [['D', name, 0, point] as const, ['E', name, group.pointLength, point] as const]),
  )('refuses as %s: %s', (_which, _name, offset, point) => {
    const { sent, watching } = watch(
      2,
      rewrite(1, body => put(body, offset, point)),
    )
    const { results, failures } = sign(watching)
    namesTheCheat(failures.get(1), 'T1.1')
    namesTheCheat(failures.get(2), 'T1.1')
    expect([results.size, sent]).toEqual([0, []])
  })

  it('sends no signature share where commitments differ', () => {
    const other = concat(...[5, 6].map(value => group.base(group.scalarOf(value)) ?? never()))
    const { sent, watching } = watch(
      3,
      rewrite(1, () => other, 2),
    )
    const { results, failures } = sign(watching)
    for (const party of [1, 2]) expect(failures.get(party)?.check).toBe('T2.1')
    expect(failures.get(1)?.suspects).toContain(CHEAT)
    expect([results.size, sent]).toEqual([0, []])
  })

  it('says who may have lied in an echo', () => {
    const lying = rewrite(2, body => put(body, 0, body.slice(2 * group.pointLength, 4 * group.pointLength)), 2)
    expect(sign(lying).failures.get(2)).toEqual({ check: 'T2.1', kind: 'accusation', suspects: [1, CHEAT] })
  })

  it('names who sends a wrong signature share, to all or to one', () => {
    const toAll = sign(rewrite(3, addOne))
    for (const party of [1, 2]) namesTheCheat(toAll.failures.get(party), 'T3.2')
    const toOne = sign(rewrite(3, addOne, 2))
    namesTheCheat(toOne.failures.get(2), 'T3.2')
    expect(toOne.results.get(1)).toBeDefined()
  })

  it('refuses a second encoding of a right signature share', () => {
    const order = group.order
    const second = (body: Uint8Array): Uint8Array => {
      const hex = (curve === 'ed25519' ? group.valueOf(body) + order : order).toString(16).padStart(64, '0')
      const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
      return curve === 'ed25519' ? bytes.reverse() : bytes
    }
    namesTheCheat(sign(rewrite(3, second)).failures.get(1), 'T3.1')
  })

  it('names a signer with another key share, also one of an earlier epoch', () => {
    const wrong = new Share(CHEAT, addOne(Share.secretOf(shareOf(CHEAT))), shareOf(CHEAT))
    const { failures } = sign(undefined, { shares: new Map([...shares, [CHEAT, wrong]]) })
    namesTheCheat(failures.get(1), 'T3.2')

    const sessionId = random(32)
    const refreshed = run(
      new Map([...shares].map(([index, share]) => [index, createRefresh({ share, sessionId, random })])),
    ).results
    const stale = new Share(CHEAT, Share.secretOf(shareOf(CHEAT)), refreshed.get(CHEAT) ?? never())
    const later = sign(undefined, { shares: new Map([...refreshed, [CHEAT, stale]]) })
    namesTheCheat(later.failures.get(2), 'T3.2')
  })

  it('names who replays the commitments of an earlier session', () => {
    let earlier = new Uint8Array()
    sign((from, _to, frame) => {
      if (from === CHEAT && roundOf(frame) === 1) earlier = frame.slice(HEADER)
      return frame
    })
    const replaying: Intercept = (from, to, frame) => {
      // The cheat's own session goes on with what it drew itself.
      if (to === CHEAT && roundOf(frame) === 2) return undefined
      if (from === CHEAT && roundOf(frame) === 1) return concat(frame.slice(0, HEADER), earlier)
      return frame
    }
    const sessions = frostSessions({ shares, signers })
    const { failures } = run(sessions, (from, to, frame) => {
      if (from !== CHEAT || roundOf(frame) !== 2) return replaying(from, to, frame)
      const echo = put(frame, HEADER + 2 * 2 * group.pointLength, earlier)
      // It has no share for them: it invents one.
      return [echo, concat(put(frame, 2, Uint8Array.of(3)).slice(0, HEADER), group.randomScalar(random))]
    })
    namesTheCheat(failures.get(1), 'T3.2')
    namesTheCheat(failures.get(2), 'T3.2')
  })

  it('ends nothing, and signs nothing, with frames of another session, message, path or set of signers', () => {
    const id = random(32)
    const base = { sessionId: id, message: random(32), path: [1, 2] }
    const variants: Partial<FrostInput>[] = [
      { ...base, sessionId: random(32) },
      { ...base, message: random(32) },
      { ...base, path: [1, 3] },
      { ...base, path: [] },
      { ...base, signers: [1, 3] },
      ...(curve === 'secp256k1' ? [{ ...base, taproot: { merkleRoot: new Uint8Array() } }] : []),
    ]
    const tagOf = (input: Partial<FrostInput>): string => {
      const { out } = (frostSessions({ shares, signers, ...input }).get(CHEAT) ?? never()).start()
      return Buffer.from(out[0]?.frame.slice(4, HEADER) ?? never()).toString('hex')
    }
    // A frame of another session does not even count as one of this.
    const scripts = [{ ...base, taproot: { merkleRoot: new Uint8Array(32) } }]
    const inputs = [base, ...variants, ...(curve === 'secp256k1' ? scripts : [])]
    expect(new Set(inputs.map(tagOf)).size).toBe(inputs.length)
    for (const variant of variants) {
      const foreign = frostSessions({ shares, signers, ...variant }).get(CHEAT) ?? never()
      const victim = frostSessions({ shares, signers, ...base }).get(1) ?? never()
      victim.start()
      for (const { to, frame } of foreign.start().out) {
        if (to === 1) expect(victim.receive(CHEAT, frame)).toEqual({ out: [] })
      }
      const mixed = new Map([...frostSessions({ shares, signers, ...base }), [CHEAT, foreign] as const])
      mixed.set(CHEAT, frostSessions({ shares, signers, ...variant }).get(CHEAT) ?? never())
      expect(run(mixed).results.size).toBe(0)
    }
  })

  it('refuses bodies that are cut off or padded', () => {
    for (const round of [1, 2, 3]) {
      for (const change of [
        (body: Uint8Array) => body.slice(1),
        (body: Uint8Array) => concat(body, Uint8Array.of(0)),
      ]) {
        namesTheCheat(sign(rewrite(round, change)).failures.get(1), 'F.4')
      }
    }
  })

  it('takes no second answer', () => {
    const victim = frostSessions({ shares, signers }).get(1) ?? never()
    const header = (victim.start().out[0]?.frame ?? never()).slice(0, HEADER)
    header[3] = CHEAT
    const point = group.base(group.scalarOf(9)) ?? never()
    victim.receive(CHEAT, concat(header, point, point))
    const { failure } = victim.receive(CHEAT, concat(header, point, group.negate(point)))
    expect(failure).toEqual({ check: 'F.5', kind: 'equivocation', party: CHEAT, suspects: [CHEAT] })
    expect(victim.receive(2, concat(header, point, point))).toEqual({ out: [] })
  })

  it('a copy of a machine answers only what the others heard too', () => {
    const common = { shares, message: random(32), sessionId: random(32), signers }
    const copy = (): Session<SchnorrSignature> =>
      frostSessions({ ...common, source: seeded('copied machine') }).get(1) ?? never()
    const [original, same, other] = [copy(), copy(), copy()]
    const [honest, cheat] = [2, 3].map(index => frostSessions(common).get(index) ?? never())
    if (honest === undefined || cheat === undefined) throw new Error('unreachable')
    const frameTo = (step: ReturnType<typeof original.start>, to: number): Uint8Array =>
      step.out.find(one => one.to === to)?.frame ?? never()
    const [one, two, three] = [original.start(), honest.start(), cheat.start()]
    expect([same.start(), other.start()]).toEqual([one, one])

    honest.receive(1, frameTo(one, 2))
    const echoOfHonest = honest.receive(CHEAT, frameTo(three, 2))
    cheat.receive(1, frameTo(one, CHEAT))
    const echoOfCheat = cheat.receive(2, frameTo(two, CHEAT))
    const answers = [original, same].map(session => {
      session.receive(2, frameTo(two, 1))
      session.receive(CHEAT, frameTo(three, 1))
      session.receive(2, frameTo(echoOfHonest, 1))
      return session.receive(CHEAT, frameTo(echoOfCheat, 1))
    })
    expect(answers[0]?.out.map(({ frame }) => roundOf(frame))).toEqual([3, 3])
    expect(answers[1]).toEqual(answers[0])

    // To the second copy the cheat shows other commitments, and echoes them; the honest signer echoes what it saw.
    const point = group.base(group.scalarOf(31)) ?? never()
    other.receive(2, frameTo(two, 1))
    other.receive(CHEAT, put(frameTo(three, 1), HEADER, point))
    other.receive(CHEAT, put(frameTo(echoOfCheat, 1), HEADER + 4 * group.pointLength, point))
    const answer = other.receive(2, frameTo(echoOfHonest, 1))
    expect(answer.failure?.check).toBe('T2.1')
    expect(answer.out).toEqual([])
  })

  it('is not begun with arguments that contradict each other', () => {
    const good = { self: 1, signers, share: shareOf(1), path: [], message: new Uint8Array(32), sessionId: random(32) }
    const codeWith = (changes: object) => codeOf(() => createFrostSigning({ ...good, random, ...changes }))
    expect(codeWith({})).toBeUndefined()
    const refused: object[] = [
      { signers: [1] },
      { signers: [1, 1, 2] },
      { signers: [0, 1, 2] },
      { signers: [2, 1] },
      { signers: [1, 2, 4] },
      { signers: [1, 1.5, 2] },
      { signers: [2, 3] },
      { self: 2 },
      { share: shareOf(2) },
      { sessionId: new Uint8Array(31) },
      { message: new Uint8Array(65_537) },
      { random: () => new Uint8Array(63) },
      ...(curve === 'secp256k1'
        ? [
            { message: new Uint8Array(31) },
            { message: new Uint8Array() },
            { taproot: { merkleRoot: new Uint8Array(31) } },
          ]
        : [{ taproot: { merkleRoot: new Uint8Array() } }]),
    ]
    for (const changes of refused) expect(codeWith(changes), JSON.stringify(changes)).toBe('invalid-argument')
    for (const path of [[2 ** 31], [-1], [0.5], new Array(17).fill(0)]) expect(codeWith({ path })).toBe('derivation')
  })
})

it('a share on Ed25519 signs no ECDSA', () => {
  const share = keygenOn('ed25519', 3, 3).get(1) ?? never()
  const pairs = dealPairs(signers).get(1) ?? never()
  const make = () =>
    createSigning({ self: 1, signers, share, pairs, path: [], digest: random(32), sessionId: random(32), random })
  expect(make).toThrow(MpcError)
  for (const pair of pairs.values()) expect(pair.usable).toBe(true)
})
