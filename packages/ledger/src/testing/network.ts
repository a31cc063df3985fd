import { utf8 } from '@trivault/codec'
import type { CommandResult, ProposerOptions, VoterOptions } from '../api.ts'
import { decodeMessage, type LedgerMessage } from '../messages.ts'
import { Proposer } from '../proposer.ts'
import { type NodeIndex, nodeIndexes } from '../signed.ts'
import { Bench, NOW } from './bench.ts'
import { MemoryStore } from './memory.ts'
import { EventQueue } from './random.ts'
import { type Toy, toyMachine } from './toy.ts'

/** A bench whose nodes and proposers talk over a network without faults, in simulated time. Taps may swallow messages. */
export class Network {
  readonly bench: Bench
  readonly proposers: Proposer<Toy>[] = []
  readonly events = new EventQueue()
  /** Every message on its way; false swallows it. */
  tap: (message: LedgerMessage, from: string, to: string) => boolean = () => true
  readonly down = new Set<NodeIndex>()

  private constructor(bench: Bench) {
    this.bench = bench
  }

  static async open(options: Partial<VoterOptions<Toy>> = {}): Promise<Network> {
    return new Network(await Bench.open(options))
  }

  async propose(changes: Partial<ProposerOptions<Toy>> = {}): Promise<Proposer<Toy>> {
    const index = this.proposers.length
    const send = (node: NodeIndex, message: Uint8Array) => this.#post(`w${index}`, `n${node}`, message)
    const proposer = await Proposer.open({
      committee: this.bench.committee,
      machine: toyMachine,
      store: new MemoryStore(),
      clock: () => NOW + this.events.now,
      random: () => 0.5,
      resendAfter: 100,
      transport: {
        send,
        broadcast: message => {
          for (const node of nodeIndexes) send(node, message)
        },
      },
      schedule: (delay, task) => {
        let cancelled = false
        this.events.add(this.events.now + delay, async () => {
          if (!cancelled) await task()
        })
        return () => {
          cancelled = true
        }
      },
      ...changes,
    })
    this.proposers[index] = proposer
    await this.run(50)
    return proposer
  }

  /** Submits texts and runs until they are settled; undefined when they are not after `limit` ms. */
  async submit(proposer: Proposer<Toy>, texts: string[], limit = 20_000): Promise<CommandResult[] | undefined> {
    let results: CommandResult[] | undefined
    const submitted = proposer.submit(texts.map(text => utf8(text))).then(done => {
      results = done
    })
    await this.run(limit, () => results !== undefined)
    if (results !== undefined) await submitted
    return results
  }

  async run(time: number, done: () => boolean = () => false): Promise<void> {
    const until = this.events.now + time
    while (!done()) {
      if (!this.events.isDue(until)) await new Promise(resolve => setImmediate(resolve))
      const event = this.events.next(until)
      if (event === undefined) return
      await event()
    }
  }

  #post(from: string, to: string, bytes: Uint8Array): void {
    if (!this.tap(decodeMessage(bytes), from, to)) return
    this.events.add(this.events.now + 1, () => this.#arrive(from, to, bytes))
  }

  async #arrive(from: string, to: string, bytes: Uint8Array): Promise<void> {
    const index = Number(to.slice(1))
    const node = nodeIndexes[index]
    const sender = nodeIndexes[Number(from.slice(1))]
    if (to.startsWith('w') && sender !== undefined) return this.proposers[index]?.receive(sender, bytes)
    if (node === undefined || this.down.has(node)) return
    await this.bench.node(node).handle(bytes, output => {
      const all = [...nodeIndexes.filter(i => i !== node).map(i => `n${i}`), ...this.proposers.map((_, i) => `w${i}`)]
      for (const target of output.to === 'all' ? all : [from]) this.#post(`n${node}`, target, output.message)
    })
  }
}
