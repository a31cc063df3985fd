export { type AuditFile, AuditFileError, readAuditZip } from './audit-file.ts'
export { type AuditColumn, type AuditRow, auditColumns, auditRows, csvLine } from './audit-rows.ts'
export {
  type CallInput,
  type Client,
  type ClientOptions,
  createClient,
  type ExactInput,
  type WaitOptions,
} from './client.ts'
export { DeviceKey, DeviceKeyError } from './device-key.ts'
export { ApiError } from './error.ts'
export { makeReceipt, type Receipt, ReceiptError, type ReceiptErrorCode, readReceipt } from './receipt.ts'
export { entryOf, relevantCommands } from './receipt-entries.ts'
export { isSealedZip, sealZip } from './zip-seal.ts'
