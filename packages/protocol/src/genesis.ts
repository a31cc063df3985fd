import {
  type Codec,
  encode,
  fixed,
  fromHex,
  type Json,
  json,
  list,
  struct,
  text,
  toHex,
  u8,
  u16,
  type ValueOf,
  word,
} from '@trivault/codec'
import { taggedHash } from './hash.ts'

/** How a founder's first device key is vouched for (protocol-notes §2). */
export const foundingModes = ['open', 'identity', 'pinned'] as const
export type FoundingMode = (typeof foundingModes)[number]
/** `local`: one machine, software enclave. `enclave`: Nitro. */
export const profiles = ['local', 'enclave'] as const
export type Profile = (typeof profiles)[number]

const short = text(256)

/** Which claims of the issuer's ID tokens mean what; other claims are not looked at. */
const claimsCodec = struct({
  /** Holds the e-mail address: `email`, or one of our own. */
  email: short,
  /** Must be true: `email_verified`, `xms_edov`. */
  emailVerified: short,
  /** Name a person for good: `sub`, or `tid` and `oid`. */
  subject: list(short, 4),
})
export type ClaimNames = ValueOf<typeof claimsCodec>

/** What every node admin pins in the own partition; equal at all three nodes. */
export const genesisCodec = struct({
  version: u8,
  deploymentId: short,
  /** Node cards: Ed25519 identity keys of nodes 0, 1, 2. */
  identityKeys: list(fixed(32), 3),
  /** SHA-256 of the ERS public key (SPKI DER). */
  ersFingerprint: fixed(32),
  foundingMode: word(foundingModes),
  founders: list(short, 100),
  foundersRequired: u16,
  /** Mode `pinned`: SHA-256 of each founder's device key, in the order of the founders. */
  founderKeys: list(fixed(32), 100),
  issuer: short,
  approverClientId: short,
  /** RFC 7638 SHA-256 thumbprints of the issuer's signing keys. */
  jwksThumbprints: list(fixed(32), 32),
  claims: claimsCodec,
  profile: word(profiles),
  rulesVersion: u16,
})
export type Genesis = ValueOf<typeof genesisCodec>

/** The vault's name in every signature: SHA-256 over the canonical genesis. */
export function vaultIdOf(genesis: Genesis): Uint8Array {
  return taggedHash('genesis', encode(genesisCodec as Codec<Genesis>, genesis))
}

/** The first pin that two admins wrote differently; undefined when all are equal. */
export function firstDifference(a: Genesis, b: Genesis): keyof Genesis | undefined {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_key, part: unknown) => (part instanceof Uint8Array ? toHex(part) : part))
  return (Object.keys(a) as (keyof Genesis)[]).find(field => text(a[field]) !== text(b[field]))
}

const hex32: Json<Uint8Array> = (() => {
  const digits = json.string({ pattern: /^[0-9a-f]{64}$/, what: '64 lower-case hex digits' })
  return { read: value => fromHex(digits.read(value)), write: value => digits.write(toHex(value)) }
})()
const shortText = json.string({ max: 256 })

const pins: Json<Genesis> = json.object({
  version: json.integer(255),
  deploymentId: shortText,
  identityKeys: json.array(hex32, { min: 3, max: 3 }),
  ersFingerprint: hex32,
  foundingMode: json.oneOf(foundingModes),
  founders: json.array(shortText, { max: 100 }),
  foundersRequired: json.integer(65_535),
  founderKeys: json.array(hex32, { max: 100 }),
  issuer: shortText,
  approverClientId: shortText,
  jwksThumbprints: json.array(hex32, { max: 32 }),
  claims: json.object({
    email: shortText,
    emailVerified: shortText,
    subject: json.array(shortText, { max: 4 }),
  }),
  profile: json.oneOf(profiles),
  rulesVersion: json.integer(65_535),
})

/** The pins as a node admin's file (pins.json): read with `genesisJson.read(parseJson(text))`, written with `write`. */
export const genesisJson: Json<Genesis> = json.refine(pins, impossible)

/** Why no vault can have these pins, if so. */
function impossible(genesis: Genesis): string | undefined {
  const { identityKeys, foundingMode, profile, founders, foundersRequired, founderKeys } = genesis
  if (new Set(identityKeys.map(toHex)).size !== identityKeys.length) return 'the identity keys of the nodes must differ'
  if (foundingMode === 'open') return profile === 'local' ? undefined : 'founding mode open is for profile local only'
  if (new Set(founders.map(id => id.toLowerCase())).size !== founders.length) return 'a founder is listed twice'
  if (foundersRequired < 1 || foundersRequired > founders.length)
    return 'foundersRequired: from 1 to the number of founders'
  if (foundingMode === 'identity') return founderKeys.length > 0 ? 'founderKeys are for mode pinned' : vague(genesis)
  if (founderKeys.length !== founders.length) return 'founderKeys: one for each founder, in the same order'
  return new Set(founderKeys.map(toHex)).size === founderKeys.length ? undefined : 'a founder key is listed twice'
}

/** What mode `identity` needs to know of its identity provider. */
function vague({ issuer, approverClientId, jwksThumbprints, claims }: Genesis): string | undefined {
  if (issuer === '' || approverClientId === '') return 'mode identity needs issuer and approverClientId'
  if (jwksThumbprints.length === 0) return 'mode identity needs the thumbprints of the issuer keys'
  const names = [claims.email, claims.emailVerified, ...claims.subject]
  return claims.subject.length === 0 || names.includes('') ? 'mode identity needs the names of the claims' : undefined
}
