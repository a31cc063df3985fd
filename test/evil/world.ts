import { toHex } from '@trivault/codec'
import type { Entry } from '@trivault/ledger'
import {
  type Command,
  curves,
  decodeCommand,
  encodeCommand,
  type NodeEvent,
  sha256,
  vaultIdOf,
} from '@trivault/protocol'
import { ersKey, type Person, setupCommand, TestVault, testGenesis } from '@trivault/testkit'
import { Random } from '../../packages/ledger/src/testing/random.ts'
import type { Known } from './books.ts'
import type { Seen } from './effects.ts'
import { EvilLog, type Verdict } from './log.ts'
import { Nodes, newErsKey } from './nodes.ts'
import { Oracle } from './oracle.ts'
import { Human, shuffled } from './people.ts'
import { must } from './violation.ts'

export const ether = 'eip155:31337/slip44:60'
const quorum = 2
const names = ['alice', 'bob', 'carol', 'dave', 'erin', 'mallory'] as const

export interface Options {
  seed: number
  /** Operations whose signature the three nodes really make. */
  signed: number
  /** `enclave`: the owner quorum on money, and keys that nobody pinned or vouched for are weak. */
  profile: 'local' | 'enclave'
}

/** Everybody and everything in one run; all choices come from one seed. */
export class World {
  readonly random: Random
  readonly oracle: Oracle
  readonly humans = new Map(names.map(name => [`${name}@example.com`, new Human(name)]))
  /** Devices that were replaced: they are in the evil wallet's hands now. */
  readonly stolen: Person[] = []
  /** Approvals that the wallet has seen, for replays. */
  readonly approvals: { operationId: string; userId: string; keyId: Uint8Array; signature: Uint8Array }[] = []
  readonly events: { node: number; event: NodeEvent }[] = []
  readonly attacks = new Map<string, { refused: number; certified: number }>()
  readonly nonces = new Map<string, number>()
  readonly masterKeys: string[]
  helper: TestVault
  generated = 0
  holds = 0
  realSignatures = 0
  time = Date.parse('2026-01-02T03:04:05.000Z')
  /** Real time that passed while the nodes sign; their clocks need it, the log does not. */
  drift = 0
  #nodes: Nodes | undefined
  #log: EvilLog | undefined

  private constructor({ seed, signed, profile }: Options) {
    this.oracle = new Oracle(quorum, profile)
    this.random = new Random(seed)
    this.masterKeys = signed > 0 ? ['Default', 'Paper'] : ['Paper']
    this.helper = new TestVault()
  }

  get nodes(): Nodes {
    return this.#nodes ?? expectThere()
  }
  get log(): EvilLog {
    return this.#log ?? expectThere()
  }

  static async found(options: Options): Promise<World> {
    const world = new World(options)
    const ersPublicKey = options.signed > 0 ? newErsKey() : ersKey
    const founders = names.slice(0, 3).map(name => world.human(name))
    const enclave = {
      ...({ profile: 'enclave', foundingMode: 'pinned', foundersRequired: quorum } as const),
      founders: founders.map(({ id }) => id),
      founderKeys: founders.map(({ person }) => person.keyId),
    }
    const genesis = testGenesis({
      ersFingerprint: sha256(ersPublicKey),
      ...(options.profile === 'enclave' && enclave),
    })
    for (const { person } of founders) world.oracle.pinned.add(toHex(person.keyId))
    world.oracle.vaultId = Buffer.from(vaultIdOf(genesis))
    world.helper = new TestVault(genesis)
    const clock = () => world.time + world.drift
    const onEvent = (node: number, event: NodeEvent) => void world.events.push({ node, event })
    world.#nodes = await Nodes.start({ genesis, ersPublicKey, clock, onEvent })
    world.#log = await EvilLog.open(world.nodes, genesis, () => world.time)
    await world.#setUp(options.signed > 0)
    return world
  }

