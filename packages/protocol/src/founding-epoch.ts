import {
  type Codec,
  encode,
  fixed,
  fromHex,
  type Json,
  json,
  list,
  option,
  struct,
  text,
  toHex,
  u16,
  u32,
  type ValueOf,
} from '@trivault/codec'
import { taggedHash } from './hash.ts'

const owner = struct({ id: text(254), name: text(128), key: option(fixed(32)) })
const epoch = { epoch: u32, owners: list(owner, 100), required: u16 }
export const foundingEpochCodec = struct(epoch)
/** Who founds the vault anew when the owner quorum is lost: what all three node admins pin (protocol-notes §2). */
export type FoundingEpoch = ValueOf<typeof foundingEpochCodec>

/** What one node says: the epoch that its admin pinned, with its own signature. */
export const endorsedByCodec = struct({ ...epoch, signature: fixed(64) })

/** The epoch with the Ed25519 signatures of nodes 0, 1 and 2 over `foundingEpochDigest`. */
export const endorsedEpochCodec = struct({ ...epoch, signatures: list(fixed(64), 3) })

const statementCodec = struct({ vaultId: fixed(32), ...epoch })

/** What a node signs whose admin pinned this epoch; fields beyond the epoch do not count. */
export function foundingEpochDigest(vaultId: Uint8Array, value: FoundingEpoch): Uint8Array {
  const statement = { ...value, vaultId }
  return taggedHash('founding-epoch', encode(statementCodec as Codec<typeof statement>, statement))
}

/** The operation of an epoch: its id can be used once, so an epoch that was vetoed stays so. */
export const foundingEpochOperation = (number: number): string => `founding-epoch-${number}`

/** Is this id kept for such an operation? Whoever took it for something else would keep the epoch from coming. */
export const isFoundingEpochOperation = (id: string): boolean => id.startsWith('founding-epoch-')

const fingerprint: Json<Uint8Array> = (() => {
  const digits = json.string({ pattern: /^[0-9a-f]{64}$/, what: '64 lower-case hex digits' })
  return { read: value => fromHex(digits.read(value)), write: value => digits.write(toHex(value)) }
})()

/** A node admin's file: `{"epoch":1,"owners":[{"id","name","key"?}],"required":2}`; `key` in founding mode `pinned` only. */
export const foundingEpochJson: Json<FoundingEpoch> = (() => {
  const file = json.object({
    epoch: json.integer(0xffff_ffff),
    owners: json.array(
      json.object({ id: json.string({ max: 254 }), name: json.string({ max: 128 }) }, { key: fingerprint }),
      {
        min: 1,
        max: 100,
      },
    ),
    required: json.integer(65_535),
  })
  const complete = (value: ReturnType<typeof file.read>): FoundingEpoch => ({
    ...value,
    owners: value.owners.map(({ id, name, key }) => ({ id, name, key })),
  })
  return { read: value => complete(file.read(value)), write: value => file.write(value as never) }
})()
