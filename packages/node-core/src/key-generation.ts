import { ed25519 } from '@noble/curves/ed25519.js'
import { concat, equalBytes, toHex, utf8 } from '@trivault/codec'
import { SerialQueue } from '@trivault/ledger'
import { backupFailure, createKeygen, createRefresh, encryptBackup, type Failure, type KeyShare } from '@trivault/mpc'
import { backupContext, type Curve, curves, type KeyReport, type PeerMessage, sha256 } from '@trivault/protocol'
import {
  awaitedEpoch,
  curveKeyOf,
  keyReportDigest,
  type MasterKey,
  requestOf,
  type VaultState,
} from '@trivault/vault-state'
import { curveOf, engineCurves } from './curves.ts'
import { NodeError, reasonOf } from './errors.ts'
import type { JointSessions } from './joint-sessions.ts'
import type { KeyShares } from './key-shares.ts'
import type { Log } from './ports.ts'
import type { SealedRecords } from './sealed-records.ts'

const everyNode = [0, 1, 2]
const askAgainAfter = 3_000
const giveUpAfter = 30_000
const maxEarlyBackups = 8

export interface KeyGenerationOptions {
  self: number
  vaultId: Uint8Array
  identitySeed: Uint8Array
  /** SPKI DER; its SHA-256 is the pinned fingerprint. */
  ersPublicKey: Uint8Array
  sessions: JointSessions
  shares: KeyShares
  records: SealedRecords
  random: (length: number) => Uint8Array
  now: () => number
  send: (to: number, message: PeerMessage) => void
  log: Log
  mayRun: () => boolean
  /** A quarantined peer takes no part in a new key. */
  mayGenerate: () => boolean
  /** Something of this class did not come through; `follow` is called again soon. */
  retry: () => void
  accuse: (failure: Failure, where: string) => Promise<void>
  release: (report: KeyReport, signature: Uint8Array) => void
}

/** One generation of a key on one curve. */
interface Pending {
  key: MasterKey
  /** The share that is refreshed; none where the key is new. */
  base: KeyShare | undefined
  share: KeyShare
  backups: (Uint8Array | undefined)[]
  since: number
  askedAt: number
  /** Signed once share and backups are durable; told again until the key is active. */
  reported: { report: KeyReport; signature: Uint8Array } | undefined
}

/**
 * A new key's road, on each curve: joint generation, pending share sealed, backup made and sent, three backups verified and sealed, report
 * signed. Nothing here makes the key usable: three equal reports for each curve in the log do (I7).
 */
export class KeyGeneration {
  readonly #options: KeyGenerationOptions
  /** One thing at a time: of what a node stores once, two at once would store two. */
  readonly #queue = new SerialQueue()
  readonly #pending = new Map<string, Pending>()
  /** Backups that came before the own share was done, by sender: the newest few of each. */
  readonly #early = new Map<number, Map<string, Uint8Array>>()
  /** Keys whose old shares are gone, with the epoch that is kept. */
  readonly #cleared = new Map<string, number>()

  constructor(options: KeyGenerationOptions) {
    this.#options = options
  }

  /** Takes up what a state asks for. Of one that may be behind the log nothing is erased (K6). */
  follow(state: VaultState): Promise<void> {
    const isNewest = this.#options.mayRun()
    return this.#queue.run(() => this.#follow(state, isNewest))
  }

