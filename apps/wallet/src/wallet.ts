import { randomBytes, randomUUID } from 'node:crypto'
import { ChainClientError, type ChainClients } from '@trivault/chain-clients'
import { ChainError } from '@trivault/chains'
import { encode, fromHex, toHex, utf8 } from '@trivault/codec'
import type { Certified } from '@trivault/ledger'
import {
  type Command,
  encodeBackupFile,
  encodeIntent,
  type Genesis,
  sha256,
  systemRoles,
  VaultError,
  vaultErrors,
  viewCodec,
} from '@trivault/protocol'
import {
  bootstrapUser,
  chainOf,
  checkName,
  nextAddressIndex,
  operationOf,
  setupComplete,
  systemUserId,
  userKey,
  userOf,
  type VaultState,
} from '@trivault/vault-state'
import type { Database } from './database.ts'
import { Deliveries } from './deliveries.ts'
import { entryStore } from './entry-store.ts'
import { Events } from './events.ts'
import { Executor } from './executor.ts'
import { buildIntent } from './intents.ts'
import { type Outcome, VaultLog } from './log.ts'
import { type Bus, NodeLink } from './node-link.ts'
import { Outbox } from './outbox.ts'
import { roleOf } from './reads/index.ts'
import { type Caller, type Role, ServiceError, type StartRequest, type WalletService } from './service.ts'
import { setupCommand } from './setup.ts'
import { fetchBackup, Signatures } from './signatures.ts'
import type { WalletView } from './view.ts'

export type Writes = Pick<
  WalletService,
  | 'findApiKey'
  | 'findUser'
  | 'readiness'
  | 'setupTenant'
  | 'pairApprover'
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
  | 'nodes'
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
const setupPatience = 25_000

