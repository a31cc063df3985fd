import { decode, encode, equalBytes, int53, option, struct, text, u8, type ValueOf, word } from '@trivault/codec'
import { FORMAT_VERSION, hashCodec, withinBounds } from './entry.ts'
import { LedgerError } from './errors.ts'
import type { AnchorRow } from './ports.ts'
import {
  type Cast,
  type Certificate,
  type Committee,
  certificateCodec,
  lastVoteCodec,
  type NodeIndex,
  type Report,
  type Vote,
} from './signed.ts'

const recordCodec = struct({
  format: u8,
  vaultId: hashCodec,
  node: u8,
  seq: int53,
  prev: hashCodec,
  promised: int53,
  last: lastVoteCodec,
  standing: word(['voting', 'restored', 'halted']),
  reason: text(512),
  fork: option(struct({ first: certificateCodec, second: certificateCodec })),
})

/**
 * A node's vote record, the only durable thing that keeps it from voting twice: the newest slot in which it promised or
 * voted, and what. `seq` never goes back; older slots are covered as a whole. A stop outlives restarts.
 */
export type VoteRecord = ValueOf<typeof recordCodec>

export function encodeRecord(record: VoteRecord): Uint8Array {
  return withinBounds('vote record', () => encode(recordCodec, record))
}

/** Throws `LedgerError` anchor unless `row` holds a vote record of this node in this vault. */
export function decodeRecord(row: AnchorRow, committee: Committee, node: NodeIndex): VoteRecord {
  let record: VoteRecord
  try {
    record = decode(recordCodec, row.record)
  } catch (cause) {
    throw new LedgerError('anchor', 'the vote record is not readable', { cause })
  }
  if (record.format !== FORMAT_VERSION)
    throw new LedgerError('anchor', `vote record format ${record.format} is unknown`)
  if (!equalBytes(record.vaultId, committee.vaultId) || record.node !== node)
    throw new LedgerError('anchor', 'the vote record belongs to another vault or node')
  return record
}

/** The record of a slot in which nothing was promised yet. */
export function openRecord(committee: Committee, node: NodeIndex, seq: number, prev: Uint8Array): VoteRecord {
  const { vaultId } = committee
  const empty = { promised: 0, last: undefined, standing: 'voting' as const, reason: '', fork: undefined }
  return { format: FORMAT_VERSION, vaultId, node, seq, prev, ...empty }
}

/**
 * The first row of a node's anchor. Only the provisioning step that creates the vault's node writes it, once; a node that
 * finds no row refuses to vote, because it cannot tell a new anchor from a lost one.
 */
export function createVoteRecord(committee: Committee, node: NodeIndex): AnchorRow {
  return { version: 1, record: encodeRecord(openRecord(committee, node, 1, committee.vaultId)) }
}

/**
 * A row for a node whose anchor was lost, made by its admin from the newest head of both peers. It covers every own
 * signature that is known from the open slot; an unknown one makes this node the slot's one faulty node.
 * `version` is above every version the lost row can have had. Throws `LedgerError` anchor on evidence from beyond the slot.
 */
export function recreateVoteRecord(
  committee: Committee,
  node: NodeIndex,
  version: number,
  head: { seq: number; hash: Uint8Array },
  evidence: { votes: readonly Vote[]; reports: readonly Report[] },
): AnchorRow {
  const record = openRecord(committee, node, head.seq + 1, head.hash)
  const votes = evidence.votes.filter(vote => vote.node === node && vote.seq >= record.seq && committee.isVote(vote))
  const reports = evidence.reports.filter(
    report => report.node === node && report.seq >= record.seq && committee.isReport(report),
  )
  if ([...votes, ...reports].some(shown => shown.seq > record.seq))
    throw new LedgerError('anchor', 'this node signed in a later slot: a newer head exists')
  const casts: Cast[] = [...votes, ...reports.flatMap(report => report.last ?? [])]
  for (const { ballot, hash } of casts)
    if (record.last === undefined || ballot > record.last.ballot) record.last = { ballot, hash }
  record.promised = Math.max(0, ...casts.map(cast => cast.ballot), ...reports.map(report => report.ballot))
  return { version, record: encodeRecord(record) }
}

/**
 * Whether a row may be replaced by a re-created one on `head`. Throws `LedgerError` anchor when the node halted, which nothing
 * mends, or signed after `head` already.
 */
export function checkReplaceable(
  row: AnchorRow,
  committee: Committee,
  node: NodeIndex,
  head: { seq: number; hash: Uint8Array },
): void {
  const record = decodeRecord(row, committee, node)
  if (record.standing === 'halted') throw new LedgerError('anchor', `this node halted: ${record.reason}`)
  if (record.seq > head.seq + 1)
    throw new LedgerError(
      'anchor',
      `this node signed in slot ${record.seq}: a newer head than entry ${head.seq} exists`,
    )
}

/** L8: whether `record` accounts for this own vote. */
export function coversVote(record: VoteRecord, vote: Pick<Vote, 'seq' | 'ballot' | 'hash'>): boolean {
  if (vote.seq !== record.seq) return vote.seq < record.seq
  if (record.last === undefined || vote.ballot > record.last.ballot) return false
  return vote.ballot < record.last.ballot || equalBytes(vote.hash, record.last.hash)
}

/** L8: whether `record` accounts for this own report. */
export function coversReport(record: VoteRecord, report: Report): boolean {
  if (report.seq !== record.seq) return report.seq < record.seq
  if (!equalBytes(report.prev, record.prev) || report.ballot > record.promised) return false
  if (report.last !== undefined && !coversVote(record, { seq: report.seq, ...report.last })) return false
  // Without a vote since, the last vote is still the one that was reported.
  const hasVotedSince = record.last !== undefined && record.last.ballot >= report.ballot
  return hasVotedSince || sameCast(report.last, record.last)
}

export function sameCast(a: Cast | undefined, b: Cast | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.ballot === b.ballot && equalBytes(a.hash, b.hash)
}

/** The fork in a record as a pair of certificates. */
export function forkOf(record: VoteRecord | undefined): [Certificate, Certificate] | undefined {
  return record?.fork && [record.fork.first, record.fork.second]
}
