import {
  type ChainContext,
  ChainError,
  encodeTransaction,
  evmFieldsOf,
  requestParts,
  type TransactionRequest,
} from '@trivault/chains'
import type { Fees } from './evm.ts'

/**
 * Unsigned bytes of one part of a request: with the fees asked for, cut to the approved ceilings, and the approved gas limit.
 * A nonce that the request names wins. Raw requests are what they are. Throws `ChainError`.
 */
export function buildUnsigned(
  request: TransactionRequest,
  part: number,
  context: ChainContext,
  choice: Fees & { readonly nonce: bigint },
): Uint8Array {
  if (request.kind === 'raw') return request.unsigned
  const wanted = requestParts(request, context)[part]
  if (wanted === undefined) throw new ChainError('request_malformed', `the request has no part ${part}`)
  const fields = evmFieldsOf(context.chain)
  const maxFeePerGas = lower(choice.maxFeePerGas, request.maxFeePerGas)
  const tip = lower(lower(choice.maxPriorityFeePerGas, request.maxPriorityFeePerGas), maxFeePerGas)
  return encodeTransaction({
    ...fields,
    nonce: wanted.nonce ?? choice.nonce,
    gas: request.gas,
    maxFeePerGas,
    maxPriorityFeePerGas: fields.transactionType === 0 ? maxFeePerGas : tip,
    to: wanted.to,
    value: wanted.value,
    data: wanted.data,
  })
}

function lower(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
