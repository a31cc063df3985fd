export { type AssetId, type ChainId, evmCaip2, evmChainId, evmFieldsOf, parseCaip2, parseCaip19 } from './caip.ts'
export { describe } from './describe.ts'
export { effectsHash } from './effects-hash.ts'
export { ChainError, type ChainErrorCode } from './errors.ts'
export { addressOfPublicKey, derivationPath, parseAddress } from './evm/address.ts'
export { type DecodedCall, decodeCall } from './evm/call.ts'
export { decodeEffects } from './evm/effects.ts'
export { matchesRequest, plannedEffects, type RequestPart, requestParts } from './evm/request.ts'
export {
  assembleTransaction,
  decodeTransaction,
  type EvmTransaction,
  encodeTransaction,
  recoverSigner,
  type SignedTransaction,
} from './evm/transaction.ts'
export { addressOfKey, comparableAddress, families, familyNames, familyOf, parseFamilyAddress } from './family.ts'
export { formatHex, parseHex } from './hex.ts'
export { decodeMessage, type MessageRequest } from './message.ts'
export { type CustomChain, customChain, knownChain, knownChains } from './registry.ts'
export { parseSolanaAddress, solanaAddressBytes } from './solana/address.ts'
export * from './types.ts'
export { checkDecimals, formatUnits, parseUnits } from './units.ts'
