import { bytes, type Codec, encode, fixed, int53, struct, text, type ValueOf, word } from '@trivault/codec'
import { taggedHash } from './hash.ts'

/** `freeze`: nothing is signed until the owner quorum unfreezes. `veto`: one operation ends. */
export const holdKinds = ['freeze', 'veto'] as const
export type HoldKind = (typeof holdKinds)[number]

const statement = {
  vaultId: fixed(32),
  kind: word(holdKinds),
  /** The operation that is vetoed; empty for a freeze. */
  operationId: text(96),
  /** Above every counter that this owner used before, so that no statement counts twice. */
  counter: int53,
}
const statementCodec = struct(statement)
/** What one owner's device says to stop the vault or an operation (protocol-notes §8). */
export type HoldStatement = ValueOf<typeof statementCodec>

/** The statement with the device's key id and ECDSA P-256 signature (DER) over `holdMessage`. Who brings it does not matter. */
export const signedHoldCodec = struct({ ...statement, keyId: fixed(32), signature: bytes(80) })
export type SignedHold = ValueOf<typeof signedHoldCodec>

/** The 32 bytes that the owner's device signs; fields beyond the statement do not count. */
export function holdMessage(hold: HoldStatement): Uint8Array {
  return taggedHash('hold', encode(statementCodec as Codec<HoldStatement>, hold))
}
