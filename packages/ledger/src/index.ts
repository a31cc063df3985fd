export * from './api.ts'
export {
  decodeEntry,
  type Entry,
  encodeEntry,
  entryHash,
  FORMAT_VERSION,
  initialResults,
  MAX_COMMANDS,
  MAX_ENTRY_BYTES,
} from './entry.ts'
export * from './errors.ts'
export { verifyExport } from './export.ts'
export { type Draft, Follower } from './follower.ts'
export {
  decodeCertificate,
  decodeMessage,
  encodeMessage,
  type LedgerMessage,
  MAX_MESSAGE_BYTES,
  type RefusalCode,
} from './messages.ts'
export * from './ports.ts'
export { Proposer } from './proposer.ts'
export { SerialQueue } from './queue.ts'
export { checkReplaceable, createVoteRecord, recreateVoteRecord } from './record.ts'
export {
  type Cast,
  type Certificate,
  Committee,
  NODES,
  type NodeIndex,
  type Report,
  type Signer,
  type Verify,
  type Vote,
} from './signed.ts'
export { Voter } from './voter.ts'
