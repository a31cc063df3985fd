import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJson } from '@trivault/codec'
import { type FoundingEpoch, foundingEpochDigest, foundingEpochJson, type NodeEvent } from '@trivault/protocol'
import type { VaultState } from '@trivault/vault-state'
import { NodeError } from './errors.ts'
import { namesIn } from './file-anchor.ts'

/** The file beside the anchor in which a node admin pins new owners. */
export const FOUNDING_EPOCH_FILE = 'founding-epoch.json'

/** The epoch that this node's admin pinned, if so. Throws `NodeError` bad-founding-epoch. */
export async function readFoundingEpoch(dir: string): Promise<FoundingEpoch | undefined> {
  if (!(await namesIn(dir)).includes(FOUNDING_EPOCH_FILE)) return undefined
  try {
    return foundingEpochJson.read(parseJson(await readFile(join(dir, FOUNDING_EPOCH_FILE), 'utf8')))
  } catch (cause) {
    throw new NodeError('bad-founding-epoch', `${FOUNDING_EPOCH_FILE} beside the anchor is not readable: correct it`, {
      cause,
    })
  }
}

/** What this node says of its admin's pin as long as the log does not hold that epoch or a later one. */
export function endorsementOf(
  state: VaultState,
  pinned: FoundingEpoch | undefined,
  sign: (message: Uint8Array) => Uint8Array,
): NodeEvent | undefined {
  const isFounded = state.sealedAt !== undefined || state.epoch > 0
  if (pinned === undefined || !isFounded || (state.endorsed?.epoch ?? 0) >= pinned.epoch) return undefined
  return { type: 'endorsed', ...pinned, signature: sign(foundingEpochDigest(state.vaultId, pinned)) }
}
