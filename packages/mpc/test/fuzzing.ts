import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { encodeBackup, parseBackup } from '../src/backup.ts'
import { concat, equalBytes } from '../src/bytes.ts'
import { isPoint as isSecpPoint } from '../src/curve.ts'
import { HEADER_LENGTH, PROTOCOL, readHeader, writeHeader } from '../src/frame.ts'
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
  recoverKey,
  type Session,
  verifyBip340,
} from '../src/index.ts'
import { encode, parse, Refused } from '../src/layout.ts'
import { parseRsaPublicKey } from '../src/oaep.ts'
import { parseScalar } from '../src/scalar.ts'
import { parseProof, proofLength, verifyProof } from '../src/schnorr.ts'
import { RoundSession } from '../src/session.ts'
import { never } from './cheats.ts'
import { attack, generator, hostile, type Next, noise } from './hostile.ts'
import { type Decoder, ecdsaDecoders, groupDecoders } from './messages.ts'
import { dealPairs, keygenSessions, random, run } from './run.ts'

const keyOn = (curve: Curve): ReadonlyMap<number, KeyShare> =>
  run(keygenSessions(3, 2, random(32), random, curve)).results
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))
const MODULUS = 384
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

/** What is taken encodes to the same bytes again; everything else is refused under one of the layout's own checks. */
const meets = (runs: number, { name, layout, refusals, models }: Decoder): void => {
  for (const model of models) expect(equalBytes(encode(layout, parse(layout, model)), model), name).toBe(true)
  const seen = new Set<string>()
  attack(runs, models, [], bytes => {
    const message = parse(layout, bytes)
    if (message instanceof Refused) seen.add(message.check)
    else if (!equalBytes(encode(layout, message), bytes)) throw new Error(`${name}: another message than was sent`)
  })
  // Each of its refusals was met, and no other.
  expect([...seen].toSorted(), name).toEqual([...new Set(refusals)].filter(check => check !== '').toSorted())
}

/** @param runs of each decoder; whole sessions, which cost more, get fewer */
export const fuzzDecoders = (runs: number): void => {
  // Minutes on a machine that does other things as well; what is bounded is the processor time of each run.
  vi.setConfig({ testTimeout: 300_000 + 30 * runs })

  describe.each<Curve>(['secp256k1', 'ed25519'])(`${runs} hostile inputs on %s`, curve => {
    const shares = keyOn(curve)
    const share = shares.get(1) ?? never()
    const group = curve === 'ed25519' ? ed25519Group : secp256k1Group

    it.each(groupDecoders(group).map(decoder => [decoder.name, decoder] as const))('to %s', (_name, decoder) => {
      meets(runs, decoder)
    })

    it('to the key share decoder', () => {
      const models = [encodeKeyShare(share), encodeKeyShare(keyOn(curve).get(1) ?? never())] as const
      attack(runs, models, ['malformed'], bytes => {
        const decoded = decodeKeyShare(bytes)
        // Chain code, transcript and epoch are free: whatever decodes encodes to the same bytes.
        expect(equalBytes(encodeKeyShare(decoded), bytes)).toBe(true)
      })
    })

    it('to the decoder of proofs', () => {
      const models = [
        concat(share.publicKey, random(32).fill(0, 0, 1).fill(0, 31)),
        random(proofLength(group)),
      ] as const
      attack(runs, models, [], bytes => {
        const proof = parseProof(group, bytes)
        if (proof !== undefined) expect(equalBytes(concat(proof.nonce, proof.response), bytes)).toBe(true)
      })
    })

    it('to the decoder of backups', () => {
      const blobOf = (context: Uint8Array) => encryptBackup(share, { ersPublicKey: spki, context, random })
      let taken = 0
      attack(runs, [blobOf(new Uint8Array(8)), blobOf(random(300))], [], bytes => {
        const blob = parseBackup(group, bytes, MODULUS)
        if (blob === undefined) return
        taken += 1
        if (!equalBytes(encodeBackup(group, MODULUS, blob), bytes)) throw new Error('another backup than was sent')
      })
      expect(taken).toBeGreaterThan(0)
    })

    it('to the verifier of backups, and a share of them to recovery', () => {
      const context = new Uint8Array(8)
      const blob = encryptBackup(share, { ersPublicKey: spki, context, random })
      const publicShare = share.publicShares[0] ?? never()
      const report = keyReport(share)
      const isDeep = (i: number): boolean => i % 100 === 0
      let i = 0
      attack(runs / 20, [blob], ['malformed', 'ers-key', 'recovery', 'invalid-argument'], bytes => {
        // What gets past B3 costs 128 encryptions: most inputs are spoiled in the header as well.
        const shallow = isDeep(i++) ? bytes : bytes.map((byte, at) => (at === 11 ? byte ^ 1 : byte))
        const failure = backupFailure(shallow, { curve, publicShare, ersPublicKey: spki, context })
        if (Buffer.compare(shallow, blob) !== 0) expect(failure).toMatch(/^B[1-5]$/)
        if (i % 100 === 0) recoverKey([bytes], pem, report)
      })
    })

    it('to points, scalars, proofs and signatures', () => {
      const model = random(proofLength(group))
      const key = deriveSchnorrKey(share, [])
      attack(runs, [model], [], bytes => {
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
      attack(count, [noise(generator(7), Math.max(...lengths))], [], (bytes, next) => {
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
      bodies(() => createKeygen(key), [32, 96, 3 * point + 128, point + 32], runs / 20)
      bodies(() => createRefresh({ share, sessionId, random }), [32, 96, 2 * point + 96, point + 32], runs / 20)
      const frost = { self: 1, signers: [1, 2, 3], share, path: [], message: sessionId, sessionId, random }
      bodies(() => createFrostSigning(frost), [2 * point, 6 * point, 32], runs / 20)
    })
  })

  describe(`${runs} hostile inputs`, () => {
    it.each(ecdsaDecoders().map(decoder => [decoder.name, decoder] as const))('to %s', (_name, decoder) => {
      meets(runs, decoder)
    })

    it('to the frame decoder and the state machine of rounds', () => {
      const tag = random(16)
      const lengths = [32, 0, 7]
      const model = concat(Uint8Array.of(PROTOCOL.keygen, 2, 1, 2), tag, new Uint8Array(32))
      attack(runs, [model], [], (bytes, next) => {
        const header = readHeader(bytes)
        expect(header === undefined).toBe(bytes.length < HEADER_LENGTH)
        if (header !== undefined)
          expect(equalBytes(writeHeader(header, bytes.subarray(HEADER_LENGTH)), bytes)).toBe(true)
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
      attack(runs, [spki], ['ers-key'], bytes => {
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
      attack(runs / 100, [new Uint8Array(64)], [], (_bytes, next) => {
        const pairs = dealPairs([1, 2]).get(1) ?? never()
        const common = { self: 1, signers: [1, 2], share, pairs, path: [], digest: random(32), random }
        survives(createSigning({ ...common, sessionId: random(32) }), next, 2, [64 + 4432, 64, 53_572, 64])
      })
      attack(runs / 500, [new Uint8Array(64)], [], (_bytes, next) => {
        survives(createPairSetup({ self: 4, peer: 3, sessionId: random(32), random }), next, 3, [8480, 64, 8192, 32])
        survives(createPairSetup({ self: 2, peer: 3, sessionId: random(32), random }), next, 3, [32, 16880, 0, 32])
      })
    })
  })
}
