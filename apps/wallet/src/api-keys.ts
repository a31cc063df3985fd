import { randomBytes } from 'node:crypto'
import { utf8 } from '@trivault/codec'
import { sha256 } from '@trivault/protocol'
import { bootstrapUser, userKey, type VaultState } from '@trivault/vault-state'
import type { Database } from './database.ts'
import { roleOf } from './reads/index.ts'
import type { Role } from './service.ts'

/** Keys of the API: a convenience of the wallet without authority. Only hashes are stored. */
export class ApiKeys {
  readonly #db: Database
  readonly #clock: () => number
  readonly #state: () => VaultState

  constructor(db: Database, clock: () => number, state: () => VaultState) {
    this.#db = db
    this.#clock = clock
    this.#state = state
  }

  /** Who a key stands for. People's rights follow their groups, whatever the key was made for. */
  async find(hash: Uint8Array) {
    const row = await this.#db
      .selectFrom('api_keys')
      .selectAll()
      .where('hash', '=', Buffer.from(hash))
      .executeTakeFirst()
    if (row === undefined) return undefined
    const user = this.#state().users.get(userKey(row.user_id))
    if (user?.deleted === true) return undefined
    // A reset takes a person's API keys too: what was given before it counts no more.
    if (user?.revokedAt !== undefined && Number(row.created_at) <= user.revokedAt) return undefined
    const person = user !== undefined && user.systemRole === undefined
    const role = person ? roleOf(this.#state(), user) : (row.role as Role)
    const caller = { id: row.user_id, name: user?.name ?? row.name, role, kind: person ? 'user' : 'system' } as const
    return { hash: row.hash, caller }
  }

  /** Makes a key; `keep` is called before it counts. Only the hash stays here. */
  async issue(userId: string, name: string, role: Role, keep?: (key: string) => Promise<void>): Promise<string> {
    const key = `cwp_${randomBytes(32).toString('base64url')}`
    await keep?.(key)
    const row = {
      hash: Buffer.from(sha256(utf8(key))),
      user_id: userId,
      name,
      role,
      created_at: String(this.#clock()),
    }
    await this.#db.insertInto('api_keys').values(row).execute()
    return key
  }

  /** The bootstrap Admin key of the guide's step 16: made once, at the first start, and kept before it counts. */
  async bootstrap(keep: (key: string) => Promise<void>): Promise<void> {
    const existing = await this.#db
      .selectFrom('api_keys')
      .select('hash')
      .where('user_id', '=', bootstrapUser)
      .executeTakeFirst()
    if (existing === undefined) await this.issue(bootstrapUser, 'bootstrap', 'Admin', keep)
  }

  /** All keys of a user stop working. */
  async deleteOf(userId: string): Promise<void> {
    await this.#db.deleteFrom('api_keys').where('user_id', '=', userId).execute()
  }
}
