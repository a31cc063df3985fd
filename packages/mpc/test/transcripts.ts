import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { concat } from '../src/bytes.ts'
import { hash, sha256 } from '../src/hash.ts'
import {
  type Curve,
  createFrostSigning,
  createKeygen,
  createPairSetup,
  createRefresh,
  createSigning,
  encodeKeyShare,
  type KeyShare,
  type PairState,
  type SchnorrSignature,
  type Session,
  type Signature,
} from '../src/index.ts'
import { never } from './cheats.ts'
import { range, run, seeded } from './run.ts'

/**
 * Whole runs with fixed seeds: the hash of every frame, so that no change of the wire goes unnoticed. After a wanted change:
 * `node packages/mpc/test/transcripts.ts`.
 */
export type Transcript = { name: string; frames: string[]; results: string[] }

export const TRANSCRIPTS = fileURLToPath(new URL('./vectors/transcripts.json', import.meta.url))

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const idOf = (name: string): Uint8Array => hash('test/transcript', new TextEncoder().encode(name))

const record = <T>(
  name: string,
  sessions: ReadonlyMap<number, Session<T>>,
  encode: (result: T) => Uint8Array,
): { transcript: Transcript; results: Map<number, T> } => {
  const frames: string[] = []
  const { results } = run(sessions, (from, to, frame) => {
    frames.push(`round ${frame[2]}, ${from} to ${to}, ${frame.length} bytes: ${toHex(sha256(frame))}`)
    return frame
  })
  const encoded = [...results].map(([party, result]) => `party ${party}: ${toHex(encode(result))}`)
  return { transcript: { name, frames, results: encoded }, results }
}

const sessionsOf = <T>(name: string, parties: readonly number[], make: (self: number, own: Own) => Session<T>) =>
  new Map(
    parties.map(self => [self, make(self, { sessionId: idOf(name), random: seeded(`${name}/${self}`) })] as const),
  )
type Own = { sessionId: Uint8Array; random: (n: number) => Uint8Array }

const shareHash = (share: KeyShare): Uint8Array => sha256(encodeKeyShare(share))

export const transcripts = (): Transcript[] => {
  const all: Transcript[] = []
  const keep = <T>({ transcript, results }: { transcript: Transcript; results: Map<number, T> }): Map<number, T> => {
    all.push(transcript)
    return results
  }
  const keyOn = (curve: Curve): Map<number, KeyShare> => {
    const name = `key generation on ${curve}, 2 of 3`
    const make = (self: number, own: Own) => createKeygen({ curve, self, parties: 3, threshold: 2, ...own })
    return keep(record(name, sessionsOf(name, range(3), make), shareHash))
  }
  const message = idOf('message')
  for (const curve of ['secp256k1', 'ed25519'] as const) {
    const shares = keyOn(curve)
    const shareOf = (self: number): KeyShare => shares.get(self) ?? never()
    const refresh = `refresh on ${curve}`
    keep(
      record(
        refresh,
        sessionsOf(refresh, range(3), (self, own) => createRefresh({ share: shareOf(self), ...own })),
        shareHash,
      ),
    )
    const frost = `FROST on ${curve}, parties 1 and 3, path 7`
    const frostSessions = sessionsOf<SchnorrSignature>(frost, [1, 3], (self, own) =>
      createFrostSigning({ self, signers: [1, 3], share: shareOf(self), path: [7], message, ...own }),
    )
    keep(record(frost, frostSessions, ({ signature }) => signature))
    if (curve === 'secp256k1') {
      const setUp = 'pair set-up of 1 and 3'
      const states = keep(
        record<PairState>(
          setUp,
          sessionsOf(setUp, [1, 3], (self, own) => createPairSetup({ self, peer: 4 - self, ...own })),
          // It has no encoding.
          () => new Uint8Array(),
        ),
      )
      const sign = 'ECDSA, parties 1 and 3, path 7'
      const signSessions = sessionsOf<Signature>(sign, [1, 3], (self, own) => {
        const pairs = new Map([[4 - self, states.get(self) ?? never()]])
        return createSigning({ self, signers: [1, 3], share: shareOf(self), pairs, path: [7], digest: message, ...own })
      })
      keep(record(sign, signSessions, ({ r, s, recovery }) => concat(r, s, Uint8Array.of(recovery))))
    }
  }
  return all
}

if (import.meta.main) writeFileSync(TRANSCRIPTS, `${JSON.stringify(transcripts(), null, 2)}\n`)
