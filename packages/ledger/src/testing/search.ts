import { toHex, utf8 } from '@trivault/codec'
import type { BallotRule } from '../ballot.ts'
import { encodeEntry, entryHash, FORMAT_VERSION, initialResults } from '../entry.ts'
import { decodeMessage, encodeMessage, type LedgerMessage } from '../messages.ts'
import { createVoteRecord } from '../record.ts'
import type { Cast, NodeIndex, Report } from '../signed.ts'
import { Voter } from '../voter.ts'
import { MemoryAnchor, MemoryStore } from './memory.ts'
import { fakeCommittee, toyMachine } from './toy.ts'

/** One honest node: its anchor and everything it signed so far. */
interface Honest {
  id: number
  record: Uint8Array
  /** Entry number voted for, by ballot. */
  votes: (number | undefined)[]
  /** Reports given, by ballot. */
  reports: (Report | undefined)[]
}

interface Pair {
  nodes: [Honest, Honest]
  from: Pair | undefined
  step: string
}

export interface SearchResult {
  states: number
  /** Different (state of a node, message) pairs put to the real voter. */
  transitions: number
  /** The steps to two certificates for one slot, if there are any. */
  counterexample: string[] | undefined
}

/**
 * Every behaviour of two honest voters in one slot, over `ballots` ballots and `entries` rival entries, when the third node lies
 * freely, the proposer is hostile and the network delivers, repeats and withholds as it likes. Each transition is made by a
 * real `Voter` opened on that state's anchor. The liar votes for everything, so an entry is certified when both honest nodes
 * voted for it in one ballot.
 */
export async function search(rule: BallotRule | undefined, ballots: number, entries: number): Promise<SearchResult> {
  return new Search(rule, ballots, entries).run()
}

class Search {
  readonly #rule: BallotRule | undefined
  readonly #ballots: number
  readonly #entries: { bytes: Uint8Array; hash: Uint8Array; hex: string }[]
  readonly #vault = fakeCommittee('search')
  readonly #interned = new Map<string, Honest>()
  readonly #moves = new Map<string, Promise<[Honest, string][]>>()
  #transitions = 0

