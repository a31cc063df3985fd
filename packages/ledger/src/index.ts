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
export {
  decodeMessage,
  encodeMessage,
  type LedgerMessage,
  MAX_MESSAGE_BYTES,
  type RefusalCode,
} from './messages.ts'
export * from './ports.ts'
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
// Voter, Follower, Proposer, verifyExport, createVoteRecord follow with the signatures stated in api.ts:
// Follower.open(LogOptions), Voter.open(VoterOptions) → handle(bytes): Promise<Output[]>, status();
// Proposer.open(ProposerOptions) → submit(commands): Promise<CommandResult[]>, receive(from, bytes), status(), close().
