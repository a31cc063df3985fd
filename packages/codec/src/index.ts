export * from './binary.ts'
export * from './bytes.ts'
export { CodecError, type CodecErrorCode } from './errors.ts'
export * from './json.ts'
