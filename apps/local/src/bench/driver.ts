import { type Bus, connectBus } from '@trivault/bus'
import { equalBytes, toBase64 } from '@trivault/codec'
import {
  type Command,
  type Curve,
  curves,
  decodeEnvelope,
  type Genesis,
  type KeyReport,
  type NodeEvent,
} from '@trivault/protocol'
import { Person, RogueWallet, setupCommand, startCommand, TestVault } from '@trivault/testkit'

const NODES = 3
/** Open operations per initiator are limited to 200; nobody but the owner has a device. */
const perInitiator = 190
const batch = 60
/** How often what is ready goes to the log: an entry holds many commands, and a slot costs the same for all. */
const slotEvery = 150
const silence = 60_000

type Credentials = { url: string; ca: string; cert: string; key: string }

/**
 * The least that makes three nodes sign: it takes the wallet's place on the bus, founds a vault with one key, and has messages
 * signed. Requests enter as certified `execute` commands and leave as signatures that all three nodes have released.
 */
export class Driver {
  readonly #bus: Bus
  readonly #wallet: RogueWallet
  readonly #helper: TestVault
  readonly #owner = new Person('owner@bench.example')
  readonly #initiators: readonly string[]
  /** Of each curve the newest report of each node. */
  readonly #reports = new Map<Curve, Map<number, { report: KeyReport; signature: Uint8Array }>>()
  readonly #released = new Map<string, Set<number>>()
  #onReleased: (operationId: string, signature: Uint8Array) => void = () => {}
  #made = 0

  private constructor(bus: Bus, wallet: RogueWallet, genesis: Genesis, operations: number) {
    this.#bus = bus
    this.#wallet = wallet
    this.#helper = new TestVault(genesis)
    const count = Math.ceil(operations / perInitiator)
    this.#initiators = Array.from({ length: count }, (_, i) => `initiator${i}@bench.example`)
    bus.onMessage((from, raw) => {
      const envelope = decodeEnvelope(raw)
      if (envelope.type === 'event') this.#receive(Number(from.slice('node'.length)), envelope.event)
    })
  }

  /** Takes the wallet's place. `operations`: how many will be asked for in all. */
  static async connect(genesis: Genesis, credentials: Credentials, operations: number): Promise<Driver> {
    const bus = await connectBus({ ...credentials, self: 'wallet' })
    return new Driver(bus, await RogueWallet.open(genesis, bus), genesis, operations)
  }

  async close(): Promise<void> {
    this.#wallet.close()
    await this.#bus.close()
  }

  /** Set-up, a key made by the three nodes together, and the owner's device: the vault is sealed then. */
  async found(): Promise<void> {
    const people = [this.#owner.id, ...this.#initiators].map(id => ({ id, name: id }))
    await this.#submit([setupCommand({ users: people, rates: [] })])
    const ready = () => curves.every(curve => this.#reports.get(curve)?.size === NODES)
    await until(ready, 'three reports of the new key on each curve')
    const keys = curves.map(curve => {
      const [a, b, c] = [0, 1, 2].map(node => this.#reports.get(curve)?.get(node))
      if (a === undefined || b === undefined || c === undefined) throw new Error('a report is missing')
      return { report: a.report, signatures: [a.signature, b.signature, c.signature] }
    })
    await this.#submit([{ type: 'activateKey', keys }])
    const PublicKey = toBase64(this.#owner.publicKey)
    const intent = this.#vault.intent('set user public key', { UserID: this.#owner.id, PublicKey }, { id: 'pair' })
    await this.#submit([startCommand(intent), executionOf('pair')])
  }

  /** Starts and approves messages, ready to be executed; returns their ids. */
  async prepare(count: number): Promise<string[]> {
    const ids: string[] = []
    while (ids.length < count) {
      const size = Math.min(batch, count - ids.length)
      const intents = Array.from({ length: size }, () => {
        const id = `message-${this.#made++}`
        const initiator = this.#initiators[this.#made % this.#initiators.length] ?? ''
        return this.#vault.messageIntent(`bench ${id}`, { id, initiator })
      })
      await this.#submit(intents.map(startCommand))
      await this.#submit(intents.map(({ OperationID }) => this.#vault.approval(OperationID, this.#owner)))
      ids.push(...intents.map(({ OperationID }) => OperationID))
    }
    return ids
  }

  /** Has these signed, with at most `window` on their way; `done` is called as each is released by all three nodes. */
  async sign(ids: readonly string[], window: number, done: () => void = () => {}): Promise<void> {
    const waiting = [...ids]
    const open = new Set<string>()
    let ready: Command[] = []
    let last = performance.now()
    this.#onReleased = (operationId, signature) => {
      if (!open.delete(operationId)) return
      last = performance.now()
      ready.push({ type: 'signed', operationId, part: 0, variant: 0, signature })
      done()
    }
    while (waiting.length + open.size + ready.length > 0) {
      const next = waiting.splice(0, Math.max(0, window - open.size))
      for (const id of next) open.add(id)
      const commands = [...ready, ...next.map(executionOf)]
      ready = []
      const began = performance.now()
      if (commands.length > 0) await this.#submit(commands)
      await new Promise(resolve => setTimeout(resolve, Math.max(5, slotEvery - (performance.now() - began))))
      if (performance.now() - last > silence) throw new Error(`no signature in a minute; ${open.size} are on their way`)
    }
  }

  get #vault(): TestVault {
    this.#helper.state = this.#wallet.state
    this.#helper.time = Date.now()
    return this.#helper
  }

  #receive(node: number, event: NodeEvent): void {
    if (event.type === 'keyReport') {
      const reports = this.#reports.get(event.report.curve) ?? new Map()
      const [first] = reports.values()
      const isEqual = first === undefined || equalBytes(first.report.transcriptHash, event.report.transcriptHash)
      this.#reports.set(event.report.curve, (isEqual ? reports : new Map()).set(node, event))
    } else if (event.type === 'signed') {
      const nodes = this.#released.get(event.operationId) ?? new Set<number>()
      this.#released.set(event.operationId, nodes.add(node))
      if (nodes.size === NODES) this.#onReleased(event.operationId, event.signature)
    } else if (event.type === 'failed') throw new Error(`node ${node}: check ${event.check} failed`)
  }

  async #submit(commands: readonly Command[]): Promise<void> {
    for (const result of await this.#wallet.submit(...commands))
      if (!result.ok) throw new Error(`${result.code}: ${result.message}`)
  }
}

const executionOf = (operationId: string): Command => ({
  type: 'execute',
  operationId,
  part: 0,
  variant: 0,
  transaction: new Uint8Array(),
})

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + silence
  while (!condition()) {
    if (performance.now() > end) throw new Error(`timed out: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
