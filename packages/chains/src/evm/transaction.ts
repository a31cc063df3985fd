import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { concat } from '@trivault/codec'
import { ChainError } from '../errors.ts'
import { bytesToUint, uintToBytes } from '../hex.ts'
import type { EvmTransaction, RecoverableSignature } from '../types.ts'
import { addressBytes, addressOfPublicKey, formatAddress, parseAddress } from './address.ts'
import { decodeRlp, encodeRlp, type Rlp } from './rlp.ts'

export type { EvmTransaction }

/** Nodes of the public networks do not relay more. */
export const maxTransactionBytes = 128 * 1024

const none = new Uint8Array(0)

/** The unsigned bytes: what is hashed and signed. Throws `ChainError` as `decodeTransaction`. */
export function encodeTransaction(transaction: EvmTransaction): Uint8Array {
  const tx = checked(transaction)
  const unsigned =
    tx.transactionType === 2
      ? concat(Uint8Array.of(2), encodeRlp(fields(tx)))
      : encodeRlp([...fields(tx), uintToBytes(BigInt(tx.chainId)), none, none])
  checkSize(unsigned)
  return unsigned
}

/**
 * Decodes unsigned bytes; the only bytes taken are those that `encodeTransaction` makes. Throws `ChainError`
 * transaction_too_large, transaction_type_unsupported, transaction_malformed, transaction_without_chain_id,
 * transaction_field_out_of_range, access_list_not_empty, rlp_malformed, rlp_not_canonical.
 */
export function decodeTransaction(unsigned: Uint8Array): EvmTransaction {
  checkSize(unsigned)
  const [first] = unsigned
  if (first === undefined) throw new ChainError('transaction_malformed', 'the transaction is empty')
  if (first === 2) return checked(eip1559(decodeRlp(unsigned.subarray(1))))
  if (first >= 0xc0) return checked(legacy(decodeRlp(unsigned)))
  throw new ChainError(
    'transaction_type_unsupported',
    'only legacy (type 0) and EIP-1559 (type 2) transactions are supported',
  )
}

function eip1559(rlp: Rlp): EvmTransaction {
  const items = list(rlp)
  if (items.length !== 9)
    throw new ChainError('transaction_malformed', `an unsigned type 2 transaction has 9 fields, not ${items.length}`)
  const [chainId, nonce, tip, fee, gas, to, value, data, accessList] = items
  if (list(accessList).length !== 0)
    throw new ChainError('access_list_not_empty', 'a transaction with an access list is not supported')
  return {
    transactionType: 2,
    chainId: chainIdOf(uint(chainId)),
    nonce: uint(nonce),
    gas: uint(gas),
    maxFeePerGas: uint(fee),
    maxPriorityFeePerGas: uint(tip),
    to: recipient(to),
    value: uint(value),
    data: new Uint8Array(string(data)),
  }
}

function legacy(rlp: Rlp): EvmTransaction {
  const items = list(rlp)
  if (items.length === 6)
    throw new ChainError('transaction_without_chain_id', 'a transaction without chain id would be valid on every chain')
  if (items.length !== 9)
    throw new ChainError('transaction_malformed', `an unsigned legacy transaction has 9 fields, not ${items.length}`)
  const [nonce, price, gas, to, value, data, chainId, r, s] = items
  if (string(r).length !== 0 || string(s).length !== 0)
    throw new ChainError('transaction_malformed', 'the transaction is signed already; the unsigned form is expected')
  return {
    transactionType: 0,
    chainId: chainIdOf(uint(chainId)),
    nonce: uint(nonce),
    gas: uint(gas),
    maxFeePerGas: uint(price),
    maxPriorityFeePerGas: uint(price),
    to: recipient(to),
    value: uint(value),
    data: new Uint8Array(string(data)),
  }
}

function fields(tx: EvmTransaction): Rlp[] {
  const to = tx.to === null ? none : addressBytes(tx.to)
  const common = [uintToBytes(tx.gas), to, uintToBytes(tx.value), tx.data]
  return tx.transactionType === 2
    ? [
        uintToBytes(BigInt(tx.chainId)),
        uintToBytes(tx.nonce),
        uintToBytes(tx.maxPriorityFeePerGas),
        uintToBytes(tx.maxFeePerGas),
        ...common,
        [],
      ]
    : [uintToBytes(tx.nonce), uintToBytes(tx.maxFeePerGas), ...common]
}

