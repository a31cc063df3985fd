import { equalBytes, toHex } from '@trivault/codec'
import type { Certified, Head, LogOptions } from './api.ts'
import { decodeEntry, type Entry, entryHash, initialResults, nextResults } from './entry.ts'
import { LedgerError } from './errors.ts'
import { decodeCertificate, encodeCertificate } from './messages.ts'
import type { EntryStore, Machine, StoredEntry } from './ports.ts'
import type { Certificate, Committee } from './signed.ts'

/** An entry that passed L1 and L3 on the current head, with what it will do. Folded once, used again when certified. */
export interface Draft<S> {
  bytes: Uint8Array
  hash: Uint8Array
  entry: Entry
  state: S
  outcomes: Uint8Array[]
}

export type Folded<S> =
  | { ok: true; state: S; outcomes: Uint8Array[] }
  | { ok: false; index: number; code: string; message: string }

/** Applies one entry's commands; a throwing machine refuses. */
export function fold<S>(machine: Machine<S>, before: S, entry: Entry): Folded<S> {
  const { seq, time } = entry
  const outcomes: Uint8Array[] = []
  let index = 0
  try {
    let state = machine.begin(before, time)
    for (const command of entry.commands) {
      const applied = machine.apply(state, command, { seq, time, index })
      if (!applied.ok) return { ok: false, index, code: applied.code, message: applied.message }
      state = applied.state
      outcomes.push(applied.outcome)
      index++
    }
    return { ok: true, state, outcomes }
  } catch {
    return { ok: false, index, code: 'machine', message: 'the command could not be judged' }
  }
}

/** Why an entry is no draft: `slot` L1, the others L3. */
export type NoDraft = {
  ok: false
  code: 'slot' | 'results' | 'time' | 'command'
  index: number
  reason: string
  message: string
}

export type Acceptance<S> =
  | { kind: 'accepted'; certified: Certified<S> }
  | { kind: 'known' }
  | { kind: 'ahead' }
  | { kind: 'fork'; first: Certificate; second: Certificate }
  | { kind: 'diverged'; message: string }

const DRAFTS = 8
const REPLAY_PAGE = 64

/** Where a log stands after an entry. */
interface Tip<S> {
  head: Head
  state: S
  time: number
  results: Uint8Array
}

function genesis<S>(committee: Committee, machine: Machine<S>): Tip<S> {
  const head = { seq: 0, hash: committee.vaultId, certificate: undefined }
  return { head, state: machine.initial(), time: 0, results: initialResults(committee.vaultId) }
}

/**
 * A copy of the certified log and its fold: takes entries with valid certificates in order, keeps them durable first, and
 * judges drafts on top. Used by nodes, by the wallet's replica and by the offline verifier.
 */
export class Follower<S> {
  readonly committee: Committee
  readonly machine: Machine<S>
  readonly store: EntryStore
  readonly #onCertified: ((certified: Certified<S>) => void) | undefined
  #tip: Tip<S>
  #drafts = new Map<string, Draft<S>>()

  private constructor(options: LogOptions<S>) {
    this.committee = options.committee
    this.machine = options.machine
    this.store = options.store
    this.#onCertified = options.onCertified
    this.#tip = genesis(options.committee, options.machine)
  }

  /**
   * Replays the store. The newest certificate vouches for the whole chain below it, so only that one is checked.
   * Throws `LedgerError` store when the stored log is not the certified one.
   */
  static async open<S>(options: LogOptions<S>): Promise<Follower<S>> {
    const follower = new Follower(options)
    for (;;) {
      const page = await options.store.range(follower.head.seq + 1, REPLAY_PAGE)
      for (const stored of page) follower.#replay(stored)
      if (page.length === 0) break
    }
    const { certificate, seq } = follower.head
    if (certificate !== undefined && !options.committee.isCertificate(certificate))
      throw new LedgerError('store', `stored entry ${seq} is not certified`)
    return follower
  }

  get head(): Head {
    return this.#tip.head
  }
  get state(): S {
    return this.#tip.state
  }
  /** Time of the newest entry, 0 before the first. */
  get time(): number {
    return this.#tip.time
  }
  /** `results` that the next entry must carry. */
  get results(): Uint8Array {
    return this.#tip.results
  }

