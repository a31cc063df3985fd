import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE_INDEXES } from '../src/model.ts'
import { nodeAdmin } from '../src/roles.ts'
import { cardFile } from '../src/secrets/partition.ts'
import { fill } from '../test/secrets/given.ts'
import { withFounderKeys } from './founding.ts'
import { type Person, withRole } from './people.ts'
import type { World } from './world.ts'

/** What the guide asks people to do by hand, by the name on its page. */
export function createEdits(
  world: World,
  customerConfig: string,
): Readonly<Record<string, () => void | Promise<void>>> {
  let ers = ''
  const file = (person: Person, name: string): string => join(person.dir, name)
  const admin = (): Person => withRole(world, 'infrastructure-admin')
  const edit = (person: Person, values: Readonly<Record<string, string>>): void => {
    const path = file(person, 'customer-secrets.yml')
    writeFileSync(path, fill(readFileSync(path, 'utf8'), values))
  }
  return {
    'ers-key': () => {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
      ers = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
    },
    'customer-config': async () => {
      const text = await withFounderKeys(world, customerConfig)
      for (const person of world.people) writeFileSync(file(person, 'customer-config.yml'), text)
    },
    'customer-secrets': () =>
      edit(admin(), {
        ...{ ubiquity_org_username: 'acme', ubiquity_auth_token: 'a-token-of-the-data-api', ers_public_key: ers },
        ...world.identity.block,
      }),
    'exchange-cards': () => {
      for (const index of NODE_INDEXES) {
        const card = readFileSync(file(withRole(world, nodeAdmin(index)), cardFile(index)))
        for (const person of world.people) writeFileSync(file(person, cardFile(index)), card)
      }
    },
    'public-part': () => {
      for (const person of world.people)
        if (person !== admin() && person.roles.some(role => role.startsWith('policy-node')))
          edit(person, { ers_public_key: ers, ...world.identity.block })
    },
  }
}
