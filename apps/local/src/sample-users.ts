import { randomBytes } from 'node:crypto'
import type { SampleUser } from './endpoints.ts'
import { writePrivateJson } from './files.ts'
import { makeUser } from './services/users.ts'

const PEOPLE = [
  { id: 'alice@example.com', name: 'Alice' },
  { id: 'bob@example.com', name: 'Bob' },
  { id: 'carol@example.com', name: 'Carol' },
]

/** The people who can sign in locally. Passwords are made at first and kept; the identity provider gets only hashes. */
export async function sampleUsers(known: readonly SampleUser[], usersFile: string): Promise<SampleUser[]> {
  const users = PEOPLE.map(({ id, name }) => {
    const before = known.find(user => user.id === id)
    return {
      id,
      name,
      password: before?.password ?? randomBytes(9).toString('base64url'),
      deviceKeyFile: before?.deviceKeyFile ?? null,
    }
  })
  writePrivateJson(usersFile, await Promise.all(users.map(user => makeUser(user.id, user.name, user.password))))
  return users
}
