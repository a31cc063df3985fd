import { randomUUID } from 'node:crypto'
import type { ChainClients } from '@trivault/chain-clients'
import { fromHex, toHex, utf8 } from '@trivault/codec'
import type { Certified } from '@trivault/ledger'
import { type Command, encodeIntent, type Genesis, VaultError, vaultErrors } from '@trivault/protocol'
import { operationOf, userKey, type VaultState } from '@trivault/vault-state'
import { ApiKeys } from './api-keys.ts'
import type { Database } from './database.ts'
import { Deliveries } from './deliveries.ts'
import { Endorsements } from './endorsements.ts'
import { entryStore } from './entry-store.ts'
import { Events } from './events.ts'
import { Executor } from './executor.ts'
import { initiatorOf } from './initiator.ts'
import { buildIntent } from './intents.ts'
import { Levers } from './levers.ts'
import { type Outcome, VaultLog } from './log.ts'
import { backupsOf, nodesOf, verdictsOf } from './node-answers.ts'
import { type Bus, NodeLink } from './node-link.ts'
import { Outbox } from './outbox.ts'
import { callerOf } from './reads/index.ts'
import { receiptOf } from './receipts.ts'
import { explained, inTime } from './refusals.ts'
import { type Caller, ServiceError, type StartRequest, type WalletService } from './service.ts'
import { Signatures } from './signatures.ts'
import { Tenant } from './tenant.ts'
import type { WalletView } from './view.ts'

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

/** How long a client waits for the nodes before its request is acknowledged as kept, or an immediate call gives up. */
const patience = 3_000
const immediatePatience = 15_000

