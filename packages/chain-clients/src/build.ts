import {
  type ChainContext,
  ChainError,
  encodeTransaction,
  parseCaip2,
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
  const { chain } = context
  const maxFeePerGas = lower(choice.maxFeePerGas, request.maxFeePerGas)
  const tip = lower(lower(choice.maxPriorityFeePerGas, request.maxPriorityFeePerGas), maxFeePerGas)
  return encodeTransaction({
    transactionType: chain.transactionType,
    chainId: parseCaip2(chain.caip2).chainId,
    nonce: wanted.nonce ?? choice.nonce,
    gas: request.gas,
    maxFeePerGas,
    maxPriorityFeePerGas: chain.transactionType === 0 ? maxFeePerGas : tip,
    to: wanted.to,
    value: wanted.value,
    data: wanted.data,
  })
}

function lower(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
