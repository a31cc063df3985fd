import { equalBytes, toHex } from '@trivault/codec'
import {
  type AnchorRow,
  type Committee,
  checkReplaceable,
  decodeMessage,
  encodeMessage,
  LedgerError,
  type LedgerMessage,
  type NodeIndex,
  type Report,
  recreateVoteRecord,
  type Signer,
} from '@trivault/ledger'
import { decodeEnvelope, encodeEnvelope, type Recreate, taggedHash } from '@trivault/protocol'
import type { AdminStore, Log, Mailbox, Party } from './ports.ts'

export interface RecreateIfOrderedOptions extends Omit<RecreateOptions, 'existing' | 'version' | 'head'> {
  order: Recreate
  votes: AdminStore['votes']
  log: Log
}

/**
 * Carries the admin's order out before the node runs (SPEC.md, section 2a), unless the vote record is newer than the order: then it
 * was carried out, or another one after it. Throws `LedgerError` and what the anchor throws.
 */
export async function recreateIfOrdered({ order, votes, log, ...options }: RecreateIfOrderedOptions): Promise<void> {
  const { seq, time } = order
  const row = await votes.load().catch((error: unknown) => {
    // A damaged record is a lost one; an anchor that cannot be asked is not.
    if (error instanceof LedgerError && error.code === 'anchor') return undefined
    throw error
  })
  if (row !== undefined && row.version >= time) {
    log('info', 'the request for a new vote record is older than the record: nothing to do', { seq })
    return
  }
  log('warn', 'the node admin asks for a new vote record: asking both peers', { seq })
  const existing = row?.version === 0 ? undefined : row
  await votes.replace(time, version => recreateFromPeers({ ...options, head: order, existing, version }))
  log('warn', 'vote record re-created from both peers', { seq })
}

export interface RecreateOptions {
  /** The newest entry of both peers, as the admin confirmed it. */
  head: Pick<Recreate, 'seq' | 'hash'>
  committee: Committee
  signer: Signer
  mailbox: Mailbox
  /** The row that is there, if one is and can be read. */
  existing: AnchorRow | undefined
  /** Above every version that the lost row can have had. */
  version: number
  /** Milliseconds between two questions to a peer that does not answer, and until the attempt is given up. */
  every: number
  patience: number
}

/**
 * A vote record for a node that lost its own, or was restored, from both peers (SPEC.md, section 2a). The peers promise a ballot b
 * that lies two above every ballot they promised before, and report their last votes; the new record promises b as well and counts
 * as a vote for nothing in b − 1. What this node signed below b can then complete a certificate only if both peers voted for the
 * same, so that their reports name it and L2 keeps it; and being shown it again does not stop this node a second time.
 * Throws `LedgerError` anchor when the peers do not answer, do not vote themselves, or stand elsewhere than the admin confirmed.
 */
export async function recreateFromPeers(options: RecreateOptions): Promise<AnchorRow> {
  const { head, committee, signer, mailbox, version } = options
  if (options.existing !== undefined) checkReplaceable(options.existing, committee, signer.node, head)
  const seq = head.seq + 1
  const peers = ([0, 1, 2] as const).filter(node => node !== signer.node)
  const heard = new Map<NodeIndex, LedgerMessage>()
  mailbox.onMessage((from, raw) => {
    const peer = peers.find(node => from === `node${node}`)
    const message = peer === undefined ? undefined : ledgerMessage(raw)
    if (peer !== undefined && message !== undefined) heard.set(peer, message)
  })
  const ask = async (ballot: number): Promise<Map<NodeIndex, LedgerMessage>> => {
    heard.clear()
    for (let waited = 0; peers.some(peer => !answers(heard.get(peer), seq, ballot)); waited += options.every) {
      // Nobody moves while this node does not vote: two other heads are an answer.
      const elsewhere = peers.every(peer => heard.get(peer)?.type === 'head')
      if (waited > (elsewhere ? options.patience / 8 : options.patience))
        throw new LedgerError('anchor', silence(peers, heard, head.seq))
      const body = encodeMessage({ type: 'newBallot', seq, ballot })
      for (const peer of peers.filter(one => !answers(heard.get(one), seq, ballot)))
        mailbox.send(`node${peer}` as Party, encodeEnvelope({ type: 'ledger', node: signer.node, body }))
      await new Promise(resolve => setTimeout(resolve, options.every))
    }
    return heard
  }
  // Ballot 0 is never promised: the refusals tell what is.
  let promised = promisedIn(await ask(0))
  for (;;) {
    const ballot = promised + 2
    const said = await ask(ballot)
    const reports = peers.flatMap(peer => {
      const message = said.get(peer)
      return message?.type === 'report' && message.report.node === peer ? [message.report] : []
    })
    if (reports.length === peers.length && reports.every(report => stands(committee, report, { seq, ballot, head }))) {
      const nothing = {
        ballot: ballot - 1,
        hash: taggedHash('recreated', committee.vaultId, Uint8Array.of(signer.node)),
      }
      const own = committee.report(signer, seq, head.hash, ballot, nothing)
      return recreateVoteRecord(committee, signer.node, version, head, { votes: [], reports: [own] })
    }
    promised = Math.max(ballot, promisedIn(said))
  }
}

/** The peer is at the confirmed head and has not voted where the new record says that nobody did. */
function stands(
  committee: Committee,
  report: Report,
  { seq, ballot, head }: { seq: number; ballot: number; head: RecreateOptions['head'] },
): boolean {
  if (!committee.isReport(report) || report.seq !== seq || report.ballot !== ballot) return false
  if (!equalBytes(report.prev, head.hash))
    throw new LedgerError('anchor', `node ${report.node} has another entry ${head.seq} than the confirmed one`)
  return (report.last?.ballot ?? 0) < ballot - 1
}

/** A report, a vote or a refusal in this slot and ballot; everything else may be a leftover of other business. */
function answers(message: LedgerMessage | undefined, seq: number, ballot: number): boolean {
  if (message?.type === 'report') return message.report.seq === seq && message.report.ballot === ballot
  // Somebody else asked for this ballot first, and the peer has voted in it: the next one then.
  if (message?.type === 'vote') return message.vote.seq === seq && message.vote.ballot === ballot
  return message?.type === 'refuse' && message.code === 'ballot' && message.seq === seq && message.ballot === ballot
}

function promisedIn(said: ReadonlyMap<NodeIndex, LedgerMessage>): number {
  return Math.max(0, ...[...said.values()].map(message => (message.type === 'refuse' ? message.promised : 0)))
}

function silence(peers: readonly NodeIndex[], heard: ReadonlyMap<NodeIndex, LedgerMessage>, seq: number): string {
  const words = peers.map(peer => {
    const message = heard.get(peer)
    if (message?.type === 'head') return `node ${peer} is at entry ${message.seq} ${toHex(message.hash)}`
    if (message?.type === 'refuse') return `node ${peer} says ${message.reason || message.code}: ${message.message}`
    return `node ${peer} does not answer`
  })
  return `the vote record cannot be re-created at entry ${seq}: ${words.join('; ')}`
}

function ledgerMessage(raw: Uint8Array): LedgerMessage | undefined {
  try {
    const envelope = decodeEnvelope(raw)
    return envelope.type === 'ledger' ? decodeMessage(envelope.body) : undefined
  } catch {
    return undefined
  }
}