  /** Owners, keys and the seal, as an honest wallet makes them; then the books are opened. */
  async #setUp(signs: boolean): Promise<void> {
    const accounts = ['treasury', 'payroll']
    const users = names.map(name => ({ id: `${name}@example.com`, name: this.human(name).name }))
    const setup = setupCommand({
      users: users.slice(0, 3),
      approvalsRequired: quorum,
      masterKeys: this.masterKeys.map(name => ({ name, accounts })),
      chains: ['eip155:31337', 'eip155:1', 'eip155:10'],
    })
    // Paper's three reports come from this test, which knows the identities: its shares do not exist, so nothing is computed for it.
    await this.honest(setup, this.helper.keyReports('Paper'))
    if (signs) await this.honest(await this.#generated('Default'))
    const { oracle } = this
    for (const { id, name } of users.slice(0, 3)) oracle.users.set(id, { name, key: undefined })
    oracle.groups.set('owner', new Set(users.slice(0, 3).map(({ id }) => id)))
    oracle.rates.set('ETH', { spot: 3000, min: undefined, max: undefined })
    for (const key of this.masterKeys)
      accounts.forEach((account, index) => {
        oracle.accounts.set(`${key}/${account}`, index)
        oracle.ownAddress(this.log.state, key, account, 0)
      })
    for (const name of oracle.isEnclave ? ['alice', 'bob', 'carol'] : ['alice', 'bob']) {
      const { id, person } = this.human(name)
      const PublicKey = Buffer.from(person.publicKey).toString('base64')
      const intent = this.helper.intent(
        'set user public key',
        { UserID: id, PublicKey },
        { id: `pair-${name}`, timestamp: this.now },
      )
      await this.honest(
        { type: 'start', operationId: intent.OperationID, intent: new TextEncoder().encode(JSON.stringify(intent)) },
        { type: 'execute', operationId: intent.OperationID, part: 0, variant: 0, transaction: new Uint8Array() },
      )
      oracle.setKey(id, person.publicKey)
    }
    must(this.log.state.sealedAt !== undefined, 'the vault is not sealed')
  }

