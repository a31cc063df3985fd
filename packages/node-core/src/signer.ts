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
import type { JointSessions } from './joint-sessions.ts'
import type { KeyShares } from './key-shares.ts'
import type { Pairs } from './pairs.ts'
import type { Log, Metrics } from './ports.ts'
import type { SealedRecords } from './sealed-records.ts'

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
  lastSignatureAt = 0

  constructor(options: SignerOptions) {
    this.#options = options
  }

  /** Takes up every certified execution that has no certified signature yet; forgets those that have one. */
  async follow(state: VaultState): Promise<void> {
    for (const id of state.unsigned.keys().sort()) {
      const operation = state.operations.get(id)
      for (const execution of operation?.executions ?? []) {
        if (operation === undefined || execution.signature !== undefined) continue
        await this.#takeUp(state, operation, execution)
      }
    }
    this.#options.sessions.dropWhere(name => {
      const [kind, id = '', part, variant] = name.split('/')
      if (kind !== 'sign') return false
      const execution = state.operations
        .get(id)
        ?.executions.find(one => one.part === Number(part) && one.variant === Number(variant))
      return execution?.signature !== undefined
    })
  }

  /** The sealed signature of an execution, or why there will be none. */
  async result(
    operationId: string,
    part: number,
    variant: number,
  ): Promise<{ signature: Uint8Array | undefined; failure: string | undefined }> {
    const name = taskName(operationId, part, variant)
    return { signature: await this.#options.records.get('signature', name), failure: this.#failures.get(name) }
  }

  async #takeUp(state: VaultState, operation: Operation, execution: Execution): Promise<void> {
    const { intent } = operation
    if (intent.OperationType !== 'make transaction' && intent.OperationType !== 'generic signing') return
    const name = taskName(operation.id, execution.part, execution.variant)
    const { sessions, records, shares, pairs, self, random, release } = this.#options
    if (sessions.has(name)) return
    const existing = await records.get('signature', name)
    if (existing !== undefined) {
      release(operation.id, execution.part, execution.variant, existing)
      return
    }
    const { Source } = intent
    const { slip44 } = chainOf(state, assetOf(state, intent.CAIP19).chain.caip2)
    const path = pathOf(state, addressOf(state, Source.MasterKeyName, Source.AccountName, slip44, Source.AddressIndex))
    const key = masterKeyOf(state, Source.MasterKeyName)
    const share: KeyShare = await shares.active(key)
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
        const signature = concat(r, s, Uint8Array.of(recovery))
        this.lastSignatureAt = this.#options.now()
        this.#options.metrics.observe('signing_seconds', (this.#options.now() - began) / 1000)
        records.create('signature', name, signature).then(
          () => release(operation.id, execution.part, execution.variant, signature),
          () => {
            this.#options.log('error', 'signature could not be stored and is kept back', { operation: operation.id })
            sessions.drop(name)
          },
        )
      },
      failed: failure => {
        pairs.accuse(failure, name)
        this.#failures.set(name, `check ${failure.check} failed (${failure.kind})`)
      },
    })
  }
}

function pairState(pairs: Pairs, node: number) {
  const epoch = pairs.epoch(node)
  if (epoch === undefined) throw new RangeError(`no oblivious transfer epoch with node ${node}`)
  return epoch.state
}

export function taskName(operationId: string, part: number, variant: number): string {
  return `sign/${operationId}/${part}/${variant}`
}