  constructor(rule: BallotRule | undefined, ballots: number, entries: number) {
    this.#rule = rule
    this.#ballots = ballots
    const { vaultId } = this.#vault.committee
    this.#entries = Array.from({ length: entries }, (_, i) => {
      const slot = {
        version: FORMAT_VERSION,
        vaultId,
        seq: 1,
        prev: vaultId,
        results: initialResults(vaultId),
        time: 0,
      }
      const bytes = encodeEntry({ ...slot, commands: [utf8(`entry ${i}`)] })
      const hash = entryHash(bytes)
      return { bytes, hash, hex: toHex(hash) }
    })
  }

  async run(): Promise<SearchResult> {
    const start = ([0, 1] as const).map(node =>
      this.#intern(node, { record: createVoteRecord(this.#vault.committee, node).record, votes: [], reports: [] }),
    )
    const [a, b] = start
    if (a === undefined || b === undefined) throw new Error('two honest nodes')
    const queue: Pair[] = [{ nodes: [a, b], from: undefined, step: '' }]
    const seen = new Set([`${a.id} ${b.id}`])
    for (let next = 0; next < queue.length; next++) {
      const pair = queue[next]
      if (pair === undefined) break
      for (const node of [0, 1] as const)
        for (const [after, step] of await this.#movesOf(node, pair.nodes)) {
          const nodes: [Honest, Honest] = node === 0 ? [after, pair.nodes[1]] : [pair.nodes[0], after]
          const key = `${nodes[0].id} ${nodes[1].id}`
          if (seen.has(key)) continue
          seen.add(key)
          const reached = { nodes, from: pair, step: `node ${node}: ${step}` }
          if (this.#isFork(nodes)) return this.#result(seen.size, trace(reached))
          queue.push(reached)
        }
    }
    return this.#result(seen.size, undefined)
  }

  #result(states: number, counterexample: string[] | undefined): SearchResult {
    return { states, transitions: this.#transitions, counterexample }
  }

  #isFork([a, b]: [Honest, Honest]): boolean {
    const certified = a.votes.filter((entry, ballot) => entry !== undefined && entry === b.votes[ballot])
    return new Set(certified).size > 1
  }

  /** All that one node can be made to do while the other has signed what it has. */
  async #movesOf(node: 0 | 1, nodes: [Honest, Honest]): Promise<[Honest, string][]> {
    const own = nodes[node]
    const other = nodes[1 - node]
    const all = [await this.#once(`${node} ${own.id}`, () => this.#alone(node, own))]
    for (let ballot = 1; ballot < this.#ballots; ballot++) {
      const [mine, theirs] = [own.reports[ballot], other?.reports[ballot]]
      if (mine === undefined || theirs === undefined) continue
      const key = `${node} ${own.id} ${ballot} ${this.#name(theirs.last)}`
      all.push(
        await this.#once(key, () => this.#withReports(node, own, ballot, node === 0 ? [mine, theirs] : [theirs, mine])),
      )
    }
    return all.flat()
  }

  #once(key: string, make: () => Promise<[Honest, string][]>): Promise<[Honest, string][]> {
    const known = this.#moves.get(key) ?? make()
    this.#moves.set(key, known)
    return known
  }

  async #alone(node: 0 | 1, own: Honest): Promise<[Honest, string][]> {
    const moves: [LedgerMessage, string][] = this.#entries.map(({ bytes }, i) => [
      { type: 'propose', entry: bytes, ballot: 0, reports: [] },
      `PROPOSE entry ${i} in ballot 0`,
    ])
    for (let ballot = 1; ballot < this.#ballots; ballot++)
      moves.push([{ type: 'newBallot', seq: 1, ballot }, `NEWBALLOT ${ballot}`])
    return this.#apply(node, own, moves)
  }

  async #withReports(node: 0 | 1, own: Honest, ballot: number, honest: Report[]): Promise<[Honest, string][]> {
    const { committee, signer } = this.#vault
    const lies: (Cast | undefined)[] = [undefined]
    for (let last = 0; last < ballot; last++) for (const { hash } of this.#entries) lies.push({ ballot: last, hash })
    const moves = lies.flatMap(lie => {
      const reports = [...honest, committee.report(signer(2), 1, committee.vaultId, ballot, lie)]
      const names = reports.map(report => this.#name(report.last)).join(', ')
      return this.#entries.map(({ bytes }, i): [LedgerMessage, string] => [
        { type: 'propose', entry: bytes, ballot, reports },
        `PROPOSE entry ${i} in ballot ${ballot} with reports ${names}`,
      ])
    })
    return this.#apply(node, own, moves)
  }

  async #apply(node: 0 | 1, own: Honest, moves: [LedgerMessage, string][]): Promise<[Honest, string][]> {
    const results: [Honest, string][] = []
    for (const [message, step] of moves) {
      const after = await this.#voter(node, own, message)
      if (after !== own) results.push([after, step])
    }
    return results
  }

  async #voter(node: NodeIndex, own: Honest, message: LedgerMessage): Promise<Honest> {
    this.#transitions++
    const { committee, signer } = this.#vault
    const anchor = new MemoryAnchor({ version: 1, record: own.record })
    const port = {
      committee,
      machine: toyMachine,
      store: new MemoryStore(),
      anchor,
      signer: signer(node),
      clock: () => 0,
    }
    const voter = await Voter.open(port, this.#rule)
    const votes = [...own.votes]
    const reports = [...own.reports]
    await voter.handle(encodeMessage(message), output => {
      const answer = decodeMessage(output.message)
      if (answer.type === 'vote') votes[answer.vote.ballot] = this.#number(answer.vote.hash)
      if (answer.type === 'report') reports[answer.report.ballot] = answer.report
    })
    return this.#intern(node, { record: anchor.row?.record ?? own.record, votes, reports })
  }

  #intern(node: NodeIndex, state: Omit<Honest, 'id'>): Honest {
    const reports = Array.from(state.reports, report => report && this.#name(report.last))
    const key = `${node} ${toHex(state.record)} ${Array.from(state.votes).join()} ${reports.join()}`
    const known = this.#interned.get(key) ?? { ...state, id: this.#interned.size }
    this.#interned.set(key, known)
    return known
  }

  #number(hash: Uint8Array): number {
    return this.#entries.findIndex(entry => entry.hex === toHex(hash))
  }

  #name(last: Cast | undefined): string {
    return last === undefined ? 'none' : `(${last.ballot}, entry ${this.#number(last.hash)})`
  }
}

function trace(pair: Pair): string[] {
  return pair.from === undefined ? [] : [...trace(pair.from), pair.step]
}
