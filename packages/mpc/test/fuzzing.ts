import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { concat } from '../src/bytes.ts'
import { isPoint as isSecpPoint } from '../src/curve.ts'
import { HEADER_LENGTH, PROTOCOL, readHeader } from '../src/frame.ts'
import { ed25519Group, secp256k1Group } from '../src/group.ts'
import {
  backupFailure,
  type Curve,
  createFrostSigning,
  createKeygen,
  createPairSetup,
  createRefresh,
  createSigning,
  decodeKeyShare,
  deriveSchnorrKey,
  encodeKeyShare,
  encryptBackup,
  type KeyShare,
  keyReport,
  MpcError,
  recoverKey,
  type Session,
  verifyBip340,
} from '../src/index.ts'
import { parseRsaPublicKey } from '../src/oaep.ts'
import { parseScalar } from '../src/scalar.ts'
import { proofLength, verifyProof } from '../src/schnorr.ts'
import { RoundSession } from '../src/session.ts'
import { never } from './cheats.ts'
import { dealPairs, keygenSessions, random, run } from './run.ts'

/** xorshift32: quick, and a failure can be repeated from its seed. */
const generator = (seed: number) => {
  let state = seed | 1
  return (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
type Next = (below: number) => number

const noise = (next: Next, length: number): Uint8Array => Uint8Array.from({ length }, () => next(256))

/** What a decoder meets: noise, and everything that is almost right. */
const hostile = (next: Next, model: Uint8Array): Uint8Array => {
  const bytes = model.slice()
  const at = next(Math.max(1, bytes.length))
  switch (next(9)) {
    case 0:
      return noise(next, next(2 * bytes.length + 2))
    case 1:
      return noise(next, bytes.length)
    case 2:
      return bytes.slice(0, at)
    case 3:
      return concat(bytes, noise(next, 1 + next(64)))
    case 4:
      bytes.fill(next(256), at, at + 1 + next(40))
      return bytes
    case 5:
      bytes.set(noise(next, Math.min(32, bytes.length - at)), at)
      return bytes
    case 6:
      return concat(bytes.slice(at), bytes.slice(0, at))
    case 7:
      return concat(bytes.slice(0, at), bytes.slice(at + 1 + next(8)))
    default:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8))
      return bytes
  }
}

/** Runs `act` on hostile bytes; anything but a value or an `MpcError` of these codes is a failure, and so is slowness. */
const attack = (
  runs: number,
  model: Uint8Array,
  codes: readonly string[],
  act: (bytes: Uint8Array, next: Next) => unknown,
) => {
  const seed = random(4).reduce((value, byte) => value * 256 + byte, 0)
  const next = generator(seed)
  const before = process.cpuUsage()
  for (let i = 0; i < runs; i++) {
    try {
      act(hostile(next, model), next)
    } catch (error) {
      const code = error instanceof MpcError ? error.code : error
      expect(codes, `seed ${seed}, run ${i}`).toContain(code)
    }
  }
  const { user, system } = process.cpuUsage(before)
  // Generous: the costliest of them opens or verifies a whole backup.
  expect((user + system) / 1000 / runs).toBeLessThan(20)
}

const keyOn = (curve: Curve): ReadonlyMap<number, KeyShare> =>
  run(keygenSessions(3, 2, random(32), random, curve)).results
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

