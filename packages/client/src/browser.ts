/** What of this package runs in a browser: device keys there are made by WebCrypto. */
export {
  type CallInput,
  type Client,
  type ClientOptions,
  createClient,
  type ExactInput,
  type WaitOptions,
} from './client.ts'
export { ApiError } from './error.ts'
