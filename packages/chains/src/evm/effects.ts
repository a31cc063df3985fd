import { keccak_256 } from '@noble/hashes/sha3.js'
import { ChainError } from '../errors.ts'
import { uintToBytes } from '../hex.ts'
import type { ChainContext, Effects, Movement, TransactionEffects } from '../types.ts'
import { addressBytes, formatAddress, parseAddress } from './address.ts'
import { decodeTokenTransfer } from './call.ts'
import { encodeRlp } from './rlp.ts'
import { decodeTransaction, signingDigest } from './transaction.ts'

/** What an approver decides on, and the interpretation of one transaction's to, value and data. */
export type Interpretation = Pick<Effects, 'function' | 'movements' | 'unknownAmounts' | 'grade'>

/**
 * Decodes unsigned bytes into effects. `from` is the address of the key that will sign: the bytes do not name it. Throws
 * `ChainError` transaction_other_chain and those of `decodeTransaction` and `parseAddress`.
 */
export function decodeEffects(unsigned: Uint8Array, from: string, context: ChainContext): TransactionEffects {
  const tx = decodeTransaction(unsigned)
  const { chain } = context
  if (`eip155:${tx.chainId}` !== chain.caip2)
    throw new ChainError(
      'transaction_other_chain',
      `the transaction is for eip155:${tx.chainId}, not for ${chain.caip2}`,
    )
  const signer = parseAddress(from)
  return {
    ...tx,
    family: 'evm',
    caip2: chain.caip2,
    from: signer,
    ...(tx.to === null
      ? interpretCreation(signer, tx.nonce, tx.value, context)
      : interpretCall({ to: tx.to, value: tx.value, data: tx.data }, context)),
    feeCeiling: tx.gas * tx.maxFeePerGas,
    unsigned: new Uint8Array(unsigned),
    digest: signingDigest(unsigned),
    slot: evmSlot(chain.caip2, signer, tx.nonce),
  }
}

/** The replay slot of an EVM transaction as text: (chain, sender, nonce). */
export function evmSlot(caip2: string, from: string, nonce: bigint): string {
  return `${caip2}/${from}/${nonce}`
}

/** Effects of a call as far as its bytes tell. Token transfers are understood for registered tokens only. */
export function interpretCall(
  call: { to: string; value: bigint; data: Uint8Array },
  context: ChainContext,
): Interpretation {
  const native: Movement = { asset: context.chain.nativeAsset, destination: call.to, amount: call.value }
  if (call.data.length === 0)
    return { function: 'transfer', movements: [native], unknownAmounts: false, grade: 'decoded' }
  const token = `${context.chain.caip2}/erc20:${call.to}`
  const transfer = decodeTokenTransfer(call.data)
  if (transfer !== undefined && call.value === 0n && context.tokens(token) !== undefined)
    return {
      function: 'token transfer',
      movements: [{ asset: token, ...transfer }],
      unknownAmounts: false,
      grade: 'decoded',
    }
  return {
    function: 'contract call',
    movements: [native],
    unknownAmounts: true,
    grade: 'exact',
  }
}

/** A new contract's address is the end of the hash of (creator, nonce). */
function interpretCreation(from: string, nonce: bigint, value: bigint, { chain }: ChainContext): Interpretation {
  const created = formatAddress(keccak_256(encodeRlp([addressBytes(from), uintToBytes(nonce)])).subarray(12))
  const endowment: Movement = { asset: chain.nativeAsset, destination: created, amount: value }
  return { function: 'deploy', movements: [endowment], unknownAmounts: true, grade: 'exact' }
}