/** The wallet: proposes, builds, delivers, and tells. It holds no key and decides nothing; it can only delay. */
export class Wallet {
  readonly #options: WalletOptions
  readonly #link: NodeLink
  readonly #events = new Events()
  readonly #outbox: Outbox
  readonly #deliveries: Deliveries
  readonly #executor: Executor
  readonly #signatures: Signatures
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
        if (this.#log !== undefined) this.#signatures.receive(node, event)
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
      log,
      submit: commands => this.#vaultLog.submit(...commands),
      settled: (id, part) => this.#deliveries.settled(id, part),
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

  view(): WalletView {
    const store = entryStore(this.#options.db)
    return {
      state: () => this.state,
      head: () => this.#vaultLog.status.head,
      entries: (from, to) => store.range(from, Math.max(0, to - from + 1)),
      waiting: id => this.#outbox.waiting(id),
      allWaiting: () => this.#outbox.allWaiting(),
      deliveries: id => this.#deliveries.of(id),
      backup: name => this.#backup(name),
    }
  }

  writes(): Writes {
    return {
      findApiKey: hash => this.#findApiKey(hash),
      findUser: async email => this.#caller(email),
      readiness: () => this.#readiness(),
      setupTenant: (_caller, setup) => this.#setup(setup),
      pairApprover: (caller, { UserID, PublicKey }) => this.#pair(caller, UserID, PublicKey),
      createGroup: (caller, name) => this.#now({ type: 'createGroup', by: caller.id, name }),
      createSystemUser: (caller, request) => this.#createSystemUser(caller, request),
      deleteSystemUser: (caller, id) => this.#deleteSystemUser(caller, id),
      address: (_caller, request) => this.#address(request),
      registerKnownChain: (caller, caip2) => this.#now({ type: 'registerChain', by: caller.id, caip2 }),
      start: (caller, request) => this.#start(caller, request),
      cancel: (caller, id, cancelledBy) =>
        this.#change('cancel', id, { type: 'cancel', operationId: id, by: cancelledBy ?? caller.id }),
      approve: (caller, id, signature) => this.#approve(caller, id, signature),
      reject: (caller, id) => this.#change('reject', id, { type: 'reject', operationId: id, userId: caller.id }),
      subscribe: (_caller, listener) => this.#events.subscribe(listener),
      verdicts: (_caller, id) => this.#verdicts(id),
      nodes: () => this.#nodes(),
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
        .withExecution(command.operationId, [command], after, async commands => {
          const outcomes = this.#vaultLog.submit(...commands)
          resolve(outcomes.then(first))
          await outcomes
        })
        .catch(reject)
    })
  }

  /** An immediate call: a log entry, or an error when the nodes do not answer in time. */
  async #now(command: Command): Promise<void> {
    await this.#explained(async () => {
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

  /** Runs `work`; what the vault refuses becomes the API's error. */
  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw serviceErrorOf(error)
    }
  }

  // --- operations

  async #start(caller: Caller, request: StartRequest): Promise<{ OperationID: string }> {
    return this.#explained(async () => {
      const { state } = this
      const operationId = request.operationId ?? `${toHex(state.vaultId).slice(0, 8)}-${randomUUID()}`
      const identity = utf8(JSON.stringify([request.segment, request.initiatorId ?? caller.id, request.rawBody]))
      if (await this.#outbox.isRepeat(operationId, identity)) return { OperationID: operationId }
      if (state.operations.has(operationId))
        throw new VaultError('duplicate-operation', `OperationID ${operationId} is in use: choose a new one`)
      const initiatorId =
        request.initiatorId === undefined
          ? state.users.has(userKey(caller.id))
            ? userOf(state, caller.id).id
            : ''
          : userOf(state, request.initiatorId).id
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
    await this.#explained(async () => {
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
    await this.#explained(async () => {
      this.#vaultLog.dryRun(command)
      await this.#outbox.put(kind, operationId, command)
    })
  }

  // --- tenant, people, keys

  async #setup(body: Parameters<WalletService['setupTenant']>[1]): Promise<void> {
    await this.#explained(async () => {
      const command = setupCommand(body)
      const earlier = this.state.setup
      const same = earlier !== undefined && toHex(earlier.bodyHash) === toHex(command.bodyHash)
      if (earlier !== undefined && (!same || setupComplete(this.state)))
        throw new VaultError('already-populated', 'the default tenant is already populated')
      if (earlier === undefined) await this.#now(command)
      const deadline = this.#options.clock() + setupPatience
      while (!setupComplete(this.state)) {
        if (this.#options.clock() > deadline)
          throw new ServiceError(
            'unavailable',
            'the master keys are still being generated: send the same request again to wait for them',
          )
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    })
  }

  /** The contract's older way to a device key: starts `set user public key` for the user with this number. */
  async #pair(caller: Caller, number: number, publicKey: string): Promise<{ ID: string }> {
    const user = this.state.users.values().find(one => one.number === number && !one.deleted)
    if (user === undefined)
      throw new ServiceError('bad-request', `no user with id ${number}`, { errorCode: vaultErrors['unknown-user'] })
    const payload = { UserID: user.id, PublicKey: publicKey }
    const { OperationID } = await this.#start(caller, {
      segment: 'setUserPublicKey',
      payload,
      rawBody: JSON.stringify(payload),
    })
    return { ID: OperationID }
  }

  async #findApiKey(hash: Uint8Array) {
    const row = await this.#options.db
      .selectFrom('api_keys')
      .selectAll()
      .where('hash', '=', Buffer.from(hash))
      .executeTakeFirst()
    if (row === undefined) return undefined
    const user = this.state.users.get(userKey(row.user_id))
    if (user?.deleted === true) return undefined
    const person = user !== undefined && user.systemRole === undefined
    const role = person ? roleOf(this.state, user) : (row.role as Role)
    const caller = { id: row.user_id, name: user?.name ?? row.name, role, kind: person ? 'user' : 'system' } as const
    return { hash: row.hash, caller }
  }

  #caller(email: string): Caller | undefined {
    const { state } = this
    const user = state.users.get(userKey(email))
    if (user === undefined || user.deleted || user.systemRole !== undefined) return undefined
    return { id: user.id, name: user.name, role: roleOf(state, user), kind: 'user' }
  }

  /** A key of the API for a new system user, or for a registered person's own bot. Only its hash is kept. */
  async #createSystemUser(
    caller: Caller,
    request: Parameters<WalletService['createSystemUser']>[1],
  ): Promise<{ ApiKey: string; UserID: number }> {
    const role = systemRoles.find(one => one === request.Role)
    if (role === undefined) throw new ServiceError('bad-request', `Role: one of ${systemRoles.join(', ')}`)
    const person = this.state.users.get(userKey(request.Name))
    const isPerson = person !== undefined && person.systemRole === undefined && !person.deleted
    if (!isPerson)
      await this.#now({
        type: 'createSystemUser',
        by: caller.id,
        name: request.Name,
        role,
        confirmer: request.Confirmer,
      })
    const id = isPerson ? person.id : systemUserId(request.Name)
    const key = await this.#issueApiKey(id, request.Name, isPerson ? 'AutomatedApprover' : role)
    return { ApiKey: key, UserID: userOf(this.state, id).number }
  }

  async #issueApiKey(userId: string, name: string, role: Role, keep?: (key: string) => void): Promise<string> {
    const key = `cwp_${randomBytes(32).toString('base64url')}`
    keep?.(key)
    const row = {
      hash: Buffer.from(sha256(utf8(key))),
      user_id: userId,
      name,
      role,
      created_at: String(this.#options.clock()),
    }
    await this.#options.db.insertInto('api_keys').values(row).execute()
    return key
  }

  /** The bootstrap Admin key of the guide's step 16: made once, at the first start, and kept before it counts. */
  async bootstrapKey(keep: (key: string) => void): Promise<void> {
    const existing = await this.#options.db
      .selectFrom('api_keys')
      .select('hash')
      .where('user_id', '=', bootstrapUser)
      .executeTakeFirst()
    if (existing === undefined) await this.#issueApiKey(bootstrapUser, 'bootstrap', 'Admin', keep)
  }

  async #deleteSystemUser(caller: Caller, id: number): Promise<void> {
    const user = this.state.users
      .values()
      .find(({ number, deleted, systemRole }) => number === id && !deleted && systemRole !== undefined)
    if (user === undefined) throw new ServiceError('not-found', `no system user with id ${id}`)
    await this.#now({ type: 'deleteSystemUser', by: caller.id, id: user.id })
    await this.#options.db.deleteFrom('api_keys').where('user_id', '=', user.id).execute()
  }

  async #address({ MasterKey, Account, CAIP2, Index = 0 }: Parameters<WalletService['address']>[1]) {
    return this.#explained(async () => {
      const { slip44 } = chainOf(this.state, CAIP2)
      if (!this.state.addresses.has(`${MasterKey}/${Account}/${slip44}/${Index}`)) {
        const next = nextAddressIndex(this.state, MasterKey, Account, slip44)
        const command: Command = {
          type: 'allocateAddress',
          masterKey: checkName(MasterKey, 'MasterKey'),
          account: checkName(Account, 'Account'),
          caip2: CAIP2,
          index: Index,
        }
        this.#vaultLog.dryRun(command)
        if (Index === next) await this.#now(command)
      }
      const found = this.state.addresses.get(`${MasterKey}/${Account}/${slip44}/${Index}`)
      if (found === undefined) throw new VaultError('unknown-address', `no address ${Index} of account ${Account}`)
      return { Address: found.address, ...(this.state.sealedAt === undefined && { sealed: false as const }) }
    })
  }

  async #backup(masterKey: string): Promise<Uint8Array> {
    const key = this.state.masterKeys.get(masterKey)
    if (key === undefined || key.status !== 'active')
      throw new ServiceError('not-found', `no active master key ${masterKey}`)
    const { name, keyId, curve, publicKey, publicShares, chainCode, transcriptHash } = key
    const { vaultId, genesis } = this.state
    const blobs = await fetchBackup(this.#link, this.state, masterKey)
    return encodeBackupFile({
      version: 1,
      vaultId,
      masterKey: name,
      keyId,
      curve,
      ersFingerprint: genesis.ersFingerprint,
      publicKey,
      publicShares: [...publicShares],
      chainCode,
      transcriptHash,
      blobs,
    })
  }

  // --- what the nodes say

  async #verdicts(operationId: string) {
    return this.#explained(async () => {
      operationOf(this.state, operationId)
      const answers = await this.#link.queryAll({ type: 'view', operationId })
      const Verdicts = answers.flatMap((answer, Node) => {
        if (answer === undefined) return []
        const { view, signature } = answer
        return [
          {
            Node,
            View: Buffer.from(encode(viewCodec, view)).toString('base64'),
            Signature: Buffer.from(signature).toString('base64'),
            Status: view.status,
            IntentHash: toHex(view.intentHash),
            ...(view.effectsHash === undefined ? {} : { EffectsHash: toHex(view.effectsHash) }),
            ...(view.grade === undefined ? {} : { Grade: view.grade }),
            Needs: view.needs,
            Unmet: view.unmet,
            Head: { Seq: view.headSeq, Hash: toHex(view.headHash) },
          },
        ]
      })
      return {
        OperationID: operationId,
        Verdicts,
        Missing: answers.flatMap((answer, node) => (answer === undefined ? [node] : [])),
      }
    })
  }

  async #nodes() {
    const { state } = this
    const { head } = this.#vaultLog.status
    const answers = await this.#link.queryAll({ type: 'status' })
    return {
      VaultID: toHex(state.vaultId),
      Sealed: state.sealedAt !== undefined,
      Head: { Seq: head.seq, Hash: toHex(head.hash) },
      Nodes: state.genesis.identityKeys.map((identity, Index) => {
        const answer = answers[Index]
        const known =
          answer === undefined
            ? {}
            : {
                Head: { Seq: answer.seq, Hash: toHex(answer.hash) },
                State: [
                  answer.phase,
                  ...(answer.reason === '' ? [] : [answer.reason]),
                  ...answer.quarantined.map(node => `node ${node} is quarantined`),
                ].join(': '),
              }
        return { Index, IdentityKey: toHex(identity), Online: answer !== undefined, ...known }
      }),
    }
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

const notFound = new Set(['unknown-operation'])
const conflicts = new Set(['operation-not-pending', 'operation-not-executing'])

/** The API's view of a refusal: state conflicts are 409, unknown operations 404, everything else the caller's 400. */
function serviceErrorOf(error: unknown): unknown {
  if (error instanceof VaultError) {
    const code = notFound.has(error.code)
      ? 'not-found'
      : conflicts.has(error.code)
        ? 'conflict'
        : error.code === 'too-many-operations'
          ? 'too-many-requests'
          : 'bad-request'
    return error.code === 'internal-error'
      ? error
      : new ServiceError(code, error.message, { cause: error, errorCode: error.mCode })
  }
  if (error instanceof ChainError)
    return new ServiceError('bad-request', error.message, { cause: error, errorCode: vaultErrors.malformed })
  if (error instanceof ChainClientError) {
    const down = error.code === 'rpc_unreachable' || error.code === 'rpc_timeout'
    const errorCode =
      error.code === 'rpc_not_configured' ? vaultErrors['rpc-not-configured'] : vaultErrors['bad-transaction']
    return new ServiceError(down ? 'unavailable' : 'bad-request', error.message, { cause: error, errorCode })
  }
  return error
}

async function inTime<T>(work: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
