import { setTimeout as sleep } from 'node:timers/promises'
import { equalBytes } from '@trivault/codec'
import {
  type Command,
  decodeCommand,
  decodeIntent,
  encodeCommand,
  encodeIntent,
  type Intent,
  sha256,
  VaultError,
  type VaultErrorCode,
} from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'
import type { Database } from './database.ts'
import { restamp } from './intents.ts'
import type { Outcome } from './log.ts'
import type { WaitingOperation } from './view.ts'

const retryEvery = 1_000

type Kind = 'start' | 'approve' | 'reject' | 'cancel'

interface Item {
  id: string
  kind: Kind
  operationId: string
  /** Of kind start. */
  intent: Intent | undefined
  /** Of the other kinds. */
  command: Command | undefined
  createdAt: number
}

export interface OutboxOptions {
  db: Database
  clock: () => number
  state: () => VaultState
  /** Proposes a command together with what it makes possible. The first outcome is the command's. */
  propose: (command: Command) => Promise<Outcome>
  /** Milliseconds that a client waits for the nodes before it hears that its request is kept. */
  patience: number
  onError: (error: unknown) => void
}

/**
 * What the wallet has acknowledged and the log does not hold yet. A row is durable before anyone is answered, and is proposed
 * until the nodes certify or refuse it: with a node down that is after it is back.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #waiting = new Map<string, WaitingOperation>()

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Takes up what an earlier process left. */
  async resume(): Promise<void> {
    const rows = await this.#options.db
      .selectFrom('outbox')
      .selectAll()
      .where('kind', '=', 'start')
      .where('state', '=', 'refused')
      .execute()
    for (const row of rows)
      this.#remember({
        ...this.#item(row),
        refused: { code: row.code as VaultErrorCode, message: row.message ?? '', at: Number(row.settled_at) },
      })
    for (const row of await this.#options.db
      .selectFrom('outbox')
      .selectAll()
      .where('state', '=', 'waiting')
      .orderBy('id')
      .execute()) {
      const item = this.#item(row)
      if (item.kind === 'start') this.#remember({ ...item, refused: undefined })
      this.#inBackground(item)
    }
  }

  /** A start that the log does not hold yet, or that the nodes refused. */
  waiting(operationId: string): WaitingOperation | undefined {
    return this.#waiting.get(operationId)
  }

  allWaiting(): WaitingOperation[] {
    return [...this.#waiting.values()]
  }

  /**
   * Was this very start acknowledged before? Another request under its id is refused; a refusal is told again. A row whose
   * writer lost the database before it knew of it is taken up.
   */
  async isRepeat(operationId: string, request: Uint8Array): Promise<boolean> {
    const row = await this.#options.db
      .selectFrom('outbox')
      .selectAll()
      .where('kind', '=', 'start')
      .where('operation_id', '=', operationId)
      .executeTakeFirst()
    if (row === undefined) return false
    if (!equalBytes(row.request_hash, sha256(request)))
      throw new VaultError(
        'duplicate-operation',
        `OperationID ${operationId} was used for another request: choose a new one`,
      )
    if (row.state === 'refused')
      throw new VaultError((row.code ?? 'internal-error') as VaultErrorCode, row.message ?? '')
    if (row.state === 'waiting' && !this.#waiting.has(operationId)) {
      const item = this.#item(row)
      this.#remember({ ...item, refused: undefined })
      this.#inBackground(item)
    }
    return true
  }

  /** Keeps a start and proposes it. Throws the nodes' refusal when it comes in time. */
  async start(intent: Intent, request: Uint8Array): Promise<void> {
    const id = await this.#insert('start', intent.OperationID, encodeIntent(intent), sha256(request)).catch(
      async (error: unknown) => {
        if (await this.isRepeat(intent.OperationID, request)) return undefined // the same request came twice at once
        throw error
      },
    )
    if (id === undefined) return
    const item: Item = {
      id,
      kind: 'start',
      operationId: intent.OperationID,
      intent,
      command: undefined,
      createdAt: this.#options.clock(),
    }
    this.#remember({ ...item, refused: undefined })
    await this.#patiently(this.#settle(item))
  }

  /** Keeps an approval, rejection or cancel and proposes it. Throws the nodes' refusal when it comes in time. */
  async put(kind: Exclude<Kind, 'start'>, operationId: string, command: Command): Promise<void> {
    const body = encodeCommand(command)
    const id = await this.#insert(kind, operationId, body, sha256(body))
    await this.#patiently(
      this.#settle({ id, kind, operationId, intent: undefined, command, createdAt: this.#options.clock() }),
    )
  }

  async #insert(kind: Kind, operationId: string, body: Uint8Array, requestHash: Uint8Array): Promise<string> {
    const row = {
      kind,
      operation_id: operationId,
      body: Buffer.from(body),
      request_hash: Buffer.from(requestHash),
      created_at: String(this.#options.clock()),
      state: 'waiting' as const,
    }
    const { id } = await this.#options.db
      .insertInto('outbox')
      .values(row as never)
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  }

  async #patiently(settled: Promise<Outcome>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const kept = new Promise<'kept'>(resolve => {
      timer = setTimeout(() => resolve('kept'), this.#options.patience)
    })
    const outcome = await Promise.race([settled, kept])
    clearTimeout(timer)
    if (outcome !== 'kept' && !outcome.ok) throw new VaultError(outcome.code, outcome.message)
  }

  #inBackground(item: Item): void {
    void this.#settle(item)
  }

  /** Does not give up: whoever was told 200 does not ask again. */
  async #settle(item: Item): Promise<Outcome> {
    for (;;) {
      try {
        return await this.#proposed(item)
      } catch (error) {
        this.#options.onError(error)
        await sleep(retryEvery)
      }
    }
  }

  async #proposed(item: Item): Promise<Outcome> {
    for (;;) {
      const held = this.#alreadyHeld(item)
      const outcome = held ? ({ ok: true, seq: 0 } as const) : await this.#options.propose(this.#commandOf(item))
      if (!outcome.ok && !outcome.lasting) return outcome // the wallet is stopping: the row stays for the next process
      if (!outcome.ok && outcome.code === 'stale-timestamp' && item.kind === 'start') continue
      const done: Outcome = !outcome.ok && this.#alreadyHeld(item) ? { ok: true, seq: 0 } : outcome
      await this.#record(item, done)
      return done
    }
  }

  async #record(item: Item, outcome: Outcome): Promise<void> {
    const now = this.#options.clock()
    const settled = outcome.ok
      ? { state: 'certified' as const, code: null, message: null }
      : { state: 'refused' as const, code: outcome.code, message: outcome.message }
    await this.#options.db
      .updateTable('outbox')
      .set({ ...settled, settled_at: String(now) })
      .where('id', '=', item.id)
      .execute()
    const waiting = this.#waiting.get(item.operationId)
    if (item.kind !== 'start' || waiting === undefined) return
    if (outcome.ok) this.#waiting.delete(item.operationId)
    else
      this.#waiting.set(item.operationId, {
        ...waiting,
        refused: { code: outcome.code, message: outcome.message, at: now },
      })
  }

  #commandOf(item: Item): Command {
    if (item.intent !== undefined)
      return {
        type: 'start',
        operationId: item.operationId,
        intent: encodeIntent(restamp(item.intent, this.#options.clock())),
      }
    if (item.command === undefined) throw new VaultError('internal-error', 'outbox row without a command')
    return item.command
  }

  /** Did the log take this already, for instance just before the wallet was killed? */
  #alreadyHeld(item: Item): boolean {
    const operation = this.#options.state().operations.get(item.operationId)
    if (item.kind === 'start') return operation !== undefined
    const { command } = item
    return (
      command?.type === 'approve' &&
      operation?.approvals.some(({ signature }) => equalBytes(signature, command.signature)) === true
    )
  }

  #item(row: { id: string; kind: Kind; operation_id: string; body: Buffer; created_at: string }): Item {
    const start = row.kind === 'start'
    return {
      id: row.id,
      kind: row.kind,
      operationId: row.operation_id,
      intent: start ? decodeIntent(row.body) : undefined,
      command: start ? undefined : decodeCommand(row.body),
      createdAt: Number(row.created_at),
    }
  }

  #remember({ operationId, intent, createdAt, refused }: Item & Pick<WaitingOperation, 'refused'>): void {
    if (intent !== undefined)
      this.#waiting.set(operationId, { id: operationId, type: intent.OperationType, intent, createdAt, refused })
  }
}
