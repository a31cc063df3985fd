import { equalBytes } from '@trivault/codec'
import { evmFieldsOf, parseCaip19 } from '../caip.ts'
import { ChainError } from '../errors.ts'
import type {
  ChainContext,
  Effects,
  MismatchCode,
  StructuredRequest,
  TransactionEffects,
  TransactionRequest,
  Verdict,
} from '../types.ts'
import { parseAddress } from './address.ts'
import { encodeTokenTransfer } from './call.ts'
import { decodeEffects, interpretCall } from './effects.ts'
import { encodeTransaction } from './transaction.ts'

const maxDestinations = 100

/** What part `i` of a structured request must say. */
export interface RequestPart {
  readonly to: string
  readonly value: bigint
  readonly data: Uint8Array
  /** Undefined: any. */
  readonly nonce: bigint | undefined
}

/**
 * The transactions that a structured request asks for, one per destination. Throws `ChainError` request_malformed,
 * transaction_other_chain, amount_out_of_range, and those of `parseCaip19` and `parseAddress`.
 */
export function requestParts(request: StructuredRequest, context: ChainContext): RequestPart[] {
  const asset = parseCaip19(request.asset)
  const { chain } = context
  if (asset.caip2 !== chain.caip2)
    throw new ChainError('transaction_other_chain', `the asset is on ${asset.caip2}, not on ${chain.caip2}`)
  if (asset.kind === 'native' && asset.caip19 !== chain.nativeAsset)
    throw new ChainError('request_malformed', `the native asset of ${chain.caip2} is ${chain.nativeAsset}`)
  if (asset.kind === 'token' && context.tokens(asset.caip19) === undefined)
    throw new ChainError('request_malformed', `the token ${asset.caip19} is not registered`)
  const count = request.destinations.length
  if (count < 1 || count > maxDestinations)
    throw new ChainError('request_malformed', `a transfer has 1 to ${maxDestinations} destinations`)
  if (request.data !== undefined && (asset.kind === 'token' || count !== 1))
    throw new ChainError('request_malformed', 'call data goes with the native asset and one destination')
  return request.destinations.map(({ address, amount }, i): RequestPart => {
    const destination = parseAddress(address)
    if (amount < 0n || amount >= 1n << 256n) throw new ChainError('amount_out_of_range', 'an amount is out of range')
    const nonce = request.nonce === undefined ? undefined : request.nonce + BigInt(i)
    return asset.kind === 'token'
      ? { to: asset.address, value: 0n, data: encodeTokenTransfer(destination, amount), nonce }
      : { to: destination, value: amount, data: request.data ?? new Uint8Array(0), nonce }
  })
}

/** Unsigned bytes of a part with everything at its ceiling. */
function encodePart(request: StructuredRequest, part: RequestPart, { chain }: ChainContext): Uint8Array {
  const fields = evmFieldsOf(chain)
  return encodeTransaction({
    ...fields,
    nonce: part.nonce ?? 0n,
    gas: request.gas,
    maxFeePerGas: request.maxFeePerGas,
    maxPriorityFeePerGas: fields.transactionType === 0 ? request.maxFeePerGas : request.maxPriorityFeePerGas,
    to: part.to,
    value: part.value,
    data: part.data,
  })
}

/**
 * The effects that a request asks for, all parts together, before any transaction exists: what policy judges at the start.
 * Throws `ChainError` fee_above_maximum, and as `requestParts`, `decodeEffects` and `encodeTransaction`.
 */
export function plannedEffects(request: TransactionRequest, context: ChainContext): Effects {
  if (request.kind === 'raw') {
    const effects = decodeEffects(request.unsigned, request.source, context)
    const { family, caip2, from, movements, unknownAmounts, feeCeiling, grade } = effects
    checkFee(feeCeiling, context)
    return { family, caip2, from, function: effects.function, movements, unknownAmounts, feeCeiling, grade }
  }
  checkFee(request.gas * request.maxFeePerGas, context)
  const wanted = requestParts(request, context)
  const parts = wanted.map(part => interpretCall(part, context))
  const [first] = parts
  // Refuses what no chain would accept. Parts differ in addresses and amounts, checked above, and in nonces, which count up.
  for (const part of [...wanted.slice(0, 1), ...wanted.slice(-1)]) encodePart(request, part, context)
  if (first === undefined) throw new ChainError('request_malformed', 'a transfer has at least one destination')
  return {
    family: context.chain.family,
    caip2: context.chain.caip2,
    from: parseAddress(request.source),
    function: first.function, // one asset, so every part is of one kind
    movements: parts.flatMap(part => part.movements),
    unknownAmounts: parts.some(part => part.unknownAmounts),
    feeCeiling: BigInt(parts.length) * request.gas * request.maxFeePerGas,
    grade: first.grade,
  }
}

