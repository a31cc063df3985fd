/** Everything that can be wrong with what a caller hands to this package. A mismatch with an intent is not an error: see `Verdict`. */
export type ChainErrorCode =
  | 'caip_malformed'
  | 'family_unsupported'
  | 'chain_shadows_known'
  | 'chain_malformed'
  | 'address_malformed'
  | 'address_checksum'
  | 'public_key_malformed'
  | 'path_out_of_range'
  | 'hex_malformed'
  | 'amount_malformed'
  | 'amount_too_precise'
  | 'amount_out_of_range'
  | 'rlp_malformed'
  | 'rlp_not_canonical'
  | 'transaction_too_large'
  | 'transaction_type_unsupported'
  | 'transaction_malformed'
  | 'transaction_without_chain_id'
  | 'transaction_other_chain'
  | 'transaction_field_out_of_range'
  | 'access_list_not_empty'
  | 'request_malformed'
  | 'fee_above_maximum'
  | 'signature_malformed'
  | 'signature_wrong_signer'
  | 'signing_type_unknown'
  | 'message_malformed'
  | 'typed_data_malformed'
  | 'typed_data_other_chain'

export class ChainError extends Error {
  readonly code: ChainErrorCode

  constructor(code: ChainErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ChainError'
    this.code = code
  }
}
