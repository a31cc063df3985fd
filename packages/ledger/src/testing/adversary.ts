import { equalBytes, utf8 } from '@trivault/codec'
import { decodeEntry, encodeEntry, entryHash, FORMAT_VERSION, initialResults, nextResults } from '../entry.ts'
import { fold } from '../follower.ts'
import { decodeMessage, encodeMessage, type LedgerMessage } from '../messages.ts'
import type { StoredEntry } from '../ports.ts'
import { type Committee, type NodeIndex, nodeIndexes, type Report, type Signer } from '../signed.ts'
import type { Random } from './random.ts'
import { type Toy, toyMachine } from './toy.ts'

/**
 * A wallet that equivocates and, in some schedules, a node that lies, sharing what they know. The wallet proposes different
 * entries to different nodes, opens ballots at some of them, mixes reports and replays. The node votes for anything, also
 * twice in a ballot, shows its votes to some, invents reports and tells each asker another one.
 */
export class Adversary {
  readonly #committee: Committee
  readonly #signer: Signer | undefined
  readonly #random: Random
  readonly #clock: () => number
  #tip: { seq: number; hash: Uint8Array; results: Uint8Array; time: number; state: Toy }
  #entries: { bytes: Uint8Array; hash: Uint8Array }[] = []
  #reports: Report[] = []
  #seen: Uint8Array[] = []
  #counter = 0

  constructor(committee: Committee, signer: Signer | undefined, random: Random, clock: () => number) {
    this.#committee = committee
    this.#signer = signer
    this.#random = random
    this.#clock = clock
    const { vaultId } = committee
    this.#tip = { seq: 0, hash: vaultId, results: initialResults(vaultId), time: 0, state: toyMachine.initial() }
  }

  /** Learns the newest certified entries, wherever they are. */
  follow(logs: readonly (readonly StoredEntry[])[]): void {
    for (const log of logs) this.#take(log)
  }

  /** The evil wallet reads along. */
  learn(bytes: Uint8Array): void {
    if (this.#seen.length < 200) this.#seen.push(bytes)
    const message = decodeMessage(bytes)
    if (message.type === 'report') this.#reports.push(message.report)
  }

  /** The evil wallet's move. */
  turn(): { node: NodeIndex; message: Uint8Array }[] {
    const kind = this.#random.next()
    if (kind < 0.25) return this.#to(this.#propose(0, []))
    if (kind < 0.5) {
      const message: LedgerMessage = { type: 'newBallot', seq: this.#tip.seq + 1, ballot: this.#ballot() }
      return this.#to(() => message)
    }
    if (kind < 0.9) {
      const ballot = this.#ballot()
      return this.#to(() => {
        const reports = nodeIndexes.flatMap(node => this.#reportOf(node, ballot) ?? [])
        return this.#propose(ballot, reports)()
      })
    }
    const old = this.#seen[this.#random.int(this.#seen.length + 1)]
    return old === undefined ? [] : nodeIndexes.map(node => ({ node, message: old }))
  }

  /** The lying node's answer. */
  answer(bytes: Uint8Array): { to: 'sender' | 'all'; message: Uint8Array }[] {
    const message = decodeMessage(bytes)
    const to = this.#random.pick(['sender', 'all', 'all'] as const)
    if (this.#signer === undefined) return []
    if (message.type === 'propose') {
      if (this.#random.next() < 0.2) return []
      const { seq } = decodeEntry(message.entry)
      const hash = entryHash(message.entry)
      this.#remember(message.entry)
      const ballot = this.#random.next() < 0.9 ? message.ballot : message.ballot + 1
      const vote = this.#committee.vote(this.#signer, seq, ballot, hash)
      return [{ to, message: encodeMessage({ type: 'vote', vote }) }]
    }
    if (message.type === 'newBallot' && this.#random.next() < 0.9) {
      const report = this.#invent(this.#signer, message.ballot)
      return [{ to: 'sender', message: encodeMessage({ type: 'report', report }) }]
    }
    if (message.type === 'getHead' || message.type === 'get' || message.type === 'fetch') {
      const { seq, hash } = this.#tip
      const head: LedgerMessage = { type: 'head', seq: this.#random.int(seq + 3), hash, certificate: undefined }
      const none: LedgerMessage = { type: 'entries', entries: [] }
      const gone: LedgerMessage = { type: 'candidate', hash, entry: undefined }
      return [{ to: 'sender', message: encodeMessage(this.#random.pick([head, none, gone])) }]
    }
    return []
  }

  #take(log: readonly StoredEntry[]): void {
    for (const { entry: bytes } of log) {
      const entry = decodeEntry(bytes)
      if (entry.seq !== this.#tip.seq + 1) continue
      const folded = fold(toyMachine, this.#tip.state, entry)
      if (!folded.ok) throw new Error('a certified entry does not apply')
      const hash = entryHash(bytes)
      const results = nextResults(this.#tip.results, hash, folded.outcomes)
      this.#tip = { seq: entry.seq, hash, results, time: entry.time, state: folded.state }
      this.#entries = []
      this.#reports = []
    }
  }

  #ballot(): number {
    return 1 + this.#random.int(4)
  }

  /** The same message to some nodes, or another one to each. */
  #to(make: () => LedgerMessage): { node: NodeIndex; message: Uint8Array }[] {
    const nodes = nodeIndexes.filter(() => this.#random.next() < 0.7)
    const same = encodeMessage(make())
    const isSame = this.#random.next() < 0.5
    return nodes.map(node => ({ node, message: isSame ? same : encodeMessage(make()) }))
  }

  #propose(ballot: number, reports: Report[]): () => LedgerMessage {
    return () => {
      const known = this.#entries.length > 0 && this.#random.next() < 0.7
      const { bytes } = known ? this.#random.pick(this.#entries) : this.#newEntry()
      return { type: 'propose', entry: bytes, ballot, reports }
    }
  }

  #newEntry(): { bytes: Uint8Array; hash: Uint8Array } {
    const { seq, hash: prev, results, time } = this.#tip
    const text = `${this.#random.next() < 0.1 ? 'bad' : 'evil'} ${this.#counter++}`
    return this.#remember(
      encodeEntry({
        version: FORMAT_VERSION,
        vaultId: this.#committee.vaultId,
        seq: seq + 1,
        prev,
        results,
        time: Math.max(time, this.#clock()),
        commands: [utf8(text)],
      }),
    )
  }

  #remember(bytes: Uint8Array): { bytes: Uint8Array; hash: Uint8Array } {
    const hash = entryHash(bytes)
    const known = this.#entries.find(entry => equalBytes(entry.hash, hash))
    if (known !== undefined) return known
    this.#entries.push({ bytes, hash })
    return { bytes, hash }
  }

  #reportOf(node: NodeIndex, ballot: number): Report | undefined {
    if (node === this.#signer?.node && this.#random.next() < 0.8) return this.#invent(this.#signer, ballot)
    const known = this.#reports.filter(
      report => report.node === node && (report.ballot === ballot || this.#random.next() < 0.05),
    )
    return known.length === 0 ? undefined : this.#random.pick(known)
  }

  #invent(signer: Signer, ballot: number): Report {
    const { seq, hash: prev } = this.#tip
    const entry = this.#random.next() < 0.4 || this.#entries.length === 0 ? undefined : this.#random.pick(this.#entries)
    const last = entry && ballot > 0 ? { ballot: this.#random.int(ballot), hash: entry.hash } : undefined
    return this.#committee.report(signer, seq + 1, prev, ballot, last)
  }
}