/**
 * The predicate of SPEC.md, "Matching": exact on everything, at most on ceilings. `slot` is the one that variant 0 of this part
 * bound; undefined for variant 0 itself. Pure: honest nodes agree. Throws `ChainError` if the request itself is malformed,
 * which `plannedEffects` found out at the start.
 */
export function matchesRequest(
  request: TransactionRequest,
  part: number,
  effects: TransactionEffects,
  context: ChainContext,
  slot?: string,
): Verdict {
  // 1. The same chain and the same signer.
  if (effects.caip2 !== context.chain.caip2)
    return mismatch('wrong_chain', `the transaction is for ${effects.caip2}, the request for ${context.chain.caip2}`)
  if (effects.from !== parseAddress(request.source))
    return mismatch('wrong_source', `the transaction is from ${effects.from}, the request from ${request.source}`)
  // 2. Variants keep the slot.
  if (slot !== undefined && effects.slot !== slot)
    return mismatch('wrong_slot', `the first variant took the slot ${slot}, this one has ${effects.slot}`)
  // 3. The chain's own ceiling.
  if (effects.feeCeiling > context.chain.maxFee)
    return mismatch(
      'fee_above_chain_maximum',
      `the fee ${effects.feeCeiling} is above the chain's maximum ${context.chain.maxFee}`,
    )
  if (request.kind === 'raw') {
    // 4. Raw: these bytes and no others.
    if (part !== 0) return mismatch('wrong_part', 'a raw transaction has one part')
    return equalBytes(effects.unsigned, request.unsigned)
      ? { ok: true }
      : mismatch('wrong_bytes', 'the transaction differs from the approved bytes')
  }
  // 5. Structured: exact on what happens.
  const wanted = requestParts(request, context)[part]
  if (wanted === undefined) return mismatch('wrong_part', `the request has no part ${part}`)
  if (effects.transactionType !== context.chain.transactionType)
    return mismatch(
      'wrong_transaction_type',
      `${context.chain.caip2} takes transactions of type ${context.chain.transactionType}`,
    )
  if (effects.to !== wanted.to)
    return mismatch('wrong_to', `the transaction goes to ${effects.to}, approved is ${wanted.to}`)
  if (effects.value !== wanted.value)
    return mismatch('wrong_value', `the transaction moves ${effects.value}, approved is ${wanted.value}`)
  if (!equalBytes(effects.data, wanted.data))
    return mismatch('wrong_data', 'the call data differs from what was approved')
  if (wanted.nonce !== undefined && effects.nonce !== wanted.nonce)
    return mismatch('wrong_nonce', `the nonce is ${effects.nonce}, approved is ${wanted.nonce}`)
  // 6. At most the approved ceilings.
  if (effects.gas > request.gas) return mismatch('gas_above_cap', `gas ${effects.gas} is above ${request.gas}`)
  if (effects.maxFeePerGas > request.maxFeePerGas)
    return mismatch('fee_above_cap', `the fee per gas ${effects.maxFeePerGas} is above ${request.maxFeePerGas}`)
  if (effects.transactionType === 2 && effects.maxPriorityFeePerGas > request.maxPriorityFeePerGas)
    return mismatch(
      'priority_fee_above_cap',
      `the priority fee ${effects.maxPriorityFeePerGas} is above ${request.maxPriorityFeePerGas}`,
    )
  return { ok: true }
}

function checkFee(fee: bigint, { chain }: ChainContext): void {
  if (fee > chain.maxFee)
    throw new ChainError(
      'fee_above_maximum',
      `the fee ceiling ${fee} is above the maximum ${chain.maxFee} of one transaction on ${chain.caip2}`,
    )
}

function mismatch(code: MismatchCode, message: string): Verdict {
  return { ok: false, code, message }
}
