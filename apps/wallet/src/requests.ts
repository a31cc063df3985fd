import { randomUUID } from 'node:crypto'
import type { ChainClients } from '@trivault/chain-clients'
import { fromHex, toHex, utf8 } from '@trivault/codec'
import { type Command, encodeIntent, VaultError, vaultErrors } from '@trivault/protocol'
import { operationOf, userKey, type VaultState } from '@trivault/vault-state'
import type { Executor } from './executor.ts'
import { initiatorOf } from './initiator.ts'
import { buildIntent } from './intents.ts'
import type { Outcome, VaultLog } from './log.ts'
import { silenceOf } from './node-answers.ts'
import type { NodeLink } from './node-link.ts'
import type { Outbox } from './outbox.ts'
import { explained, inTime } from './refusals.ts'
import { type Caller, ServiceError, type StartRequest } from './service.ts'

/** How long an immediate call waits for the nodes before it gives up, milliseconds. */
const immediatePatience = 15_000

export interface RequestsOptions {
  /** Throws `ServiceError` unavailable while the wallet starts. */
  log: () => VaultLog
  link: NodeLink
  chains: ChainClients
  clock: () => number
  outbox: Outbox
  executor: Executor
}

/**
 * What people ask for, on its way into the log. Each is tried on the wallet's own fold first, so that most refusals are told at
 * once; only the nodes' word counts. Methods throw `ServiceError` with the vault's code for what is refused.
 */
export class Requests {
  readonly #options: RequestsOptions

  constructor(options: RequestsOptions) {
    this.#options = options
  }

  get #log(): VaultLog {
    return this.#options.log()
  }

  /** Starts an operation: the outbox has it before this resolves. The same request again is answered with the same id. */
  async start(caller: Caller, request: StartRequest): Promise<{ OperationID: string }> {
    return explained(async () => {
      const { outbox, chains, clock } = this.#options
      const { state } = this.#log
      const operationId = request.operationId ?? `${toHex(state.vaultId).slice(0, 8)}-${randomUUID()}`
      const identity = utf8(JSON.stringify([request.segment, request.initiatorId ?? caller.id, request.rawBody]))
      if (await outbox.isRepeat(operationId, identity)) return { OperationID: operationId }
      if (state.operations.has(operationId))
        throw new VaultError('duplicate-operation', `OperationID ${operationId} is in use: choose a new one`)
      const initiatorId = initiatorOf(state, caller, request)
      const intent = await buildIntent(request, { state, chains, now: clock(), operationId, initiatorId })
      this.#log.dryRun({ type: 'start', operationId, intent: encodeIntent(intent) })
      await outbox.start(intent, identity)
      return { OperationID: operationId }
    })
  }

  /** An approval that the caller's device signed. */
  async approve(caller: Caller, operationId: string, signature: Uint8Array): Promise<void> {
    await explained(async () => {
      const { state } = this.#log
      const keyId = state.users.get(userKey(caller.id))?.keyId
      if (keyId === undefined)
        throw new VaultError('unknown-key', `${caller.id} has no registered device key: pair a device first`)
      operationOf(state, operationId)
      const command: Command = { type: 'approve', operationId, userId: caller.id, keyId: fromHex(keyId), signature }
      this.#log.dryRun(command)
      await this.#options.outbox.put('approve', operationId, command)
    })
  }

  /** A rejection or a cancellation. */
  async end(command: Extract<Command, { type: 'reject' | 'cancel' }>): Promise<void> {
    await explained(async () => {
      this.#log.dryRun(command)
      await this.#options.outbox.put(command.type, command.operationId, command)
    })
  }

  /** An immediate call: a log entry, or an error when the nodes do not answer in time. */
  async now(command: Command): Promise<void> {
    await explained(async () => {
      this.#log.dryRun(command)
      const outcome = await inTime(this.#log.submit(command), immediatePatience)
      const [result] = outcome ?? []
      if (result === undefined)
        throw new ServiceError(
          'unavailable',
          `${await silenceOf(this.#options.link)}; the request may still be carried out`,
          {
            errorCode: vaultErrors['node-down'],
          },
        )
      if (!result.ok) throw new VaultError(result.code, result.message)
    })
  }

  /** Proposes what the outbox holds, and in the same turn the execution that it makes possible; the command's own outcome. */
  async propose(command: Command): Promise<Outcome> {
    const first = (outcomes: Outcome[]): Outcome =>
      outcomes[0] ?? { ok: false, code: 'internal-error', message: 'no outcome', lasting: false }
    if (command.type !== 'approve' && command.type !== 'start') return first(await this.#log.submit(command))
    let after: VaultState
    try {
      after = this.#log.dryRun(command)
    } catch {
      return first(await this.#log.submit(command)) // the nodes say why
    }
    return new Promise((resolve, reject) => {
      this.#options.executor
        .withExecution(command.operationId, after, async () => {
          const outcomes = this.#log.submit(command)
          resolve(outcomes.then(first))
          await outcomes
        })
        .catch(reject)
    })
  }
}
