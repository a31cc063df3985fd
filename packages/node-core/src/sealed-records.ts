import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { concat, encode, equalBytes, fixed, struct, text, u8 } from '@trivault/codec'
import { NodeError } from './errors.ts'
import type { Records, Row } from './ports.ts'

const formatVersion = 1
const nonceLength = 12
const tagLength = 16
/** R2: everything that says where a record belongs: one that was moved, swapped or of another node or vault does not open. */
const associatedData = struct({ version: u8, vaultId: fixed(32), node: u8, table: text(64), key: text(512) })

export interface SealingOptions {
  records: Records
  encryptorMasterPassword: Uint8Array
  vaultId: Uint8Array
  node: number
  random: (length: number) => Uint8Array
}

/** The node's records, sealed under its Encryptor Master Password: AES-256-GCM, one HKDF-SHA256 key per table. */
export class SealedRecords {
  readonly #options: SealingOptions
  readonly #keys = new Map<string, KeyObject>()

  constructor(options: SealingOptions) {
    this.#options = options
  }

  /** Throws `NodeError` seal-broken when the record was altered, moved, or sealed under another password. */
  async get(table: string, key: string): Promise<Uint8Array | undefined> {
    const sealed = await this.#options.records.get(table, key)
    return sealed === undefined ? undefined : this.#open(table, key, sealed)
  }

  async put(...rows: Row[]): Promise<void> {
    await this.#options.records.put(
      rows.map(({ table, key, value }) => ({ table, key, value: this.#seal(table, key, value) })),
    )
  }

  /** R4, writes once: the same value again is harmless, another one is refused. Throws `NodeError` record-conflict. */
  async create(table: string, key: string, value: Uint8Array): Promise<void> {
    const existing = await this.get(table, key)
    if (existing === undefined) await this.put({ table, key, value })
    else if (!equalBytes(existing, value))
      throw new NodeError('record-conflict', `record ${table}/${key} is written once`)
  }

  async range(table: string, from: string, limit: number): Promise<Row[]> {
    const rows = await this.#options.records.range(table, from, limit)
    return rows.map(row => ({ table, key: row.key, value: this.#open(table, row.key, row.value) }))
  }

  async remove(table: string, keys: readonly string[]): Promise<void> {
    await this.#options.records.remove(table, keys)
  }

  /** R3: another password is another key. */
  #key(table: string): KeyObject {
    const known = this.#keys.get(table)
    if (known !== undefined) return known
    const { encryptorMasterPassword, vaultId } = this.#options
    const bytes = hkdfSync('sha256', encryptorMasterPassword, vaultId, `trivault/v1/records/${table}`, 32)
    const key = createSecretKey(new Uint8Array(bytes))
    this.#keys.set(table, key)
    return key
  }

  #context(table: string, key: string): Uint8Array {
    const { vaultId, node } = this.#options
    return encode(associatedData, { version: formatVersion, vaultId, node, table, key })
  }

  #seal(table: string, key: string, value: Uint8Array): Uint8Array {
    const nonce = this.#options.random(nonceLength)
    const cipher = createCipheriv('aes-256-gcm', this.#key(table), nonce).setAAD(this.#context(table, key))
    const body = concat(cipher.update(value), cipher.final())
    return concat(Uint8Array.of(formatVersion), nonce, body, cipher.getAuthTag())
  }

  #open(table: string, key: string, sealed: Uint8Array): Uint8Array {
    try {
      if (sealed[0] !== formatVersion || sealed.length < 1 + nonceLength + tagLength)
        throw new RangeError('not a sealed record')
      const nonce = sealed.subarray(1, 1 + nonceLength)
      const decipher = createDecipheriv('aes-256-gcm', this.#key(table), nonce, { authTagLength: tagLength })
      // R1, R2, R3.
      decipher.setAAD(this.#context(table, key)).setAuthTag(sealed.subarray(sealed.length - tagLength))
      return concat(decipher.update(sealed.subarray(1 + nonceLength, sealed.length - tagLength)), decipher.final())
    } catch (cause) {
      throw new NodeError('seal-broken', `record ${table}/${key} was not sealed here, or was changed`, { cause })
    }
  }
}
