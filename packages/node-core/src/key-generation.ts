import { ed25519 } from '@noble/curves/ed25519.js'
import { equalBytes, toHex, utf8 } from '@trivault/codec'
import { createKeygen, encryptBackup, type KeyShare, verifyBackup } from '@trivault/mpc'
import { backupContext, type KeyReport, type PeerMessage, sha256 } from '@trivault/protocol'
import { keyReportDigest, type MasterKey, type VaultState } from '@trivault/vault-state'
import type { JointSessions } from './joint-sessions.ts'
import type { KeyShares } from './key-shares.ts'
import type { Log } from './ports.ts'
import type { SealedRecords } from './sealed-records.ts'

const everyNode = [0, 1, 2]
const askAgainAfter = 3_000
const giveUpAfter = 15_000

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
  release: (report: KeyReport, signature: Uint8Array) => void
}

interface Pending {
  key: MasterKey
  share: KeyShare
  backups: (Uint8Array | undefined)[]
  since: number
  askedAt: number
  /** Signed once share and backups are durable; told again until the key is active. */
  reported: { report: KeyReport; signature: Uint8Array } | undefined
}

/**
 * A new key's road: joint generation, pending share sealed, backup made and sent, three backups verified and sealed, report
 * signed. Nothing here makes the key usable: three equal reports in the log do (I7).
 */
export class KeyGeneration {
  readonly #options: KeyGenerationOptions
  readonly #pending = new Map<string, Pending>()
  /** Backups that came before the own share was done. */
  readonly #early = new Map<string, Map<number, Uint8Array>>()

  constructor(options: KeyGenerationOptions) {
    this.#options = options
  }

