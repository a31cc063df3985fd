import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { parseJson } from '@trivault/codec'
import {
  type AdminStatements,
  adminSignerOf,
  adminStatementsJson,
  type Genesis,
  genesisJson,
  noStatements,
  signOrder,
  withOrder,
} from '@trivault/protocol'
import { secretId, secretNames } from '../src/names.ts'
import { nodeAdmin } from '../src/roles.ts'
import { openAdminKey } from '../src/secrets/admin-key.ts'
import { testContext } from '../test/delivery/context.ts'
import { withRole } from './people.ts'
import type { World } from './world.ts'

const NODE = 1
const pinned = { type: 'pins' } as const

/** What lies beside a node: its pins, and what its admin signed. */
interface Beside {
  readonly pins: Genesis
  readonly statements: AdminStatements
}

interface Swap extends Beside {
  readonly what: string
  /** Why the node does not start. */
  readonly says: RegExp
}

/**
 * The infrastructure admin runs the host of Policy Node 1, and lays other pins beside the node than its admin pinned. The node must
 * refuse each of them. Throws Error for one that it takes, or refuses for another reason.
 */
export async function swapPins(world: World, say: (line: string) => void): Promise<void> {
  const { text, beside } = await readPartition(world)
  const swaps = await swapsOf(world, beside)
  await Promise.all(
    swaps.map(async ({ what, says, pins, statements }) => {
      const swapped = {
        ...(JSON.parse(text) as object),
        pins: JSON.parse(genesisJson.write(pins)) as unknown,
        statements: JSON.parse(adminStatementsJson.write(statements)) as unknown,
      }
      const { exitCode, log } = await world.machines.runHostOnce(`node${NODE}`, {
        PINS: JSON.stringify(swapped),
      })
      if (exitCode === 0 || !says.test(log))
        throw new Error(`the host swapped the pins (${what}), and the node said: exit ${exitCode} ${log.slice(-2000)}`)
    }),
  )
  say(`    a host that swaps its node's pins starts no node: ${swaps.map(({ what }) => what).join('; ')}`)
}

async function readPartition({ deployment, aws }: World): Promise<{ text: string; beside: Beside }> {
  const { region, accounts } = deployment
  const credentials = aws.credentialsFor(accounts.policyNodes[NODE], 'admin')
  const client = new SecretsManagerClient({ region, endpoint: aws.endpoint, credentials })
  const SecretId = secretId(deployment, secretNames.policyNodePins(NODE))
  const { SecretString: text = '' } = await client.send(new GetSecretValueCommand({ SecretId }))
  const { pins, statements } = JSON.parse(text) as Record<'pins' | 'statements', unknown>
  return {
    text,
    beside: {
      pins: genesisJson.read(parseJson(JSON.stringify(pins))),
      statements: adminStatementsJson.read(parseJson(JSON.stringify(statements))),
    },
  }
}

async function swapsOf(world: World, { pins, statements }: Beside): Promise<Swap[]> {
  const admin = withRole(world, nodeAdmin(NODE))
  const key = await openAdminKey(testContext(admin.dir, { ...admin.environment }).context, NODE)
  const stranger = adminSignerOf(new Uint8Array(32).fill(1))
  // In mode `pinned` there is a key for each founder, else none.
  const founderKeys = pins.founderKeys.slice(0, 1)
  const own: Genesis = { ...pins, founders: ['mallory@example.com'], foundersRequired: 1, founderKeys }
  const older: Genesis = { ...pins, claims: { ...pins.claims, email: 'mail' } }
  const signed = async (signer: typeof key, genesis: Genesis, node: number): Promise<AdminStatements> =>
    withOrder(noStatements, pinned, await signOrder(signer, genesis, node, pinned))
  const unsigned = /the pins are not signed: /
  const foreign = /the pins are not signed with the admin key of node 1 for this vault/
  return [
    { what: 'not signed', says: unsigned, pins, statements: noStatements },
    {
      what: "the host's own, signed by the host",
      says: foreign,
      pins: own,
      statements: await signed(stranger, own, NODE),
    },
    { what: "the host's own, with the admin's signature of others", says: foreign, pins: own, statements },
    { what: 'signed by the admin for another node', says: foreign, pins, statements: await signed(key, pins, 2) },
    {
      what: 'signed by the admin once, for another vault',
      says: /was not sealed here|the vote record belongs to another vault/,
      pins: older,
      statements: await signed(key, older, NODE),
    },
  ]
}
