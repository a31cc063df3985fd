import {
  type Codec,
  encode,
  fixed,
  fromHex,
  int53,
  type Json,
  json,
  list,
  option,
  struct,
  text,
  toHex,
  u8,
  type ValueOf,
} from '@trivault/codec'
import { type AdminSigner, isSignedByAdmin } from './admin-key.ts'
import { type FoundingEpoch, foundingEpochCodec, foundingEpochDigest, foundingEpochJson } from './founding-epoch.ts'
import { type Genesis, vaultIdOf } from './genesis.ts'
import { taggedHash } from './hash.ts'

const recreate = {
  /** Sequence number and hash of both peers' newest entry. */
  seq: int53,
  hash: fixed(32),
  /** When the admin asked, milliseconds since 1970: a vote record that is newer than that is not replaced. */
  time: int53,
}
const release = {
  peer: u8,
  /** `quarantineHash` of what the node keeps about the peer. */
  quarantine: fixed(32),
}
const recreateCodec = struct(recreate)
const releaseCodec = struct(release)
/** Have a lost vote record made again. */
export type Recreate = ValueOf<typeof recreateCodec>
/** Let a quarantined peer take part again. */
export type Release = ValueOf<typeof releaseCodec>

/** What a node's admin can say to the own node; nothing else that lies beside a node is taken for the admin's word. */
export type AdminOrder =
  | { type: 'pins' }
  | ({ type: 'founding-epoch' } & FoundingEpoch)
  | ({ type: 'recreate' } & Recreate)
  | ({ type: 'release' } & Release)

const about = { deploymentId: text(256), node: u8, vaultId: fixed(32) }
const signedCodecs = {
  // The vault id is the hash of the canonical pins.
  pins: struct(about),
  'founding-epoch': struct({ ...about, epoch: fixed(32) }),
  recreate: struct({ ...about, ...recreate }),
  release: struct({ ...about, ...release }),
}

/** The 32 bytes that the admin of `node` signs. Each kind has a tag of its own; all name deployment, node and vault. */
export function adminDigest(genesis: Genesis, node: number, order: AdminOrder): Uint8Array {
  const { deploymentId } = genesis
  const vaultId = vaultIdOf(genesis)
  const body = order.type === 'founding-epoch' ? { epoch: foundingEpochDigest(vaultId, order) } : order
  const codec = signedCodecs[order.type] as Codec<object>
  return taggedHash(`admin-${order.type}`, encode(codec, { ...body, deploymentId, node, vaultId }))
}

/** The admin's signature under an order, 64 bytes. */
export function signOrder(signer: AdminSigner, genesis: Genesis, node: number, order: AdminOrder): Promise<Uint8Array> {
  return signer.sign(adminDigest(genesis, node, order))
}

/** Did the admin of `node`, in the vault of these pins, sign this order? */
export function isOrdered(
  adminKey: Uint8Array,
  genesis: Genesis,
  node: number,
  order: AdminOrder,
  signature: Uint8Array,
): boolean {
  return isSignedByAdmin(adminKey, adminDigest(genesis, node, order), signature)
}

/** The name of a quarantine: of the bytes that a node keeps about a peer, whatever they are. */
export const quarantineHash = (peer: number, record: Uint8Array): Uint8Array =>
  taggedHash('quarantine', Uint8Array.of(peer), record)

const signed = <T>(order: Codec<T>) => struct({ order, signature: fixed(64) })

/** All that an admin signed for the own node, as its host hands it over. One release for each of the other nodes at most. */
export const adminStatementsCodec = struct({
  pins: option(fixed(64)),
  foundingEpoch: option(signed(foundingEpochCodec)),
  recreate: option(signed(recreateCodec)),
  releases: list(signed(releaseCodec), 2),
})
export type AdminStatements = ValueOf<typeof adminStatementsCodec>

export const noStatements: AdminStatements = {
  pins: undefined,
  foundingEpoch: undefined,
  recreate: undefined,
  releases: [],
}

/**
 * The statements with another order among them, which takes the place of the one of its kind (a release: of its peer). Signing pins
 * begins anew: what was said in another vault counts in none.
 */
export function withOrder(statements: AdminStatements, order: AdminOrder, signature: Uint8Array): AdminStatements {
  switch (order.type) {
    case 'pins':
      return { ...noStatements, pins: signature }
    case 'founding-epoch': {
      const { epoch, owners, required } = order
      return { ...statements, foundingEpoch: { order: { epoch, owners, required }, signature } }
    }
    case 'recreate': {
      const { seq, hash, time } = order
      return { ...statements, recreate: { order: { seq, hash, time }, signature } }
    }
    case 'release': {
      const { peer, quarantine } = order
      const others = statements.releases.filter(one => one.order.peer !== peer)
      return { ...statements, releases: [...others, { order: { peer, quarantine }, signature }] }
    }
  }
}

const hex = (size: number): Json<Uint8Array> => {
  const digits = json.string({
    pattern: new RegExp(`^[0-9a-f]{${2 * size}}$`),
    what: `${2 * size} lower-case hex digits`,
  })
  return { read: value => fromHex(digits.read(value)), write: value => digits.write(toHex(value)) }
}
const signedJson = <T>(order: Json<T>) => json.object({ order, signature: hex(64) })

const file = json.object(
  {},
  {
    pins: hex(64),
    foundingEpoch: signedJson(foundingEpochJson),
    recreate: signedJson(json.object({ seq: json.integer(), hash: hex(32), time: json.integer() })),
    releases: json.array(signedJson(json.object({ peer: json.integer(2), quarantine: hex(32) })), { max: 2 }),
  },
)

/** The file `statements.json` beside a node's pins; every member may be missing. Each order has its signature beside it. */
export const adminStatementsJson: Json<AdminStatements> = {
  read: value => ({ ...noStatements, ...file.read(value) }),
  write: ({ pins, foundingEpoch, recreate: recreation, releases }) =>
    file.write({
      ...(pins && { pins }),
      ...(foundingEpoch && { foundingEpoch }),
      ...(recreation && { recreate: recreation }),
      ...(releases.length > 0 && { releases }),
    }),
}
