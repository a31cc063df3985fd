import { equalBytes, toHex } from '@trivault/codec'
import type { CommandResult, ProposerOptions, ProposerStatus } from './api.ts'
import { keepWhatTwoName, VoteBox } from './ballot.ts'
import { entryHash } from './entry.ts'
import { LedgerError } from './errors.ts'
import { type Draft, Follower } from './follower.ts'
import { decodeCertificate, decodeMessage, encodeMessage, type LedgerMessage, type Message } from './messages.ts'
import { Pending, type StillMeant } from './pending.ts'
import { SerialQueue } from './queue.ts'
import { certifiedPage, getNext, PAGE, serve } from './serve.ts'
import { type Certificate, type Committee, NODES, type NodeIndex, type Report, type Vote } from './signed.ts'
import { Slot } from './slot.ts'
import { MAX_BALLOT_STEP } from './voter.ts'

type Refuse = Message<'refuse'>

/** Heads are shown this many resend times apart while there is nothing to propose. */
const IDLE_FACTOR = 10

/**
 * The wallet's side: batches commands into entries, collects three votes, mends what is refused, and takes split slots through
 * new ballots (L2, L6, L9). It trusts no node: certificates and reports are checked, and refusals only delay or fail its own
 * commands. One slot at a time; what queues meanwhile is the next batch.
 */
export class Proposer<S> {
  readonly #options: ProposerOptions<S>
  readonly #committee: Committee
  readonly #follower: Follower<S>
  readonly #resendAfter: number
  readonly #queue = new SerialQueue()
  readonly #pending = new Pending<S>()
  readonly #votes = new VoteBox()
  readonly #inStep = new Set<NodeIndex>()
  readonly #notes: [string, string, string] = ['', '', '']
  #phase: 'syncing' | 'ready' | 'halted' | 'closed' = 'syncing'
  #reason = ''
  #fork: [Certificate, Certificate] | undefined
  #slot: Slot<S> | undefined
  #cancelTimer: (() => void) | undefined

  private constructor(options: ProposerOptions<S>, follower: Follower<S>) {
    this.#options = options
    this.#committee = options.committee
    this.#follower = follower
    this.#resendAfter = options.resendAfter ?? 500
  }

  /** Replays the store and asks the nodes for their heads. Throws `LedgerError` store. */
  static async open<S>(options: ProposerOptions<S>): Promise<Proposer<S>> {
    const proposer = new Proposer(options, await Follower.open(options))
    proposer.#sync()
    return proposer
  }

  get state(): S {
    return this.#follower.state
  }

  get follower(): Follower<S> {
    return this.#follower
  }

  /**
   * Proposes commands, in order, together where they fit; resolves when each is certified or refused. An empty list makes an
   * entry for what is due. Equal bytes count as the same command: a resubmission settles with the first certified copy.
   * `stillMeant` is asked again whenever another entry came first; a command that is not settles as refused with code `stale`.
   */
  submit(commands: readonly Uint8Array[], stillMeant?: StillMeant<S>): Promise<CommandResult[]> {
    if (this.#phase === 'closed') return Promise.reject(new LedgerError('stopped', 'the proposer is closed'))
    const results = this.#pending.submit(commands, stillMeant)
    if (this.#phase === 'halted') this.#pending.failAll('halted', this.#reason)
    this.#run(async () => this.#kick())
    return results
  }

  /** Takes one message; `from` is the node that the transport authenticated. */
  receive(from: NodeIndex, message: Uint8Array): Promise<void> {
    return this.#run(() => this.#dispatch(from, decodeMessage(message)))
  }

  status(): ProposerStatus {
    const phase = this.#phase === 'ready' ? (this.#slot === undefined ? 'idle' : 'proposing') : this.#phase
    return {
      phase: phase === 'closed' ? 'halted' : phase,
      reason: this.#reason,
      head: this.#follower.head,
      ballot: this.#slot?.ballot ?? 0,
      queued: this.#pending.size,
      nodes: [...this.#notes],
      fork: this.#fork,
    }
  }

  /** Stops; what is pending fails with code `stopped` though it may still be certified. */
  close(): void {
    this.#phase = 'closed'
    this.#reason = 'closed'
    this.#cancelTimer?.()
    this.#pending.failAll('stopped', 'the proposer was closed; the command may still be certified')
  }

  /** Tasks run one at a time. Unreadable input is dropped; a failing store is retried with the next resend. */
  #run(task: () => Promise<void>): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#phase === 'closed') return
      try {
        await task()
      } catch (error) {
        if (error instanceof LedgerError && (error.code === 'malformed' || error.code === 'certificate')) return
        this.#reason = error instanceof Error ? error.message : 'failed'
        this.#arm(this.#resendAfter, () => this.#resend())
      }
    })
  }

