import { equalBytes, toHex } from '@trivault/codec'
import { decodeKeyShare, encodeKeyShare, type KeyShare } from '@trivault/mpc'
import type { Curve } from '@trivault/protocol'
import { curveKeyOf, type MasterKey } from '@trivault/vault-state'
import { curveOf } from './curves.ts'
import { NodeError } from './errors.ts'
import type { SealedRecords } from './sealed-records.ts'

const page = 16

/** This node's key shares: sealed records, one per key, curve and key generation, written once. */
export class KeyShares {
  readonly #records: SealedRecords
  readonly #cache = new Map<string, KeyShare>()

  constructor(records: SealedRecords) {
    this.#records = records
  }

  async create(keyId: Uint8Array, share: KeyShare): Promise<void> {
    await this.#records.create('share', `${toHex(keyId)}/${toHex(share.transcriptHash)}`, encodeKeyShare(share))
  }

  /** Pending and active shares of a key, on every curve. */
  async all(keyId: Uint8Array): Promise<KeyShare[]> {
    const prefix = `${toHex(keyId)}/`
    const rows = await this.#records.range('share', prefix, 64)
    return rows.filter(row => row.key.startsWith(prefix)).map(row => decodeKeyShare(row.value))
  }

  /** Removes every share and backup of a key that is not of its activated generations: from now on they are useless here. */
  async keepActive(key: MasterKey): Promise<void> {
    const active = key.keys.map(({ transcriptHash }) => `${toHex(key.keyId)}/${toHex(transcriptHash)}`)
    const prefix = `${toHex(key.keyId)}/`
    for (const table of ['share', 'backup'])
      for (let from: string | undefined = prefix; from !== undefined; ) {
        const rows = await this.#records.range(table, from, page)
        const names = rows.map(row => row.key).filter(name => name.startsWith(prefix))
        const old = names.filter(name => !active.some(kept => name.startsWith(kept)))
        if (old.length > 0) await this.#records.remove(table, old)
        // A blank sorts before everything that these keys hold: the next key after the last one.
        from = names.length === page ? `${names.at(-1)} ` : undefined
      }
    for (const name of this.#cache.keys())
      if (name.startsWith(toHex(key.keyId)) && !active.includes(name)) this.#cache.delete(name)
  }

  /** The share of the activated generation on a curve. Throws `NodeError` record-missing: only emergency recovery is left. */
  async active(key: MasterKey, curve: Curve): Promise<KeyShare> {
    const { publicKey, transcriptHash } = curveKeyOf(key, curve)
    const name = `${toHex(key.keyId)}/${toHex(transcriptHash)}`
    const cached = this.#cache.get(name)
    if (cached !== undefined) return cached
    const raw = await this.#records.get('share', name)
    const share = raw === undefined ? undefined : decodeKeyShare(raw)
    if (share === undefined || curveOf(share) !== curve || !equalBytes(share.publicKey, publicKey))
      throw new NodeError('record-missing', `this node has lost its share of master key ${key.name} on ${curve}`)
    this.#cache.set(name, share)
    return share
  }
}
