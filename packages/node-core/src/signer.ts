import { concat, encode, int53, list, struct, u16, u32 } from '@trivault/codec'
import { createSigning, type KeyShare, type Signature } from '@trivault/mpc'
import {
  addressOf,
  assetOf,
  chainOf,
  type Execution,
  masterKeyOf,
  type Operation,
  pathOf,
  type VaultState,
} from '@trivault/vault-state'
import { reasonOf } from './errors.ts'
import type { JointSessions } from './joint-sessions.ts'
import type { KeyShares } from './key-shares.ts'
import type { Pairs } from './pairs.ts'
import type { Log, Metrics } from './ports.ts'
import type { SealedRecords } from './sealed-records.ts'

interface Unstored {
  signature: Uint8Array
  release: (signature: Uint8Array) => void
  busy: boolean
}

const everyNode = [0, 1, 2]
const pathCodec = struct({ path: list(u32, 8), seq: int53, command: u16 })

export interface SignerOptions {
  self: number
  sessions: JointSessions
  pairs: Pairs
  shares: KeyShares
  records: SealedRecords
  random: (length: number) => Uint8Array
  log: Log
  metrics: Metrics
  now: () => number
  mayRun: () => boolean
  release: (operationId: string, part: number, variant: number, signature: Uint8Array) => void
}

/**
 * The only place that signs. It acts on nothing but certified `execute` commands, over the digest that this node's own fold
 * computed from the transaction bytes (I1); the final signature is verified, sealed, then released.
 */
export class SigningCoordinator {
  readonly #options: SignerOptions
  readonly #failures = new Map<string, string>()
  /** Signatures that are made but not durable yet. */
  readonly #unstored = new Map<string, Unstored>()
  /** Stored signatures that the wallet was told of; it asks for them when that was lost. */
  readonly #told = new Set<string>()
  lastSignatureAt = 0

  constructor(options: SignerOptions) {
    this.#options = options
  }

  /** Takes up every certified execution that has no certified signature yet; forgets those that have one or failed. */
  async follow(state: VaultState): Promise<void> {
    this.#forgetEnded(state)
    let broken: unknown
    for (const operation of unsignedOperations(state))
      for (const execution of operation.executions.filter(one => one.signature === undefined))
        try {
          await this.#takeUp(state, operation, execution)
        } catch (error) {
          // One operation that cannot be signed here must not hold up the others.
          broken = error
          this.#failures.set(taskName(operation.id, execution.part, execution.variant), reasonOf(error))
        }
    if (broken !== undefined) throw broken
  }

  /** Stores again what could not be stored; only then it is released. */
  tick(): void {
    for (const [name, waiting] of this.#unstored) if (!waiting.busy) this.#store(name, waiting)
  }

  /** The sealed signature of an execution, or why there will be none. */
  async result(
    operationId: string,
    part: number,
    variant: number,
  ): Promise<{ signature: Uint8Array | undefined; failure: string | undefined }> {
    const name = taskName(operationId, part, variant)
    const signature = await this.#options.records.get('signature', name)
    return { signature, failure: signature === undefined ? this.#failures.get(name) : undefined }
  }

  #forgetEnded(state: VaultState): void {
    const isOver = (name: string): boolean => {
      const [kind, id = '', part, variant] = name.split('/')
      if (kind !== 'sign') return false
      const { executions = [] } = state.operations.get(id) ?? {}
      const execution = executions.find(one => one.part === Number(part) && one.variant === Number(variant))
      return execution?.signature !== undefined || !state.unsigned.has(id)
    }
    this.#options.sessions.dropWhere(isOver)
    for (const known of [this.#failures, this.#unstored, this.#told])
      for (const name of [...known.keys()]) if (isOver(name)) known.delete(name)
  }

  async #takeUp(state: VaultState, operation: Operation, execution: Execution): Promise<void> {
    const { intent } = operation
    if (intent.OperationType !== 'make transaction' && intent.OperationType !== 'generic signing') return
    const name = taskName(operation.id, execution.part, execution.variant)
    const { sessions, records, shares, pairs, self, random } = this.#options
    if (sessions.has(name) || this.#told.has(name) || this.#unstored.has(name)) return
    const release = (signature: Uint8Array) => {
      this.#told.add(name)
      this.#failures.delete(name)
      this.#options.release(operation.id, execution.part, execution.variant, signature)
    }
    const existing = await records.get('signature', name)
    if (existing !== undefined) {
      release(existing)
      return
    }
    const { Source } = intent
    const { slip44 } = chainOf(state, assetOf(state, intent.CAIP19).chain.caip2)
    const path = pathOf(state, addressOf(state, Source.MasterKeyName, Source.AccountName, slip44, Source.AddressIndex))
    const key = masterKeyOf(state, Source.MasterKeyName)
    const share: KeyShare = await shares.active(key)
    this.#failures.delete(name)
    const began = this.#options.now()
    sessions.add({
      name,
      nodes: everyNode,
      binding: concat(
        key.keyId,
        share.transcriptHash,
        execution.digest,
        encode(pathCodec, { path: [...path], seq: execution.seq, command: execution.command }),
      ),
      unlimited: false,
      ready: () => this.#options.mayRun() && everyNode.every(node => node === self || pairs.epoch(node) !== undefined),
      epochs: () => everyNode.map(node => pairs.epoch(node)?.id),
      create: sessionId =>
        createSigning({
          self: self + 1,
          signers: everyNode.map(node => node + 1),
          share,
          pairs: new Map(
            everyNode.flatMap(node => (node === self ? [] : [[node + 1, pairState(pairs, node)] as const])),
          ),
          path,
          digest: execution.digest,
          sessionId,
          random,
        }),
      complete: result => {
        const { r, s, recovery } = result as Signature
        this.lastSignatureAt = this.#options.now()
        this.#options.metrics.observe('signing_seconds', (this.#options.now() - began) / 1000)
        const waiting = { signature: concat(r, s, Uint8Array.of(recovery)), release, busy: false }
        this.#unstored.set(name, waiting)
        this.#store(name, waiting)
      },
      failed: failure => {
        pairs.accuse(failure, name)
        this.#failures.set(name, `check ${failure.check} failed (${failure.kind})`)
      },
    })
  }

  /** Persist, then release. A peer that missed the end makes a second session; the first signature stays the one. */
  #store(name: string, waiting: Unstored): void {
    const { records, log } = this.#options
    const work = async () => {
      const existing = await records.get('signature', name)
      if (existing === undefined) await records.create('signature', name, waiting.signature)
      this.#unstored.delete(name)
      waiting.release(existing ?? waiting.signature)
    }
    waiting.busy = true
    work().catch((error: unknown) => {
      waiting.busy = false
      log('error', 'signature could not be stored and is kept back', { task: name, reason: reasonOf(error) })
    })
  }
}

/** Oldest first, so that all nodes come to the same ones. */
function unsignedOperations(state: VaultState): Operation[] {
  const operations = state.unsigned.keys().flatMap(id => state.operations.get(id) ?? [])
  const firstOf = ({ executions }: Operation) => executions[0]?.seq ?? 0
  return operations.sort((a, b) => firstOf(a) - firstOf(b) || (a.id < b.id ? -1 : 1))
}

function pairState(pairs: Pairs, node: number) {
  const epoch = pairs.epoch(node)
  if (epoch === undefined) throw new RangeError(`no oblivious transfer epoch with node ${node}`)
  return epoch.state
}

export function taskName(operationId: string, part: number, variant: number): string {
  return `sign/${operationId}/${part}/${variant}`
}
