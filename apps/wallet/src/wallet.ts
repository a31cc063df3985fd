import type { ChainClients } from '@trivault/chain-clients'
import type { Certified } from '@trivault/ledger'
import type { Genesis } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'
import { ApiKeys } from './api-keys.ts'
import type { Database } from './database.ts'
import { Deliveries } from './deliveries.ts'
import { Endorsements } from './endorsements.ts'
import { entryStore } from './entry-store.ts'
import { Events } from './events.ts'
import { Executor } from './executor.ts'
import { Levers } from './levers.ts'
import { VaultLog } from './log.ts'
import { backupsOf, nodesOf, verdictsOf } from './node-answers.ts'
import { type Bus, NodeLink } from './node-link.ts'
import { Outbox } from './outbox.ts'
import { callerOf } from './reads/index.ts'
import { receiptOf } from './receipts.ts'
import { explained } from './refusals.ts'
import { Requests } from './requests.ts'
import { ServiceError, type WalletService } from './service.ts'
import { Signatures } from './signatures.ts'
import { Sweeper } from './sweeper.ts'
import { Tenant } from './tenant.ts'
import type { WalletView } from './view.ts'

/** The use cases of this side; `createReads` has the others. */
export type Writes = Pick<
  WalletService,
  | 'findApiKey'
  | 'findUser'
  | 'readiness'
  | 'setupTenant'
  | 'pairApprover'
  | 'vouch'
  | 'createGroup'
  | 'createSystemUser'
  | 'deleteSystemUser'
  | 'address'
  | 'registerKnownChain'
  | 'start'
  | 'cancel'
  | 'approve'
  | 'reject'
  | 'subscribe'
  | 'verdicts'
  | 'receipt'
  | 'nodes'
  | 'hold'
  | 'settings'
  | 'extendedRestrictions'
  | 'policyTest'
>

export interface WalletOptions {
  genesis: Genesis
  db: Database
  bus: Bus
  chains: ChainClients
  clock: () => number
  log: (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, string | number>) => void
}

/** How long a client waits for the nodes before its request is acknowledged as kept, milliseconds. */
const patience = 3_000

