export { buildUnsigned } from './build.ts'
export { ChainClients } from './clients.ts'
export { ChainClientError, type ChainClientErrorCode, rpcSetting } from './errors.ts'
export {
  type Call,
  EvmClient,
  type EvmClientOptions,
  type FeeCaps,
  type Fees,
  type TokenMetadata,
  type TransactionStatus,
} from './evm.ts'
