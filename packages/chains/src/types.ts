import type { FunctionName, Grade } from '@trivault/protocol'

/** A group of chains that share address format, key derivation and transaction encoding. */
export type Family = 'evm' | 'solana'

/** A chain as the vault knows it: from the compiled registry, or registered as a custom chain. */
export interface Chain {
  readonly family: Family
  /** CAIP-2, for instance `eip155:1`. */
  readonly caip2: string
  readonly name: string
  /** CAIP-19 of the native asset, for instance `eip155:1/slip44:60`. */
  readonly nativeAsset: string
  readonly symbol: string
  readonly decimals: number
  readonly testNetwork: boolean
  /** Coin type in derivation paths. One per family: every EVM chain, test networks too, has 60, every Solana cluster 501. */
  readonly slip44: number
  /** EVM: the only transaction type accepted in structured requests: 2 (EIP-1559), or 0 (legacy with chain id). */
  readonly transactionType: 0 | 2 | undefined
  /** Highest fee of one transaction, in the native asset's smallest unit. */
  readonly maxFee: bigint
}

/** One asset moving to one address. `amount` is in the asset's smallest unit. */
export interface Movement {
  /** Canonical CAIP-19. */
  readonly asset: string
  /** Canonical address. */
  readonly destination: string
  readonly amount: bigint
}

/** What policy sees, before a transaction exists (planned from a request) and after (decoded from its bytes). */
export interface Effects {
  readonly family: Family
  readonly caip2: string
  /** Canonical address of the signer. */
  readonly from: string
  readonly function: FunctionName
  readonly movements: readonly Movement[]
  /** More may move than `movements` says: every amount criterion matches. */
  readonly unknownAmounts: boolean
  /** Most that can be paid in fees, in the native asset's smallest unit. */
  readonly feeCeiling: bigint
  readonly grade: Grade
}

/** The fields of an EVM transaction with an empty access list: EIP-1559 (type 2) or legacy with chain id (EIP-155). */
export interface EvmTransaction {
  readonly transactionType: 0 | 2
  readonly chainId: number
  readonly nonce: bigint
  /** Gas limit. */
  readonly gas: bigint
  /** Wei per gas; the gas price of a legacy transaction. */
  readonly maxFeePerGas: bigint
  /** Wei per gas; equals `maxFeePerGas` in a legacy transaction. */
  readonly maxPriorityFeePerGas: bigint
  /** Null: contract creation. */
  readonly to: string | null
  readonly value: bigint
  readonly data: Uint8Array
}

/** Decoded from an unsigned transaction's bytes. */
export interface TransactionEffects extends Effects, EvmTransaction {
  readonly unsigned: Uint8Array
  /** The 32 bytes that are signed. */
  readonly digest: Uint8Array
  /** Replay slot: at most one transaction with this slot can ever land. Compare as a string. */
  readonly slot: string
}

export const signingTypes = ['personal_sign', 'eth_signTypedData_v4', 'raw'] as const
export type TypeOfSigning = (typeof signingTypes)[number]

/** Decoded from a generic signing request. */
export interface MessageEffects extends Effects {
  readonly typeOfSigning: TypeOfSigning
  /** Names the message, 32 bytes: what ECDSA signs, else SHA-256 of `message`. */
  readonly digest: Uint8Array
  /** The exact bytes that the key signs: ECDSA the digest, Ed25519 the message itself. */
  readonly message: Uint8Array
  /** Nothing in the message says for which chain it is: the signature is as good on any other, test network or not. */
  readonly anyChain: boolean
  /** The message for people, free of control and bidirectional characters. */
  readonly text: readonly string[]
}

/** What a family's decoder says of a message. */
export type DecodedMessage = Pick<MessageEffects, 'function' | 'grade' | 'digest' | 'message' | 'anyChain' | 'text'>

/** A transfer, or a contract call with native value, described by its fields; the transactions are built later. */
export interface StructuredRequest {
  readonly kind: 'structured'
  /** CAIP-19 of the native asset or of an ERC-20 token. */
  readonly asset: string
  readonly source: string
  /** One transaction ("part") per destination, in this order. Amounts in the asset's smallest unit. */
  readonly destinations: readonly { readonly address: string; readonly amount: bigint }[]
  /** Ceilings that were approved. */
  readonly gas: bigint
  readonly maxFeePerGas: bigint
  /** Not looked at on a legacy chain. */
  readonly maxPriorityFeePerGas: bigint
  /** Exact nonce of part 0; part i has nonce + i. Absent: any. */
  readonly nonce?: bigint
  /** Exact call data; native asset and one destination only. */
  readonly data?: Uint8Array
}

/** Unsigned transaction bytes, exactly as approved. One part. */
export interface RawRequest {
  readonly kind: 'raw'
  readonly source: string
  readonly unsigned: Uint8Array
}

export type TransactionRequest = StructuredRequest | RawRequest

export type MismatchCode =
  | 'wrong_part'
  | 'wrong_chain'
  | 'wrong_source'
  | 'wrong_bytes'
  | 'wrong_transaction_type'
  | 'wrong_to'
  | 'wrong_value'
  | 'wrong_data'
  | 'wrong_nonce'
  | 'wrong_slot'
  | 'gas_above_cap'
  | 'fee_above_cap'
  | 'priority_fee_above_cap'
  | 'fee_above_chain_maximum'

/** Does a transaction do what was approved? */
export type Verdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: MismatchCode; readonly message: string }

/** What is known of an ERC-20 token, by canonical CAIP-19. Undefined: not registered. */
export type TokenLookup = (asset: string) => { readonly symbol: string; readonly decimals: number } | undefined

/** What decoding needs besides the bytes: the chain that is meant, and the tokens registered on it. */
export interface ChainContext {
  readonly chain: Chain
  readonly tokens: TokenLookup
}

/** ECDSA over the digest: r and s as 32 bytes big-endian, s in the lower half, recovery bit. */
export interface RecoverableSignature {
  readonly r: Uint8Array
  readonly s: Uint8Array
  readonly recovery: 0 | 1
}
