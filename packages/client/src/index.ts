export { type CallInput, type Client, type ClientOptions, createClient, type WaitOptions } from './client.ts'
export { ApiError } from './error.ts'
