import { equalBytes, toHex } from '@trivault/codec'
import {
  Committee,
  type Entry,
  type EntryStore,
  encodeEntry,
  encodeMessage,
  entryHash,
  FORMAT_VERSION,
  Follower,
  type LedgerMessage,
  type NodeIndex,
  type Report,
  type StoredEntry,
  type Vote,
} from '@trivault/ledger'
import { type Genesis, vaultErrors, vaultIdOf } from '@trivault/protocol'
import { type VaultState, vaultMachine } from '@trivault/vault-state'
import { indexes, type Nodes } from './nodes.ts'
import { must } from './violation.ts'

export type Said = Extract<LedgerMessage, { type: 'vote' | 'refuse' | 'head' }>
export type Verdict = { certified: true } | { certified: false; code: string }

/**
 * The evil wallet's hands: it builds entries, shows them to whom it likes, in any ballot, and collects what comes back. It watches
 * every vote: no node may vote for two entries in one ballot, no slot may have two certificates (I4), no refusal may be without a code.
 */
export class EvilLog {
  readonly committee: Committee
  readonly entries: StoredEntry[] = []
  readonly #nodes: Nodes
  readonly #follower: Follower<VaultState>
  readonly #clock: () => number
  readonly #cast = new Map<string, string>()
  readonly #votes = new Map<string, Map<NodeIndex, Vote>>()
  readonly #certified = new Map<number, string>()
  /** Vote and report messages of old slots, for replays. */
  readonly heard: LedgerMessage[] = []
  /** Refusals by code. */
  readonly refusals = new Map<string, number>()
  ballot = 0

  private constructor(nodes: Nodes, follower: Follower<VaultState>, clock: () => number) {
    this.#nodes = nodes
    this.#follower = follower
    this.committee = follower.committee
    this.#clock = clock
    nodes.onLedger = (node, message) => this.#hear(node, message)
  }

  static async open(nodes: Nodes, genesis: Genesis, clock: () => number): Promise<EvilLog> {
    const entries: StoredEntry[] = []
    const store: EntryStore = {
      putCandidate: async () => {},
      find: async () => undefined,
      putCertified: async (_seq, _hash, stored) => void entries.push(stored),
      range: async (from, limit) => entries.slice(from - 1, from - 1 + limit),
    }
    const committee = new Committee(vaultIdOf(genesis), genesis.identityKeys)
    const follower = await Follower.open({ committee, machine: vaultMachine(genesis), store })
    const log = new EvilLog(nodes, follower, clock)
    log.entries.push(...entries)
    return log
  }

  get state(): VaultState {
    return this.#follower.state
  }
  get seq(): number {
    return this.#follower.head.seq
  }
  get time(): number {
    return this.#follower.time
  }

  /** An entry on the present head, with changes. */
  entry(commands: Uint8Array[], changes: Partial<Entry> = {}): Uint8Array {
    const { head, results } = this.#follower
    return encodeEntry({
      version: FORMAT_VERSION,
      vaultId: this.committee.vaultId,
      seq: head.seq + 1,
      prev: head.hash,
      results,
      time: this.#clock(),
      commands,
      ...changes,
    })
  }

