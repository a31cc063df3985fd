import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { toHex, utf8 } from '@trivault/codec'
import { type AnchorRow, Committee, createVoteRecord, Proposer, type StoredEntry } from '@trivault/ledger'
import {
  type Answer,
  adminSignerOf,
  type Command,
  type Curve,
  curves,
  decodeEnvelope,
  type Envelope,
  encodeCommand,
  encodeEnvelope,
  type FoundingEpoch,
  type Genesis,
  type Intent,
  type NodeEvent,
  type PeerMessage,
  type Query,
  type SignedReports,
  sha256,
  vaultIdOf,
} from '@trivault/protocol'
import { setupCommand, startCommand, TestVault, testGenesis } from '@trivault/testkit'
import { type VaultState, vaultMachine } from '@trivault/vault-state'
import { expect, vi } from 'vitest'
import { Channels } from '../src/channel.ts'
import {
  type HoldStore,
  type Mailbox,
  type Node,
  type NodeSecret,
  type Party,
  type QuarantineStore,
  type Records,
  startNode,
} from '../src/index.ts'
import {
  type MemoryAnchor,
  type MemoryHolds,
  type MemoryQuarantine,
  type MemoryRecords,
  mailboxHub,
  memoryAnchor,
  memoryHolds,
  memoryQuarantine,
  memoryRecords,
} from '../src/testing/memory.ts'

const indexes = [0, 1, 2] as const
export type Index = (typeof indexes)[number]