  async #generated(masterKey: string): Promise<Command> {
    for (let waited = 0; waited < 60_000; waited += 20) {
      const keys = curves.flatMap(curve => {
        const made = this.events.flatMap(({ node, event }) =>
          event.type === 'keyReport' && event.report.masterKey === masterKey && event.report.curve === curve
            ? [{ node, ...event }]
            : [],
        )
        const [first, ...rest] = made.sort((x, y) => x.node - y.node)
        return first !== undefined && rest.length === 2
          ? [{ report: first.report, signatures: made.map(({ signature }) => signature) }]
          : []
      })
      if (keys.length === curves.length) return { type: 'activateKey', keys }
      await this.pause()
    }
    throw new Error('the nodes make no key')
  }

  /** What is in the log need not be remembered. */
  forget(operationId: string, part: number, variant: number): void {
    const rest = this.events.filter(
      ({ event }) =>
        event.type === 'signed' &&
        (event.operationId !== operationId || event.part !== part || event.variant !== variant),
    )
    this.events.splice(0, this.events.length, ...rest)
  }

  /** Lets the nodes work for some real milliseconds. */
  async pause(): Promise<void> {
    this.drift += 20
    this.nodes.tick()
    await new Promise(resolve => setTimeout(resolve, 5))
  }

  human(name: string): Human {
    return this.humans.get(`${name}@example.com`) ?? expectThere()
  }

  get now(): string {
    return new Date(this.time).toISOString()
  }

  nextId(): string {
    this.generated++
    return `op-${this.generated}`
  }

  nonceOf(source: string): number {
    const nonce = this.nonces.get(source) ?? 0
    this.nonces.set(source, nonce + 1)
    return nonce
  }

  /** One entry at the founding, which must be certified. */
  async honest(...commands: Command[]): Promise<void> {
    this.time += 50
    this.drift = 0
    const verdict = await this.log.propose(this.log.entry(commands.map(encodeCommand)))
    must(verdict.certified, `an honest entry was refused: ${verdict.certified ? '' : verdict.code}`)
    this.helper.state = this.log.state
  }

  /** One entry of the evil wallet's. What is certified is the oracle's to judge. */
  async offer(commands: readonly Uint8Array[], changes: Partial<Entry> = {}): Promise<Verdict> {
    this.time += 50
    this.drift = 0
    const entry = this.log.entry([...commands], changes)
    const verdict = await this.log.propose(entry)
    if (verdict.certified) {
      this.helper.state = this.log.state
      this.oracle.certified(commands.map(decodeCommand), changes.time ?? this.time, this.time, this.log.state)
    }
    return verdict
  }

  /** An entry that honest people and devices stand behind: the oracle agrees, so the nodes must take it. */
  async expect(what: string, ...commands: Command[]): Promise<void> {
    const verdict = await this.offer(commands.map(encodeCommand))
    must(verdict.certified, `honest, but refused: ${what}: ${verdict.certified ? '' : verdict.code}`)
  }

  /** An attack. With `never` it may not be certified whatever the oracle says of it. */
  async attack(
    name: string,
    commands: readonly Uint8Array[],
    options: { never?: boolean; entry?: Partial<Entry> } = {},
  ): Promise<boolean> {
    const verdict = await this.offer(commands, options.entry)
    this.note(name, verdict.certified)
    must(!verdict.certified || options.never !== true, `the attack "${name}" succeeded`)
    return verdict.certified
  }

  note(name: string, certified: boolean): void {
    const tally = this.attacks.get(name) ?? { refused: 0, certified: 0 }
    tally[certified ? 'certified' : 'refused']++
    this.attacks.set(name, tally)
  }

  /** An honest person's device signs the bytes of what that person wants. */
  approve(human: Human, known: Known): Command {
    const { person, id } = human
    const approval = { operationId: known.id, userId: id, keyId: person.keyId, signature: person.sign(known.bytes) }
    this.approvals.push(approval)
    if (this.approvals.length > 400) this.approvals.shift()
    return { type: 'approve', ...approval }
  }

  /** Honest people whose approval would bring `known` further, in any order. */
  helpers(known: Known): Human[] {
    const { oracle } = this
    const wanted = [...known.needs, ...(oracle.needs(known.intent) ?? [])]
    const free = [...this.humans.values()].filter(({ id }) => {
      const key = oracle.users.get(id)?.key?.id
      const isNew = key !== undefined && known.approvals.get(id) !== key && id !== this.human('mallory').id
      return isNew && wanted.some(requirement => oracle.fits(requirement, id))
    })
    return shuffled(this.random, free)
  }

  /** What the joint protocol would have made, for keys whose secret this test knows. */
  paperSignature(digest: string, address: string): Uint8Array {
    return this.helper.sign({ digest: Buffer.from(digest.slice(2), 'hex'), message: new Uint8Array() }, address)
  }

  wishBase(
    type: string,
    initiator: string,
  ): Pick<Seen, 'OperationType' | 'OperationID' | 'InitiatorID' | 'InitiatorName' | 'Timestamp'> {
    const name = this.oracle.users.get(initiator)?.name ?? ''
    return {
      OperationType: type,
      OperationID: this.nextId(),
      InitiatorID: initiator,
      InitiatorName: name,
      Timestamp: this.now,
    }
  }

  /** A freeze, or with an operation a veto, by this device. */
  hold(person: Person, operationId = ''): Command {
    return this.helper.hold(person, ++this.holds, operationId)
  }

  /** The same head at all three nodes as in the evil wallet's copy: no forged certificate got in. */
  async sameHeads(): Promise<void> {
    for (const index of [0, 1, 2] as const) {
      for (let tries = 0; tries < 200 && this.nodes.node(index).status().seq < this.log.seq; tries++) await this.pause()
      const { phase, seq, reason } = this.nodes.node(index).status()
      must(
        seq === this.log.seq && phase === 'voting',
        `node ${index} is ${phase} at ${seq}, the log at ${this.log.seq}: ${reason}`,
      )
    }
  }
}

function expectThere(): never {
  throw new Error('not there')
}
