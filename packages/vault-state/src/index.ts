export { checkIntent } from './administration.ts'
export { deriveAddress, deriveChildKey } from './derivation.ts'
export { verifyApproval } from './device-signature.ts'
export { type DryRun, type DryRunOptions, dryRun, heldUp } from './dry-run.ts'
export { signedFailure } from './failures.ts'
export { deviceKeyId, foundingRecord, isOwner, isWeak, ownersWithKeys } from './founding.ts'
export { foundingEpochRecord, isFoundingAgain } from './founding-epoch.ts'
export { checkHold, lastHoldCounter } from './holds.ts'
export { keyReportDigest, nextAddressIndex, pathOf, reportedKey, signedReport } from './keys.ts'
export * from './lookup.ts'
export { type Application, type VaultMachine, vaultMachine } from './machine.ts'
export {
  awaitedApprovers,
  canApprove,
  countedApprovals,
  decisionFor,
  fits,
  type Standing,
  standingOf,
  statusOf,
} from './needs.ts'
export { bootstrapUser, checkName, systemUserId } from './people.ts'
export { PersistentMap } from './persistent-map.ts'
export { setupComplete } from './setup.ts'
export {
  assetOf,
  chainContext,
  intentEffects,
  judgeExecution,
  partCount,
  requireTransactions,
  signatureFits,
  transactionRequest,
  transactionSubject,
} from './signing.ts'
export * from './state.ts'
export { portableVerifiers, type Verifiers } from './verifiers.ts'