/** @param runs of each decoder. */
export const fuzzDecoders = (runs: number): void => {
  // Minutes on a machine that does other things as well; what is bounded is the processor time of each run.
  vi.setConfig({ testTimeout: 300_000 + 30 * runs })

  describe.each<Curve>(['secp256k1', 'ed25519'])(`${runs} hostile inputs on %s`, curve => {
    const shares = keyOn(curve)
    const share = shares.get(1) ?? never()
    const group = curve === 'ed25519' ? ed25519Group : secp256k1Group

    it('to the key share decoder', () => {
      const encoded = encodeKeyShare(share)
      attack(runs, encoded, ['malformed'], bytes => {
        const decoded = decodeKeyShare(bytes)
        // Chain code, transcript and epoch are free: whatever decodes encodes to the same bytes.
        expect(encodeKeyShare(decoded)).toEqual(bytes)
      })
    })

    it('to the verifier of backups, and a share of them to recovery', () => {
      const context = new Uint8Array(8)
      const blob = encryptBackup(share, { ersPublicKey: spki, context, random })
      const publicShare = share.publicShares[0] ?? never()
      const report = keyReport(share)
      const isDeep = (i: number): boolean => i % 1000 === 0
      let i = 0
      attack(runs, blob, ['malformed', 'ers-key', 'recovery', 'invalid-argument'], bytes => {
        // What gets past B3 costs 128 encryptions: most inputs are spoiled in the header as well.
        const shallow = isDeep(i++) ? bytes : bytes.map((byte, at) => (at === 11 ? byte ^ 1 : byte))
        const failure = backupFailure(shallow, { curve, publicShare, ersPublicKey: spki, context })
        if (Buffer.compare(shallow, blob) !== 0) expect(failure).toMatch(/^B[1-5]$/)
        if (i % 500 === 0) recoverKey([bytes], pem, report)
      })
    })

    it('to points, scalars, proofs and signatures', () => {
      const model = random(proofLength(group))
      const key = deriveSchnorrKey(share, [])
      attack(runs, model, [], bytes => {
        const [isPoint, isScalar] = [group.isPoint(bytes), group.isScalar(bytes)]
        if (bytes.length !== group.pointLength) expect(isPoint).toBe(false)
        if (bytes.length !== 32) expect(isScalar).toBe(false)
        if (isSecpPoint(bytes) || parseScalar(bytes) !== undefined) expect([32, 33]).toContain(bytes.length)
        expect(verifyProof(group, bytes, share.publicKey, model)).toBe(false)
        if (curve === 'secp256k1') expect(verifyBip340(bytes, model, key)).toBe(false)
      })
    })

    /** Frames that are hostile in the body and honest in the header: each session ends in nothing or in one failure. */
    const bodies = (make: () => Session<unknown>, lengths: readonly number[], count: number): void => {
      attack(count, noise(generator(7), Math.max(...lengths)), [], (bytes, next) => {
        const victim = make()
        const header = (victim.start().out[0]?.frame ?? never()).slice(0, HEADER_LENGTH)
        for (const [i, length] of lengths.entries()) {
          for (const from of [2, 3]) {
            const body = next(3) === 0 ? bytes : noise(next, length)
            header.set([1 + i, from], 2)
            const { result, failure } = victim.receive(from, concat(header, body))
            expect(result).toBeUndefined()
            if (failure !== undefined) expect(failure.check).toMatch(/^[FKRT]\d?\.\d$/)
          }
        }
      })
    }
    const point = group.pointLength

    it('to key generation, refresh and FROST, as bodies', () => {
      const sessionId = random(32)
      const key = { curve, self: 1, parties: 3, threshold: 2, sessionId, random }
      bodies(() => createKeygen(key), [32, 96, 3 * point + 128, point + 32], runs / 10)
      bodies(() => createRefresh({ share, sessionId, random }), [32, 96, 2 * point + 96, point + 32], runs / 10)
      const frost = { self: 1, signers: [1, 2, 3], share, path: [], message: sessionId, sessionId, random }
      bodies(() => createFrostSigning(frost), [2 * point, 6 * point, 32], runs / 10)
    })
  })

  describe(`${runs} hostile inputs`, () => {
    it('to the frame decoder and the state machine of rounds', () => {
      const tag = random(16)
      const lengths = [32, 0, 7]
      const model = concat(Uint8Array.of(PROTOCOL.keygen, 2, 1, 2), tag, new Uint8Array(32))
      attack(runs, model, [], (bytes, next) => {
        const header = readHeader(bytes)
        expect(header === undefined).toBe(bytes.length < HEADER_LENGTH)
        const done: string[] = []
        const session = new RoundSession<string>({
          ...{ protocol: PROTOCOL.keygen, self: 1, peers: [2, 3], tag },
          begin: () => new Map(),
          rounds: lengths.map((bodyLength, i) => ({
            bodyLength,
            complete: got => {
              for (const body of got.values()) expect(body.length).toBe(bodyLength)
              return i === 2 ? { result: 'done' } : { send: new Map() }
            },
          })),
          close: failure => void done.push(failure?.check ?? 'result'),
        })
        if (next(2) === 0) session.start()
        for (let i = 0; i < 6; i++) {
          const step = session.receive(2 + next(3), i % 2 === 0 ? bytes : hostile(next, model))
          if (step.failure !== undefined) expect(step.failure.check).toMatch(/^F\.[1-5]$/)
        }
        expect(done.length).toBeLessThan(2)
      })
    })

    it('to the decoder of ERS keys', () => {
      attack(runs, spki, ['ers-key'], bytes => {
        const { modulusLength } = parseRsaPublicKey(bytes)
        expect([bytes.length, modulusLength]).toEqual([spki.length, 384])
      })
    })

    it('to signing and pair set-up, as bodies', () => {
      const shares = keyOn('secp256k1')
      const share = shares.get(1) ?? never()
      const survives = (session: Session<unknown>, next: Next, from: number, lengths: readonly number[]): void => {
        const header = (session.start().out[0]?.frame ?? never()).slice(0, HEADER_LENGTH)
        for (const [i, length] of lengths.entries()) {
          header.set([1 + i, from], 2)
          const { result, failure } = session.receive(from, concat(header, noise(next, length)))
          expect(result).toBeUndefined()
          if (failure !== undefined) expect(failure.check).toMatch(/^[FSP]\d?\.\d$/)
        }
      }
      attack(runs / 100, new Uint8Array(64), [], (_bytes, next) => {
        const pairs = dealPairs([1, 2]).get(1) ?? never()
        const common = { self: 1, signers: [1, 2], share, pairs, path: [], digest: random(32), random }
        survives(createSigning({ ...common, sessionId: random(32) }), next, 2, [64 + 4432, 64, 53_572, 64])
      })
      attack(runs / 500, new Uint8Array(64), [], (_bytes, next) => {
        survives(createPairSetup({ self: 4, peer: 3, sessionId: random(32), random }), next, 3, [8480, 64, 8192, 32])
        survives(createPairSetup({ self: 2, peer: 3, sessionId: random(32), random }), next, 3, [32, 16880, 0, 32])
      })
    })
  })
}
