import type { Client } from '@trivault/client'
import { equalBytes, fromBase64, toHex } from '@trivault/codec'
import {
  Committee,
  decodeCertificate,
  type EntryStore,
  Follower,
  LedgerError,
  type StoredEntry,
} from '@trivault/ledger'
import { type Genesis, vaultIdOf } from '@trivault/protocol'
import { portableVerifiers, type VaultState, vaultMachine } from '@trivault/vault-state'
import { ApprovalError } from './errors.ts'

/** The certified log, replayed here: nothing in `state` is the wallet's word. */
export interface Replica {
  readonly genesis: Genesis
  readonly state: VaultState
  readonly seq: number
  /** Hash (hex) of the entry at `seq`; undefined beyond the head. Of 0: the vault id. */
  hashAt(seq: number): string | undefined
}

/** Where a device keeps the entries that it has verified. */
export type LogStore = Pick<EntryStore, 'putCertified' | 'range'>

const nowhere: LogStore = { putCertified: async () => {}, range: async () => [] }

/** A replica that goes on: takes further entries as they come. */
export class LiveReplica implements Replica {
  readonly genesis: Genesis
  readonly #follower: Follower<VaultState>
  readonly #hashes: string[]

  private constructor(genesis: Genesis, follower: Follower<VaultState>, hashes: string[]) {
    this.genesis = genesis
    this.#follower = follower
    this.#hashes = hashes
  }

  /**
   * Folds what the store holds. Its newest certificate vouches for the chain below it, and the device's signatures were checked
   * when the entries came, so neither is checked again. Throws `ApprovalError` log-invalid when the store is damaged.
   */
  static async open(genesis: Genesis, store: LogStore = nowhere): Promise<LiveReplica> {
    const vaultId = vaultIdOf(genesis)
    const hashes = [toHex(vaultId)]
    let opening = true
    const machine = vaultMachine(genesis, {
      approval: (...check) => opening || portableVerifiers.approval(...check),
      signature: (...check) => opening || portableVerifiers.signature(...check),
    })
    const range = async (from: number, limit: number): Promise<StoredEntry[]> => {
      const page = await store.range(from, limit)
      if (opening) hashes.push(...page.map(({ certificate }) => toHex(decodeCertificate(certificate).hash)))
      return page
    }
    try {
      const follower = await Follower.open({
        committee: new Committee(vaultId, genesis.identityKeys),
        machine,
        store: { putCertified: store.putCertified, range, putCandidate: async () => {}, find: async () => undefined },
        onCertified: ({ hash }) => hashes.push(toHex(hash)),
      })
      opening = false
      return new LiveReplica(genesis, follower, hashes)
    } catch (cause) {
      if (!(cause instanceof LedgerError)) throw cause
      throw new ApprovalError('log-invalid', `the log kept on this device does not verify: ${cause.message}`, { cause })
    }
  }

  get state(): VaultState {
    return this.#follower.state
  }

  get seq(): number {
    return this.#follower.head.seq
  }

  /** Time of the newest entry in milliseconds; 0 before the first. */
  get time(): number {
    return this.#follower.time
  }

  readonly hashAt = (seq: number): string | undefined => this.#hashes[seq]

  /** Verifies and takes the next entry. Throws `ApprovalError` log-invalid. */
  async append({ entry, certificate }: StoredEntry): Promise<void> {
    const slot = this.seq + 1
    const refuse = (message: string, cause?: unknown): never => {
      throw new ApprovalError('log-invalid', `the log does not verify at entry ${slot}: ${message}`, { cause })
    }
    try {
      const decoded = decodeCertificate(certificate)
      if (decoded.seq !== slot) return refuse(`${decoded.seq} found in its place`)
      const accepted = await this.#follower.accept(entry, decoded)
      if (accepted.kind === 'diverged') return refuse(accepted.message)
      if (accepted.kind !== 'accepted') return refuse('it does not continue the log')
    } catch (cause) {
      if (cause instanceof LedgerError) refuse(cause.message, cause)
      throw cause
    }
  }
}

/** Replays entries from genesis. Throws `ApprovalError` log-invalid. */
export async function replay(
  genesis: Genesis,
  entries: AsyncIterable<StoredEntry> | Iterable<StoredEntry>,
): Promise<LiveReplica> {
  const replica = await LiveReplica.open(genesis)
  for await (const stored of entries) await replica.append(stored)
  return replica
}

/** Entries of the wallet's log from `from` on, in order. Nothing about them is believed. Throws `ApiError`. */
export async function* entriesOf(client: Client, first = 1): AsyncGenerator<StoredEntry & { head: number }> {
  for (let from = first; ; ) {
    const { Entries, Head } = await client.call('trivaultLogEntries', { query: { from } })
    for (const { Entry, Certificate } of Entries)
      yield { entry: fromBase64(Entry), certificate: fromBase64(Certificate), head: Head.Seq }
    from += Entries.length
    if (Entries.length === 0 || from > Head.Seq) return
  }
}

/** Do two genesis name the same nodes? */
export function sameNodes(genesis: Genesis, keys: readonly Uint8Array[]): boolean {
  return (
    genesis.identityKeys.length === keys.length &&
    genesis.identityKeys.every((key, i) => equalBytes(key, keys[i] ?? new Uint8Array(0)))
  )
}
