import { buildUnsigned, ChainClientError, type ChainClients } from '@trivault/chain-clients'
import { ChainError, decodeTransaction } from '@trivault/chains'
import { type Command, type IntentOf, VaultError } from '@trivault/protocol'
import {
  assetOf,
  chainContext,
  heldUp,
  type Operation,
  partCount,
  standingOf,
  transactionRequest,
  type VaultState,
} from '@trivault/vault-state'

export interface ExecutorOptions {
  chains: ChainClients
  state: () => VaultState
  clock: () => number
  /** Proposes, as long as `stillMeant` holds of the state that the commands would meet. */
  submit: (commands: Command[], stillMeant: (state: VaultState) => boolean) => Promise<unknown>
  /** Is this part's signed transaction mined, or given up? */
  settled: (operationId: string, part: number) => boolean
  log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, string | number>) => void
}

const nothing = new Uint8Array()

/** Turns satisfied operations into `execute` commands; transactions are built late, within the approved ceilings. */
export class Executor {
  readonly #options: ExecutorOptions
  readonly #busy = new Set<string>()
  /** One transaction at a time is built for a source, so that no nonce is given twice. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(options: ExecutorOptions) {
    this.#options = options
  }

  /** Proposes the execution of everything that has all it needs and is not being executed. */
  async sweep(): Promise<void> {
    const state = this.#options.state()
    const due = state.pending
      .keys()
      .filter(id => this.#ready(state, id) || (state.freeze === undefined && isHalfway(state.operations.get(id))))
    await Promise.all(due.map(id => this.#execute(id)))
  }

  #ready(state: VaultState, id: string): boolean {
    const operation = state.operations.get(id)
    if (operation === undefined || operation.phase !== 'pending' || this.#busy.has(id)) return false
    const standing = standingOf(state, operation)
    if (standing.kind === 'blocked') return true
    const now = this.#options.clock()
    return standing.unmet.length === 0 && heldUp(state, operation.intent, now, operation.waitsUntil ?? now).length === 0
  }

  /**
   * Proposes with `submit`, and in the same turn the execution that this makes possible, if any: a transfer is two slots of
   * the log. `after` is the state once what `submit` proposes has applied.
   */
  async withExecution(operationId: string, after: VaultState, submit: () => Promise<unknown>): Promise<void> {
    const operation = after.operations.get(operationId)
    if (operation === undefined || !this.#ready(after, operationId)) {
      await submit()
      return
    }
    this.#busy.add(operationId)
    try {
      await this.#inTurn(operation, async () => {
        const executions = await this.#commandsFor(after, operation).catch((error: unknown) => {
          this.#complain(operationId, error)
          return []
        })
        // The order of the calls is the order in the entry.
        await Promise.all([submit(), this.#propose(operation, executions)])
      })
    } finally {
      this.#busy.delete(operationId)
    }
  }

  async #execute(id: string): Promise<void> {
    if (this.#busy.has(id)) return
    this.#busy.add(id)
    try {
      const operation = this.#options.state().operations.get(id)
      if (operation === undefined) return
      await this.#inTurn(operation, async () => {
        const state = this.#options.state()
        const current = state.operations.get(id)
        if (current === undefined || current.phase === 'failed' || current.phase === 'succeeded') return
        const commands = await this.#commandsFor(state, current)
        await this.#propose(current, commands)
      })
    } catch (error) {
      this.#complain(id, error)
    } finally {
      this.#busy.delete(id)
    }
  }

  /**
   * A wallet that starts again can find entries of its former self certified before what it built meanwhile: a nonce that
   * such an entry took is not used again. The next sweep builds anew.
   */
  async #propose({ id, intent }: Operation, commands: Command[]): Promise<void> {
    // Submitting nothing would still take a slot of the log.
    if (commands.length === 0) return
    const nonces = commands.flatMap(command =>
      command.type === 'execute' && command.transaction.length > 0
        ? [decodeTransaction(command.transaction).nonce]
        : [],
    )
    await this.#options.submit(commands, state => {
      // Whoever names a nonce, or brings the whole transaction, means that one.
      if (intent.OperationType !== 'make transaction' || intent.RawTransaction !== undefined) return true
      if (intent.EVM?.Nonce !== undefined) return true
      const taken = this.#noncesInFlight(state, intent.Source.Address, assetOf(state, intent.CAIP19).chain.caip2, id)
      return !nonces.some(nonce => taken.has(nonce))
    })
  }

  async #commandsFor(state: VaultState, operation: Operation): Promise<Command[]> {
    const { id: operationId, intent } = operation
    const plain: Command = { type: 'execute', operationId, part: 0, variant: 0, transaction: nothing }
    if (intent.OperationType !== 'make transaction') return operation.executions.length > 0 ? [] : [plain]
    const standing = standingOf(state, operation)
    // Ends the operation; no transaction is needed, and perhaps none can be built.
    if (standing.kind === 'blocked' || standing.unmet.length > 0) return [plain]
    const transactions = await this.#transactions(state, intent, missingParts(operation))
    return transactions.map(({ part, transaction }) => ({
      type: 'execute',
      operationId,
      part,
      variant: 0,
      transaction,
    }))
  }

  async #transactions(
    state: VaultState,
    intent: IntentOf<'make transaction'>,
    parts: number[],
  ): Promise<{ part: number; transaction: Uint8Array }[]> {
    const request = transactionRequest(state, intent)
    const context = chainContext(state, assetOf(state, intent.CAIP19).chain.caip2)
    if (request.kind === 'raw') return parts.map(part => ({ part, transaction: request.unsigned }))
    const client = this.#options.chains.evm(context.chain)
    // Before the chain is asked, and of the newest state: what the chain learns meanwhile is in its answer or in this set.
    const taken = this.#noncesInFlight(this.#options.state(), request.source, context.chain.caip2)
    const [fees, pendingNonce] = await Promise.all([client.fees(), client.pendingNonce(request.source)])
    let nonce = pendingNonce
    return parts.map(part => {
      while (taken.has(nonce)) nonce += 1n
      taken.add(nonce)
      return { part, transaction: buildUnsigned(request, part, context, { ...fees, nonce }) }
    })
  }

  /**
   * Nonces of certified transactions, but those of operation `except`, that are not at their end: the chain may not count
   * those that came out of order.
   */
  #noncesInFlight(state: VaultState, source: string, caip2: string, except?: string): Set<bigint> {
    const nonces = new Set<bigint>()
    for (const operation of state.operations.values()) {
      const { intent } = operation
      if (operation.id === except) continue
      if (intent.OperationType !== 'make transaction' || intent.RawTransaction !== undefined) continue
      if (intent.Source.Address !== source || !intent.CAIP19.startsWith(`${caip2}/`)) continue
      // Of a failed operation only what is signed goes to its chain.
      for (const { part, transaction, signature } of operation.executions)
        if ((operation.phase !== 'failed' || signature !== undefined) && !this.#options.settled(operation.id, part))
          nonces.add(decodeTransaction(transaction).nonce)
    }
    return nonces
  }

  async #inTurn<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
    const { intent } = operation
    if (intent.OperationType !== 'make transaction') return work()
    const key = intent.Source.Address
    const before = this.#turns.get(key) ?? Promise.resolve()
    const turn = before.then(work, work)
    const settled = turn.catch(() => undefined)
    this.#turns.set(key, settled)
    try {
      return await turn
    } finally {
      if (this.#turns.get(key) === settled) this.#turns.delete(key)
    }
  }

  #complain(operation: string, error: unknown): void {
    const expected = error instanceof ChainClientError || error instanceof ChainError || error instanceof VaultError
    this.#options.log(expected ? 'warn' : 'error', 'operation cannot be executed yet', {
      operation,
      reason: error instanceof Error ? error.message : 'unknown',
    })
  }
}

function isHalfway(operation: Operation | undefined): boolean {
  return operation?.phase === 'executing' && operation.executions.length > 0 && missingParts(operation).length > 0
}

function missingParts(operation: Operation): number[] {
  const { intent } = operation
  const count = intent.OperationType === 'make transaction' ? partCount(intent) : 1
  return Array.from({ length: count }, (_, part) => part).filter(
    part => !operation.executions.some(execution => execution.part === part),
  )
}