/** The wallet: proposes, builds, delivers, and tells. It holds no key and decides nothing; it can only delay. */
export class Wallet {
  readonly #options: WalletOptions
  readonly #onError: (error: unknown) => void
  readonly #link: NodeLink
  readonly #events = new Events()
  readonly #outbox: Outbox
  readonly #requests: Requests
  readonly #sweeper: Sweeper
  readonly #deliveries: Deliveries
  readonly #executor: Executor
  readonly #signatures: Signatures
  readonly #endorsements: Endorsements
  readonly #apiKeys: ApiKeys
  readonly #tenant: Tenant
  readonly #levers: Levers
  #log: VaultLog | undefined
  /** Operations that entries named since the last sweep. */
  readonly #touched = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  private constructor(options: WalletOptions) {
    this.#options = options
    const { db, bus, chains, clock, log } = options
    const onError = (error: unknown): void => log('error', 'background work failed', { reason: reasonOf(error) })
    this.#onError = onError
    const state = () => this.state
    this.#link = new NodeLink(bus, {
      ledger: (node, body) => {
        this.#log?.receive(node, body).catch(onError)
      },
      event: (node, event) => {
        if (this.#log === undefined) return
        if (event.type === 'held') this.#levers.receive(event)
        else if (event.type === 'endorsed') this.#endorsements.receive(node, event)
        else this.#signatures.receive(node, event)
      },
      malformed: from => log('warn', 'unreadable message', { from }),
    })
    this.#deliveries = new Deliveries({
      db,
      chains,
      state,
      clock,
      log,
      onChange: ({ operationId }) => this.#deliveryChanged(operationId),
    })
    this.#executor = new Executor({
      chains,
      state,
      clock,
      log,
      submit: (commands, stillMeant) => this.#vaultLog.submitWhile(stillMeant, commands),
      settled: (id, part) => this.#deliveries.settled(id, part),
    })
    this.#apiKeys = new ApiKeys(db, clock, state)
    this.#tenant = new Tenant({
      state,
      clock,
      apiKeys: this.#apiKeys,
      dryRun: command => void this.#vaultLog.dryRun(command),
      now: command => this.#requests.now(command),
      start: (caller, request) => this.#requests.start(caller, request),
    })
    this.#levers = new Levers({
      ...{ state, chains, clock, onError, link: this.#link },
      submit: command => this.#vaultLog.submit(command),
    })
    this.#endorsements = new Endorsements({
      state,
      submit: command => this.#vaultLog.submit(command),
      onError,
    })
    this.#signatures = new Signatures({
      link: this.#link,
      state,
      submit: (...commands) => this.#vaultLog.submit(...commands),
      onError,
    })
    this.#outbox = new Outbox({
      db,
      clock,
      state,
      patience,
      onError,
      propose: command => this.#requests.propose(command),
    })
    this.#requests = new Requests({
      ...{ link: this.#link, chains, clock, outbox: this.#outbox, executor: this.#executor },
      log: () => this.#vaultLog,
    })
    this.#sweeper = new Sweeper(
      () => this.#sweepAll(),
      error => log('error', 'sweep failed', { reason: reasonOf(error) }),
    )
  }

  /** Opens the replica, takes up what an earlier process left, and begins to work. */
  static async open(options: WalletOptions): Promise<Wallet> {
    const wallet = new Wallet(options)
    const { genesis, db, clock } = options
    wallet.#log = await VaultLog.open({ genesis, db, clock, random: Math.random }, wallet.#link, certified =>
      wallet.#onCertified(certified),
    )
    await wallet.#deliveries.resume()
    await wallet.#outbox.resume()
    wallet.#timer = setInterval(() => wallet.#sweeper.wake(), 1_000)
    wallet.#sweeper.wake()
    return wallet
  }

  /** Stops working; what the outbox holds is taken up by the next process. */
  close(): void {
    clearInterval(this.#timer)
    this.#log?.close()
  }

  get state(): VaultState {
    return this.#vaultLog.state
  }

  get #vaultLog(): VaultLog {
    if (this.#log === undefined) throw new ServiceError('unavailable', 'the wallet is starting')
    return this.#log
  }

  get apiKeys(): ApiKeys {
    return this.#apiKeys
  }

  /** What reads see of the wallet. */
  view(): WalletView {
    const store = entryStore(this.#options.db)
    return {
      state: () => this.state,
      head: () => this.#vaultLog.status.head,
      entries: (from, to) => store.range(from, Math.max(0, to - from + 1)),
      waiting: id => this.#outbox.waiting(id),
      allWaiting: () => this.#outbox.allWaiting(),
      deliveries: id => this.#deliveries.of(id),
      backups: name => backupsOf(this.#link, this.state, name),
    }
  }

  /** What callers can change, and what only the nodes can tell. */
  writes(): Writes {
    return {
      findApiKey: hash => this.#apiKeys.find(hash),
      findUser: async email => callerOf(this.state, email),
      readiness: () => this.#readiness(),
      setupTenant: (_caller, setup) => this.#tenant.setup(setup),
      vouch: (_caller, request) => this.#tenant.vouch(request),
      pairApprover: (caller, { UserID, PublicKey }) => this.#tenant.pair(caller, UserID, PublicKey),
      createGroup: (caller, name) => this.#requests.now({ type: 'createGroup', by: caller.id, name }),
      createSystemUser: (caller, request) => this.#tenant.createSystemUser(caller, request),
      deleteSystemUser: (caller, id) => this.#tenant.deleteSystemUser(caller, id),
      address: (_caller, request) => this.#tenant.address(request),
      registerKnownChain: (caller, caip2) => this.#requests.now({ type: 'registerChain', by: caller.id, caip2 }),
      start: (caller, request) => this.#requests.start(caller, request),
      cancel: (caller, id, cancelledBy) =>
        this.#requests.end({ type: 'cancel', operationId: id, by: cancelledBy ?? caller.id }),
      approve: (caller, id, signature) => this.#requests.approve(caller, id, signature),
      reject: (caller, id, reason) =>
        this.#requests.end({ type: 'reject', operationId: id, userId: caller.id, reason }),
      subscribe: (_caller, listener) => this.#events.subscribe(listener),
      verdicts: (_caller, id) => explained(() => verdictsOf(this.#link, this.state, id)),
      receipt: (id, part) =>
        explained(async () => receiptOf(this.view(), await verdictsOf(this.#link, this.state, id), id, part)),
      hold: request => this.#levers.hold(request),
      settings: () => this.#levers.settings(),
      extendedRestrictions: () => this.#levers.restrictions(),
      policyTest: (caller, request) => this.#levers.policyTest(caller, request),
      nodes: () => nodesOf(this.#link, this.state, this.#vaultLog.status.head),
    }
  }

  #onCertified(certified: Certified<VaultState>): void {
    for (const id of this.#events.afterEntry(certified)) this.#touched.add(id)
    queueMicrotask(() => this.#sweeper.wake())
  }

  /** Looks after everything that is due. */
  async #sweepAll(): Promise<void> {
    if (this.#log === undefined) return // entries are taken up while it opens
    const { state } = this
    if (this.#options.clock() >= state.nextDeadline) await this.#vaultLog.submit()
    const touched = [...this.#touched]
    this.#touched.clear()
    for (const id of touched) {
      const operation = state.operations.get(id)
      if (operation !== undefined) await this.#deliveries.follow(operation)
    }
    this.#executor.sweep().catch(this.#onError)
    this.#deliveries.sweep().catch(this.#onError)
    this.#signatures.sweep(this.#options.clock()).catch(this.#onError)
  }

  #deliveryChanged(operationId: string): void {
    const operation = this.state.operations.get(operationId)
    if (operation !== undefined) this.#events.changed(operationId, operation.type)
  }

  async #readiness() {
    const other: string[] = []
    const { phase, reason } = this.#vaultLog.status
    if (phase === 'halted') other.push(`the log is halted: ${reason}`)
    try {
      await this.#options.db.selectFrom('api_keys').select('hash').limit(1).execute()
      return { other }
    } catch {
      return { database: 'the wallet database does not answer', other }
    }
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown')
