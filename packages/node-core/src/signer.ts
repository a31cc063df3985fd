import { families } from '@trivault/chains'
import { type Codec, concat, decode, encode, int53, list, struct, u16, u32 } from '@trivault/codec'
import {
  createFrostSigning,
  createSigning,
  type Failure,
  type KeyShare,
  type SchnorrSignature,
  type Session,
  type Signature,
} from '@trivault/mpc'
import {
  type AnswerOf,
  type SignedFailure,
  type SigningFailure,
  signedFailureCodec,
  signingFailureDigest,
} from '@trivault/protocol'
import {
  addressOf,
  assetOf,
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

/** What is made but not durable yet: a signature, or the statement that there will be none. */
interface Unstored {
  table: 'signature' | 'failure'
  value: Uint8Array
  release: (value: Uint8Array) => void
  busy: boolean
}

/** What the database holds of an execution. */
interface Stored {
  signature: Uint8Array | undefined
  failed: Uint8Array | undefined
}

const everyNode = [0, 1, 2]
const pathCodec = struct({ path: list(u32, 8), seq: int53, command: u16 })

export interface SignerOptions {
  self: number
  vaultId: Uint8Array
  /** Ed25519 by this node's identity. */
  sign: (message: Uint8Array) => Uint8Array
  sessions: JointSessions
  pairs: Pairs
  shares: KeyShares
  records: SealedRecords
  random: (length: number) => Uint8Array
  log: Log
  metrics: Metrics
  now: () => number
  /** May this operation be signed now? */
  mayRun: (operationId: string) => boolean
  release: (operationId: string, part: number, variant: number, signature: Uint8Array) => void
  releaseFailure: (failure: SignedFailure) => void
}

/**
 * The only place that signs. It acts on nothing but certified `execute` commands, over the digest that this node's own fold
 * computed from the transaction bytes (I1); the final signature is verified, sealed, then released.
 */
export class SigningCoordinator {
  readonly #options: SignerOptions
  readonly #failures = new Map<string, string>()
  readonly #unstored = new Map<string, Unstored>()
  /** Stored signatures and statements that the wallet was told of; it asks for them when that was lost. */
  readonly #told = new Set<string>()
  /** Of each task the master key and the epoch of the share that it signs with. */
  readonly #epochs = new Map<string, { masterKey: string; epoch: number }>()
  lastSignatureAt = 0

  constructor(options: SignerOptions) {
    this.#options = options
  }

  /** Takes up every certified execution that has no certified signature yet; forgets those that have one or failed. */
  async follow(state: VaultState): Promise<void> {
    this.#forgetEnded(state)
    this.#forgetOldEpochs(state)
    // Read together, taken up in order: all nodes come to the same ones first.
    const due = unsignedOperations(state).flatMap(operation =>
      operation.executions.flatMap(execution => {
        const name = taskName(operation.id, execution.part, execution.variant)
        if (execution.signature !== undefined || this.#isKnown(name)) return []
        return [{ name, operation, execution, stored: this.#find(name) }]
      }),
    )
    await Promise.allSettled(due.map(({ stored }) => stored))
    let broken: unknown
    for (const { name, operation, execution, stored } of due)
      try {
        await this.#takeUp(state, operation, execution, await stored)
      } catch (error) {
        // One operation that cannot be signed here must not hold up the others.
        broken = error
        this.#failures.set(name, reasonOf(error))
      }
    if (broken !== undefined) throw broken
  }

  /** S7: what is not signed when the shares of its key were refreshed begins again with the new share. */
  #forgetOldEpochs(state: VaultState): void {
    const { sessions } = this.#options
    for (const [name, { masterKey, epoch }] of this.#epochs) {
      if (sessions.has(name) && state.masterKeys.get(masterKey)?.epoch === epoch) continue
      sessions.drop(name)
      this.#epochs.delete(name)
    }
  }

  #isKnown(name: string): boolean {
    return this.#options.sessions.has(name) || this.#told.has(name) || this.#unstored.has(name)
  }

  async #find(name: string): Promise<Stored> {
    const { records } = this.#options
    const [signature, failed] = await Promise.all([records.get('signature', name), records.get('failure', name)])
    return { signature, failed }
  }

  /** Stores again what could not be stored; only then it is released. */
  tick(): void {
    for (const [name, waiting] of this.#unstored) if (!waiting.busy) this.#store(name, waiting)
  }

  /** The sealed signature of an execution, or why there is none; with `failed` there will be none. */
  async result(
    operationId: string,
    part: number,
    variant: number,
  ): Promise<Pick<AnswerOf<'signature'>, 'signature' | 'failure' | 'failed'>> {
    const name = taskName(operationId, part, variant)
    const { signature, failed: statement } = await this.#find(name)
    if (signature !== undefined) return { signature, failure: undefined, failed: undefined }
    const failed = statement && decodeFailure(statement)
    return { signature, failure: failed === undefined ? this.#failures.get(name) : sentence(failed), failed }
  }

  /** What is certified needs nothing more; of a failed operation only what is made is still stored and told. */
  #forgetEnded(state: VaultState): void {
    const phaseOf = (name: string): 'open' | 'signed' | 'failed' => {
      const [kind, id = '', part, variant] = name.split('/')
      const operation = kind === 'sign' ? state.operations.get(id) : undefined
      const execution = operation?.executions.find(one => one.part === Number(part) && one.variant === Number(variant))
      if (execution?.signature !== undefined) return 'signed'
      return operation?.phase === 'failed' ? 'failed' : 'open'
    }
    this.#options.sessions.dropWhere(name => phaseOf(name) !== 'open')
    for (const name of [...this.#unstored.keys()]) if (phaseOf(name) === 'signed') this.#unstored.delete(name)
    for (const known of [this.#failures, this.#told])
      for (const name of [...known.keys()]) if (phaseOf(name) !== 'open') known.delete(name)
  }

  async #takeUp(
    state: VaultState,
    operation: Operation,
    execution: Execution,
    { signature: existing, failed }: Stored,
  ): Promise<void> {
    const { intent } = operation
    if (intent.OperationType !== 'make transaction' && intent.OperationType !== 'generic signing') return
    const name = taskName(operation.id, execution.part, execution.variant)
    const { sessions, shares, pairs, self, random } = this.#options
    if (this.#isKnown(name)) return
    const release = (signature: Uint8Array) => {
      this.#told.add(name)
      this.#failures.delete(name)
      this.#options.release(operation.id, execution.part, execution.variant, signature)
    }
    if (existing !== undefined) return release(existing)
    // S6: no restart tries again what has failed.
    if (failed !== undefined) return this.#releaseFailure(name, failed)
    const { Source } = intent
    const { slip44, family } = assetOf(state, intent.CAIP19).chain
    const { curve } = families[family]
    const path = pathOf(state, addressOf(state, Source.MasterKeyName, Source.AccountName, slip44, Source.AddressIndex))
    const key = masterKeyOf(state, Source.MasterKeyName)
    // S2.
    const share: KeyShare = await shares.active(key, curve)
    this.#failures.delete(name)
    this.#epochs.set(name, { masterKey: key.name, epoch: key.epoch })
    const began = this.#options.now()
    sessions.add({
      name,
      nodes: everyNode,
      // S3: what the session is about.
      binding: concat(
        key.keyId,
        share.transcriptHash,
        execution.digest,
        encode(pathCodec, { path: [...path], seq: execution.seq, command: execution.command }),
      ),
      unlimited: false,
      // S5. Ed25519 needs no OT epochs, but there is none with a peer that is away or quarantined.
      ready: () =>
        this.#options.mayRun(operation.id) && everyNode.every(node => node === self || pairs.epoch(node) !== undefined),
      epochs: () => everyNode.map(node => pairs.epoch(node)?.id),
      create: (sessionId): Session<Signature | SchnorrSignature> => {
        const common = { self: self + 1, signers: everyNode.map(node => node + 1), share, path, sessionId, random }
        if (curve === 'EdDSA_Ed25519') return createFrostSigning({ ...common, message: execution.message })
        const states = everyNode.flatMap(node => (node === self ? [] : [[node + 1, pairState(pairs, node)] as const]))
        return createSigning({ ...common, pairs: new Map(states), digest: execution.digest })
      },
      complete: result => {
        this.lastSignatureAt = this.#options.now()
        this.#options.metrics.observe('signing_seconds', (this.#options.now() - began) / 1000)
        // S3: verified by the protocol; S4 before it is released.
        const value = bytesOf(result as Signature | SchnorrSignature)
        this.#keep(name, { table: 'signature', value, release, busy: false })
      },
      failed: failure => void this.#fail(operation, execution, failure),
    })
  }

  /** Q2, S6: the peer's quarantine first, so that none is lost by which an operation failed; then the own statement. */
  async #fail({ id: operationId }: Operation, { part, variant, digest }: Execution, failure: Failure): Promise<void> {
    const { self: node, vaultId, pairs, sign } = this.#options
    const { check, kind } = failure
    const name = taskName(operationId, part, variant)
    const statement = { vaultId, operationId, part, variant, digest, node, check, kind }
    this.#failures.set(name, sentence(statement))
    await pairs.accuse(failure, name)
    // A session for a peer that missed the end of an earlier one: there is a signature.
    if (this.#unstored.has(name)) return
    const signed = { ...statement, signature: sign(signingFailureDigest(statement)) }
    const value = encode(signedFailureCodec as Codec<SignedFailure>, signed)
    this.#keep(name, { table: 'failure', value, release: stored => this.#releaseFailure(name, stored), busy: false })
  }

  #releaseFailure(name: string, stored: Uint8Array): void {
    const failure = decodeFailure(stored)
    this.#told.add(name)
    this.#failures.set(name, sentence(failure))
    this.#options.releaseFailure(failure)
  }

  /** What came first is stored; a second session's end, meanwhile, is nothing new. */
  #keep(name: string, waiting: Unstored): void {
    if (this.#unstored.has(name)) return
    this.#unstored.set(name, waiting)
    this.#store(name, waiting)
  }

  /** S4: persist, then release. A peer that missed the end makes a second session; the first signature stays the one. */
  #store(name: string, waiting: Unstored): void {
    const { records, log } = this.#options
    const { table, value, release } = waiting
    const work = async () => {
      const { signature, failed } = await this.#find(name)
      const isSigned = table === 'failure' && signature !== undefined
      const existing = table === 'signature' ? signature : failed
      if (!isSigned && existing === undefined) await records.put({ table, key: name, value })
      this.#unstored.delete(name)
      if (!isSigned) release(existing ?? value)
    }
    waiting.busy = true
    work().catch((error: unknown) => {
      waiting.busy = false
      log('error', `${table} could not be stored and is kept back`, { task: name, reason: reasonOf(error) })
    })
  }
}

const decodeFailure = (raw: Uint8Array): SignedFailure => decode(signedFailureCodec as Codec<SignedFailure>, raw)
const sentence = ({ check, kind }: Pick<SigningFailure, 'check' | 'kind'>): string => `check ${check} failed (${kind})`

/** Oldest first, so that all nodes come to the same ones. */
function unsignedOperations(state: VaultState): Operation[] {
  const operations = state.unsigned.keys().flatMap(id => state.operations.get(id) ?? [])
  const firstOf = ({ executions }: Operation) => executions[0]?.seq ?? 0
  return operations.sort((a, b) => firstOf(a) - firstOf(b) || (a.id < b.id ? -1 : 1))
}

/** As the `signed` command carries it: ECDSA r ‖ s ‖ recovery, Ed25519 R ‖ s. */
const bytesOf = (made: Signature | SchnorrSignature): Uint8Array =>
  'signature' in made ? made.signature : concat(made.r, made.s, Uint8Array.of(made.recovery))

function pairState(pairs: Pairs, node: number) {
  const epoch = pairs.epoch(node)
  if (epoch === undefined) throw new RangeError(`no oblivious transfer epoch with node ${node}`)
  return epoch.state
}

export function taskName(operationId: string, part: number, variant: number): string {
  return `sign/${operationId}/${part}/${variant}`
}
