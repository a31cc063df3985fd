export { type AuditFile, AuditFileError, readAuditZip } from './audit-file.ts'
export { type CallInput, type Client, type ClientOptions, createClient, type WaitOptions } from './client.ts'
export { DeviceKey, DeviceKeyError } from './device-key.ts'
export { ApiError } from './error.ts'
