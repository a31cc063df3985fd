import { toHex, utf8 } from '@trivault/codec'
import type { Certified, CommandResult } from '../api.ts'
import type { BallotRule } from '../ballot.ts'
import { verifyExport } from '../export.ts'
import { decodeMessage } from '../messages.ts'
import { Proposer } from '../proposer.ts'
import { createVoteRecord, recreateVoteRecord } from '../record.ts'
import { type NodeIndex, nodeIndexes, type Report, type Vote } from '../signed.ts'
import { Voter } from '../voter.ts'
import { Adversary } from './adversary.ts'
import { MemoryAnchor, MemoryStore } from './memory.ts'
import { EventQueue, Random } from './random.ts'
import { fakeCommittee, type Toy, toyMachine } from './toy.ts'

/** What goes wrong in a schedule. At most one node is faulty: it lies, or its anchor was lost or rolled back. */
export interface Plan {
  fault: 'none' | 'byzantine' | 'anchor-lost' | 'anchor-rolled-back'
  faulty: NodeIndex
  /** Databases that are rolled back once, their anchors kept. */
  rollbacks: NodeIndex[]
  /** Two processes on one database and anchor. */
  twin: NodeIndex | undefined
  wallets: number
  /** A wallet that equivocates, mixes reports and replays. */
  evilWallet: boolean
  loss: number
  duplicates: number
  crash: number
}

/** What a schedule did; the simulation throws when an invariant breaks. */
export interface Outcome {
  plan: Plan
  certified: number
  events: number
  crashes: number
  highestBallot: number
  /** `none`: not asked of this plan; `lost`: a kept entry was gone with the databases, and the proposer said so. */
  progress: 'made' | 'lost' | 'none'
}

/** The process dies here; with `fatal` false only this step fails, and the process goes on. */
class Crash extends Error {
  readonly fatal: boolean
  constructor(fatal: boolean) {
    super('crash')
    this.fatal = fatal
  }
}

const EPOCH = 1_700_000_000_000
const CHAOS = 1_000
const { committee, signer } = fakeCommittee()

interface SimNode {
  index: NodeIndex
  store: MemoryStore
  anchor: MemoryAnchor
  processes: (Voter<Toy> | undefined)[]
  skew: number
}

interface SimWallet {
  proposer: Proposer<Toy> | undefined
  life: number
}

export function planFor(seed: number): Plan {
  const random = new Random(seed)
  const chance = (p: number) => random.next() < p
  const fault = random.pick([
    'none',
    'none',
    'none',
    'byzantine',
    'byzantine',
    'anchor-lost',
    'anchor-rolled-back',
  ] as const)
  return {
    fault,
    faulty: random.pick(nodeIndexes),
    rollbacks: chance(0.3) ? nodeIndexes.filter(() => chance(0.6)) : [],
    twin: chance(0.15) ? random.pick(nodeIndexes) : undefined,
    wallets: chance(0.5) ? 2 : 1,
    evilWallet: chance(fault === 'byzantine' ? 0.8 : 0.4),
    loss: random.pick([0, 0.02, 0.15]),
    duplicates: random.pick([0, 0.1]),
    crash: random.pick([0, 0.004, 0.02]),
  }
}

/** Runs one schedule. Deterministic in `seed` and `plan`; `rule` replaces L2 at the nodes. Throws on broken agreement, a false stop, or missing progress. */
export async function simulate(seed: number, plan: Plan = planFor(seed), rule?: BallotRule): Promise<Outcome> {
  return new Simulation(seed, plan, rule).run()
}

class Simulation {
  readonly #plan: Plan
  readonly #rule: BallotRule | undefined
  readonly #random: Random
  readonly #events = new EventQueue()
  readonly #nodes: SimNode[]
  readonly #wallets: SimWallet[]
  readonly #walletStore = new MemoryStore(() => this.#maybeCrash())
  readonly #adversary: Adversary
  readonly #agreed = new Map<number, string>()
  readonly #honestVotes = new Map<string, Set<NodeIndex>>()
  readonly #signed: { votes: Vote[]; reports: Report[] } = { votes: [], reports: [] }
  #chaos = true
  #crashes = 0
  #highestBallot = 0
  #commands = 0
  #failure: unknown

