import { encode, equalBytes, toHex } from '@trivault/codec'
import type { NodeIndex } from '@trivault/ledger'
import {
  type Command,
  type CommandOf,
  type Curve,
  curves,
  type KeyReport,
  keyReportCodec,
  type NodeEvent,
  type SignedReports,
  sha256,
} from '@trivault/protocol'
import {
  awaitedEpoch,
  type CurveKey,
  requestOf,
  signedFailure,
  signedReport,
  type VaultState,
} from '@trivault/vault-state'
import type { Outcome } from './log.ts'
import type { NodeLink } from './node-link.ts'

/** Milliseconds after which a signature that nobody told is asked for, and asked for again. */
const askAfter = 2_000

type Place = Pick<CommandOf<'signed'>, 'operationId' | 'part' | 'variant'>

export interface SignaturesOptions {
  link: NodeLink
  state: () => VaultState
  submit: (...commands: Command[]) => Promise<Outcome[]>
  onError: (error: unknown) => void
}

/** Takes what the nodes state into the log: final signatures, failed signing sessions, key reports. */
export class Signatures {
  readonly #options: SignaturesOptions
  readonly #submitting = new Set<string>()
  /** When each open signature was first seen, or last asked for. */
  #askedAt = new Map<string, number>()
  /** By master key, curve and epoch, then by what they say. */
  readonly #reports = new Map<string, Map<string, { report: KeyReport; signatures: Map<NodeIndex, Uint8Array> }>>()

  constructor(options: SignaturesOptions) {
    this.#options = options
  }

  /** Takes what a node says of signing and key generation, and proposes what the log is to hold of it. */
  receive(node: NodeIndex, event: Exclude<NodeEvent, { type: 'held' | 'endorsed' }>): void {
    if (event.type === 'signed') this.#take({ ...event, type: 'signed' })
    else if (event.type === 'failed') this.#takeFailure({ ...event, type: 'signingFailed' })
    else this.#takeReport(node, event.report, event.signature)
  }

  /** Asks the nodes for signatures that are overdue: after a restart of the wallet, or when a message was lost. */
  async sweep(now: number): Promise<void> {
    const state = this.#options.state()
    const open = new Map<string, number>()
    for (const operationId of state.unsigned.keys()) {
      for (const { part, variant, signature } of state.operations.get(operationId)?.executions ?? []) {
        if (signature !== undefined) continue
        const name = nameOf({ operationId, part, variant })
        const asked = this.#askedAt.get(name) ?? now
        open.set(name, asked)
        if (now - asked < askAfter || this.#submitting.has(name)) continue
        open.set(name, now)
        this.#ask(operationId, part, variant).catch(this.#options.onError)
      }
    }
    this.#askedAt = open
  }

  async #ask(operationId: string, part: number, variant: number): Promise<void> {
    const answers = await this.#options.link.queryAll({ type: 'signature', operationId, part, variant })
    const found = answers.find(answer => answer?.signature !== undefined)?.signature
    if (found !== undefined) {
      this.#take({ type: 'signed', operationId, part, variant, signature: found })
      return
    }
    for (const answer of answers)
      if (answer?.failed !== undefined) this.#takeFailure({ ...answer.failed, type: 'signingFailed' })
  }

  #take(command: CommandOf<'signed'>): void {
    if (this.#execution(command)?.signature === undefined)
      this.#once(nameOf(command), () => this.#options.submit(command))
  }

  /** The first statement that its node really signed ends the operation, unless a signature is recorded by then. */
  #takeFailure(command: CommandOf<'signingFailed'>): void {
    const { genesis, vaultId, operations } = this.#options.state()
    const execution = this.#execution(command)
    if (execution === undefined || execution.signature !== undefined) return
    if (operations.get(command.operationId)?.phase !== 'executing') return
    if (!signedFailure(genesis, vaultId, command)) return
    this.#once(nameOf(command), () => this.#options.submit(command))
  }

  #execution({ operationId, part, variant }: Place) {
    const executions = this.#options.state().operations.get(operationId)?.executions
    return executions?.find(one => one.part === part && one.variant === variant)
  }

  #takeReport(node: NodeIndex, report: KeyReport, signature: Uint8Array): void {
    const state = this.#options.state()
    const key = state.masterKeys.get(report.masterKey)
    if (key === undefined || awaitedEpoch(state, key) !== report.epoch || requestOf(key) !== report.operationId) return
    if (!signedReport(state.genesis, node, report, signature)) return
    const content = toHex(sha256(encode(keyReportCodec, report)))
    const place = placeOf(report, report.curve)
    const known = this.#reports.get(place) ?? new Map()
    this.#reports.set(place, known)
    const same = known.get(content) ?? { report, signatures: new Map<NodeIndex, Uint8Array>() }
    known.set(content, same)
    same.signatures.set(node, signature)
    const keys = curves.flatMap(curve => this.#equalReports(placeOf(report, curve)) ?? [])
    if (keys.length === curves.length)
      this.#once(`activate/${report.masterKey}/${report.operationId}`, () =>
        this.#options.submit({ type: 'activateKey', keys }),
      )
  }

  /** Three equal reports of a master key on a curve, once there are. */
  #equalReports(place: string): SignedReports | undefined {
    for (const { report, signatures } of this.#reports.get(place)?.values() ?? []) {
      const all = ([0, 1, 2] as const).flatMap(node => signatures.get(node) ?? [])
      if (all.length === 3) return { report, signatures: all }
    }
    return undefined
  }

  #once(name: string, work: () => Promise<unknown>): void {
    if (this.#submitting.has(name)) return
    this.#submitting.add(name)
    work()
      .catch(this.#options.onError)
      .finally(() => this.#submitting.delete(name))
  }
}

const placeOf = ({ masterKey, operationId }: KeyReport, curve: Curve): string => `${masterKey}/${curve}/${operationId}`

function nameOf({ operationId, part, variant }: Place): string {
  return `${operationId}/${part}/${variant}`
}

/** The three encrypted shares of an active master key on one curve. */
export async function fetchBackup(link: NodeLink, masterKey: string, key: CurveKey): Promise<Uint8Array[]> {
  const answers = await link.queryAll({ type: 'backups', masterKey, curve: key.curve })
  for (const answer of answers) {
    const blobs = answer?.blobs ?? []
    const isWhole = blobs.every((blob, i) => equalBytes(sha256(blob), key.backupHashes[i] ?? new Uint8Array()))
    if (blobs.length === 3 && isWhole) return blobs
  }
  throw new Error('no node gave the three backups whose hashes are in the log')
}
