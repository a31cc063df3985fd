import {
  bytes,
  type Codec,
  CodecError,
  decode,
  encode,
  fixed,
  list,
  option,
  struct,
  tagged,
  text,
  u8,
  u16,
  u32,
  type ValueOf,
  word,
} from '@trivault/codec'
import { issuerKeyCodec, personalChannels } from './enrolment.ts'
import { VaultError } from './errors.ts'
import { endorsedEpochCodec } from './founding-epoch.ts'
import { taggedHash } from './hash.ts'
import { signedHoldCodec } from './hold.ts'

const id = text(96)
const user = text(254)
const name = text(128)
/** SHA-256 of a device's public key. */
const keyId = fixed(32)

export const systemRoles = ['Admin', 'MarketOps', 'Viewer', 'Auditor'] as const
export type SystemRole = (typeof systemRoles)[number]

export const curves = ['ECDSA_SECP256K1', 'EdDSA_Ed25519'] as const
export type Curve = (typeof curves)[number]

/** What one node states about a new key on one curve, once its share and all backups are durable (protocol-notes §6). */
export const keyReportCodec = struct({
  vaultId: fixed(32),
  masterKey: name,
  curve: word(curves),
  ersFingerprint: fixed(32),
  /** Compressed SEC1 point (33 bytes), or Ed25519 (32 bytes). */
  publicKey: bytes(33),
  /** Public shares of nodes 0, 1, 2, encoded alike. */
  publicShares: list(bytes(33), 3),
  chainCode: fixed(32),
  transcriptHash: fixed(32),
  /** 0 from key generation, one more with each refresh: an old report never counts again. */
  epoch: u32,
  /** What asked for these shares, empty for the setup: of a refresh that was given up no report counts in the next one. */
  operationId: text(96),
  /** SHA-256 of the verified backups of nodes 0, 1, 2. */
  backupHashes: list(fixed(32), 3),
})
export type KeyReport = ValueOf<typeof keyReportCodec>

/** How a check of a joint protocol failed. `accusation`: one party says so. `equivocation`: it holds two messages for one round. */
export const failureKinds = ['accusation', 'equivocation'] as const
export type FailureKind = (typeof failureKinds)[number]

const signingFailure = {
  vaultId: fixed(32),
  operationId: id,
  part: u8,
  variant: u8,
  digest: fixed(32),
  node: u8,
  /** Number of the check in the joint protocol, e.g. `S3.1`. */
  check: text(32),
  kind: word(failureKinds),
}
const signingFailureCodec = struct(signingFailure)
/** What one node states when a signing session ended by a failed check: it will not sign this execution any more. */
export type SigningFailure = ValueOf<typeof signingFailureCodec>

/** The statement with the Ed25519 signature of the node that it names over `signingFailureDigest`. */
export const signedFailureCodec = struct({ ...signingFailure, signature: fixed(64) })
export type SignedFailure = ValueOf<typeof signedFailureCodec>

/** What a node signs (Ed25519) about a failed signing session; fields beyond the statement do not count. */
export function signingFailureDigest(failure: SigningFailure): Uint8Array {
  return taggedHash('signing-failed', encode(signingFailureCodec as Codec<SigningFailure>, failure))
}

const signedReports = struct({ report: keyReportCodec, signatures: list(fixed(64), 3) })
export type SignedReports = ValueOf<typeof signedReports>

const rate = struct({ asset: text(200), usdRate: option(text(80)), usdMin: option(text(80)), usdMax: option(text(80)) })

/** Everything that changes the vault. A command either applies or its entry is refused. */
export const commandCodec = tagged({
  /** One-shot tenant set-up (contract: POST /api/tenants/default/setup). */
  setup: [
    1,
    struct({
      bodyHash: fixed(32),
      users: list(struct({ id: user, name }), 1000),
      group: name,
      approvalsRequired: u16,
      rates: list(rate, 1000),
      masterKeys: list(struct({ name, accounts: list(name, 1000) }), 100),
      chains: list(text(41), 200),
    }),
  ],
  createGroup: [2, struct({ by: user, name })],
  registerChain: [3, struct({ by: user, caip2: text(41) })],
  createSystemUser: [4, struct({ by: user, name, role: word(systemRoles), confirmer: option(user) })],
  deleteSystemUser: [5, struct({ by: user, id: user })],
  allocateAddress: [7, struct({ masterKey: name, account: name, caip2: text(41), index: u32 })],
  start: [16, struct({ operationId: id, intent: bytes(450_000) })],
  /** `signature`: ASN.1 DER, ECDSA P-256 over SHA-256 of the intent bytes. */
  approve: [17, struct({ operationId: id, userId: user, keyId, signature: bytes(80) })],
  /** `reason`: in the person's own words, or empty. */
  reject: [18, struct({ operationId: id, userId: user, reason: text(1024) })],
  cancel: [19, struct({ operationId: id, by: user })],
  /** `transaction`: the exact unsigned bytes of one part; empty for operations without a transaction. */
  execute: [20, struct({ operationId: id, part: u8, variant: u8, transaction: bytes(200_000) })],
  /** `signature`: ECDSA r ‖ s ‖ recovery (65 bytes), or Ed25519 R ‖ s (64 bytes). */
  signed: [21, struct({ operationId: id, part: u8, variant: u8, signature: bytes(65) })],
  /** For each curve three equal key reports, each with its node's Ed25519 signature, in node order. */
  activateKey: [22, struct({ keys: list(signedReports, 2) })],
  /** One node's signed statement: three must sign, so one can deny. */
  signingFailed: [24, signedFailureCodec],
  /**
   * The identity provider vouches for a device key: an ID token bound to it, the issuer's key that signed it, and the device's
   * signature over `possessionMessage`.
   */
  vouch: [
    40,
    struct({
      userId: user,
      publicKey: fixed(65),
      channel: word(personalChannels),
      idToken: text(16_384),
      issuerKey: issuerKeyCodec,
      proof: bytes(80),
    }),
  ],
  /** All three node admins pinned new owners, since the quorum is lost. */
  endorse: [41, endorsedEpochCodec],
  /** One owner's device stops the vault or an operation; anyone may bring it. */
  hold: [50, signedHoldCodec],
})
export type Command = ValueOf<typeof commandCodec>
export type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>

export function encodeCommand(command: Command): Uint8Array {
  return encode(commandCodec as Codec<Command>, command)
}

/** Throws `VaultError` malformed. */
export function decodeCommand(raw: Uint8Array): Command {
  try {
    return decode(commandCodec as Codec<Command>, raw)
  } catch (cause) {
    throw new VaultError('malformed', cause instanceof CodecError ? cause.message : 'not a command', { cause })
  }
}