  constructor(seed: number, plan: Plan, rule: BallotRule | undefined) {
    this.#plan = plan
    this.#rule = rule
    this.#random = new Random(seed ^ 0x5eed)
    this.#nodes = nodeIndexes.map(index => this.#newNode(index))
    this.#wallets = Array.from({ length: plan.wallets }, () => ({ proposer: undefined, life: 0 }))
    this.#adversary = new Adversary(
      committee,
      plan.fault === 'byzantine' ? signer(plan.faulty) : undefined,
      this.#random,
      () => EPOCH + this.#events.now,
    )
  }

  async run(): Promise<Outcome> {
    const { fault, faulty, twin, rollbacks } = this.#plan
    for (const node of this.#nodes) await this.#boot(node, node.index === twin ? 2 : 1)
    for (const wallet of this.#wallets) await this.#openWallet(wallet)
    for (let at = 0; at < CHAOS; at += this.#random.int(500)) this.#at(at, () => this.#submitSomewhere())
    if (this.#plan.evilWallet)
      for (let at = 0; at < CHAOS; at += this.#random.int(70)) this.#at(at, () => this.#evilTurn())
    for (const index of rollbacks) this.#planRollback(index)
    if (fault === 'anchor-lost' || fault === 'anchor-rolled-back') this.#planAnchorFault(faulty, fault)
    await this.#runUntil(CHAOS, () => false)
    const progress = await this.#healAndFinish()
    if (this.#random.next() < 0.05) await verifyExport(this.#walletStore.certified, { committee, machine: toyMachine })
    return {
      plan: this.#plan,
      certified: this.#agreed.size,
      events: this.#events.handled,
      crashes: this.#crashes,
      highestBallot: this.#highestBallot,
      progress,
    }
  }

  #newNode(index: NodeIndex): SimNode {
    const step = () => this.#maybeCrash()
    return {
      index,
      store: new MemoryStore(step),
      anchor: new MemoryAnchor(createVoteRecord(committee, index), step),
      processes: [],
      skew: this.#random.int(40_000) - 20_000,
    }
  }

  #isByzantine(index: NodeIndex): boolean {
    return this.#plan.fault === 'byzantine' && index === this.#plan.faulty && this.#chaos
  }

  #at(time: number, task: () => void | Promise<void>): void {
    this.#events.add(time, task)
  }

  async #runUntil(time: number, done: () => boolean): Promise<void> {
    while (!done()) {
      // Tasks that nobody waits for may still add events.
      if (!this.#events.isDue(time)) await new Promise(resolve => setImmediate(resolve))
      const event = this.#events.next(time)
      if (event === undefined) return
      await event()
      if (this.#failure !== undefined) throw this.#failure
    }
  }

  /** Any durable step and any send may be the last of a process; others only take their time. */
  async #maybeCrash(): Promise<void> {
    this.#crashNow()
    for (let wait = this.#plan.twin === undefined ? 0 : this.#random.int(4); wait > 0; wait--) await undefined
  }
  #crashNow(fatal = false): void {
    if (this.#chaos && this.#random.next() < this.#plan.crash) throw new Crash(fatal || this.#random.next() < 0.8)
  }

  // Nodes

  async #boot(node: SimNode, processes: number): Promise<void> {
    node.processes = Array.from({ length: processes }, () => undefined)
    try {
      for (let i = 0; i < processes; i++) node.processes[i] = await this.#openVoter(node)
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      this.#kill(node)
    }
  }

  #openVoter({ index, store, anchor, skew }: SimNode): Promise<Voter<Toy>> {
    const clock = () => EPOCH + this.#events.now + skew
    const onCertified = (certified: Certified<Toy>) => {
      this.#accepted(certified, `node ${index}`)
      this.#crashNow(true)
    }
    const port = { committee, machine: toyMachine, store, anchor, signer: signer(index), clock, onCertified }
    return Voter.open(port, this.#rule)
  }

  async #deliver(node: SimNode, bytes: Uint8Array, from: string): Promise<void> {
    if (this.#isByzantine(node.index)) {
      for (const { to, message } of this.#adversary.answer(bytes)) this.#sendFrom(node, message, to, from)
      return
    }
    const running = node.processes.map(async (voter, i) => {
      if (voter === undefined) return
      try {
        await voter.handle(bytes, ({ to, message }) => {
          if (node.processes[i] !== voter) return
          this.#crashNow(true)
          this.#watch(node, message)
          this.#sendFrom(node, message, to, from)
          this.#crashNow(true)
        })
      } catch (error) {
        if (!(error instanceof Crash)) throw error
        if (error.fatal && node.processes[i] === voter) this.#kill(node)
      }
    })
    await Promise.all(running)
    for (const voter of node.processes) if (voter !== undefined) this.#checkStanding(node, voter)
  }

  #kill(node: SimNode): void {
    const processes = node.processes.length
    this.#crashes++
    node.processes = node.processes.map(() => undefined)
    this.#at(this.#events.now + 10 + this.#random.int(200), async () => {
      if (node.processes.every(voter => voter === undefined)) await this.#boot(node, processes)
    })
  }

  #sendFrom(node: SimNode, message: Uint8Array, to: 'sender' | 'all', sender: string): void {
    const everyone = [
      ...nodeIndexes.filter(i => i !== node.index).map(i => `n${i}`),
      ...this.#wallets.map((_, i) => `w${i}`),
    ]
    if (this.#plan.evilWallet) everyone.push('evil')
    for (const target of to === 'all' ? everyone : [sender]) this.#post(`n${node.index}`, target, message)
  }

  /** The network: loses, repeats and reorders. */
  #post(from: string, to: string, message: Uint8Array): void {
    const copies = this.#chaos && this.#random.next() < this.#plan.duplicates ? 2 : 1
    for (let i = 0; i < copies; i++) {
      if (this.#chaos && this.#random.next() < this.#plan.loss) continue
      const delay = 1 + this.#random.int(this.#chaos && this.#random.next() < 0.1 ? 200 : 8)
      this.#at(this.#events.now + delay, () => this.#arrive(from, to, message))
    }
  }

  async #arrive(from: string, to: string, message: Uint8Array): Promise<void> {
    const index = Number(to.slice(1))
    const node = to.startsWith('n') ? this.#nodes[index] : undefined
    if (node !== undefined) return this.#deliver(node, message, from)
    if (to === 'evil') return this.#adversary.learn(message)
    const fromNode = nodeIndexes[Number(from.slice(1))]
    if (fromNode !== undefined) await this.#wallets[index]?.proposer?.receive(fromNode, message)
  }

  // Wallets

  async #openWallet(wallet: SimWallet): Promise<void> {
    const life = ++wallet.life
    const name = `w${this.#wallets.indexOf(wallet)}`
    const isAlive = () => wallet.life === life
    const guarded = (body: () => void) => {
      if (!isAlive()) return
      try {
        body()
      } catch (error) {
        if (!(error instanceof Crash)) throw error
        this.#killWallet(wallet)
      }
    }
    const send = (node: NodeIndex, message: Uint8Array) =>
      guarded(() => {
        this.#crashNow(true)
        this.#post(name, `n${node}`, message)
      })
    wallet.proposer = await Proposer.open({
      committee,
      machine: toyMachine,
      store: this.#walletStore,
      resendAfter: 80,
      clock: () => EPOCH + this.#events.now,
      random: () => this.#random.next(),
      transport: {
        send,
        broadcast: message => {
          for (const node of nodeIndexes) send(node, message)
        },
      },
      schedule: (delay, task) => {
        let cancelled = false
        this.#at(this.#events.now + delay, async () => {
          if (!cancelled && isAlive()) await task()
        })
        return () => {
          cancelled = true
        }
      },
      onCertified: certified => {
        if (isAlive()) this.#accepted(certified, name)
      },
    })
  }

  #killWallet(wallet: SimWallet): void {
    this.#crashes++
    wallet.life++
    wallet.proposer = undefined
    this.#at(this.#events.now + 10 + this.#random.int(200), async () => {
      if (wallet.proposer === undefined) await this.#openWallet(wallet)
    })
  }

  #submitSomewhere(): void {
    const wallet = this.#random.pick(this.#wallets)
    this.#submit(wallet).catch(error => {
      this.#failure = error
    })
  }

  async #submit(wallet: SimWallet): Promise<CommandResult[]> {
    const count = 1 + this.#random.int(3)
    const texts = Array.from({ length: count }, () => `${this.#random.next() < 0.1 ? 'bad' : 'do'} ${this.#commands++}`)
    const results = (await wallet.proposer?.submit(texts.map(text => utf8(text)))) ?? []
    if (this.#isLost(wallet)) return results
    for (const [i, result] of results.entries())
      if (result.ok === texts[i]?.startsWith('bad'))
        throw new Error(`wrong result for ${texts[i]}: ${JSON.stringify(result)}`)
    return results
  }

  #evilTurn(): void {
    this.#adversary.follow([this.#walletStore.certified, ...this.#nodes.map(node => node.store.certified)])
    for (const { node, message } of this.#adversary.turn()) this.#post('evil', `n${node}`, message)
  }

  // Faults

  #planRollback(index: NodeIndex): void {
    const node = this.#nodes[index]
    if (node === undefined) return
    const from = this.#random.int(CHAOS)
    this.#at(from, () => {
      const restore = node.store.snapshot()
      this.#at(from + this.#random.int(CHAOS - from), async () => {
        restore()
        await this.#boot(node, node.processes.length)
      })
    })
  }

  #planAnchorFault(index: NodeIndex, fault: 'anchor-lost' | 'anchor-rolled-back'): void {
    const node = this.#nodes[index]
    if (node === undefined) return
    const from = this.#random.int(CHAOS)
    this.#at(from, () => {
      const { row } = node.anchor
      this.#at(from + this.#random.int(CHAOS - from), async () => {
        node.anchor.row = fault === 'anchor-lost' ? undefined : row
        await this.#boot(node, node.processes.length)
      })
    })
  }

  // Invariants

  #isFaulty(index: NodeIndex): boolean {
    return this.#plan.fault !== 'none' && index === this.#plan.faulty
  }

  #accepted({ entry, hash }: Certified<Toy>, who: string): void {
    this.#agree(entry.seq, toHex(hash), who)
  }

  #agree(seq: number, hash: string, who: string): void {
    const known = this.#agreed.get(seq)
    if (known !== undefined && known !== hash) throw new Error(`agreement broken in slot ${seq} at ${who}`)
    this.#agreed.set(seq, hash)
  }

  /** An entry counts as certified as soon as every honest node voted for it in one ballot. */
  #watch(node: SimNode, bytes: Uint8Array): void {
    const message = decodeMessage(bytes)
    if (node.anchor.row === undefined && (message.type === 'vote' || message.type === 'report'))
      throw new Error(`node ${node.index} signs without an anchor`)
    if (message.type === 'report') {
      this.#signed.reports.push(message.report)
      this.#highestBallot = Math.max(this.#highestBallot, message.report.ballot)
    }
    if (message.type !== 'vote') return
    const { seq, ballot, hash } = message.vote
    this.#signed.votes.push(message.vote)
    if (this.#isFaulty(node.index)) return
    const key = `${seq} ${ballot} ${toHex(hash)}`
    const voters = this.#honestVotes.get(key) ?? new Set()
    this.#honestVotes.set(key, voters.add(node.index))
    for (const [other, others] of this.#honestVotes)
      if (other !== key && other.startsWith(`${seq} ${ballot} `) && others.has(node.index))
        throw new Error(`node ${node.index} voted twice in slot ${seq} ballot ${ballot}`)
    if (nodeIndexes.every(index => voters.has(index) || this.#isFaulty(index)))
      this.#agree(seq, toHex(hash), 'the votes')
  }

  #checkStanding(node: SimNode, voter: Voter<Toy>): void {
    const { phase, reason } = voter.status()
    if (phase === 'halted') throw new Error(`node ${node.index} halted: ${reason}`)
    if (phase === 'restored' && !this.#isFaulty(node.index))
      throw new Error(`node ${node.index} stopped without a fault: ${reason}`)
  }

  // Healing

  async #healAndFinish(): Promise<Outcome['progress']> {
    this.#chaos = false
    this.#events.clear()
    const { fault, faulty } = this.#plan
    if (fault === 'byzantine') return 'none'
    if (fault !== 'none' && !this.#recreateAnchor(faulty)) return 'none'
    for (const node of this.#nodes) await this.#boot(node, 1)
    const [wallet] = this.#wallets
    if (wallet === undefined) return 'none'
    for (const other of this.#wallets) {
      other.life++
      other.proposer = undefined
    }
    this.#wallets.length = 1
    await this.#openWallet(wallet)
    let finished = false
    this.#submit(wallet)
      .catch(error => {
        this.#failure = error
      })
      .finally(() => {
        finished = true
      })
    await this.#runUntil(CHAOS + 120_000, () => finished)
    if (this.#isLost(wallet)) return 'lost'
    if (!finished) {
      if (this.#isLogLost()) return 'lost'
      throw new Error(`no progress: ${this.#describe(wallet)}`)
    }
    const heads = () => this.#nodes.map(node => node.processes[0]?.status().head.seq)
    const target = wallet.proposer?.status().head.seq
    await this.#runUntil(CHAOS + 120_000, () => heads().every(seq => seq === target))
    if (!heads().every(seq => seq === target)) throw new Error(`not in step: ${this.#describe(wallet)}`)
    return 'made'
  }

  /** The node admin's step. False when the node really signed two answers to one question: no record covers that. */
  #recreateAnchor(index: NodeIndex): boolean {
    const node = this.#nodes[index]
    if (node === undefined) return false
    const best = this.#nodes.map(peer => peer.store.certified).sort((a, b) => b.length - a.length)[0] ?? []
    const log = this.#walletStore.certified.length > best.length ? this.#walletStore.certified : best
    const seq = log.length
    const hash = this.#hashAt(seq)
    const own = this.#signed.votes.filter(vote => vote.node === index && vote.seq === seq + 1)
    const answers = new Map<number, string>()
    for (const vote of own) {
      if (answers.has(vote.ballot) && answers.get(vote.ballot) !== toHex(vote.hash)) return false
      answers.set(vote.ballot, toHex(vote.hash))
    }
    node.anchor.row = recreateVoteRecord(committee, index, 1_000_000, { seq, hash }, this.#signed)
    return true
  }

  #hashAt(seq: number): Uint8Array {
    const hash = this.#agreed.get(seq)
    return hash === undefined ? committee.vaultId : new Uint8Array(Buffer.from(hash, 'hex'))
  }

  /** The proposer named a kept entry that nobody has: true only if the databases really lost it. */
  #isLost(wallet: SimWallet): boolean {
    const reason = wallet.proposer?.status().reason ?? ''
    const hash = reason.startsWith('lost') ? reason.match(/[0-9a-f]{64}/)?.[0] : undefined
    return hash !== undefined && this.#nodes.every(node => !node.store.candidates.has(hash))
  }

  /** Every copy of a certified entry is gone: some record is ahead of everything that is stored. */
  #isLogLost(): boolean {
    const longest = Math.max(
      this.#walletStore.certified.length,
      ...this.#nodes.map(node => node.store.certified.length),
    )
    return this.#plan.rollbacks.length > 0 && this.#agreed.size > longest
  }

  #describe(wallet: SimWallet): string {
    const nodes = this.#nodes.map(node => {
      const status = node.processes[0]?.status()
      return `${status?.phase} ${status?.head.seq} promised ${status?.promised} ${status?.reason}`
    })
    const { phase, head, ballot, nodes: notes, reason } = wallet.proposer?.status() ?? {}
    return JSON.stringify({ nodes, wallet: { phase, seq: head?.seq, ballot, notes, reason }, plan: this.#plan })
  }
}