/** The wallet: proposes, builds, delivers, and tells. It holds no key and decides nothing; it can only delay. */
export class Wallet {
  readonly #options: WalletOptions
  readonly #link: NodeLink
  readonly #events = new Events()
  readonly #outbox: Outbox
  readonly #deliveries: Deliveries
  readonly #executor: Executor
  readonly #signatures: Signatures
  readonly #endorsements: Endorsements
  readonly #apiKeys: ApiKeys
  readonly #tenant: Tenant
  readonly #levers: Levers
  #log: VaultLog | undefined
  #sweep: Promise<void> | undefined
  #sweepAgain = false
  /** Operations that entries named since the last sweep. */
  readonly #touched = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  private constructor(options: WalletOptions) {
    this.#options = options
    const { db, bus, chains, clock, log } = options
    const onError = (error: unknown): void =>
      log('error', 'background work failed', { reason: error instanceof Error ? error.message : 'unknown' })
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
      now: command => this.#now(command),
      start: (caller, request) => this.#start(caller, request),
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
    this.#outbox = new Outbox({ db, clock, state, patience, onError, propose: command => this.#propose(command) })
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
    wallet.#timer = setInterval(() => wallet.#wake(), 1_000)
    wallet.#wake()
    return wallet
  }

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

  writes(): Writes {
    return {
      findApiKey: hash => this.#apiKeys.find(hash),
      findUser: async email => callerOf(this.state, email),
      readiness: () => this.#readiness(),
      setupTenant: (_caller, setup) => this.#tenant.setup(setup),
      vouch: (_caller, request) => this.#tenant.vouch(request),
      pairApprover: (caller, { UserID, PublicKey }) => this.#tenant.pair(caller, UserID, PublicKey),
      createGroup: (caller, name) => this.#now({ type: 'createGroup', by: caller.id, name }),
      createSystemUser: (caller, request) => this.#tenant.createSystemUser(caller, request),
      deleteSystemUser: (caller, id) => this.#tenant.deleteSystemUser(caller, id),
      address: (_caller, request) => this.#tenant.address(request),
      registerKnownChain: (caller, caip2) => this.#now({ type: 'registerChain', by: caller.id, caip2 }),
      start: (caller, request) => this.#start(caller, request),
      cancel: (caller, id, cancelledBy) =>
        this.#change('cancel', id, { type: 'cancel', operationId: id, by: cancelledBy ?? caller.id }),
      approve: (caller, id, signature) => this.#approve(caller, id, signature),
      reject: (caller, id, reason) =>
        this.#change('reject', id, { type: 'reject', operationId: id, userId: caller.id, reason }),
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

  // --- the log

  #onCertified(certified: Certified<VaultState>): void {
    for (const id of this.#events.afterEntry(certified)) this.#touched.add(id)
    queueMicrotask(() => this.#wake())
  }

  /** Looks after everything that is due. One sweep at a time; a call during one makes another follow it. */
  #wake(): void {
    if (this.#log === undefined) return
    if (this.#sweep !== undefined) {
      this.#sweepAgain = true
      return
    }
    this.#sweep = this.#sweepAll()
      .catch((error: unknown) =>
        this.#options.log('error', 'sweep failed', { reason: error instanceof Error ? error.message : 'unknown' }),
      )
      .finally(() => {
        this.#sweep = undefined
        if (this.#sweepAgain) {
          this.#sweepAgain = false
          this.#wake()
        }
      })
  }

  async #sweepAll(): Promise<void> {
    const { state } = this
    if (this.#options.clock() >= state.nextDeadline) await this.#vaultLog.submit()
    const touched = [...this.#touched]
    this.#touched.clear()
    for (const id of touched) {
      const operation = state.operations.get(id)
      if (operation !== undefined) await this.#deliveries.follow(operation)
    }
    this.#inBackground(this.#executor.sweep())
    this.#inBackground(this.#deliveries.sweep())
    this.#inBackground(this.#signatures.sweep(this.#options.clock()))
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) =>
      this.#options.log('error', 'background work failed', {
        reason: error instanceof Error ? error.message : 'unknown',
      }),
    )
  }

  #deliveryChanged(operationId: string): void {
    const operation = this.state.operations.get(operationId)
    if (operation !== undefined) this.#events.changed(operationId, operation.type)
  }

  async #propose(command: Command): Promise<Outcome> {
    const first = (outcomes: Outcome[]): Outcome =>
      outcomes[0] ?? { ok: false, code: 'internal-error', message: 'no outcome', lasting: false }
    if (command.type !== 'approve' && command.type !== 'start') return first(await this.#vaultLog.submit(command))
    let after: VaultState
    try {
      after = this.#vaultLog.dryRun(command)
    } catch {
      return first(await this.#vaultLog.submit(command)) // the nodes say why
    }
    return new Promise((resolve, reject) => {
      this.#executor
        .withExecution(command.operationId, after, async () => {
          const outcomes = this.#vaultLog.submit(command)
          resolve(outcomes.then(first))
          await outcomes
        })
        .catch(reject)
    })
  }

  /** An immediate call: a log entry, or an error when the nodes do not answer in time. */
  async #now(command: Command): Promise<void> {
    await explained(async () => {
      this.#vaultLog.dryRun(command)
      const outcome = await inTime(this.#vaultLog.submit(command), immediatePatience)
      const [result] = outcome ?? []
      if (result === undefined)
        throw new ServiceError('unavailable', `${await this.#silentNodes()}; the request may still be carried out`, {
          errorCode: vaultErrors['node-down'],
        })
      if (!result.ok) throw new VaultError(result.code, result.message)
    })
  }

  async #silentNodes(): Promise<string> {
    const answers = await this.#link.queryAll({ type: 'status' })
    const silent = answers.flatMap((answer, node) => (answer === undefined ? [node] : []))
    return silent.length === 0
      ? 'the Policy Nodes are busy'
      : `Policy Node ${silent.join(' and ')} does not answer: nothing can be certified until all three are up`
  }

  // --- operations

  async #start(caller: Caller, request: StartRequest): Promise<{ OperationID: string }> {
    return explained(async () => {
      const { state } = this
      const operationId = request.operationId ?? `${toHex(state.vaultId).slice(0, 8)}-${randomUUID()}`
      const identity = utf8(JSON.stringify([request.segment, request.initiatorId ?? caller.id, request.rawBody]))
      if (await this.#outbox.isRepeat(operationId, identity)) return { OperationID: operationId }
      if (state.operations.has(operationId))
        throw new VaultError('duplicate-operation', `OperationID ${operationId} is in use: choose a new one`)
      const initiatorId = initiatorOf(state, caller, request)
      const intent = await buildIntent(request, {
        state,
        chains: this.#options.chains,
        now: this.#options.clock(),
        operationId,
        initiatorId,
      })
      this.#vaultLog.dryRun({ type: 'start', operationId, intent: encodeIntent(intent) })
      await this.#outbox.start(intent, identity)
      return { OperationID: operationId }
    })
  }

  async #approve(caller: Caller, operationId: string, signature: Uint8Array): Promise<void> {
    await explained(async () => {
      const keyId = this.state.users.get(userKey(caller.id))?.keyId
      if (keyId === undefined)
        throw new VaultError('unknown-key', `${caller.id} has no registered device key: pair a device first`)
      operationOf(this.state, operationId)
      const command: Command = { type: 'approve', operationId, userId: caller.id, keyId: fromHex(keyId), signature }
      this.#vaultLog.dryRun(command)
      await this.#outbox.put('approve', operationId, command)
    })
  }

  async #change(kind: 'reject' | 'cancel', operationId: string, command: Command): Promise<void> {
    await explained(async () => {
      this.#vaultLog.dryRun(command)
      await this.#outbox.put(kind, operationId, command)
    })
  }

  // --- tenant, people, keys

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
