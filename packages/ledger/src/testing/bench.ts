import { utf8 } from '@trivault/codec'
import type { Output, VoterOptions } from '../api.ts'
import { type Entry, encodeEntry, entryHash, FORMAT_VERSION } from '../entry.ts'
import { decodeMessage, encodeMessage, type LedgerMessage, type Message } from '../messages.ts'
import { createVoteRecord } from '../record.ts'
import { assemble, type Certificate, type NodeIndex, nodeIndexes, type Report, type Vote } from '../signed.ts'
import { Voter } from '../voter.ts'
import { MemoryAnchor, MemoryStore } from './memory.ts'
import { fakeCommittee, type Toy, toyMachine } from './toy.ts'

export const NOW = 1_700_000_000_000
const { committee, signer } = fakeCommittee()

/** What `voter` answers to one message. */
export async function ask(voter: Voter<Toy>, message: LedgerMessage): Promise<LedgerMessage[]> {
  const answers: LedgerMessage[] = []
  await voter.handle(encodeMessage(message), (output: Output) => answers.push(decodeMessage(output.message)))
  return answers
}

/** The only answer, which must be of `type`. */
export async function askFor<T extends LedgerMessage['type']>(
  voter: Voter<Toy>,
  message: LedgerMessage,
  type: T,
): Promise<Message<T>> {
  const [answer, ...more] = await ask(voter, message)
  if (answer?.type !== type || more.length > 0)
    throw new Error(`${type} expected: ${JSON.stringify([answer, ...more].map(got => got && { ...got, entry: '' }))}`)
  return answer as Message<T>
}

/** Three voters without a network: tests carry the messages. */
export class Bench {
  readonly committee = committee
  readonly signer = signer
  readonly stores = nodeIndexes.map(() => new MemoryStore())
  readonly anchors = nodeIndexes.map(node => new MemoryAnchor(createVoteRecord(committee, node)))
  readonly clocks: number[] = [NOW, NOW, NOW]
  voters: Voter<Toy>[] = []

  static async open(options: Partial<VoterOptions<Toy>> = {}): Promise<Bench> {
    const bench = new Bench()
    for (const node of nodeIndexes) await bench.boot(node, options)
    return bench
  }

  async boot(node: NodeIndex, options: Partial<VoterOptions<Toy>> = {}): Promise<Voter<Toy>> {
    const [store, anchor] = [this.stores[node] ?? new MemoryStore(), this.anchors[node] ?? new MemoryAnchor(undefined)]
    const port = { committee, machine: toyMachine, store, anchor, signer: signer(node) }
    const voter = await Voter.open({ ...port, clock: () => this.clocks[node] ?? NOW, ...options })
    this.voters[node] = voter
    return voter
  }

  node(index: NodeIndex): Voter<Toy> {
    const voter = this.voters[index]
    if (voter === undefined) throw new Error('no such node')
    return voter
  }

  /** The next entry on the head of node 0, with changes. */
  entry(text: string, changes: Partial<Entry> = {}): { bytes: Uint8Array; hash: Uint8Array } {
    const { head, results } = this.node(0).follower
    const seq = head.seq + 1
    const { vaultId } = committee
    const entry = { version: FORMAT_VERSION, vaultId, seq, prev: head.hash, results, time: NOW, commands: [utf8(text)] }
    const bytes = encodeEntry({ ...entry, ...changes })
    return { bytes, hash: entryHash(bytes) }
  }

  propose(bytes: Uint8Array, ballot = 0, reports: Report[] = []): Message<'propose'> {
    return { type: 'propose', entry: bytes, ballot, reports }
  }

  async vote(node: NodeIndex, bytes: Uint8Array, ballot = 0, reports: Report[] = []): Promise<Vote> {
    return (await askFor(this.node(node), this.propose(bytes, ballot, reports), 'vote')).vote
  }

  async refusal(node: NodeIndex, bytes: Uint8Array, ballot = 0, reports: Report[] = []): Promise<Message<'refuse'>> {
    return askFor(this.node(node), this.propose(bytes, ballot, reports), 'refuse')
  }

  async report(node: NodeIndex, ballot: number, seq = 1): Promise<Report> {
    return (await askFor(this.node(node), { type: 'newBallot', seq, ballot }, 'report')).report
  }

  async reports(ballot: number, seq = 1): Promise<Report[]> {
    return Promise.all(nodeIndexes.map(node => this.report(node, ballot, seq)))
  }

  /** A certificate signed with the three (fake) keys, whatever the nodes did. */
  certificate(seq: number, ballot: number, hash: Uint8Array, by = committee): Certificate {
    const certificate = assemble(nodeIndexes.map(node => by.vote(signer(node), seq, ballot, hash)))
    if (certificate === undefined) throw new Error('three votes')
    return certificate
  }

  /** All three vote for one more entry and accept it. */
  async grow(text: string, changes: Partial<Entry> = {}): Promise<{ bytes: Uint8Array; certificate: Certificate }> {
    const { bytes } = this.entry(text, changes)
    const votes = await Promise.all(nodeIndexes.map(node => this.vote(node, bytes)))
    for (const voter of this.voters) for (const vote of votes) await ask(voter, { type: 'vote', vote })
    const certificate = assemble(votes)
    if (certificate === undefined) throw new Error('three votes')
    return { bytes, certificate }
  }
}
