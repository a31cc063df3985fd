import { type Json, json, parseJson } from '@trivault/codec'
import { type Genesis, genesisJson } from '@trivault/protocol'
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
}

export async function readPartition(store: SecretStore, deployment: Deployment, index: NodeIndex): Promise<Partition> {
  const text = await store.read(secretId(deployment, secretNames.policyNodePins(index)))
  if (text === undefined) return {}
  const { card, pins, ersPublicKey } = JSON.parse(text) as { card?: unknown; pins?: unknown; ersPublicKey?: string }
  return {
    ...(card !== undefined && { card: parseCard(JSON.stringify(card), index, secretNames.policyNodePins(index)) }),
    ...(pins !== undefined && { pins: genesisJson.read(parseJson(JSON.stringify(pins))) }),
    ...(ersPublicKey !== undefined && { ersPublicKey }),
  }
}

export async function writePartition(
  store: SecretStore,
  deployment: Deployment,
  index: NodeIndex,
  { card, pins, ersPublicKey }: Partition,
): Promise<void> {
  const value = JSON.stringify({
    card,
    ...(pins !== undefined && { pins: JSON.parse(genesisJson.write(pins)) as unknown, ersPublicKey }),
  })
  await store.write(secretId(deployment, secretNames.policyNodePins(index)), value, `Pins of Policy Node ${index}`)
}
