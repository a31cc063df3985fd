/** What one command did: the new state and its outcome bytes, or why it is refused. */
export type Applied<S> = { ok: true; state: S; outcome: Uint8Array } | { ok: false; code: string; message: string }

export interface CommandContext {
  seq: number
  /** Entry time, milliseconds since the epoch. */
  time: number
  /** Position of the command in its entry. */
  index: number
}

/**
 * The fold: commands → state. Pure and deterministic; the ledger treats states as immutable and keeps several. Nodes,
 * wallet and the offline verifier run the same one. A throw counts as a refusal with code `machine`.
 */
export interface Machine<S> {
  initial(): S
  /** Handles what is due at `time` (never before the previous entry's), before the commands of the entry. */
  begin(state: S, time: number): S
  apply(state: S, command: Uint8Array, context: CommandContext): Applied<S>
}

/** An entry as stored and sent: canonical entry bytes and its encoded certificate. */
export interface StoredEntry {
  entry: Uint8Array
  certificate: Uint8Array
}

/**
 * The log's database. Untrusted: what it returns is checked. Every put is durable when its promise resolves, and the same
 * put again is harmless.
 */
export interface EntryStore {
  /** Keeps an entry that this node is about to vote for. May be dropped once another entry of `seq` is certified. */
  putCandidate(seq: number, hash: Uint8Array, entry: Uint8Array): Promise<void>
  /** The bytes of a candidate or of a certified entry. */
  find(hash: Uint8Array): Promise<Uint8Array | undefined>
  /** Keeps a certified entry; `seq` is the current head + 1, or at most the head with equal bytes. */
  putCertified(seq: number, hash: Uint8Array, stored: StoredEntry): Promise<void>
  /** Certified entries from `from` in order without gaps, at most `limit`; fewer or none where the log ends. */
  range(from: number, limit: number): Promise<StoredEntry[]>
}

export interface AnchorRow {
  version: number
  record: Uint8Array
}

/**
 * One small row outside the database: the root of freshness. A rolled-back anchor makes its node the faulty one, so the
 * adapter must never show an older row than it confirmed. Both methods throw; after that nothing is known of the row, and a
 * replacement may still be done.
 */
export interface Anchor {
  /** The row, or undefined when there is none. */
  load(): Promise<AnchorRow | undefined>
  /**
   * Replaces the row if its version is `expected`, durably before true is returned; false leaves it as it was. Never
   * creates a row: `createVoteRecord` is for the provisioning step.
   */
  compareAndSet(expected: number, next: AnchorRow): Promise<boolean>
}
