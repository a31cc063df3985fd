import { equalBytes } from '@trivault/codec'
import type { Head, Phase } from './api.ts'
import { LedgerError } from './errors.ts'
import type { Anchor } from './ports.ts'
import { coversReport, coversVote, decodeRecord, encodeRecord, openRecord, type VoteRecord } from './record.ts'
import type { Certificate, Committee, NodeIndex, Report, Vote } from './signed.ts'

/** The record for the open slot, or why this node does not vote. */
export type Standing =
  | { phase: 'voting'; record: VoteRecord }
  | { phase: Exclude<Phase, 'voting'>; reason: string; fork?: [Certificate, Certificate] | undefined }

/** Holds a node's vote record against its anchor, and decides whether the node may vote at all. */
export class RecordKeeper {
  readonly #committee: Committee
  readonly #node: NodeIndex
  readonly #anchor: Anchor
  /** The row known to be in the anchor; undefined when unknown or missing. */
  #row: { version: number; record: VoteRecord } | undefined
  #missing = 'the anchor did not answer'
  /** A known stop. Also in the anchor, unless that write failed. */
  #stop: Exclude<Standing, { phase: 'voting' }> | undefined

  constructor(committee: Committee, node: NodeIndex, anchor: Anchor) {
    this.#committee = committee
    this.#node = node
    this.#anchor = anchor
  }

  get record(): VoteRecord | undefined {
    return this.#row?.record
  }

  /** Reads the anchor; without a usable row this node does not vote. */
  async load(): Promise<void> {
    this.#row = undefined
    const row = await this.#anchor.load().catch((error: unknown) => this.#silent(error))
    if (row === undefined) {
      this.#missing = 'the anchor has no vote record: only the provisioning step or the node admin may create it'
      return
    }
    try {
      const record = decodeRecord(row, this.#committee, this.#node)
      this.#row = { version: row.version, record }
      const { standing, reason, fork } = record
      if (standing !== 'voting') this.#stop ??= { phase: standing, reason, fork: fork && [fork.first, fork.second] }
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error
      this.#missing = error.message
    }
  }

  /** What this node may do in the slot after `head`, by what is known now. */
  standing(head: Head): Standing {
    if (this.#stop !== undefined) return this.#stop
    if (this.#row === undefined) return { phase: 'no-anchor', reason: this.#missing }
    const { record } = this.#row
    const seq = head.seq + 1
    if (record.seq > seq)
      return { phase: 'behind', reason: `voted in slot ${record.seq}, the stored log ends at ${head.seq}` }
    if (record.seq < seq) return { phase: 'voting', record: openRecord(this.#committee, this.#node, seq, head.hash) }
    if (!equalBytes(record.prev, head.hash))
      return { phase: 'halted', reason: `slot ${seq} was opened on another entry ${head.seq} than the stored one` }
    return { phase: 'voting', record }
  }

  /** `standing` after reading the anchor, if what it holds is unknown. */
  async current(head: Head): Promise<Standing> {
    if (this.#row === undefined) await this.load()
    return this.standing(head)
  }

  /**
   * Replaces the row. False when another process of this node moved it; the row is read again then. Until the anchor has
   * answered, the old row is what is known: a node that writes its vote is not without an anchor.
   */
  async write(record: VoteRecord): Promise<boolean> {
    if (this.#row === undefined) throw new LedgerError('anchor', 'no vote record to replace')
    const { version } = this.#row
    let replaced: boolean
    try {
      replaced = await this.#anchor.compareAndSet(version, { version: version + 1, record: encodeRecord(record) })
    } catch (error) {
      this.#row = undefined
      return this.#silent(error)
    }
    this.#row = replaced ? { version: version + 1, record } : undefined
    if (!replaced) await this.load()
    return replaced
  }

  #silent(error: unknown): never {
    this.#missing = error instanceof LedgerError ? error.message : 'the anchor did not answer'
    throw error
  }

  /** L8 for checked votes and reports: own ones must be covered by the record, or this node was restored. */
  async examine(votes: readonly Vote[], reports: readonly Report[]): Promise<void> {
    const ownVotes = votes.filter(vote => vote.node === this.#node)
    const ownReports = reports.filter(report => report.node === this.#node)
    if (ownVotes.length + ownReports.length === 0) return
    const isCovered = () => {
      const record = this.#row?.record
      if (record === undefined) return true
      return (
        ownVotes.every(vote => coversVote(record, vote)) && ownReports.every(report => coversReport(record, report))
      )
    }
    if (this.#row !== undefined && isCovered()) return
    // Another process of this node may have moved the row. Without any row this node does not vote anyway.
    await this.load()
    if (isCovered()) return
    const slot = [...ownVotes, ...ownReports].map(shown => shown.seq).join(', ')
    await this.stop('restored', `shown an own signature in slot ${slot} that the vote record does not cover`)
  }

  /** Stops voting for good; a halt replaces a mere restore. Kept in the anchor, so that it outlives restarts. */
  async stop(phase: 'restored' | 'halted', reason: string, fork?: [Certificate, Certificate]): Promise<void> {
    if (this.#stop !== undefined && (this.#stop.phase === 'halted' || phase === 'restored')) return
    this.#stop = { phase, reason, fork }
    for (let attempt = 0; attempt < 3; attempt++) {
      if (this.#row === undefined) await this.load()
      if (this.#row === undefined) return
      const evidence = fork && { first: fork[0], second: fork[1] }
      if (await this.write({ ...this.#row.record, standing: phase, reason: reason.slice(0, 500), fork: evidence }))
        return
    }
  }
}
