import { equalBytes, toHex } from '@trivault/codec'
import type { Output, VoterOptions, VoterStatus } from './api.ts'
import { areReportsFor, type BallotRule, keepWhatTwoName, VoteBox } from './ballot.ts'
import { decodeEntry, type Entry, entryHash } from './entry.ts'
import { LedgerError } from './errors.ts'
import { Follower } from './follower.ts'
import { RecordKeeper } from './keeper.ts'
import { decodeCertificate, decodeMessage, encodeMessage, type LedgerMessage, type Message } from './messages.ts'
import { SerialQueue } from './queue.ts'
import type { VoteRecord } from './record.ts'
import { type Question, type Refusal, refusalOf, refuseMessage } from './refusal.ts'
import { getNext, serve } from './serve.ts'
import { type Certificate, type Committee, type Vote, votesOf } from './signed.ts'

/** L4: largest difference between entry time and own clock, milliseconds. */
export const MAX_SKEW = 60_000
/** L6: how far one NEWBALLOT may go beyond the promised ballot. */
export const MAX_BALLOT_STEP = 1000

type Send = (to: Output['to'], message: LedgerMessage) => void

/**
 * One node's part in the certified log: rules L1 to L9 of SPEC.md. Messages are handled one at a time; everything that a sent
 * message relies on is durable before it is emitted. After a failed `handle` (store or anchor unreachable) the voter may be
 * used on: nothing was sent that is not durable, and what is durable is read again.
 */
export class Voter<S> {
  readonly #options: VoterOptions<S>
  readonly #committee: Committee
  readonly #follower: Follower<S>
  readonly #keeper: RecordKeeper
  readonly #rule: BallotRule
  readonly #queue = new SerialQueue()
  readonly #votes = new VoteBox()
  /** A certificate for the open slot whose entry is being fetched. */
  #wanted: Certificate | undefined

  private constructor(options: VoterOptions<S>, follower: Follower<S>, keeper: RecordKeeper, rule: BallotRule) {
    this.#options = options
    this.#committee = options.committee
    this.#follower = follower
    this.#keeper = keeper
    this.#rule = rule
  }

  /**
   * Replays the store and loads the vote record. `rule` is L2; no other than the default keeps agreement, and the package's
   * public face exports none. Throws `LedgerError` store; a missing anchor is a status, not an error.
   */
  static async open<S>(options: VoterOptions<S>, rule: BallotRule = keepWhatTwoName): Promise<Voter<S>> {
    const follower = await Follower.open(options)
    const keeper = new RecordKeeper(options.committee, options.signer.node, options.anchor)
    await keeper.load()
    const { certificate } = follower.head
    if (certificate !== undefined) await keeper.examine(votesOf(certificate), [])
    return new Voter(options, follower, keeper, rule)
  }

  /** The verified log and its fold: the state, for reading. */
  get follower(): Follower<S> {
    return this.#follower
  }

  get state(): S {
    return this.#follower.state
  }

  status(): VoterStatus {
    const { head } = this.#follower
    const standing = this.#keeper.standing(head)
    const record = standing.phase === 'voting' ? standing.record : undefined
    return {
      node: this.#options.signer.node,
      phase: standing.phase,
      reason: standing.phase === 'voting' ? '' : standing.reason,
      head,
      promised: record?.promised ?? 0,
      lastVote: record?.last,
      fork: standing.phase === 'voting' ? undefined : standing.fork,
    }
  }