  /** Shows an entry to nodes and waits for what each of them says. */
  async show(
    entry: Uint8Array,
    reports: readonly Report[] = [],
    to: readonly NodeIndex[] = indexes,
    ballot = this.ballot,
  ): Promise<Said[]> {
    const hash = entryHash(entry)
    const body = encodeMessage({ type: 'propose', entry, ballot, reports: [...reports] })
    return Promise.all(to.map(node => this.#ask(node, hash, body)))
  }

  async #ask(node: NodeIndex, hash: Uint8Array, body: Uint8Array): Promise<Said> {
    for (let tries = 0; ; tries++) {
      const answer = this.#nodes.answer(node, message => {
        if (message.type === 'vote') return message.vote.node === node && equalBytes(message.vote.hash, hash)
        if (message.type === 'refuse') return message.hash === undefined || equalBytes(message.hash, hash)
        return message.type === 'head'
      })
      this.#nodes.send(node, body)
      const said = (await answer) as Said
      // The node has not heard the last vote of the others yet.
      const isBehind = said.type === 'head' && said.seq < this.seq
      const isBusy = said.type === 'refuse' && said.code === 'busy'
      if (!isBehind && !isBusy) return said
      must(tries < 400, `node ${node} stays ${codeOf(said)} while the log is at ${this.seq}`)
      await new Promise(resolve => setTimeout(resolve, tries < 10 ? 0 : 5))
    }
  }

  /** Takes what three nodes voted for; undefined unless they all did. */
  async take(entry: Uint8Array, said: readonly Said[]): Promise<Verdict> {
    const votes = said.flatMap(message => (message.type === 'vote' ? [message.vote] : []))
    const [first, second, third] = votes.sort((a, b) => a.node - b.node)
    if (first !== undefined && second !== undefined && third !== undefined) {
      const { seq, ballot, hash } = first
      const certificate = {
        ...{ seq, ballot, hash },
        ...{ first: first.signature, second: second.signature, third: third.signature },
      }
      const accepted = await this.#follower.accept(entry, certificate)
      must(accepted.kind === 'accepted', `three votes, but the fold says ${accepted.kind}`)
      this.ballot = 0
      return { certified: true }
    }
    return { certified: false, code: said.map(codeOf).find(code => code !== 'vote') ?? 'silent' }
  }

  /** Proposes to all; one entry and one clock must get one verdict. */
  async propose(entry: Uint8Array, reports: readonly Report[] = []): Promise<Verdict> {
    const said = await this.show(entry, reports)
    const voted = said.filter(({ type }) => type === 'vote').length
    must(voted === 0 || voted === 3, `one entry, one clock, different verdicts: ${said.map(codeOf).join(', ')}`)
    return this.take(entry, said)
  }

  /** Resolves once every node has dealt with all that was sent to it. */
  async drain(): Promise<void> {
    const heads = indexes.map(node => this.#nodes.answer(node, message => message.type === 'head'))
    for (const node of indexes) this.#nodes.send(node, encodeMessage({ type: 'getHead' }))
    await Promise.all(heads)
  }

  async reports(ballot: number): Promise<Report[]> {
    const body = encodeMessage({ type: 'newBallot', seq: this.seq + 1, ballot })
    const answers = indexes.map(node =>
      this.#nodes.answer(node, message => message.type === 'report' || message.type === 'refuse'),
    )
    for (const node of indexes) this.#nodes.send(node, body)
    return (await Promise.all(answers)).flatMap(message => (message.type === 'report' ? [message.report] : []))
  }

  #hear(node: NodeIndex, message: LedgerMessage): void {
    if (message.type === 'refuse') {
      const code = codeOf(message)
      must(
        message.code !== 'command' ||
          (Object.hasOwn(vaultErrors, message.reason) && message.reason !== 'internal-error'),
        `node ${node} refuses without a coded reason: ${message.code} "${message.reason}" ${message.message}`,
      )
      must(message.message !== '', `node ${node} refuses ${code} without a word`)
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1)
    }
    if (message.type === 'report' && this.heard.length < 500) this.heard.push(message)
    if (message.type !== 'vote') return
    const { vote } = message
    if (vote.node !== node) return
    if (this.heard.length < 500) this.heard.push(message)
    const hash = toHex(vote.hash)
    const cast = `${vote.seq}/${vote.ballot}/${node}`
    must((this.#cast.get(cast) ?? hash) === hash, `node ${node} votes twice in slot ${vote.seq}, ballot ${vote.ballot}`)
    this.#cast.set(cast, hash)
    const key = `${vote.seq}/${vote.ballot}/${hash}`
    const votes = this.#votes.get(key) ?? new Map<NodeIndex, Vote>()
    this.#votes.set(key, votes.set(node, vote))
    if (votes.size < 3) return
    must((this.#certified.get(vote.seq) ?? hash) === hash, `two certified entries for slot ${vote.seq}`)
    this.#certified.set(vote.seq, hash)
  }
}

export function codeOf(said: Said): string {
  if (said.type !== 'refuse') return said.type
  return said.code === 'command' ? said.reason : said.code
}
