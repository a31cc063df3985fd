import type { Anchor, AnchorRow } from '@trivault/ledger'
import type { FailureKind } from '@trivault/protocol'

/** Who talks to a node over the mailbox: another node, any wallet process, or its own admin beside it. */
export type Party = 'node0' | 'node1' | 'node2' | 'wallet' | 'admin'

export interface Row {
  table: string
  key: string
  value: Uint8Array
}

/**
 * The node's database, reached through its untrusted host: every value is sealed by the core before it leaves, and what
 * comes back is checked. Keys are ASCII without control characters and sort by byte order.
 */
export interface Records {
  get(table: string, key: string): Promise<Uint8Array | undefined>
  /** Writes all rows or none, replacing what was there; durable when the promise resolves. */
  put(rows: readonly Row[]): Promise<void>
  /** Rows of a table with key ≥ `from`, in key order, at most `limit`. */
  range(table: string, from: string, limit: number): Promise<Row[]>
  remove(table: string, keys: readonly string[]): Promise<void>
}

/** Delivery without promises: messages may be lost, repeated, reordered or invented. `from` is the host's word. */
export interface Mailbox {
  send(to: Party, message: Uint8Array): void
  onMessage(handler: (from: Party, message: Uint8Array) => void): void
}

/** Why a peer is quarantined; nothing in it is secret. */
export interface QuarantineCause {
  /** Number of the check that failed. */
  check: string
  kind: FailureKind
  /** The task or record that it was about. */
  where: string
  /** Milliseconds since 1970. */
  time: number
}

/**
 * Where quarantines are kept: in the node admin's hands like the anchor, not in the database, since a host that removes a
 * row there would release a peer. That a record is there counts, whatever its bytes are.
 */
export interface QuarantineStore {
  /** What is kept about each peer that is quarantined. */
  load(): Promise<{ peer: number; record: Uint8Array }[]>
  /** Durable when the promise resolves. */
  save(peer: number, record: Uint8Array): Promise<void>
  /** Only if it is still exactly this record; durable when the promise resolves. */
  remove(peer: number, record: Uint8Array): Promise<void>
}

/**
 * Where freezes and vetoes are kept until the log holds them: beside the quarantines and for the same reason. `id` is the hex
 * SHA-256 of the statement.
 */
export interface HoldStore {
  load(): Promise<Uint8Array[]>
  /** Durable when the promise resolves. */
  save(id: string, hold: Uint8Array): Promise<void>
  remove(id: string): Promise<void>
}

/**
 * What lies in the node admin's hands, outside database and host's reach: the vote record, quarantines and holds. A directory, or a
 * table of the admin's own account.
 */
export interface AdminStore {
  readonly votes: Anchor & {
    /** Puts what `make` gives for a version above `least` and the present one in place of any row, or of none. */
    replace(least: number, make: (version: number) => Promise<AnchorRow>): Promise<void>
  }
  readonly quarantine: QuarantineStore
  readonly holds: HoldStore
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
/** One JSON line. Fields never hold a secret: the callers pass names, sequence numbers and check names only. */
export type Log = (level: LogLevel, message: string, fields?: Record<string, string | number | boolean>) => void

export interface Metrics {
  count(name: string, labels?: Record<string, string>): void
  gauge(name: string, value: number, labels?: Record<string, string>): void
  /** Seconds. */
  observe(name: string, seconds: number, labels?: Record<string, string>): void
}

/** What the KMS releases to an attested core: made once, by the node's admin. Only what is in here is authentic at the start. */
export interface NodeSecret {
  /** Encryptor Master Password: 32 bytes from the operating system's random source. */
  encryptorMasterPassword: Uint8Array
  /** Ed25519 seed of the node's identity, 32 bytes. */
  identitySeed: Uint8Array
  /** Public key of the node's admin, 33 bytes (P-256, compressed): pins and requests count with its signature only. */
  adminKey: Uint8Array
  /** The anchor in the admin's own account; absent: the anchor is the directory that the host names. */
  anchor?: AnchorAccess
}

/** A table of the node admin's account and the one identity that may use it; nothing of it comes from the host. */
export interface AnchorAccess {
  region: string
  /** Name of the service, as in its certificate. */
  host: string
  table: string
  accessKeyId: string
  secretAccessKey: string
  /** DER of the certificate authority to trust instead of the compiled-in ones. */
  authority?: Uint8Array | undefined
}