  #arm(delay: number, task: () => Promise<void>): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.#options.schedule(delay, () => this.#run(task))
  }

  #broadcast(message: LedgerMessage): void {
    this.#options.transport.broadcast(encodeMessage(message))
  }
  #send(node: NodeIndex, message: LedgerMessage): void {
    this.#options.transport.send(node, encodeMessage(message))
  }

  async #dispatch(from: NodeIndex, message: LedgerMessage): Promise<void> {
    const answer = await serve(this.#follower, message)
    if (answer !== undefined) this.#send(from, answer)
    if (this.#phase === 'halted') return
    switch (message.type) {
      case 'vote':
        return this.#takeVote(from, message.vote)
      case 'report':
        return this.#takeReport(message.report)
      case 'refuse':
        return this.#takeRefusal(from, message)
      case 'head':
        return this.#takeHead(from, message)
      case 'entries':
        return this.#takeEntries(from, message)
      case 'certificate':
        return this.#certify(message.certificate, undefined)
      case 'candidate':
        return this.#takeCandidate(from, message)
      case 'fork': {
        const { first, second } = message
        const isFork = first.seq === second.seq && !equalBytes(first.hash, second.hash)
        if (isFork && this.#committee.isCertificate(first) && this.#committee.isCertificate(second))
          this.#halt(`two certified entries for slot ${first.seq}`, [first, second])
        return
      }
    }
  }

  // Being in step with the nodes

  #sync(): void {
    this.#broadcast({ type: 'getHead' })
    this.#arm(this.#resendAfter, async () => {
      if (this.#inStep.size > 0) this.#ready()
      else this.#sync()
    })
  }

  #ready(): void {
    if (this.#phase !== 'syncing') return
    this.#phase = 'ready'
    this.#cancelTimer?.()
    this.#kick()
  }

  #markInStep(node: NodeIndex): void {
    this.#inStep.add(node)
    if (this.#inStep.size === NODES) this.#ready()
  }

  async #takeHead(from: NodeIndex, theirs: Message<'head'>): Promise<void> {
    const { head } = this.#follower
    if (theirs.seq > head.seq) {
      if (theirs.certificate !== undefined && this.#committee.isCertificate(theirs.certificate))
        this.#send(from, getNext(this.#follower))
      return
    }
    if (theirs.certificate !== undefined) await this.#certify(theirs.certificate, undefined)
    this.#markInStep(from)
    if (theirs.seq === head.seq) return
    const entries = await certifiedPage(this.#follower, theirs.seq + 1, theirs.seq + PAGE)
    this.#send(from, { type: 'entries', entries })
    if (this.#slot !== undefined) this.#send(from, this.#slot.question)
  }

  async #takeEntries(from: NodeIndex, { entries }: Message<'entries'>): Promise<void> {
    const before = this.#follower.head.seq
    for (const { entry, certificate } of entries) await this.#certify(decodeCertificate(certificate), entry)
    if (this.#follower.head.seq > before) this.#send(from, getNext(this.#follower))
    else this.#markInStep(from)
  }

  // One slot

  #kick(): void {
    if (this.#phase !== 'ready' || this.#slot !== undefined) return
    if (this.#pending.isEmpty) {
      this.#idle()
      return
    }
    this.#slot = new Slot(this.#follower.head)
    this.#proposeOwn(this.#slot)
  }

  /** Shows its head now and then: whoever is behind, node or wallet, catches up. */
  #idle(): void {
    this.#arm(this.#resendAfter * IDLE_FACTOR, async () => {
      this.#broadcast({ type: 'head', ...this.#follower.head })
      this.#idle()
    })
  }

  #proposeOwn(slot: Slot<S>): void {
    const time = Math.max(Math.floor(this.#options.clock()), this.#follower.time)
    const draft = this.#pending.build(this.#follower, time)
    if (draft === undefined) {
      this.#slot = undefined
      this.#idle()
      return
    }
    this.#follower.adopt(draft)
    this.#propose(slot, draft)
  }

  #propose(slot: Slot<S>, draft: Draft<S>): void {
    slot.propose(draft)
    this.#ask(slot)
  }

  /** Sends the slot's question to all three and waits for answers. */
  #ask(slot: Slot<S>): void {
    this.#broadcast(slot.ask())
    const delay = this.#resendAfter * 2 ** Math.min(slot.attempts, 4)
    this.#arm(delay, async () => {
      slot.attempts++
      if (slot.isRefused) this.#resolve(slot)
      else await this.#resend()
    })
  }

  async #resend(): Promise<void> {
    const complete = this.#votes.complete(this.#follower.head.seq + 1)
    if (complete !== undefined) await this.#certify(complete, undefined)
    if (this.#phase === 'syncing') this.#sync()
    else if (this.#slot !== undefined) this.#ask(this.#slot)
    else this.#kick()
  }

  #backOff(slot: Slot<S>, task: () => void): void {
    slot.attempts++
    const delay = Math.floor((this.#options.random() * this.#resendAfter * 2 ** Math.min(slot.attempts, 6)) / 10)
    this.#arm(delay, async () => {
      if (this.#slot === slot) task()
    })
  }

  async #takeVote(from: NodeIndex, vote: Vote): Promise<void> {
    const { seq } = this.#follower.head
    if (vote.seq <= seq || !this.#committee.isVote(vote)) return
    if (vote.seq > seq + 1) this.#send(from, getNext(this.#follower))
    if (vote.seq > seq + 2) return
    this.#notes[vote.node] = 'vote'
    const certificate = this.#votes.add(vote)
    if (certificate !== undefined && vote.seq === seq + 1) return this.#certify(certificate, undefined)
    const slot = this.#slot
    if (slot === undefined || slot.seq !== vote.seq) return
    if (slot.stage === 'propose') this.#decide(slot)
    else if (vote.ballot >= slot.ballot) {
      // Another proposer is already past this ballot.
      slot.promised(vote.ballot)
      this.#backOff(slot, () => this.#newBallot(slot))
    }
  }

  #takeRefusal(from: NodeIndex, refusal: Refuse): void {
    this.#notes[from] = `refuse ${refusal.code} ${refusal.reason}`.trimEnd()
    const slot = this.#slot
    if (slot === undefined || !slot.refuse(from, refusal)) return
    if (refusal.required !== undefined) this.#pending.require(refusal.required)
    if (slot.stage === 'propose') this.#decide(slot)
    else if (refusal.promised >= slot.ballot) this.#backOff(slot, () => this.#newBallot(slot))
    else if (refusal.code === 'ballot') {
      // L6: a node that is far behind is lifted step by step.
      this.#send(from, { type: 'newBallot', seq: slot.seq, ballot: refusal.promised + MAX_BALLOT_STEP })
      this.#send(from, slot.question)
    }
  }

  /** Goes on once all three have answered; a silent node is waited for until the resend. */
  #decide(slot: Slot<S>): void {
    if (slot.isAnswered(this.#voters(slot))) this.#resolve(slot)
  }

  #voters({ seq, ballot, draft }: Slot<S>): Set<NodeIndex> {
    const votes = draft === undefined ? [] : this.#votes.equalTo({ seq, ballot, hash: draft.hash })
    return new Set(votes.map(vote => vote.node))
  }

  #resolve(slot: Slot<S>): void {
    const voted = this.#voters(slot)
    const next = slot.next(voted)
    if (next === 'mend') this.#mend(slot, slot.refusals(voted))
    else this.#backOff(slot, () => (next === 'ask again' ? this.#ask(slot) : this.#newBallot(slot)))
  }

  #mend(slot: Slot<S>, refusals: readonly Refuse[]): void {
    let isMended = false
    for (const { code, command, reason, message } of refusals) {
      const refused = code === 'command' && command !== undefined ? slot.draft?.entry.commands[command] : undefined
      if (this.#pending.refuse(refused, reason, message)) isMended = true
    }
    if (isMended) this.#proposeOwn(slot)
    else this.#backOff(slot, () => this.#proposeOwn(slot))
  }

  #newBallot(slot: Slot<S>): void {
    slot.nextBallot()
    this.#ask(slot)
  }

  async #takeReport(report: Report): Promise<void> {
    const slot = this.#slot
    if (slot?.stage !== 'report' || !this.#committee.isReport(report)) return
    const reports = slot.report(report)
    if (reports === undefined) return
    // L2
    slot.kept = keepWhatTwoName(reports)
    if (slot.kept === undefined) return this.#proposeOwn(slot)
    const bytes = await this.#follower.find(slot.kept)
    if (bytes !== undefined) return this.#proposeKept(slot, bytes)
    slot.fetch()
    this.#ask(slot)
  }

  #proposeKept(slot: Slot<S>, bytes: Uint8Array): void {
    const judged = this.#follower.draft(bytes)
    if (judged.ok) this.#propose(slot, judged.draft)
    else this.#halt(`the kept entry of slot ${slot.seq} does not apply here: ${judged.message}`)
  }

  async #takeCandidate(from: NodeIndex, { hash, entry }: Message<'candidate'>): Promise<void> {
    if (entry !== undefined && !equalBytes(entryHash(entry), hash)) return
    const complete = this.#votes.complete(this.#follower.head.seq + 1)
    if (entry !== undefined && complete !== undefined && equalBytes(complete.hash, hash))
      return this.#certify(complete, entry)
    const slot = this.#slot
    if (slot?.stage !== 'fetch' || slot.kept === undefined || !equalBytes(slot.kept, hash)) return
    if (entry !== undefined) return this.#proposeKept(slot, entry)
    if (slot.isLost(from)) this.#halt(`lost: nobody has the bytes of entry ${toHex(hash)}, which must be kept`)
  }

  /** L7 */
  async #certify(certificate: Certificate, bytes: Uint8Array | undefined): Promise<void> {
    const { head } = this.#follower
    if (certificate.seq === head.seq && equalBytes(certificate.hash, head.hash)) return
    if (certificate.seq > head.seq + 1) return
    const entry = certificate.seq <= head.seq ? undefined : (bytes ?? (await this.#follower.find(certificate.hash)))
    if (entry === undefined && certificate.seq > head.seq)
      return this.#broadcast({ type: 'fetch', hash: certificate.hash })
    const accepted = await this.#follower.accept(entry ?? new Uint8Array(), certificate)
    if (accepted.kind === 'fork')
      return this.#halt(`two certified entries for slot ${certificate.seq}`, [accepted.first, accepted.second])
    if (accepted.kind === 'diverged') return this.#halt(accepted.message)
    if (accepted.kind !== 'accepted') return
    this.#votes.forget(certificate.seq)
    this.#pending.certified(accepted.certified)
    this.#slot = undefined
    // A node that missed a vote learns of the certificate here.
    if (bytes === undefined) this.#broadcast({ type: 'certificate', certificate })
    this.#kick()
  }

  /** L8, L9: nothing more is proposed; the reason names the evidence. */
  #halt(reason: string, fork?: [Certificate, Certificate]): void {
    this.#phase = 'halted'
    this.#reason = reason
    this.#fork = fork
    this.#slot = undefined
    this.#cancelTimer?.()
    this.#pending.failAll('halted', reason)
    if (fork !== undefined) this.#broadcast({ type: 'fork', first: fork[0], second: fork[1] })
  }
}
