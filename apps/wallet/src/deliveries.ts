import { ChainClientError, type ChainClients } from '@trivault/chain-clients'
import { assembleTransaction, formatHex, parseCaip19 } from '@trivault/chains'
import { fromHex } from '@trivault/codec'
import { chainOf, type Operation, type VaultState } from '@trivault/vault-state'
import type { Database } from './database.ts'
import type { Delivery } from './view.ts'

export interface DeliveriesOptions {
  db: Database
  chains: ChainClients
  state: () => VaultState
  clock: () => number
  /** Called when the state of a delivery changed. */
  onChange: (delivery: Delivery) => void
  log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, string | number>) => void
}

/** What a chain says that no later try can mend. */
const lasting = new Set(['nonce_taken', 'insufficient_funds', 'fee_too_low', 'rpc_refused'])

/**
 * Hands signed transactions to their chain until they are confirmed. Only ever the same signed bytes: a drop or a reorg
 * never leads to a second effect (I2). Raw transactions are signed only; whoever asked for them sends them.
 */
export class Deliveries {
  readonly #options: DeliveriesOptions
  readonly #known = new Map<string, Delivery & { signed: Uint8Array; caip2: string }>()
  #sweeping: Promise<void> | undefined
  #again = false

  constructor(options: DeliveriesOptions) {
    this.#options = options
  }

  /** Takes up what an earlier process left, and what the log signed meanwhile. */
  async resume(): Promise<void> {
    for (const row of await this.#options.db.selectFrom('deliveries').selectAll().execute()) {
      this.#known.set(keyOf(row.operation_id, row.part), {
        operationId: row.operation_id,
        part: row.part,
        status: row.status,
        transactionHash: row.transaction_hash,
        error: row.error ?? undefined,
        updatedAt: Number(row.updated_at),
        signed: row.signed,
        caip2: row.caip2,
      })
    }
    for (const operation of this.#options.state().operations.values()) await this.follow(operation)
  }

  /** An operation's deliveries, by part. */
  of(operationId: string): Delivery[] {
    return [...this.#known.values()]
      .filter(delivery => delivery.operationId === operationId)
      .sort((a, b) => a.part - b.part)
  }

  /** Is this part mined or given up? */
  settled(operationId: string, part: number): boolean {
    const status = this.#known.get(keyOf(operationId, part))?.status
    return status === 'confirmed' || status === 'rejected'
  }

  /** Takes up every signed part of a structured transfer. */
  async follow(operation: Operation): Promise<void> {
    const { intent } = operation
    if (intent.OperationType !== 'make transaction' || intent.RawTransaction !== undefined) return
    // A signature that turns up after its operation was told to have failed is not used: people may have started another one.
    if (operation.failure?.code === 'signing-failed') return
    for (const { part, transaction, signature } of operation.executions) {
      if (signature === undefined || this.#known.has(keyOf(operation.id, part))) continue
      const { caip2 } = parseCaip19(intent.CAIP19)
      const recovery = signature[64] === 1 ? 1 : 0
      const signed = assembleTransaction(
        transaction,
        { r: signature.slice(0, 32), s: signature.slice(32, 64), recovery },
        intent.Source.Address,
      )
      await this.#save({
        operationId: operation.id,
        part,
        status: 'waiting',
        transactionHash: formatHex(signed.hash),
        error: undefined,
        updatedAt: this.#options.clock(),
        signed: signed.bytes,
        caip2,
      })
    }
  }

  /** Sends what waits and looks after what was sent. One sweep at a time; a call during one makes another follow it. */
  sweep(): Promise<void> {
    if (this.#sweeping !== undefined) {
      this.#again = true
      return this.#sweeping
    }
    this.#sweeping = this.#run().finally(() => {
      this.#sweeping = undefined
    })
    return this.#sweeping
  }

  async #run(): Promise<void> {
    do {
      this.#again = false
      const open = [...this.#known.values()].filter(({ status }) => status === 'waiting' || status === 'sent')
      for (const delivery of open) await this.#step(delivery)
    } while (this.#again)
  }

  async #step(delivery: Delivery & { signed: Uint8Array; caip2: string }): Promise<void> {
    const { operationId, part } = delivery
    try {
      const client = this.#options.chains.evm(chainOf(this.#options.state(), delivery.caip2))
      const hash = fromHex(delivery.transactionHash)
      const status = delivery.status === 'sent' ? await client.status(hash) : undefined
      if (status?.state === 'mined')
        await this.#save({
          ...delivery,
          status: 'confirmed',
          error: status.succeeded ? undefined : 'the transaction reverted',
        })
      else if (status?.state !== 'pending') {
        await client.broadcast({ bytes: delivery.signed, hash })
        if (delivery.status === 'waiting') await this.#save({ ...delivery, status: 'sent', error: undefined })
      }
    } catch (error) {
      const code = error instanceof ChainClientError ? error.code : 'internal'
      const message = error instanceof Error ? error.message : 'unknown'
      this.#options.log('warn', 'signed transaction could not be handed over', {
        operation: operationId,
        part,
        code,
        reason: message,
      })
      if (delivery.status === 'waiting' && lasting.has(code))
        await this.#save({ ...delivery, status: 'rejected', error: message })
      else if (delivery.status === 'waiting' && delivery.error !== message)
        await this.#save({ ...delivery, error: message })
    }
  }

  async #save(delivery: Delivery & { signed: Uint8Array; caip2: string }): Promise<void> {
    const updated = { ...delivery, updatedAt: this.#options.clock() }
    const row = {
      operation_id: updated.operationId,
      part: updated.part,
      status: updated.status,
      transaction_hash: updated.transactionHash,
      signed: Buffer.from(updated.signed),
      caip2: updated.caip2,
      error: updated.error ?? null,
      updated_at: String(updated.updatedAt),
    }
    await this.#options.db
      .insertInto('deliveries')
      .values(row)
      .onConflict(conflict =>
        conflict
          .columns(['operation_id', 'part'])
          .doUpdateSet({ status: row.status, error: row.error, updated_at: row.updated_at }),
      )
      .execute()
    this.#known.set(keyOf(updated.operationId, updated.part), updated)
    this.#options.onChange(updated)
  }
}

const keyOf = (operationId: string, part: number): string => `${operationId}/${part}`
