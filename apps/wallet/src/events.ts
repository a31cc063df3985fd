import type { ClientEvent } from '@trivault/api-contract'
import type { Certified } from '@trivault/ledger'
import { decodeCommand } from '@trivault/protocol'
import { reportedKey, statusOf, type VaultState } from '@trivault/vault-state'
import type { Unsubscribe } from './service.ts'

type Listener = (event: ClientEvent) => void

/** Tells subscribers which operations changed their status. Order is not promised: they ask again for the state. */
export class Events {
  readonly #listeners = new Set<Listener>()
  readonly #statuses = new Map<string, string>()

  subscribe(listener: Listener): Unsubscribe {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Tells what an entry changed; returns the operations that it touched. */
  afterEntry({ entry, state }: Certified<VaultState>): Set<string> {
    const touched = new Set<string>(state.pending.keys().filter(id => this.#statuses.has(id)))
    for (const raw of entry.commands) {
      const command = decodeCommand(raw)
      if ('operationId' in command) touched.add(command.operationId)
      if (command.type === 'activateKey') {
        const key = state.masterKeys.get(reportedKey(command.keys))
        for (const id of [key?.operationId, key?.refresh]) if (id !== undefined) touched.add(id)
      }
      if (command.type !== 'execute') continue
      const operation = state.operations.get(command.operationId)
      if (operation?.intent.OperationType === 'set user public key' && operation.phase === 'succeeded')
        this.#emit({ Type: 'approver_onboarded', Payload: { UserID: operation.intent.UserID } })
    }
    for (const id of this.#statuses.keys()) if (state.operations.get(id)?.phase === 'failed') touched.add(id)
    for (const id of touched) this.operationMayHaveChanged(state, id)
    return touched
  }

  /** Tells of the operation if its status differs from the one told last. */
  operationMayHaveChanged(state: VaultState, id: string): void {
    const operation = state.operations.get(id)
    if (operation === undefined) return
    const status = statusOf(state, operation)
    if (this.#statuses.get(id) === status) return
    if (operation.phase === 'failed' || operation.phase === 'succeeded') this.#statuses.delete(id)
    else this.#statuses.set(id, status)
    this.changed(id, operation.type)
  }

  /** Tells of a change that the log does not show: a delivery. */
  changed(id: string, type: string): void {
    this.#emit({ Type: 'operation_status_update', Payload: { OperationID: id, OperationType: type as never } })
  }

  #emit(event: ClientEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}
