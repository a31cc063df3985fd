import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify<string, Buffer, number, Buffer>(scrypt)
const KEY_BYTES = 32

/** A person at the local identity provider. */
export type UserRecord = {
  /** E-mail address. */
  readonly id: string
  readonly name: string
  /** scrypt salt and hash, base64url. */
  readonly salt: string
  readonly hash: string
}

export async function makeUser(id: string, name: string, password: string): Promise<UserRecord> {
  const salt = randomBytes(16)
  const hash = await derive(password, salt, KEY_BYTES)
  return { id, name, salt: salt.toString('base64url'), hash: hash.toString('base64url') }
}

export function findUser(users: readonly UserRecord[], id: string): UserRecord | undefined {
  return users.find(user => user.id === id.toLowerCase())
}

/** Takes the same time for unknown users as for known ones. */
export async function passwordMatches(user: UserRecord | undefined, password: string): Promise<boolean> {
  const salt = user ? Buffer.from(user.salt, 'base64url') : Buffer.alloc(16)
  const given = await derive(password, salt, KEY_BYTES)
  const wanted = user ? Buffer.from(user.hash, 'base64url') : randomBytes(KEY_BYTES)
  return wanted.length === given.length && timingSafeEqual(wanted, given)
}
