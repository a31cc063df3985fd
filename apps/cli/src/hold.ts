import type { DeviceKey } from '@trivault/client'
import { type Codec, decode, encode, fromBase64 } from '@trivault/codec'
import { type HoldStatement, holdMessage, type SignedHold, sha256, signedHoldCodec } from '@trivault/protocol'
import { CliError } from './errors.ts'
import { readBytes } from './files.ts'

/** Signs a freeze, or with an operation a veto, by an owner's device. */
export function signHold(key: DeviceKey, vaultId: Uint8Array, operationId: string, counter: number): SignedHold {
  const kind = operationId === '' ? 'freeze' : 'veto'
  const statement: HoldStatement = { vaultId, kind, operationId, counter }
  const signature = fromBase64(key.sign(holdMessage(statement)))
  return { ...statement, keyId: sha256(fromBase64(key.publicKey)), signature }
}

export const encodeHold = (hold: SignedHold): Uint8Array => encode(signedHoldCodec as Codec<SignedHold>, hold)

/** Throws `CliError` configuration. */
export function readHold(path: string): SignedHold {
  try {
    return decode(signedHoldCodec as Codec<SignedHold>, readBytes(path))
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError('configuration', `${path} is not a signed freeze or veto`, { cause })
  }
}

/**
 * Brings a statement to one node beside which this runs, without wallet and broker. Resolves once it is durable there. Throws
 * `CliError` unreachable or refused.
 */
export async function bringToNode(url: string, hold: SignedHold): Promise<void> {
  const response = await fetch(new URL('/hold', url), {
    method: 'POST',
    body: new Blob([encodeHold(hold) as Uint8Array<ArrayBuffer>]),
    signal: AbortSignal.timeout(15_000),
  }).catch(cause => {
    throw new CliError('unreachable', `the node at ${url} cannot be reached: run this on its own host`, { cause })
  })
  if (response.ok) return
  const answer: unknown = await response.json().catch(() => undefined)
  const message = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'message') : undefined
  throw new CliError('refused', `the node refused it: ${String(message ?? response.status)}`)
}