export const wait = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** A real ERS key: RSA-3072. */
export const newErsKey = () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
  return {
    spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

export const secretOf = (node: number): NodeSecret => ({
  encryptorMasterPassword: sha256(utf8(`password ${node}`)),
  identitySeed: sha256(utf8(`node ${node}`)),
  adminKey: adminSignerOf(sha256(utf8(`admin ${node}`))).adminKey,
})

export interface LogLine {
  node: number
  level: string
  message: string
  fields: Record<string, unknown>
}

interface Running {
  node: Node | undefined
  timer: NodeJS.Timeout | undefined
  dead: boolean
}

export interface Snapshot {
  genesis: Genesis
  ers: Uint8Array
  tables: Map<string, Map<string, Uint8Array>>[]
  anchors: (AnchorRow | undefined)[]
  log: StoredEntry[]
}

export interface ClusterOptions {
  ers?: Uint8Array
  loss?: number
  delay?: number
  from?: Snapshot
  /** Nodes that are not started. */
  away?: Index[]
}

/** What a test does with a record that is written: nothing, or it kills the node before or after. */
type PutHook = (node: Index, table: string, done: boolean) => void
type Tamper = (node: number, to: number, message: PeerMessage) => PeerMessage | undefined

const copyTables = (tables: Map<string, Map<string, Uint8Array>>) =>
  new Map([...tables].map(([name, rows]) => [name, new Map(rows)]))

/** Three real nodes, a wallet's proposer, and a broker that the test commands. */
export class Cluster {
  readonly genesis: Genesis
  readonly ers: Uint8Array
  readonly records: MemoryRecords[] = []
  readonly anchors: MemoryAnchor[] = []
  readonly quarantines: MemoryQuarantine[] = indexes.map(memoryQuarantine)
  readonly holds: MemoryHolds[] = indexes.map(memoryHolds)
  readonly events: { node: number; event: NodeEvent }[] = []
  readonly log: LogLine[] = []
  readonly counts = new Map<string, number>()
  readonly hub: ReturnType<typeof mailboxHub>
  /** Everything that crossed the broker between nodes, for replays. */
  readonly wire: { from: Party; to: Party; raw: Uint8Array }[] = []
  onPut: PutHook = () => {}
  onWire: (from: Party, to: Party, raw: Uint8Array) => void = () => {}
  tamper: Tamper = (_node, _to, message) => message
  /** What the wallet makes of a node's message about the log; undefined: nothing. */
  hears: (node: Index, body: Uint8Array) => Uint8Array | undefined = (_node, body) => body
  readonly #running: (Running | undefined)[] = [undefined, undefined, undefined]
  readonly #frames = new Map<string, string>()
  readonly #nonces = new Map<string, string>()
  readonly #answers = new Map<number, (node: number, answer: Answer) => void>()
  readonly #helper: TestVault
  readonly #stored: StoredEntry[]
  #proposer: Proposer<VaultState> | undefined
  #nextQuery = 1
  readonly violations: string[] = []

  private constructor({ ers, loss = 0, delay = 0, from }: ClusterOptions) {
    const key = from?.ers ?? ers
    if (key === undefined) throw new Error('give an ERS key or a snapshot')
    this.ers = key
    this.genesis = from?.genesis ?? testGenesis({ ersFingerprint: sha256(key) })
    const committee = new Committee(vaultIdOf(this.genesis), this.genesis.identityKeys)
    for (const node of indexes) {
      const records = memoryRecords()
      for (const [name, rows] of copyTables(from?.tables[node] ?? new Map())) records.tables.set(name, rows)
      this.records.push(records)
      this.anchors.push(memoryAnchor(from?.anchors[node] ?? createVoteRecord(committee, node)))
    }
    this.#stored = [...(from?.log ?? [])]
    this.hub = mailboxHub({ loss, delay, random: Math.random })
    this.#helper = new TestVault(this.genesis)
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options)
    cluster.#watchPlaintext()
    for (const node of indexes) if (!options.away?.includes(node)) await cluster.boot(node)
    await cluster.#openWallet()
    return cluster
  }

  get status() {
    return this.#proposer?.status()
  }
  get state(): VaultState {
    if (this.#proposer === undefined) throw new Error('the wallet is closed')
    return this.#proposer.state
  }

  /** Intents, approvals and transactions for the present state. */
  get vault(): TestVault {
    this.#helper.state = this.state
    this.#helper.time = Date.now()
    return this.#helper
  }

  node(index: Index): Node {
    const node = this.#running[index]?.node
    if (node === undefined) throw new Error(`node ${index} is down`)
    return node
  }

  async boot(
    index: Index,
    changes: {
      ers?: Uint8Array
      secret?: NodeSecret
      version?: string
      foundingEpoch?: FoundingEpoch
      genesis?: Genesis
    } = {},
  ): Promise<void> {
    this.kill(index)
    const running: Running = { node: undefined, timer: undefined, dead: false }
    this.#running[index] = running
    const records = this.records[index] ?? memoryRecords()
    const anchor = this.anchors[index] ?? memoryAnchor(undefined)
    const node = await startNode({
      index,
      genesis: changes.genesis ?? this.genesis,
      secret: changes.secret ?? secretOf(index),
      ersPublicKey: changes.ers ?? this.ers,
      records: this.#mortalRecords(index, running, records),
      mailbox: this.#mortalMailbox(`node${index}`, running),
      anchor: {
        load: () => (running.dead ? never() : anchor.load()),
        compareAndSet: (expected, next) => (running.dead ? never() : anchor.compareAndSet(expected, next)),
      },
      quarantine: this.#mortalQuarantine(index, running),
      holds: this.#mortalHolds(index, running),
      clock: Date.now,
      random: length => new Uint8Array(randomBytes(length)),
      log: (level, message, fields = {}) => {
        if (!running.dead) this.log.push({ node: index, level, message, fields })
      },
      metrics: {
        count: name => void this.counts.set(name, (this.counts.get(name) ?? 0) + 1),
        gauge: () => {},
        observe: () => {},
      },
      version: changes.version ?? 'test',
      foundingEpoch: changes.foundingEpoch,
    })
    running.node = node
    running.timer = setInterval(() => !running.dead && node.tick(), 100)
  }

  /** As `kill -9`: from now on it writes, sends and hears nothing. */
  kill(index: Index): void {
    const running = this.#running[index]
    if (running === undefined) return
    running.dead = true
    clearInterval(running.timer)
    this.#running[index] = undefined
  }

  close(): void {
    for (const index of indexes) this.kill(index)
    this.#proposer?.close()
    vi.restoreAllMocks()
    expect(this.violations).toEqual([])
  }

  snapshot(): Snapshot {
    return {
      genesis: this.genesis,
      ers: this.ers,
      tables: this.records.map(({ tables }) => copyTables(tables)),
      anchors: this.anchors.map(({ row }) => row),
      log: [...this.#stored],
    }
  }

  async submit(...commands: Command[]): Promise<void> {
    const results = (await this.#proposer?.submit(commands.map(encodeCommand))) ?? []
    for (const result of results) if (!result.ok) throw new Error(`${result.code}: ${result.message}`)
  }

  async setup(): Promise<void> {
    await this.submit(setupCommand())
  }

  /** Starts, approves and executes the next refresh of the master key; `activate` ends it. */
  async refresh(id: string): Promise<void> {
    const Epoch = 1 + (this.state.masterKeys.get('Default')?.epoch ?? 0)
    const timestamp = new Date(Date.now()).toISOString()
    const intent = this.vault.intent('refresh master key', { Name: 'Default', Epoch }, { id, timestamp })
    await this.submit(startCommand(intent))
    await this.submit(this.vault.approval(id, this.vault.person('alice')))
    await this.submit(this.vault.execution(id, {}, new Uint8Array()))
  }

  /** Takes three equal reports into the log. */
  async activate(masterKey = 'Default', epoch = 0): Promise<void> {
    const equal = (curve: Curve) => {
      const groups = new Map<string, Extract<NodeEvent, { type: 'keyReport' }>[]>()
      for (const { node, event } of this.events)
        if (
          event.type === 'keyReport' &&
          event.report.masterKey === masterKey &&
          event.report.curve === curve &&
          event.report.epoch === epoch
        ) {
          const name = toHex(event.report.transcriptHash)
          const group = groups.get(name) ?? []
          group[node] = event
          groups.set(name, group)
        }
      return [...groups.values()].find(group => Object.keys(group).length === 3)
    }
    const keys: SignedReports[] = []
    for (const curve of curves) {
      await this.until(() => equal(curve) !== undefined, `three equal reports of ${masterKey} on ${curve}`)
      const [a, b, c] = equal(curve) ?? []
      if (a === undefined || b === undefined || c === undefined) throw new Error('unreachable')
      expect([b.report, c.report]).toEqual([a.report, a.report])
      keys.push({ report: a.report, signatures: [a.signature, b.signature, c.signature] })
    }
    await this.submit({ type: 'activateKey', keys })
  }

  async pair(name: string): Promise<void> {
    const { vault } = this
    const person = vault.person(name)
    const intent = vault.intent(
      'set user public key',
      { UserID: person.id, PublicKey: Buffer.from(person.publicKey).toString('base64') },
      { id: `pair-${name}`, timestamp: new Date(Date.now()).toISOString() },
    )
    await this.submit(startCommand(intent))
    await this.submit(this.vault.execution(intent.OperationID, {}, new Uint8Array()))
  }

  /** Starts and approves; `execute` is the test's. */
  async prepare(id: string, kind: 'transfer' | 'message' = 'transfer'): Promise<void> {
    const metadata = { id, initiator: 'alice@example.com', timestamp: new Date(Date.now()).toISOString() }
    const to = '0x00000000000000000000000000000000000000AA'
    const intent: Intent =
      kind === 'transfer'
        ? this.vault.transferIntent([{ Address: to, Amount: '0.25' }], metadata)
        : this.vault.messageIntent(`hello from ${id}`, metadata)
    await this.submit(startCommand(intent))
    await this.submit(this.vault.approval(id, this.vault.person('alice')))
  }

  async execute(id: string): Promise<void> {
    await this.submit(this.vault.execution(id))
  }

  signatures(id: string): { node: number; signature: Uint8Array }[] {
    return this.events.flatMap(({ node, event }) =>
      event.type === 'signed' && event.operationId === id ? [{ node, signature: event.signature }] : [],
    )
  }

  /** Waits for the signature of three nodes and takes one into the log; the fold checks that it recovers to the source. */
  async signed(id: string, nodes: readonly number[] = indexes, ms = 20_000): Promise<void> {
    const has = (node: number) => this.signatures(id).some(one => one.node === node)
    await this.until(() => nodes.every(has), `signature of ${id}`, ms)
    await this.record(id)
    expect(this.state.operations.get(id)?.phase).toBe('succeeded')
  }

  async record(id: string): Promise<void> {
    const [first] = this.signatures(id)
    if (first === undefined) throw new Error('no signature')
    await this.submit({ type: 'signed', operationId: id, part: 0, variant: 0, signature: first.signature })
  }

  query(index: Index, query: Query): Promise<Answer> {
    const id = this.#nextQuery++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer')), 3000)
      this.#answers.set(id, (_node, answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      this.#walletBox?.send(`node${index}`, encodeEnvelope({ type: 'query', id, query }))
    })
  }

  /** The broker gives a node these bytes, in the name of `from`. */
  inject(from: Party, to: Party, raw: Uint8Array): void {
    this.hub.mailbox(from).send(to, raw)
  }

  has(message: string | RegExp, node?: number): LogLine | undefined {
    const fits = (text: string) => (typeof message === 'string' ? text.includes(message) : message.test(text))
    return this.log.find(
      line => (node === undefined || line.node === node) && fits(`${line.message} ${JSON.stringify(line.fields)}`),
    )
  }

  async until(condition: () => boolean, what: string, ms = 20_000): Promise<void> {
    const end = Date.now() + ms
    while (!condition()) {
      if (Date.now() > end) throw new Error(`timed out: ${what}\n${this.tail()}`)
      await wait(5)
    }
  }

  tail(): string {
    return this.log
      .slice(-25)
      .map(({ node, level, message, fields }) => `${node} ${level} ${message} ${JSON.stringify(fields)}`)
      .join('\n')
  }

  async connected(): Promise<void> {
    const isReady = (index: Index) => this.#running[index]?.node?.status().peers.length === 2
    await this.until(() => indexes.every(isReady), 'epochs of all pairs')
  }

  #walletBox: Mailbox | undefined

  async #openWallet(): Promise<void> {
    const box = this.hub.mailbox('wallet')
    this.#walletBox = box
    const store = {
      putCandidate: async () => {},
      find: async () => undefined,
      putCertified: async (seq: number, _hash: Uint8Array, entry: StoredEntry) => {
        this.#stored[seq - 1] = entry
      },
      range: async (from: number, limit: number) => this.#stored.slice(from - 1, from - 1 + limit),
    }
    const send = (node: number, body: Uint8Array) =>
      box.send(`node${node}` as Party, encodeEnvelope({ type: 'ledger', node: 255, body }))
    const proposer = await Proposer.open<VaultState>({
      committee: new Committee(vaultIdOf(this.genesis), this.genesis.identityKeys),
      machine: vaultMachine(this.genesis),
      store,
      transport: { send, broadcast: message => indexes.forEach(node => void send(node, message)) },
      clock: Date.now,
      random: Math.random,
      schedule: (delay, task) => {
        const timer = setTimeout(() => void task(), delay)
        return () => clearTimeout(timer)
      },
      resendAfter: 100,
    })
    this.#proposer = proposer
    box.onMessage((from, raw) => {
      const envelope: Envelope = decodeEnvelope(raw)
      const node = indexes.find(index => from === `node${index}`)
      if (node === undefined) return
      if (envelope.type === 'ledger') {
        const body = this.hears(node, envelope.body)
        if (body !== undefined) void proposer.receive(node, body)
      } else if (envelope.type === 'event') this.events.push({ node, event: envelope.event })
      else if (envelope.type === 'answer') this.#answers.get(envelope.id)?.(node, envelope.answer)
    })
  }

  #mortalRecords(index: Index, running: Running, inner: MemoryRecords): Records {
    const hook = (table: string, done: boolean) => this.onPut(index, table, done)
    return {
      get: (table, key) => (running.dead ? never() : inner.get(table, key)),
      async put(rows) {
        for (const { table } of rows) hook(table, false)
        if (running.dead) return never()
        await inner.put(rows)
        for (const { table } of rows) hook(table, true)
        if (running.dead) return never()
      },
      range: (table, from, limit) => (running.dead ? never() : inner.range(table, from, limit)),
      remove: (table, keys) => (running.dead ? never() : inner.remove(table, keys)),
    }
  }

  #mortalQuarantine(index: Index, running: Running): QuarantineStore {
    const inner = this.quarantines[index] ?? memoryQuarantine()
    return {
      load: () => (running.dead ? never() : inner.load()),
      save: (peer, record) => (running.dead ? never() : inner.save(peer, record)),
      remove: (peer, record) => (running.dead ? never() : inner.remove(peer, record)),
    }
  }

  #mortalHolds(index: Index, running: Running): HoldStore {
    const inner = this.holds[index] ?? memoryHolds()
    return {
      load: () => (running.dead ? never() : inner.load()),
      save: (id, hold) => (running.dead ? never() : inner.save(id, hold)),
      remove: id => (running.dead ? never() : inner.remove(id)),
    }
  }

  #mortalMailbox(self: Party, running: Running): Mailbox {
    const box = this.hub.mailbox(self)
    return {
      send: (to, raw) => {
        if (running.dead) return
        this.onWire(self, to, raw)
        if (running.dead) return
        if (to !== 'wallet') this.wire.push({ from: self, to, raw: raw.slice() })
        box.send(to, raw)
      },
      onMessage: handler =>
        box.onMessage((from, raw) => {
          if (!running.dead) handler(from, raw)
        }),
    }
  }

  /**
   * Looks at what nodes seal for each other: no session id may ever carry two different frames of one sender for one round
   * and receiver, and no nonce may be used for two attempts, whatever is killed when.
   */
  #watchPlaintext(): void {
    const names = new WeakMap<Channels, number>()
    const seal = Channels.prototype.seal
    vi.spyOn(Channels.prototype, 'seal').mockImplementation(function (this: Channels, to, messages) {
      const node = names.get(this) ?? this.hello().node
      names.set(this, node)
      const sent = messages.flatMap(message => {
        const changed = cluster.tamper(node, to, message)
        if (changed === message) cluster.#note(node, to, message)
        return changed ?? []
      })
      return sent.length === 0 ? undefined : seal.call(this, to, sent)
    })
    const cluster = this
  }

  #note(node: number, to: number, message: PeerMessage): void {
    if (message.type === 'frame') {
      const key = `${toHex(message.session)}/${node}/${to}/${message.frame[2]}`
      const hash = toHex(sha256(message.frame))
      if ((this.#frames.get(key) ?? hash) !== hash) this.violations.push(`two frames for ${key}`)
      this.#frames.set(key, hash)
    } else if (message.type === 'join') {
      const key = `${node}/${toHex(message.nonce)}`
      const use = `${message.task}/${message.attempt}`
      if ((this.#nonces.get(key) ?? use) !== use) this.violations.push(`nonce reused: ${use}`)
      this.#nonces.set(key, use)
    }
  }
}

const never = <T>(): Promise<T> => new Promise(() => {})

/** A vault after set-up, key generation, activation and seal, with alice's device: what most tests begin with. */
export async function sealedVault(
  ers: Uint8Array = newErsKey().spki,
  more: (cluster: Cluster) => Promise<unknown> = async () => undefined,
): Promise<Snapshot> {
  const cluster = await Cluster.start({ ers })
  await cluster.setup()
  await cluster.activate()
  await cluster.pair('alice')
  await more(cluster)
  const sealed = cluster.snapshot()
  cluster.close()
  return sealed
}