  /**
   * Handles one message from anyone; `emit` is called for each answer as soon as it may be sent. What cannot be read or proves
   * nothing is refused, not thrown. Rejects when the store or the anchor fails.
   */
  handle(message: Uint8Array, emit: (output: Output) => void): Promise<void> {
    const send: Send = (to, out) => emit({ to, message: encodeMessage(out) })
    return this.#queue.run(async () => {
      try {
        await this.#dispatch(decodeMessage(message), send)
      } catch (error) {
        if (!(error instanceof LedgerError) || (error.code !== 'malformed' && error.code !== 'certificate')) throw error
        this.#refuse(send, { seq: 0, ballot: 0, hash: undefined }, { code: 'malformed', message: error.message })
      }
    })
  }

  async #dispatch(message: LedgerMessage, send: Send): Promise<void> {
    switch (message.type) {
      case 'propose':
        return this.#propose(message, send)
      case 'newBallot':
        return this.#newBallot(message, send)
      case 'vote':
        return this.#takeVote(message.vote, send)
      case 'report':
        if (this.#committee.isReport(message.report)) await this.#keeper.examine([], [message.report])
        return
      case 'certificate':
        return this.#certify(message.certificate, undefined, send)
      case 'head':
        if (message.seq < this.#follower.head.seq) this.#answerHead(message.seq, send)
        if (message.certificate !== undefined) await this.#certify(message.certificate, undefined, send)
        return
      case 'entries':
        return this.#takeEntries(message, send)
      case 'candidate':
        if (this.#wanted !== undefined && message.entry !== undefined && equalBytes(this.#wanted.hash, message.hash))
          await this.#certify(this.#wanted, message.entry, send)
        return
      case 'fork':
        return this.#takeFork(message, send)
      case 'getHead':
      case 'get':
      case 'fetch': {
        const answer = await serve(this.#follower, message)
        if (answer !== undefined) send('sender', answer)
        return
      }
      case 'refuse':
        return
      default:
        return message satisfies never
    }
  }

  async #propose({ entry: bytes, ballot, reports }: Message<'propose'>, send: Send): Promise<void> {
    const entry = decodeEntry(bytes)
    const hash = entryHash(bytes)
    const { head } = this.#follower
    const { seq } = entry
    // L1: only the open slot with the own prev; results are compared in the draft.
    const isOwnSlot = equalBytes(entry.vaultId, this.#committee.vaultId) && seq === head.seq + 1
    if (!isOwnSlot || !equalBytes(entry.prev, head.hash)) return this.#answerHead(seq, send)
    // L8
    const ownReports = reports.filter(report => report.node === this.#options.signer.node)
    await this.#keeper.examine(
      [],
      ownReports.filter(report => this.#committee.isReport(report)),
    )
    const refuse = (refusal: Refusal) => this.#refuse(send, { seq, ballot, hash }, refusal)
    const standing = await this.#keeper.current(head)
    if (standing.phase !== 'voting')
      return refuse({ code: 'stopped', reason: standing.phase, message: standing.reason })
    const { record } = standing
    // L5: one vote per ballot and none below the promise; the same vote again is the same bytes.
    if (record.last?.ballot === ballot && equalBytes(record.last.hash, hash)) return this.#sendVote(record, send)
    if (ballot < record.promised || (record.last !== undefined && ballot <= record.last.ballot))
      return refuse({ code: 'ballot', message: `ballot ${ballot} is taken`, promised: record.promised })
    // L2: a later ballot stands on three reports, and those may demand one entry.
    if (ballot > 0 && !areReportsFor(this.#committee, reports, { seq, prev: head.hash, ballot }))
      return refuse({ code: 'reports', message: 'three reports for exactly this ballot are needed' })
    const kept = ballot > 0 ? this.#rule(reports) : undefined
    if (kept !== undefined && !equalBytes(kept, hash))
      return refuse({ code: 'kept', message: 'the reports demand another entry', reason: toHex(kept) })
    // L3
    const judged = this.#follower.draft(bytes)
    if (!judged.ok) return refuse(refusalOf(judged))
    // L4
    const soft = this.#softCheck(entry, kept !== undefined)
    if (soft !== undefined) return refuse(soft)
    // L5: entry bytes to the database, vote record to the anchor, then send.
    await this.#options.store.putCandidate(seq, hash, bytes)
    const next = { ...record, promised: ballot, last: { ballot, hash } }
    if (!(await this.#keeper.write(next)))
      return refuse({ code: 'busy', message: 'another process moved the vote record' })
    return this.#sendVote(next, send)
  }

  /** L4. A kept entry passed these checks at an honest node: it may be late by now, but never early. */
  #softCheck(entry: Entry, isKept: boolean): Refusal | undefined {
    const early = entry.time - this.#options.clock()
    if (early > MAX_SKEW) return { code: 'time', message: `entry time is ${early} ms ahead of this node's clock` }
    if (isKept) return undefined
    if (early < -MAX_SKEW) return { code: 'time', message: `entry time is ${-early} ms behind this node's clock` }
    const { pendingHold, machine } = this.#options
    // As L3 saw it: what is due at the entry's time has been handled, so no hold is asked for that the machine would refuse.
    const hold = pendingHold?.(machine.begin(this.#follower.state, entry.time), entry.commands)
    if (hold !== undefined) return { code: 'hold', message: 'a hold must be logged first', required: hold }
    return undefined
  }

  async #newBallot({ seq, ballot }: Message<'newBallot'>, send: Send): Promise<void> {
    const { head } = this.#follower
    // L1
    if (seq !== head.seq + 1) return this.#answerHead(seq, send)
    const refuse = (refusal: Refusal) => this.#refuse(send, { seq, ballot, hash: undefined }, refusal)
    const standing = await this.#keeper.current(head)
    if (standing.phase !== 'voting')
      return refuse({ code: 'stopped', reason: standing.phase, message: standing.reason })
    // L6: promise, keep the promise, then report. Once it voted in this ballot the vote is the answer.
    let { record } = standing
    const { promised, last } = record
    if (ballot < 1 || ballot < promised || ballot > promised + MAX_BALLOT_STEP)
      return refuse({ code: 'ballot', message: `ballot ${ballot} cannot follow ${promised}`, promised })
    if (ballot === promised && last?.ballot === ballot) return this.#sendVote(record, send)
    if (ballot > promised) {
      record = { ...record, promised: ballot }
      if (!(await this.#keeper.write(record)))
        return refuse({ code: 'busy', message: 'another process moved the vote record' })
    }
    const report = this.#committee.report(this.#options.signer, seq, head.hash, ballot, last)
    send('sender', { type: 'report', report })
  }

  /** Sends the vote that `record` holds, and counts it. */
  async #sendVote(record: VoteRecord, send: Send): Promise<void> {
    if (record.last === undefined) return
    const vote = this.#committee.vote(this.#options.signer, record.seq, record.last.ballot, record.last.hash)
    send('all', { type: 'vote', vote })
    const certificate = this.#votes.add(vote)
    if (certificate !== undefined) await this.#certify(certificate, undefined, send)
  }

  async #takeVote(vote: Vote, send: Send): Promise<void> {
    if (!this.#committee.isVote(vote)) return
    await this.#keeper.examine([vote], [])
    const slot = this.#follower.head.seq + 1
    if (vote.seq > slot) send('sender', getNext(this.#follower))
    if (vote.seq !== slot && vote.seq !== slot + 1) return
    const certificate = this.#votes.add(vote)
    if (certificate !== undefined) await this.#certify(certificate, undefined, send)
  }

  /** L7 and L8: takes a certificate for the open slot, whatever this node voted; asks for what is missing. */
  async #certify(certificate: Certificate, bytes: Uint8Array | undefined, send: Send): Promise<void> {
    const { head } = this.#follower
    if (certificate.seq === head.seq && equalBytes(certificate.hash, head.hash)) return
    if (!this.#committee.isCertificate(certificate)) throw new LedgerError('certificate', 'not three valid votes')
    await this.#keeper.examine(votesOf(certificate), [])
    if (this.#keeper.standing(head).phase === 'halted') return
    const fork = await this.#follower.conflict(certificate)
    if (fork !== undefined) return this.#haltOnFork(fork, certificate, send)
    if (certificate.seq <= head.seq) return
    if (certificate.seq > head.seq + 1) {
      send('sender', getNext(this.#follower))
      return
    }
    const entry = bytes ?? (await this.#follower.find(certificate.hash))
    if (entry === undefined) {
      // L9: an unknown hash is fetched.
      this.#wanted = certificate
      send('all', { type: 'fetch', hash: certificate.hash })
      return
    }
    const accepted = await this.#follower.accept(entry, certificate)
    if (accepted.kind === 'diverged') return this.#keeper.stop('halted', accepted.message)
    this.#wanted = undefined
    this.#votes.forget(this.#follower.head.seq)
    const next = this.#votes.complete(this.#follower.head.seq + 1)
    if (next !== undefined) await this.#certify(next, undefined, send)
  }

  async #takeEntries({ entries }: Message<'entries'>, send: Send): Promise<void> {
    const before = this.#follower.head.seq
    for (const { entry, certificate } of entries) await this.#certify(decodeCertificate(certificate), entry, send)
    if (this.#follower.head.seq > before) send('sender', getNext(this.#follower))
  }

  async #takeFork({ first, second }: Message<'fork'>, send: Send): Promise<void> {
    const isFork = first.seq === second.seq && !equalBytes(first.hash, second.hash)
    if (!isFork || !this.#committee.isCertificate(first) || !this.#committee.isCertificate(second)) return
    await this.#haltOnFork(first, second, send)
  }

  /** L8: two certified entries for one slot halt this node for good and are shown to everyone, once. */
  async #haltOnFork(first: Certificate, second: Certificate, send: Send): Promise<void> {
    const isNews = this.#keeper.standing(this.#follower.head).phase !== 'halted'
    await this.#keeper.stop('halted', `two certified entries for slot ${first.seq}`, [first, second])
    if (isNews) send('all', { type: 'fork', first, second })
  }

  /** L1: HEAD tells a proposer that is behind to catch up; this node asks if it is the one behind. */
  #answerHead(seq: number, send: Send): void {
    send('sender', { type: 'head', ...this.#follower.head })
    if (seq > this.#follower.head.seq + 1) send('sender', getNext(this.#follower))
  }

  #refuse(send: Send, question: Question, refusal: Refusal): void {
    send('sender', refuseMessage(question, refusal))
  }
}
