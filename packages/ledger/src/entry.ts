import { hash } from 'node:crypto'
import { bytes, concat, decode, encode, fixed, int53, list, struct, u8, utf8, type ValueOf } from '@trivault/codec'
import { LedgerError } from './errors.ts'

export const FORMAT_VERSION = 1
export const MAX_COMMANDS = 256
/** Bytes of one encoded entry. */
export const MAX_ENTRY_BYTES = 512 * 1024

export const hashCodec = fixed(32)

const entryCodec = struct({
  version: u8,
  vaultId: hashCodec,
  seq: int53,
  prev: hashCodec,
  results: hashCodec,
  time: int53,
  commands: list(bytes(MAX_ENTRY_BYTES), MAX_COMMANDS),
})

/**
 * One step of the log. `vaultId`, `prev` (hash of entry seq − 1, the vaultId for seq 1) and `results` (running hash of all
 * outcomes up to seq − 1) are 32 bytes, `time` is in milliseconds, `commands` are opaque here.
 */
export type Entry = ValueOf<typeof entryCodec>

/** The canonical bytes of an entry. Throws `LedgerError` malformed when a bound is exceeded. */
export function encodeEntry(entry: Entry): Uint8Array {
  return withinBounds('entry', () => {
    const out = encode(entryCodec, entry)
    check(entry, out.length)
    return out
  })
}

/** Throws `LedgerError` malformed unless `input` is the one encoding of an entry within bounds. */
export function decodeEntry(input: Uint8Array): Entry {
  return withinBounds('entry', () => {
    if (input.length > MAX_ENTRY_BYTES) throw new LedgerError('malformed', `entry of ${input.length} bytes`)
    const entry = decode(entryCodec, input)
    check(entry, input.length)
    return entry
  })
}

function check(entry: Entry, size: number): void {
  if (entry.version !== FORMAT_VERSION) throw new LedgerError('malformed', `entry format ${entry.version} is unknown`)
  if (entry.seq < 1) throw new LedgerError('malformed', 'sequence numbers start at 1')
  if (size > MAX_ENTRY_BYTES) throw new LedgerError('malformed', `entry of ${size} bytes, at most ${MAX_ENTRY_BYTES}`)
}

/** Turns any codec failure of `body` into `LedgerError` malformed. */
export function withinBounds<T>(what: string, body: () => T): T {
  try {
    return body()
  } catch (cause) {
    if (cause instanceof LedgerError) throw cause
    throw new LedgerError('malformed', `${what}: ${cause instanceof Error ? cause.message : 'not readable'}`, { cause })
  }
}

/** A domain tag: the name in ASCII behind its length, so that no tag is a prefix of another. */
export function domainTag(name: string): Uint8Array {
  const text = utf8(`trivault/ledger/${name}/v${FORMAT_VERSION}`)
  return new Uint8Array([text.length, ...text])
}

const ENTRY_TAG = domainTag('entry')
const RESULTS_TAG = domainTag('results')
const OUTCOME_TAG = domainTag('outcome')

export function sha256(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(hash('sha256', concat(...parts), 'buffer'))
}

/** SHA-256(tag ‖ canonical entry bytes): identifies an entry in votes; the ballot is not part of it. */
export function entryHash(entryBytes: Uint8Array): Uint8Array {
  return sha256(ENTRY_TAG, entryBytes)
}

/** `results` of entry 1. */
export function initialResults(vaultId: Uint8Array): Uint8Array {
  return sha256(RESULTS_TAG, vaultId)
}

/** `results` of entry seq + 1: SHA-256(tag ‖ results ‖ entry hash ‖ SHA-256(tag ‖ outcome)…). */
export function nextResults(results: Uint8Array, hash: Uint8Array, outcomes: readonly Uint8Array[]): Uint8Array {
  return sha256(RESULTS_TAG, results, hash, ...outcomes.map(outcome => sha256(OUTCOME_TAG, outcome)))
}