  async follow(state: VaultState): Promise<void> {
    const requested = state.masterKeys.values().filter(key => key.status === 'requested')
    const wanted = new Set(requested.map(key => toHex(key.keyId)))
    for (const name of this.#pending.keys()) if (!wanted.has(name.slice(0, 64))) this.#pending.delete(name)
    this.#options.sessions.dropWhere(name => name.startsWith('keygen/') && !wanted.has(name.slice('keygen/'.length)))
    for (const key of requested.sort((a, b) => (a.name < b.name ? -1 : 1))) await this.#takeUp(key)
  }

  /** Asks again for what is missing; a generation that cannot be completed is begun anew. */
  tick(): void {
    const now = this.#options.now()
    for (const pending of this.#pending.values()) {
      if (now - pending.askedAt < askAgainAfter) continue
      pending.askedAt = now
      if (pending.reported !== undefined) {
        this.#options.release(pending.reported.report, pending.reported.signature)
        continue
      }
      for (const node of everyNode)
        if (pending.backups[node] === undefined && node !== this.#options.self)
          this.#options.send(node, {
            type: 'needBackup',
            keyId: pending.key.keyId,
            transcriptHash: pending.share.transcriptHash,
          })
      if (now - pending.since > giveUpAfter && !this.#options.sessions.has(taskName(pending.key)))
        this.#generate(pending.key)
    }
  }

  async receive(from: number, message: Extract<PeerMessage, { type: 'backup' | 'needBackup' }>): Promise<void> {
    const name = pendingName(message.keyId, message.transcriptHash)
    const pending = this.#pending.get(name)
    if (message.type === 'needBackup') {
      const own = pending?.backups[this.#options.self]
      if (pending !== undefined && own !== undefined)
        this.#options.send(from, {
          type: 'backup',
          keyId: message.keyId,
          transcriptHash: message.transcriptHash,
          blob: own,
        })
    } else if (pending === undefined) {
      if (this.#early.size >= 64) this.#early.clear()
      const early = this.#early.get(name) ?? new Map<number, Uint8Array>()
      this.#early.set(name, early.set(from, message.blob))
    } else {
      await this.#takeBackup(pending, from, message.blob)
    }
  }

  /** The three verified backups of an active key. */
  async backups(key: MasterKey): Promise<Uint8Array[]> {
    const share = await this.#options.shares.active(key)
    const blobs = await Promise.all(
      everyNode.map(node =>
        this.#options.records.get('backup', `${pendingName(key.keyId, share.transcriptHash)}/${node}`),
      ),
    )
    return blobs.filter(blob => blob !== undefined)
  }

  async #takeUp(key: MasterKey): Promise<void> {
    const { shares, sessions } = this.#options
    if (
      sessions.has(taskName(key)) ||
      [...this.#pending.values()].some(pending => equalBytes(pending.key.keyId, key.keyId))
    )
      return
    const existing = await shares.all(key.keyId)
    for (const share of existing) await this.#continue(key, share)
    if (existing.length === 0) this.#generate(key)
  }

  #generate(key: MasterKey): void {
    const { self, sessions, random, shares, log } = this.#options
    sessions.add({
      name: taskName(key),
      nodes: everyNode,
      binding: utf8(key.name),
      ready: () => this.#options.mayRun(),
      epochs: () => [undefined, undefined, undefined],
      create: sessionId => createKeygen({ self: self + 1, parties: 3, threshold: 3, sessionId, random }),
      complete: result => {
        const share = result as KeyShare
        shares
          .create(key.keyId, share)
          .then(() => this.#continue(key, share))
          .catch((error: unknown) =>
            log('error', 'new key share could not be stored', {
              key: key.name,
              reason: error instanceof Error ? error.message : '',
            }),
          )
      },
      failed: failure =>
        log('error', `key generation failed: ${failure.kind}`, { key: key.name, check: failure.check }),
    })
  }

  /** From a sealed share on: also the way on after a restart. */
  async #continue(key: MasterKey, share: KeyShare): Promise<void> {
    const { self, ersPublicKey, records, random, now, send } = this.#options
    const name = pendingName(key.keyId, share.transcriptHash)
    if (this.#pending.has(name)) return
    const pending: Pending = {
      key,
      share,
      backups: [undefined, undefined, undefined],
      since: now(),
      askedAt: now(),
      reported: undefined,
    }
    this.#pending.set(name, pending)
    for (const node of everyNode) pending.backups[node] = await records.get('backup', `${name}/${node}`)
    if (pending.backups[self] === undefined) {
      const blob = encryptBackup(share, {
        ersPublicKey,
        context: this.#context(key, share, self),
        random,
      })
      await this.#takeBackup(pending, self, blob)
    }
    const own = pending.backups[self]
    if (own !== undefined)
      for (const node of everyNode)
        if (node !== self)
          send(node, { type: 'backup', keyId: key.keyId, transcriptHash: share.transcriptHash, blob: own })
    for (const [node, blob] of this.#early.get(name) ?? []) await this.#takeBackup(pending, node, blob)
    this.#early.delete(name)
    this.#reportIfComplete(pending)
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
    const { ersPublicKey, records, log } = this.#options
    const { key, share } = pending
    const publicShare = share.publicShares[node] ?? new Uint8Array()
    if (
      !verifyBackup(blob, {
        publicShare,
        ersPublicKey,
        context: this.#context(key, share, node),
      })
    ) {
      log('error', 'backup of a share does not verify', { key: key.name, node })
      return
    }
    await records.create('backup', `${pendingName(key.keyId, share.transcriptHash)}/${node}`, blob)
    pending.backups[node] = blob
    this.#reportIfComplete(pending)
  }

  #reportIfComplete(pending: Pending): void {
    const [a, b, c] = pending.backups
    if (pending.reported !== undefined || a === undefined || b === undefined || c === undefined) return
    const { key, share } = pending
    const { vaultId, ersPublicKey, identitySeed, release, log } = this.#options
    const report: KeyReport = {
      vaultId,
      masterKey: key.name,
      curve: key.curve,
      ersFingerprint: sha256(ersPublicKey),
      publicKey: share.publicKey,
      publicShares: [...share.publicShares],
      chainCode: share.chainCode,
      transcriptHash: share.transcriptHash,
      backupHashes: [sha256(a), sha256(b), sha256(c)],
    }
    const signature = ed25519.sign(keyReportDigest(report), identitySeed)
    pending.reported = { report, signature }
    log('info', 'master key share and backups are durable', { key: key.name })
    release(report, signature)
  }
}

const taskName = (key: MasterKey): string => `keygen/${toHex(key.keyId)}`
const pendingName = (keyId: Uint8Array, transcriptHash: Uint8Array): string =>
  `${toHex(keyId)}/${toHex(transcriptHash)}`
