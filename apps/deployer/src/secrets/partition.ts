import { type Json, json, parseJson } from '@trivault/codec'
import {
  type AdminStatements,
  adminStatementsJson,
  type Genesis,
  genesisJson,
  isOrdered,
  noStatements,
} from '@trivault/protocol'
import { DeployerError } from '../errors.ts'
import type { Deployment, NodeIndex } from '../model.ts'
import { secretId, secretNames } from '../names.ts'
import type { SecretStore } from './store.ts'

/** What a node admin gives to the other two; equal to what the node proves in its handshakes. */
export interface NodeCard {
  readonly index: NodeIndex
  /** Ed25519 public key, 64 lower-case hex digits. */
  readonly identityKey: string
}

const cardJson: Json<{ index: number; identityKey: string }> = json.object({
  index: json.integer(2),
  identityKey: json.string({ pattern: /^[0-9a-f]{64}$/, what: '64 lower-case hex digits' }),
})

export const cardFile = (index: NodeIndex): string => `policy-node${index}.card.json`
export const cardText = (card: NodeCard): string => `${cardJson.write(card)}\n`

/** Throws DeployerError bad-config. */
export function parseCard(text: string, index: NodeIndex, file: string): NodeCard {
  try {
    const card = cardJson.read(parseJson(text))
    if (card.index === index) return { index, identityKey: card.identityKey }
    throw new RangeError(`it is the card of Policy Node ${card.index}`)
  } catch (cause) {
    throw new DeployerError(
      'bad-config',
      `not the card of Policy Node ${index}: ${cause instanceof Error ? cause.message : 'not readable'}`,
      `ask the Policy Node ${index} admin for the file that \`make populate-secrets-policy-node${index}\` wrote`,
      { cause, place: { file } },
    )
  }
}

/** The public half of a node's partition, in its admin's account. */
export interface Partition {
  readonly card?: NodeCard
  readonly pins?: Genesis
  /** PEM. */
  readonly ersPublicKey?: string
  /** What the admin signed: the pins, and orders to the node. */
  readonly statements: AdminStatements
}

/** Throws DeployerError untrusted when it has another form: somebody else wrote it. */
export async function readPartition(store: SecretStore, deployment: Deployment, index: NodeIndex): Promise<Partition> {
  const id = secretId(deployment, secretNames.policyNodePins(index))
  const text = await store.read(id)
  if (text === undefined) return { statements: noStatements }
  try {
    const { card, pins, ersPublicKey, statements } = JSON.parse(text) as Record<string, unknown>
    return {
      ...(card !== undefined && { card: parseCard(JSON.stringify(card), index, id) }),
      ...(pins !== undefined && { pins: genesisJson.read(parseJson(JSON.stringify(pins))) }),
      ...(typeof ersPublicKey === 'string' && { ersPublicKey }),
      statements:
        statements === undefined ? noStatements : adminStatementsJson.read(parseJson(JSON.stringify(statements))),
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'not readable'
    throw new DeployerError(
      'untrusted',
      `${id} is not what this program wrote: ${why}`,
      'see in CloudTrail who wrote it, and put the version before back',
      { cause },
    )
  }
}

export async function writePartition(
  store: SecretStore,
  deployment: Deployment,
  index: NodeIndex,
  { card, pins, ersPublicKey, statements }: Partition,
): Promise<void> {
  const value = JSON.stringify({
    card,
    ...(pins !== undefined && {
      pins: JSON.parse(genesisJson.write(pins)) as unknown,
      ersPublicKey,
      statements: JSON.parse(adminStatementsJson.write(statements)) as unknown,
    }),
  })
  await store.write(secretId(deployment, secretNames.policyNodePins(index)), value, `Pins of Policy Node ${index}`)
}

/** Whether there are pins that the node would take. */
export const hasSignedPins = ({ pins, statements }: Partition, index: NodeIndex, adminKey: Uint8Array): boolean =>
  pins !== undefined &&
  statements.pins !== undefined &&
  isOrdered(adminKey, pins, index, { type: 'pins' }, statements.pins)

/** The pins of a partition; undefined when there are none. Throws DeployerError untrusted when the node would not take them. */
export function signedPins(partition: Partition, index: NodeIndex, adminKey: Uint8Array): Genesis | undefined {
  if (partition.pins === undefined || hasSignedPins(partition, index, adminKey)) return partition.pins
  throw new DeployerError(
    'untrusted',
    `the pins of Policy Node ${index} are not signed by its admin key`,
    'see in CloudTrail who wrote them; then pin again with ARGS=--replace, after comparing every line with the other admins',
  )
}
