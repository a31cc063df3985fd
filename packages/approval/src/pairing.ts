import { fromBase64Url, parseJson, toHex } from '@trivault/codec'
import { type Genesis, genesisJson, vaultIdOf } from '@trivault/protocol'
import { ApprovalError } from './errors.ts'

/** The vault id (32 bytes) that a link, or its part behind #, names. Throws `ApprovalError` link. */
export function vaultOfLink(link: string): Uint8Array {
  const text = /#vault=([A-Za-z0-9_-]{43})$/.exec(link.trim())?.[1]
  try {
    if (text !== undefined) return fromBase64Url(text)
  } catch (cause) {
    throw new ApprovalError('link', 'this is not a pairing link of a vault', { cause })
  }
  throw new ApprovalError('link', 'this is not a pairing link of a vault')
}

/** Pins as the wallet brings them, taken only if they are those of `vaultId`. Throws `ApprovalError` pins. */
export function pinsOf(text: string, vaultId?: Uint8Array): Genesis {
  let genesis: Genesis
  try {
    genesis = genesisJson.read(parseJson(text))
  } catch (cause) {
    throw new ApprovalError('pins', 'what the wallet brought are not the pins of a vault', { cause })
  }
  if (vaultId !== undefined && toHex(vaultIdOf(genesis)) !== toHex(vaultId))
    throw new ApprovalError('pins', 'the wallet brought the pins of another vault than the one that the link names')
  return genesis
}
