import { equalBytes } from '@trivault/codec'
import type { Draft } from './follower.ts'
import type { LedgerMessage, Message } from './messages.ts'
import { NODES, type NodeIndex, nodeIndexes, type Report } from './signed.ts'
import { MAX_BALLOT_STEP } from './voter.ts'

type Refuse = Message<'refuse'>

/** The slot that a proposer works on: its ballot, what it asks the nodes now, and what it heard. Pure; sends nothing. */
export class Slot<S> {
  readonly seq: number
  readonly prev: Uint8Array
  ballot = 0
  /** Asking for votes; for reports; for the bytes of a kept entry. */
  stage: 'propose' | 'report' | 'fetch' = 'propose'
  /** What is proposed in this ballot. */
  draft: Draft<S> | undefined
  /** Hash that the reports demand. */
  kept: Uint8Array | undefined
  attempts = 0
  /** Highest ballot that a node said it promised. */
  #promised = 0
  #reports: (Report | undefined)[] = []
  #refusals: (Refuse | undefined)[] = []
  /** Nodes without the bytes of the kept entry. */
  readonly #missing = new Set<NodeIndex>()

  /** The one after `head`. */
  constructor(head: { seq: number; hash: Uint8Array }) {
    this.seq = head.seq + 1
    this.prev = head.hash
  }

  propose(draft: Draft<S>): void {
    this.stage = 'propose'
    this.draft = draft
  }

  fetch(): void {
    this.stage = 'fetch'
    this.#missing.clear()
  }

  /** L6: the first ballot above all that is known to be promised. */
  nextBallot(): void {
    this.ballot = Math.max(this.ballot, this.#promised) + 1
    this.stage = 'report'
    this.draft = undefined
    this.kept = undefined
    this.#reports = []
  }

  /** What the nodes are asked now. Earlier refusals answered an earlier asking. */
  ask(): LedgerMessage {
    this.#refusals = []
    return this.question
  }

  get question(): LedgerMessage {
    const { seq, ballot, stage, draft, kept } = this
    if (stage === 'fetch' && kept !== undefined) return { type: 'fetch', hash: kept }
    if (stage === 'report' || draft === undefined) return { type: 'newBallot', seq, ballot }
    return { type: 'propose', entry: draft.bytes, ballot, reports: this.#known }
  }

  get #known(): Report[] {
    return this.#reports.flatMap(report => report ?? [])
  }

  /** A node has promised this much. */
  promised(ballot: number): void {
    this.#promised = Math.max(this.#promised, ballot)
  }

  /** Takes a report with a good signature while they are asked for; all three once they are complete. */
  report(report: Report): readonly Report[] | undefined {
    const { seq, prev, ballot } = this
    if (report.seq !== seq || report.ballot !== ballot || !equalBytes(report.prev, prev)) return undefined
    if (report.last !== undefined && report.last.ballot >= report.ballot) return undefined
    this.#reports[report.node] = report
    return this.#known.length < NODES ? undefined : this.#known
  }

  /** Takes a refusal; false when it answers another question. What it says of promises is believed in steps (L6). */
  refuse(from: NodeIndex, refusal: Refuse): boolean {
    if (refusal.seq !== this.seq || refusal.ballot !== this.ballot) return false
    const hash = this.stage === 'propose' ? this.draft?.hash : undefined
    if (this.stage === 'fetch' || !sameHash(refusal.hash, hash)) return false
    this.#refusals[from] = refusal
    this.promised(Math.min(refusal.promised, this.ballot + MAX_BALLOT_STEP))
    return true
  }

  get isRefused(): boolean {
    return this.#refusals.some(refusal => refusal !== undefined)
  }

  /** Have all three answered, the voters by a vote? */
  isAnswered(voted: ReadonlySet<NodeIndex>): boolean {
    return nodeIndexes.every(node => voted.has(node) || this.#refusals[node] !== undefined)
  }

  /** Refusals of nodes that did not vote after all. */
  refusals(voted: ReadonlySet<NodeIndex>): readonly Refuse[] {
    return nodeIndexes.flatMap(node => (voted.has(node) ? [] : (this.#refusals[node] ?? [])))
  }

  /** L9: without votes the entry is mended and sent again in the same ballot; split votes need a new one. */
  next(voted: ReadonlySet<NodeIndex>): 'ask again' | 'new ballot' | 'mend' {
    const refusals = this.refusals(voted)
    const has = (...codes: Refuse['code'][]) => refusals.some(refusal => codes.includes(refusal.code))
    if (this.stage !== 'propose' || has('stopped', 'busy')) return 'ask again'
    if (has('ballot', 'kept', 'reports')) return 'new ballot'
    if (this.kept !== undefined) return 'ask again'
    return voted.size > 0 ? 'new ballot' : 'mend'
  }

  /** A node has no bytes of the kept entry; true once all three lack them. */
  isLost(without: NodeIndex): boolean {
    this.#missing.add(without)
    return this.#missing.size === NODES
  }
}

function sameHash(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b)
}
