import {
  bytes,
  decode,
  encode,
  int53,
  list,
  option,
  struct,
  tagged,
  text,
  u16,
  type ValueOf,
  word,
} from '@trivault/codec'
import { hashCodec, MAX_COMMANDS, MAX_ENTRY_BYTES, withinBounds } from './entry.ts'
import { LedgerError } from './errors.ts'
import { certificateCodec, NODES, reportCodec, voteCodec } from './signed.ts'

/** Bytes of one message; a bus must carry this much. */
export const MAX_MESSAGE_BYTES = MAX_ENTRY_BYTES + 64 * 1024

/**
 * Why a node does not vote or report.
 * `command` L3, a command is refused (`command` is its index, `reason` the machine's code); `results` L3, other outcomes;
 * `time` L3 or L4; `hold` L4, `required` must be the first command; `reports` L2, reports missing or for another question;
 * `kept` L2, the reports demand another entry (`hash` of it in `reason`); `ballot` L5 or L6 (`promised` says what is open);
 * `malformed` unreadable bytes; `stopped` this node neither votes nor reports (its status in `reason`); `busy` try again.
 */
export const refusalCodes = [
  'command',
  'results',
  'time',
  'hold',
  'reports',
  'kept',
  'ballot',
  'malformed',
  'stopped',
  'busy',
] as const
export type RefusalCode = (typeof refusalCodes)[number]

const certifiedCodec = struct({ entry: bytes(MAX_ENTRY_BYTES), certificate: bytes(512) })
const entryBytes = bytes(MAX_ENTRY_BYTES)

const messageCodec = tagged({
  propose: [1, struct({ entry: entryBytes, ballot: int53, reports: list(reportCodec, NODES) })],
  newBallot: [2, struct({ seq: int53, ballot: int53 })],
  vote: [3, struct({ vote: voteCodec })],
  report: [4, struct({ report: reportCodec })],
  refuse: [
    5,
    struct({
      seq: int53,
      ballot: int53,
      hash: option(hashCodec),
      code: word(refusalCodes),
      reason: text(128),
      message: text(1024),
      command: option(u16),
      promised: int53,
      required: option(bytes(MAX_ENTRY_BYTES)),
    }),
  ],
  getHead: [6, struct({})],
  head: [7, struct({ seq: int53, hash: hashCodec, certificate: option(certificateCodec) })],
  get: [8, struct({ from: int53, to: int53 })],
  entries: [9, struct({ entries: list(certifiedCodec, MAX_COMMANDS) })],
  fetch: [10, struct({ hash: hashCodec })],
  candidate: [11, struct({ hash: hashCodec, entry: option(entryBytes) })],
  certificate: [12, struct({ certificate: certificateCodec })],
  fork: [13, struct({ first: certificateCodec, second: certificateCodec })],
})

/** Everything that nodes and wallets say to each other about the log. */
export type LedgerMessage = ValueOf<typeof messageCodec>
export type Message<T extends LedgerMessage['type']> = Extract<LedgerMessage, { type: T }>

/** Throws `LedgerError` malformed when a bound is exceeded. */
export function encodeMessage(message: LedgerMessage): Uint8Array {
  return withinBounds('message', () => encode(messageCodec, message))
}

/** Throws `LedgerError` malformed unless `input` is the one encoding of a message. */
export function decodeMessage(input: Uint8Array): LedgerMessage {
  return withinBounds('message', () => {
    if (input.length > MAX_MESSAGE_BYTES) throw new LedgerError('malformed', `message of ${input.length} bytes`)
    return decode(messageCodec, input)
  })
}

export function encodeCertificate(certificate: Message<'certificate'>['certificate']): Uint8Array {
  return encode(certificateCodec, certificate)
}

/** Throws `LedgerError` malformed. */
export function decodeCertificate(input: Uint8Array): Message<'certificate'>['certificate'] {
  return withinBounds('certificate', () => decode(certificateCodec, input))
}
