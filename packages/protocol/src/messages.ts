import {
  bytes,
  type Codec,
  decode,
  encode,
  fixed,
  int53,
  list,
  option,
  passing,
  struct,
  tagged,
  text,
  u8,
  u32,
  type ValueOf,
  word,
} from '@trivault/codec'
import { curves, keyReportCodec, signedFailureCodec } from './commands.ts'
import { endorsedByCodec } from './founding-epoch.ts'
import { taggedHash } from './hash.ts'
import { signedHoldCodec } from './hold.ts'
import { grades } from './operations.ts'

const operation = { operationId: text(96), part: u8, variant: u8 }
const frame = passing(1 << 20)
const signatureCodec = bytes(65)

/** Long enough for 50 group names of 96 characters. */
const requirement = text(8192)

const execution = struct({ part: u8, variant: u8, digest: bytes(65_536), signature: option(bytes(65)) })

/** What a node says it sees of an operation; approvers compare three of them before they sign (protocol-notes §4). */
export const viewCodec = struct({
  vaultId: fixed(32),
  node: u8,
  operationId: text(96),
  status: text(32),
  intentHash: fixed(32),
  grade: option(word(grades)),
  effectsHash: option(fixed(32)),
  needs: list(requirement, 1000),
  unmet: list(requirement, 1000),
  /** Key ids of the devices whose approvals are in the log, in its order. */
  approvals: list(fixed(32), 1000),
  /** What three nodes certified for signing, with the signature once the log has it. */
  executions: list(execution, 1600),
  headSeq: int53,
  headHash: fixed(32),
})
export type View = ValueOf<typeof viewCodec>

/** What a node signs (Ed25519) about an operation. */
export function viewDigest(view: View): Uint8Array {
  return taggedHash('view', encode(viewCodec as Codec<View>, view))
}

const queryCodec = tagged({
  status: [1, struct({})],
  signature: [2, struct(operation)],
  backups: [4, struct({ masterKey: text(128), curve: word(curves) })],
  view: [5, struct({ operationId: text(96) })],
  hold: [50, signedHoldCodec],
})
/** What the wallet asks a node. */
export type Query = ValueOf<typeof queryCodec>

const answerCodec = tagged({
  status: [
    1,
    struct({
      phase: text(32),
      reason: text(1024),
      seq: int53,
      hash: fixed(32),
      version: text(64),
      engine: text(32),
      /** Peers with a live end-to-end channel and fresh OT correlations. */
      peers: list(u8, 3),
      quarantined: list(u8, 3),
      openSessions: u32,
      lastSignatureAt: int53,
    }),
  ],
  signature: [
    2,
    struct({
      ...operation,
      signature: option(signatureCodec),
      failure: option(text(1024)),
      /** There will be no signature of this node: its sealed statement. */
      failed: option(signedFailureCodec),
    }),
  ],
  backups: [4, struct({ masterKey: text(128), curve: word(curves), blobs: list(bytes(400_000), 3) })],
  view: [5, struct({ view: viewCodec, signature: fixed(64) })],
  refused: [6, struct({ code: text(64), message: text(1024) })],
  /** The freeze or veto is durable at this node, and obeyed. */
  held: [50, struct({})],
})
export type Answer = ValueOf<typeof answerCodec>
export type AnswerOf<T extends Answer['type']> = Extract<Answer, { type: T }>

/** What a node tells the wallet unasked. */
const eventCodec = tagged({
  signed: [1, struct({ ...operation, signature: signatureCodec })],
  keyReport: [2, struct({ report: keyReportCodec, signature: fixed(64) })],
  failed: [3, signedFailureCodec],
  /** New owners that this node's admin pinned; told until the log has them. */
  endorsed: [41, endorsedByCodec],
  /** An owner's statement that this node wants logged; told until it is. */
  held: [50, signedHoldCodec],
})
export type NodeEvent = ValueOf<typeof eventCodec>

const envelopeCodec = tagged({
  /** A message of the certified log; its content proves itself. */
  ledger: [1, struct({ node: u8, body: bytes(2 << 20) })],
  query: [2, struct({ id: u32, query: queryCodec })],
  answer: [3, struct({ id: u32, node: u8, answer: answerCodec })],
  event: [4, struct({ node: u8, event: eventCodec })],
  /** Opens an end-to-end channel between two nodes. */
  hello: [
    5,
    struct({
      node: u8,
      bootId: fixed(16),
      bootTime: int53,
      exchangeKey: fixed(32),
      /** Version of the joint protocols, and of the program: joint work needs both equal. */
      protocol: u8,
      version: text(64),
      /** The boot ids that the sender knows of nodes 0, 1, 2 (its own included). */
      known: list(option(fixed(16)), 3),
      signature: fixed(64),
    }),
  ],
  /** Shown to a peer whose greeting was refused, so that an admin learns which pin differs. Believed by nobody. */
  pins: [41, struct({ node: u8, pins: bytes(65_536) })],
  sealed: [6, struct({ bootId: fixed(16), counter: int53, body: passing(2 << 20) })],
})
/** Everything that travels over the broker. Who sent it is the broker's word; what matters is signed or sealed inside. */
export type Envelope = ValueOf<typeof envelopeCodec>
export type EnvelopeOf<T extends Envelope['type']> = Extract<Envelope, { type: T }>

const peerCodec = tagged({
  /** Fresh randomness for one attempt at a joint session, and the OT epochs that the sender would use with each party. */
  join: [1, struct({ task: text(160), attempt: u32, nonce: fixed(32), epochs: list(option(fixed(32)), 3) })],
  frame: [2, struct({ session: fixed(32), frame })],
  backup: [3, struct({ keyId: fixed(32), transcriptHash: fixed(32), blob: bytes(400_000) })],
  /** So that no two nodes can be used to certify past the third. */
  hold: [50, signedHoldCodec],
  needBackup: [4, struct({ keyId: fixed(32), transcriptHash: fixed(32) })],
})
/** What nodes say to each other inside a sealed envelope. */
export type PeerMessage = ValueOf<typeof peerCodec>

export const encodeEnvelope = (envelope: Envelope): Uint8Array => encode(envelopeCodec as Codec<Envelope>, envelope)
/** Throws `CodecError`. */
export const decodeEnvelope = (raw: Uint8Array): Envelope => decode(envelopeCodec as Codec<Envelope>, raw)
/** What one sealed envelope holds: whatever a node had to say to a peer at one moment, in order. */
const peerMessages = list(peerCodec, 256)
/** Throws `CodecError` above 256 messages. */
export const encodePeerMessages = (messages: readonly PeerMessage[]): Uint8Array =>
  encode(peerMessages as Codec<PeerMessage[]>, [...messages])
/** Throws `CodecError`. */
export const decodePeerMessages = (raw: Uint8Array): PeerMessage[] => decode(peerMessages as Codec<PeerMessage[]>, raw)