  async #follow(state: VaultState, isNewest: boolean): Promise<void> {
    const epochs = new Map(state.masterKeys.values().map(key => [toHex(key.keyId), awaitedEpoch(state, key)]))
    const requested = state.masterKeys.values().filter(key => epochs.get(toHex(key.keyId)) !== undefined)
    for (const [name, { key, share }] of this.#pending) {
      const asked = state.masterKeys.get(key.name)
      const isAsked = asked !== undefined && requestOf(asked) === requestOf(key)
      // What was asked for anew is reported anew.
      if (!isAsked || epochs.get(toHex(key.keyId)) !== share.epoch) this.#pending.delete(name)
    }
    this.#options.sessions.dropWhere(name => {
      const [kind, keyId = '', , epoch] = name.split('/')
      return kind === 'keygen' && epochs.get(keyId) !== Number(epoch)
    })
    for (const key of requested.sort((a, b) => (a.name < b.name ? -1 : 1)))
      for (const curve of curves) await this.#takeUp(key, curve)
    if (!isNewest) return
    for (const key of state.masterKeys.values()) await this.#clear(key, epochs.get(toHex(key.keyId)))
  }

  /** Asks again for what is missing; a generation that cannot be completed is begun anew. */
  tick(): void {
    const now = this.#options.now()
    for (const pending of this.#pending.values()) {
      // A peer has lost its share before its backup: after a restart this node has no task that would answer it.
      const { key, base, share } = pending
      const [curve, name] = [curveOf(share), taskName(key, curveOf(share), share.epoch)]
      if (this.#options.sessions.isAwaited(name)) this.#generate(key, curve, base)
      if (now - pending.askedAt < askAgainAfter || pending.backups[this.#options.self] === undefined) continue
      pending.askedAt = now
      if (pending.reported !== undefined) {
        this.#release(pending)
        continue
      }
      for (const node of everyNode)
        if (pending.backups[node] === undefined)
          this.#options.send(node, { type: 'needBackup', keyId: key.keyId, transcriptHash: share.transcriptHash })
      if (now - pending.since <= giveUpAfter || this.#options.sessions.isOpen(name)) continue
      pending.since = now
      this.#generate(key, curve, base)
    }
  }

  receive(from: number, message: Extract<PeerMessage, { type: 'backup' | 'needBackup' }>): Promise<void> {
    return this.#queue.run(() => this.#receive(from, message))
  }

  async #receive(from: number, message: Extract<PeerMessage, { type: 'backup' | 'needBackup' }>): Promise<void> {
    const name = pendingName(message.keyId, message.transcriptHash)
    const pending = this.#pending.get(name)
    if (message.type === 'needBackup') {
      if (pending !== undefined) this.#sendBackup(pending, [from])
    } else if (pending === undefined) {
      const early = this.#early.get(from) ?? new Map<string, Uint8Array>()
      this.#early.set(from, early.set(name, message.blob))
      const [oldest] = early.keys()
      if (early.size > maxEarlyBackups && oldest !== undefined) early.delete(oldest)
    } else {
      await this.#takeBackup(pending, from, message.blob)
    }
  }

  /** K4: the three verified backups of an active key on a curve. Throws `NodeError` record-missing with the lost one's name. */
  async backups(key: MasterKey, curve: Curve): Promise<Uint8Array[]> {
    const { transcriptHash, backupHashes } = curveKeyOf(key, curve)
    const name = pendingName(key.keyId, transcriptHash)
    const blobs: Uint8Array[] = []
    for (const node of everyNode) {
      const blob = await this.#options.records.get('backup', `${name}/${node}`)
      if (blob === undefined || !equalBytes(sha256(blob), backupHashes[node] ?? new Uint8Array()))
        throw new NodeError('record-missing', `the backup of node ${node} of ${key.name} on ${curve} is lost here`)
      blobs.push(blob)
    }
    return blobs
  }

  async #takeUp(key: MasterKey, curve: Curve): Promise<void> {
    const { shares, sessions } = this.#options
    const isOfCurve = (share: KeyShare): boolean => curveOf(share) === curve
    const isKnown = (one: Pending): boolean => equalBytes(one.key.keyId, key.keyId) && isOfCurve(one.share)
    const known = [...this.#pending.values()].filter(isKnown)
    for (const pending of known) await this.#continue(pending)
    // K5: a refresh starts from the active share.
    const base = key.status === 'active' ? await shares.active(key, curve) : undefined
    const epoch = nextEpoch(base)
    if (known.length > 0 || sessions.isOpen(taskName(key, curve, epoch))) return
    const existing = (await shares.all(key.keyId)).filter(share => isOfCurve(share) && share.epoch === epoch)
    for (const share of existing) await this.#begin(key, share, base)
    if (existing.length === 0) this.#generate(key, curve, base)
  }

  /** K6: when nothing is awaited any more, shares other than the active ones are erased, and their backups here. */
  async #clear(key: MasterKey, awaited: number | undefined): Promise<void> {
    const name = toHex(key.keyId)
    if (awaited !== undefined) this.#cleared.delete(name)
    if (key.status !== 'active' || awaited !== undefined || this.#cleared.get(name) === key.epoch) return
    this.#cleared.set(name, key.epoch)
    try {
      await this.#options.shares.keepActive(key)
    } catch (error) {
      // Tried again at the next start: it must not hold up what signs.
      this.#options.log('error', 'old key shares could not be erased', { key: key.name, reason: reasonOf(error) })
    }
  }

  #generate(key: MasterKey, curve: Curve, base: KeyShare | undefined): void {
    const { self, sessions, random, shares, log, retry, accuse } = this.#options
    const name = taskName(key, curve, nextEpoch(base))
    sessions.drop(name)
    sessions.add({
      name,
      nodes: everyNode,
      binding: concat(utf8(`${curve}/${key.name}/`), base?.transcriptHash ?? new Uint8Array()),
      unlimited: true,
      ready: () => this.#options.mayGenerate(),
      epochs: () => [undefined, undefined, undefined],
      create: sessionId =>
        base === undefined
          ? createKeygen({ curve: engineCurves[curve], self: self + 1, parties: 3, threshold: 3, sessionId, random })
          : createRefresh({ share: base, sessionId, random }),
      complete: result => {
        const share = result as KeyShare
        this.#queue
          .run(async () => {
            await shares.create(key.keyId, share)
            await this.#begin(key, share, base)
          })
          .catch((error: unknown) => {
            log('error', 'new key share could not be stored', { key: key.name, curve, reason: reasonOf(error) })
            retry()
          })
      },
      failed: failure => void accuse(failure, name),
    })
  }

  /** From a sealed share on: also the way on after a restart. */
  async #begin(key: MasterKey, share: KeyShare, base: KeyShare | undefined): Promise<void> {
    const now = this.#options.now()
    const name = pendingName(key.keyId, share.transcriptHash)
    if (this.#pending.has(name)) return
    const backups = everyNode.map(() => undefined)
    const pending: Pending = { key, base, share, backups, since: now, askedAt: now, reported: undefined }
    this.#pending.set(name, pending)
    await this.#continue(pending)
  }

  /** K1: makes and seals the own backup, sends it, takes what came early. Does what is left to do when called again. */
  async #continue(pending: Pending): Promise<void> {
    const { key, share, backups } = pending
    const { self, ersPublicKey, records, random } = this.#options
    if (backups[self] !== undefined) return
    const name = pendingName(key.keyId, share.transcriptHash)
    const stored = await Promise.all(everyNode.map(node => records.get('backup', `${name}/${node}`)))
    for (const node of everyNode) backups[node] ??= stored[node]
    if (backups[self] === undefined) {
      const blob = encryptBackup(share, { ersPublicKey, context: this.#context(key, share, self), random })
      await this.#takeBackup(pending, self, blob)
    }
    this.#sendBackup(
      pending,
      everyNode.filter(node => node !== self),
    )
    for (const [node, early] of this.#early) {
      const blob = early.get(name)
      early.delete(name)
      if (blob !== undefined) await this.#takeBackup(pending, node, blob)
    }
    this.#reportIfComplete(pending)
  }

  #sendBackup({ key, share, backups }: Pending, to: readonly number[]): void {
    const blob = backups[this.#options.self]
    if (blob === undefined) return
    for (const node of to)
      this.#options.send(node, { type: 'backup', keyId: key.keyId, transcriptHash: share.transcriptHash, blob })
  }

  #context(key: MasterKey, share: KeyShare, node: number): Uint8Array {
    return backupContext({
      vaultId: this.#options.vaultId,
      masterKey: key.name,
      keyId: key.keyId,
      transcriptHash: share.transcriptHash,
      chainCode: share.chainCode,
      node,
    })
  }

  async #takeBackup(pending: Pending, node: number, blob: Uint8Array): Promise<void> {
    if (pending.backups[node] !== undefined) return
    const { self, ersPublicKey, records, accuse } = this.#options
    const { key, share } = pending
    const publicShare = share.publicShares[node] ?? new Uint8Array()
    // K2.
    const context = this.#context(key, share, node)
    const check = backupFailure(blob, { curve: share.curve, publicShare, ersPublicKey, context })
    if (check !== undefined) {
      if (node === self)
        throw new NodeError('backup-unsound', `own backup of ${key.name} on ${curveOf(share)} breaks check ${check}`)
      void accuse(
        { check, kind: 'accusation', party: node + 1, suspects: [node + 1] },
        `backup of ${key.name} on ${curveOf(share)}`,
      )
      return
    }
    await records.create('backup', `${pendingName(key.keyId, share.transcriptHash)}/${node}`, blob)
    pending.backups[node] = blob
    this.#reportIfComplete(pending)
  }

  #reportIfComplete(pending: Pending): void {
    // K3: the report only when all three are durable.
    const [a, b, c] = pending.backups
    if (pending.reported !== undefined || a === undefined || b === undefined || c === undefined) return
    const { key, share } = pending
    const { vaultId, ersPublicKey, identitySeed, log } = this.#options
    const report: KeyReport = {
      vaultId,
      masterKey: key.name,
      curve: curveOf(share),
      ersFingerprint: sha256(ersPublicKey),
      publicKey: share.publicKey,
      publicShares: [...share.publicShares],
      chainCode: share.chainCode,
      transcriptHash: share.transcriptHash,
      epoch: share.epoch,
      operationId: requestOf(key),
      backupHashes: [sha256(a), sha256(b), sha256(c)],
    }
    const signature = ed25519.sign(keyReportDigest(report), identitySeed)
    pending.reported = { report, signature }
    log('info', 'master key share and backups are durable', { key: key.name, curve: report.curve })
    this.#release(pending)
  }

  #release({ reported }: Pending): void {
    if (reported !== undefined && this.#options.mayRun()) this.#options.release(reported.report, reported.signature)
  }
}

const nextEpoch = (base: KeyShare | undefined): number => (base === undefined ? 0 : base.epoch + 1)
const taskName = (key: MasterKey, curve: Curve, epoch: number): string => `keygen/${toHex(key.keyId)}/${curve}/${epoch}`
const pendingName = (keyId: Uint8Array, transcriptHash: Uint8Array): string =>
  `${toHex(keyId)}/${toHex(transcriptHash)}`