/** Bounds beyond which no chain accepts a transaction (EIP-2681 for the nonce), and forms that can only be mistakes. */
function checked(tx: EvmTransaction): EvmTransaction {
  chainIdOf(BigInt(tx.chainId))
  bounded('nonce', tx.nonce, 64, 1n)
  bounded('gas limit', tx.gas, 64)
  bounded('fee per gas', tx.maxFeePerGas, 128)
  bounded('priority fee per gas', tx.maxPriorityFeePerGas, 128)
  bounded('value', tx.value, 256)
  if (tx.maxPriorityFeePerGas > tx.maxFeePerGas)
    throw new ChainError('transaction_malformed', 'the priority fee per gas is above the maximum fee per gas')
  if (tx.transactionType === 0 && tx.maxPriorityFeePerGas !== tx.maxFeePerGas)
    throw new ChainError('transaction_malformed', 'a legacy transaction has one gas price')
  if (tx.to === null && tx.data.length === 0)
    throw new ChainError('transaction_malformed', 'a contract creation without init code would lose its value')
  return { ...tx, to: tx.to === null ? null : parseAddress(tx.to) }
}

function checkSize(unsigned: Uint8Array): void {
  if (unsigned.length > maxTransactionBytes)
    throw new ChainError('transaction_too_large', `a transaction has at most ${maxTransactionBytes} bytes`)
}

function bounded(name: string, value: bigint, bits: number, below = 0n): void {
  if (value < 0n || value >= (1n << BigInt(bits)) - below)
    throw new ChainError('transaction_field_out_of_range', `the ${name} is out of range`)
}

function chainIdOf(value: bigint): number {
  if (value === 0n) throw new ChainError('transaction_without_chain_id', 'chain id 0 would be valid on every chain')
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new ChainError('transaction_field_out_of_range', 'the chain id is above 2^53 - 1')
  return Number(value)
}

function list(item: Rlp | undefined): readonly Rlp[] {
  if (item === undefined || item instanceof Uint8Array)
    throw new ChainError('transaction_malformed', 'a list is expected')
  return item
}

function string(item: Rlp | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new ChainError('transaction_malformed', 'a byte string is expected')
  return item
}

function uint(item: Rlp | undefined): bigint {
  const bytes = string(item)
  if (bytes[0] === 0) throw new ChainError('rlp_not_canonical', 'an integer has a leading zero')
  if (bytes.length > 32) throw new ChainError('transaction_field_out_of_range', 'an integer is above 2^256 - 1')
  return bytesToUint(bytes)
}

function recipient(item: Rlp | undefined): string | null {
  const bytes = string(item)
  if (bytes.length === 0) return null
  if (bytes.length !== 20) throw new ChainError('transaction_malformed', 'a recipient has 20 bytes, or none')
  return formatAddress(bytes)
}

export interface SignedTransaction {
  /** What is broadcast. */
  readonly bytes: Uint8Array
  /** Transaction hash: keccak-256 of `bytes`. */
  readonly hash: Uint8Array
}

/** The 32 bytes that are signed. */
export function signingDigest(unsigned: Uint8Array): Uint8Array {
  return keccak_256(unsigned)
}

/**
 * The signed transaction. The signature must have its s in the lower half (EIP-2) and recover to `from`. Throws `ChainError`
 * signature_malformed, signature_wrong_signer, and those of `decodeTransaction`.
 */
export function assembleTransaction(
  unsigned: Uint8Array,
  signature: RecoverableSignature,
  from: string,
): SignedTransaction {
  const tx = decodeTransaction(unsigned)
  const signer = recoverSigner(signingDigest(unsigned), signature)
  if (signer !== parseAddress(from))
    throw new ChainError('signature_wrong_signer', `the signature is by ${signer}, not by ${from}`)
  const rs = [signature.r, signature.s].map(part => uintToBytes(bytesToUint(part)))
  const v =
    tx.transactionType === 2 ? BigInt(signature.recovery) : BigInt(tx.chainId) * 2n + 35n + BigInt(signature.recovery)
  const body = encodeRlp([...fields(tx), uintToBytes(v), ...rs])
  const bytes = tx.transactionType === 2 ? concat(Uint8Array.of(2), body) : body
  return { bytes, hash: keccak_256(bytes) }
}

/** Address whose key made the signature over `digest`. Throws `ChainError` signature_malformed. */
export function recoverSigner(digest: Uint8Array, signature: RecoverableSignature): string {
  const { r, s, recovery } = signature
  if (r.length !== 32 || s.length !== 32 || (recovery !== 0 && recovery !== 1))
    throw new ChainError('signature_malformed', 'a signature is r and s of 32 bytes each and a recovery bit')
  let publicKey: Uint8Array
  try {
    const parsed = new secp256k1.Signature(bytesToUint(r), bytesToUint(s), recovery)
    if (parsed.hasHighS()) throw new ChainError('signature_malformed', 's lies in the upper half')
    publicKey = parsed.recoverPublicKey(digest).toBytes(true)
  } catch (cause) {
    if (cause instanceof ChainError) throw cause
    throw new ChainError('signature_malformed', 'the signature recovers to no key', { cause })
  }
  return addressOfPublicKey(publicKey)
}
