import { readFile, writeFile } from 'node:fs/promises'
import { fromHex, parseJson, toHex } from '@trivault/codec'
import {
  firstDifference,
  type Genesis,
  genesisJson,
  noStatements,
  signOrder,
  vaultIdOf,
  withOrder,
} from '@trivault/protocol'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { type Deployment, NODE_INDEXES, type NodeIndex } from '../model.ts'
import { deploymentId, secretId, secretNames } from '../names.ts'
import { requireSecretText } from './file-guard.ts'
import { issuerThumbprints } from './issuer-keys.ts'
import { providerFacts } from './keys.ts'
import {
  cardFile,
  hasSignedPins,
  type NodeCard,
  parseCard,
  readPartition,
  signedPins,
  writePartition,
} from './partition.ts'
import { type PublicPart, readPublicPart } from './secret-file.ts'
import { openStore } from './store.ts'
import { openSigner } from './stored-secret.ts'

export interface PinOptions {
  /** Puts other pins in the place of those that are there. */
  readonly replace: boolean
}

/** Pins what must be equal at the three nodes, in this node's own partition, with its admin's signature. Throws DeployerError. */
export async function pinPeers(context: Context, index: NodeIndex, options: PinOptions): Promise<void> {
  const deployment = context.deployment()
  const store = await openStore(context)
  const { card, signer } = await openSigner(context, store, index)
  const before = await readPartition(store, deployment, index)
  const known = readPublicPart(await requireSecretText(context))
  const cards = await readCards(context, card)
  const pins = await pinsOf(deployment, cards, known)
  const isSigned = hasSignedPins(before, index, signer.adminKey)
  const current = options.replace && !isSigned ? undefined : signedPins(before, index, signer.adminKey)
  if (!(await agree(context, current, pins, options))) return
  const order = { type: 'pins' } as const
  const statements = withOrder(noStatements, order, await signOrder(signer, pins, index, order))
  await writePartition(store, deployment, index, { card, pins, ersPublicKey: known.ersKey.pem, statements })
  await tell(context, pins, `pinned at Policy Node ${index}`)
}

/** The wallet's copy: it gives the wallet no power, nodes with other pins do not talk to it. Throws DeployerError. */
export async function pinPeersWallet(context: Context, options: PinOptions): Promise<void> {
  const deployment = context.deployment()
  const store = await openStore(context)
  const id = secretId(deployment, secretNames.walletPins)
  const before = await store.read(id)
  const known = readPublicPart(await requireSecretText(context))
  const pins = await pinsOf(deployment, await readCards(context), known)
  const current = before === undefined ? undefined : genesisJson.read(parseJson(before))
  if (!(await agree(context, current, pins, options))) return
  await store.write(id, genesisJson.write(pins), 'Pins, as the Policy Node admins have them')
  await tell(context, pins, 'the wallet has its copy of the pins')
}

/** The genesis of the vault, from what the admin has checked. Throws DeployerError. */
export async function pinsOf(deployment: Deployment, cards: readonly NodeCard[], known: PublicPart): Promise<Genesis> {
  const { founding, adminUsers } = deployment
  const { provider, block } = known.identity
  const pins: Genesis = {
    version: 1,
    deploymentId: deploymentId(deployment),
    identityKeys: cards.map(({ identityKey }) => fromHex(identityKey)),
    ersFingerprint: known.ersKey.fingerprint,
    foundingMode: founding.mode,
    founders: [...founding.founders],
    foundersRequired: founding.approvalsRequired,
    // In the founders' order: the founders are the admin users.
    founderKeys: adminUsers.flatMap(({ keyFingerprint }) =>
      keyFingerprint === undefined ? [] : [fromHex(keyFingerprint)],
    ),
    issuer: block.ISSUER,
    approverClientId: block.CLIENT_ID_NATIVE,
    jwksThumbprints: await issuerThumbprints(block.ISSUER),
    claims: { ...providerFacts[provider].id },
    profile: 'enclave',
    rulesVersion: 1,
  }
  try {
    genesisJson.write(pins)
    return pins
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'not possible'
    throw new DeployerError('bad-config', `no vault can have these pins: ${why}`, 'correct what it names', { cause })
  }
}

async function readCards(context: Context, own?: NodeCard): Promise<NodeCard[]> {
  const cards: NodeCard[] = []
  for (const index of NODE_INDEXES) {
    const file = cardFile(index)
    const text = await readFile(context.file(file), 'utf8').catch(() => undefined)
    const card = text === undefined ? undefined : parseCard(text, index, file)
    if (own?.index === index) {
      // Whoever could write into this directory must not give the node another name.
      if (card !== undefined && card.identityKey !== own.identityKey)
        throw new DeployerError('conflict', `${file} is not this node's card`, `remove ${file}; the card is in AWS`)
      cards.push(own)
    } else if (card !== undefined) cards.push(card)
    else
      throw new DeployerError(
        'missing-file',
        `${file} is not in ${context.cwd}`,
        `get it from the Policy Node ${index} admin, and compare the key by voice`,
      )
  }
  return cards
}

/** Shows what is to be pinned and asks. False when there is nothing to do. */
async function agree(
  context: Context,
  current: Genesis | undefined,
  next: Genesis,
  options: PinOptions,
): Promise<boolean> {
  const { out, flags } = context
  if (current !== undefined) {
    const difference = firstDifference(current, next)
    if (difference === undefined) {
      await tell(context, next, 'nothing to do: exactly this is pinned')
      return false
    }
    if (!options.replace)
      throw new DeployerError(
        'refused',
        `other pins are there; the first difference is ${difference}`,
        'pins name the vault: if it has not been founded yet, run it again with ARGS=--replace; if it has, keep them',
      )
  }
  out.say(summary(next))
  if (flags.dryRun) {
    out.result(JSON.parse(genesisJson.write(next)), 'nothing was written (--dry-run)')
    return false
  }
  if (await context.confirm('Pin this? You vouch for every line.')) return true
  throw new DeployerError('declined', 'nothing was pinned', 'check the lines with the other admins, then run it again')
}

const summary = (pins: Genesis): string =>
  [
    `deployment        ${pins.deploymentId}`,
    ...pins.identityKeys.map((key, index) => `Policy Node ${index}     ${toHex(key)}`),
    `ERS fingerprint   ${toHex(pins.ersFingerprint)}`,
    `founders          ${pins.founders.join(', ')}; ${pins.foundersRequired} of them decide`,
    ...pins.founderKeys.map((key, index) => `key               ${toHex(key)}  ${pins.founders[index] ?? ''}`),
    `issuer            ${pins.issuer}`,
    ...pins.jwksThumbprints.map(thumbprint => `issuer key        ${toHex(thumbprint)}`),
    `Approver App      client ${pins.approverClientId}`,
  ].join('\n')

async function tell(context: Context, pins: Genesis, heading: string): Promise<void> {
  const vault = toHex(vaultIdOf(pins))
  if (!context.flags.dryRun) await writeFile(context.file('pins.json'), `${genesisJson.write(pins)}\n`)
  context.out.result(
    { vault, pins: JSON.parse(genesisJson.write(pins)) as unknown },
    `${heading}\nvault ${vault.match(/.{8}/g)?.join(' ')}\nCompare the vault's number with the other two admins: it must be the same.`,
  )
}