  /** L1 and L3 for `bytes` on the current head; the fold is kept for `accept`. Throws `LedgerError` malformed. */
  draft(bytes: Uint8Array): { ok: true; draft: Draft<S> } | NoDraft {
    const hash = entryHash(bytes)
    const known = this.#drafts.get(toHex(hash))
    if (known !== undefined) return { ok: true, draft: known }
    const entry = decodeEntry(bytes)
    const refuse = (code: NoDraft['code'], message: string, index = 0, reason = ''): NoDraft => {
      return { ok: false, code, index, reason, message }
    }
    if (!this.#continues(entry)) return refuse('slot', `entry ${entry.seq} does not continue the log`)
    if (!equalBytes(entry.results, this.results)) return refuse('results', 'the outcomes so far differ')
    if (entry.time < this.time) return refuse('time', 'entry time goes back')
    const folded = fold(this.machine, this.state, entry)
    if (!folded.ok) return refuse('command', folded.message, folded.index, folded.code)
    const draft = { bytes, hash, entry, state: folded.state, outcomes: folded.outcomes }
    this.adopt(draft)
    return { ok: true, draft }
  }

  /** Keeps a draft that the caller folded itself on the current head. */
  adopt(draft: Draft<S>): void {
    const oldest = this.#drafts.size >= DRAFTS ? this.#drafts.keys().next().value : undefined
    if (oldest !== undefined) this.#drafts.delete(oldest)
    this.#drafts.set(toHex(draft.hash), draft)
  }

  /** The bytes behind a hash, from drafts or the store. Checked: a wrong answer of the store is none. */
  async find(hash: Uint8Array): Promise<Uint8Array | undefined> {
    const draft = this.#drafts.get(toHex(hash))
    if (draft !== undefined) return draft.bytes
    const bytes = await this.store.find(hash)
    return bytes !== undefined && equalBytes(entryHash(bytes), hash) ? bytes : undefined
  }

  /**
   * L7: takes the next entry with its certificate from anyone: store, apply, open the next slot. Reports two certificates for
   * one slot (fork) and a certified entry that this machine refuses (diverged).
   * Throws `LedgerError` certificate or malformed for what proves nothing.
   */
  async accept(bytes: Uint8Array, certificate: Certificate): Promise<Acceptance<S>> {
    if (!this.committee.isCertificate(certificate)) throw new LedgerError('certificate', 'not three valid votes')
    const fork = await this.conflict(certificate)
    if (fork !== undefined) return { kind: 'fork', first: fork, second: certificate }
    if (certificate.seq <= this.head.seq) return { kind: 'known' }
    if (certificate.seq > this.head.seq + 1) return { kind: 'ahead' }
    if (!equalBytes(entryHash(bytes), certificate.hash))
      throw new LedgerError('certificate', 'the certificate is for another entry')
    const judged = this.draft(bytes)
    if (!judged.ok) return { kind: 'diverged', message: `certified entry ${certificate.seq}: ${judged.message}` }
    const { draft } = judged
    if (draft.entry.seq !== certificate.seq) throw new LedgerError('certificate', 'the certificate is for another slot')
    const stored = { entry: bytes, certificate: encodeCertificate(certificate) }
    await this.store.putCertified(certificate.seq, certificate.hash, stored)
    const certified = { ...draft, certificate }
    this.#advance(draft, certificate)
    this.#onCertified?.(certified)
    return { kind: 'accepted', certified }
  }

  /** The own certificate that contradicts a valid `certificate`, if any (I4 is broken then). */
  async conflict(certificate: Certificate): Promise<Certificate | undefined> {
    const { head } = this
    if (certificate.seq > head.seq || certificate.seq < 1) return undefined
    if (certificate.seq === head.seq) return equalBytes(head.hash, certificate.hash) ? undefined : head.certificate
    const [stored] = await this.store.range(certificate.seq, 1)
    if (stored === undefined) throw new LedgerError('store', `entry ${certificate.seq} is missing`)
    const own = storedCertificate(stored)
    if (own.seq !== certificate.seq)
      throw new LedgerError('store', `entry ${certificate.seq} has the certificate of another`)
    if (equalBytes(own.hash, certificate.hash)) return undefined
    if (!this.committee.isCertificate(own))
      throw new LedgerError('store', `stored entry ${certificate.seq} is not certified`)
    return own
  }

  #continues(entry: Entry): boolean {
    return (
      equalBytes(entry.vaultId, this.committee.vaultId) &&
      entry.seq === this.head.seq + 1 &&
      equalBytes(entry.prev, this.head.hash)
    )
  }

  #replay(stored: StoredEntry): void {
    const certificate = storedCertificate(stored)
    const judged = this.draft(stored.entry)
    if (!judged.ok) throw new LedgerError('store', `stored entry ${this.head.seq + 1}: ${judged.message}`)
    const { draft } = judged
    if (certificate.seq !== draft.entry.seq || !equalBytes(certificate.hash, draft.hash))
      throw new LedgerError('store', `stored entry ${draft.entry.seq} has the certificate of another`)
    this.#advance(draft, certificate)
  }

  #advance(draft: Draft<S>, certificate: Certificate): void {
    const { hash, entry, state, outcomes } = draft
    const results = nextResults(this.results, hash, outcomes)
    this.#tip = { head: { seq: entry.seq, hash, certificate }, state, time: entry.time, results }
    this.#drafts.clear()
  }
}

function storedCertificate(stored: StoredEntry): Certificate {
  try {
    return decodeCertificate(stored.certificate)
  } catch (cause) {
    throw new LedgerError('store', 'a stored certificate is not readable', { cause })
  }
}
