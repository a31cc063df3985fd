import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concat, fromHex, toHex } from '@trivault/codec'
import { computeAddress, Transaction } from 'ethers'
import fc from 'fast-check'
import { serializeTransaction } from 'viem'
import { describe, expect, it } from 'vitest'
import { formatHex, uintToBytes, uintToWord } from '../hex.ts'
import type { RecoverableSignature } from '../types.ts'
import { formatAddress } from './address.ts'
import { encodeRlp, type Rlp } from './rlp.ts'
import {
  assembleTransaction,
  decodeTransaction,
  type EvmTransaction,
  encodeTransaction,
  maxTransactionBytes,
  recoverSigner,
  signingDigest,
} from './transaction.ts'

const secret = new Uint8Array(32).fill(0x46) // EIP-155, "Example"
const from = computeAddress(formatHex(secret))

function sign(digest: Uint8Array, key = secret): RecoverableSignature {
  const bytes = secp256k1.sign(digest, key, { prehash: false, format: 'recovered' })
  return { recovery: bytes[0] === 1 ? 1 : 0, r: bytes.slice(1, 33), s: bytes.slice(33) }
}

const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(formatAddress)
const uint = (bits: number): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n })
const transactions: fc.Arbitrary<EvmTransaction> = fc
  .record({
    transactionType: fc.constantFrom(0 as const, 2 as const),
    chainId: fc.integer({ min: 1, max: 2 ** 40 }),
    nonce: uint(53),
    gas: uint(50),
    maxFeePerGas: uint(100),
    tip: uint(100),
    to: fc.option(address, { nil: null, freq: 5 }),
    value: fc.oneof(fc.constant(0n), uint(256)),
    data: fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ minLength: 1, maxLength: 300 })),
  })
  .map(({ tip, ...tx }) => ({
    ...tx,
    data: tx.to === null && tx.data.length === 0 ? Uint8Array.of(0) : tx.data,
    maxPriorityFeePerGas: tx.transactionType === 0 || tip > tx.maxFeePerGas ? tx.maxFeePerGas : tip,
  }))

function withEthers(tx: EvmTransaction): Transaction {
  const { transactionType, chainId, gas, maxFeePerGas, maxPriorityFeePerGas } = tx
  const fee =
    transactionType === 2 ? { maxFeePerGas, maxPriorityFeePerGas, accessList: [] } : { gasPrice: maxFeePerGas }
  return Transaction.from({
    type: transactionType,
    chainId,
    nonce: Number(tx.nonce),
    gasLimit: gas,
    to: tx.to,
    value: tx.value,
    data: formatHex(tx.data),
    ...fee,
  })
}

function withViem(tx: EvmTransaction): string {
  const { transactionType, chainId, gas, maxFeePerGas, maxPriorityFeePerGas } = tx
  const to = tx.to as `0x${string}` | null
  const common = {
    chainId,
    nonce: Number(tx.nonce),
    gas,
    to,
    value: tx.value,
    data: formatHex(tx.data) as `0x${string}`,
  }
  return transactionType === 2
    ? serializeTransaction({ type: 'eip1559', ...common, maxFeePerGas, maxPriorityFeePerGas })
    : serializeTransaction({ type: 'legacy', ...common, gasPrice: maxFeePerGas })
}

describe('EVM transactions against other libraries', () => {
  it('encodes and decodes as ethers and viem do', () => {
    fc.assert(
      fc.property(transactions, tx => {
        const unsigned = encodeTransaction(tx)
        const ethers = withEthers(tx)
        expect(formatHex(unsigned)).toBe(ethers.unsignedSerialized)
        expect(formatHex(unsigned)).toBe(withViem(tx))
        expect(formatHex(signingDigest(unsigned))).toBe(ethers.unsignedHash)
        expect(decodeTransaction(unsigned)).toEqual(tx)
      }),
      { numRuns: 4000 },
    )
  })

  it('assembles signed transactions that ethers reads back', () => {
    fc.assert(
      fc.property(transactions, tx => {
        const unsigned = encodeTransaction(tx)
        const signed = assembleTransaction(unsigned, sign(signingDigest(unsigned)), from)
        const read = Transaction.from(formatHex(signed.bytes))
        expect(read.from).toBe(from)
        expect(read.unsignedSerialized).toBe(formatHex(unsigned))
        expect(read.hash).toBe(formatHex(signed.hash))
      }),
      { numRuns: 150 },
    )
  })

  it('refuses, or reads as it was, whatever a bit flip makes of a transaction', () => {
    fc.assert(
      fc.property(transactions, fc.nat(), fc.nat(7), (tx, position, bit) => {
        const unsigned = encodeTransaction(tx)
        const at = position % unsigned.length
        unsigned[at] = (unsigned[at] ?? 0) ^ (1 << bit)
        let decoded: EvmTransaction
        try {
          decoded = decodeTransaction(unsigned)
        } catch (error) {
          expect(error).toMatchObject({ name: 'ChainError' })
          return
        }
        expect(encodeTransaction(decoded)).toEqual(unsigned)
        if (decoded.nonce > 2n ** 53n - 1n) return // ethers keeps nonces as numbers
        expect(Transaction.from(formatHex(unsigned)).unsignedSerialized).toBe(formatHex(unsigned))
      }),
      { numRuns: 4000 },
    )
  })
})

describe('EIP-155', () => {
  const unsigned = fromHex('ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080')

  it('agrees with the example', () => {
    expect(decodeTransaction(unsigned)).toMatchObject({ chainId: 1, nonce: 9n, gas: 21000n, value: 10n ** 18n })
    expect(toHex(signingDigest(unsigned))).toBe('daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53')
    expect(toHex(assembleTransaction(unsigned, sign(signingDigest(unsigned)), from).bytes)).toBe(
      'f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
    )
  })
})

const to = new Uint8Array(20).fill(0x35)
const none = new Uint8Array(0)
const n = (value: bigint | number): Uint8Array => uintToBytes(BigInt(value))
/** chain id, nonce, priority fee, fee, gas, to, value, data, access list */
const good: Rlp[] = [n(1), n(9), n(2), n(100), n(21000), to, n(5), none, []]
const type2 = (fields: Rlp): Uint8Array => concat(Uint8Array.of(2), encodeRlp(fields))
const change = (index: number, item: Rlp): Uint8Array => type2(good.with(index, item))
/** nonce, price, gas, to, value, data, chain id, 0, 0 */
const legacy: Rlp[] = [n(9), n(100), n(21000), to, n(5), none, n(1), none, none]

describe('what is not taken', () => {
  it('starts from transactions that are', () => {
    expect(decodeTransaction(type2(good))).toMatchObject({ transactionType: 2, chainId: 1, nonce: 9n })
    expect(decodeTransaction(encodeRlp(legacy))).toMatchObject({ transactionType: 0, chainId: 1, nonce: 9n })
  })

  it.each<[string, Uint8Array, string]>([
    ['nothing', none, 'transaction_malformed'],
    ['a type byte alone', Uint8Array.of(2), 'rlp_malformed'],
    [
      'type 1',
      Uint8Array.of(1, ...encodeRlp([n(1), n(9), n(100), n(21000), to, n(5), none, []])),
      'transaction_type_unsupported',
    ],
    ['type 3 (blobs)', Uint8Array.of(3, ...encodeRlp(good)), 'transaction_type_unsupported'],
    ['type 4 (EIP-7702)', Uint8Array.of(4, ...encodeRlp([...good, []])), 'transaction_type_unsupported'],
    ['type 0 as a prefix', Uint8Array.of(0, ...encodeRlp(legacy)), 'transaction_type_unsupported'],
    ['a bare string', encodeRlp(to), 'transaction_type_unsupported'],
    ['a string behind the type', Uint8Array.of(2, ...encodeRlp(to)), 'transaction_malformed'],
    ['trailing bytes', Uint8Array.of(...type2(good), 0), 'rlp_malformed'],
    ['a field less', type2(good.slice(0, 8)), 'transaction_malformed'],
    ['a field more', type2([...good, none]), 'transaction_malformed'],
    ['a signed type 2', type2([...good, n(1), to, to]), 'transaction_malformed'],
    ['a signed legacy', encodeRlp([...legacy.slice(0, 6), n(37), to, to]), 'transaction_malformed'],
    ['a legacy with r only', encodeRlp(legacy.with(7, n(1))), 'transaction_malformed'],
    ['a legacy without chain id', encodeRlp(legacy.slice(0, 6)), 'transaction_without_chain_id'],
    ['a legacy with chain id 0', encodeRlp(legacy.with(6, none)), 'transaction_without_chain_id'],
    ['chain id 0', change(0, none), 'transaction_without_chain_id'],
    ['a chain id above 2^53', change(0, n(2n ** 53n)), 'transaction_field_out_of_range'],
    ['a chain id with leading zero', change(0, Uint8Array.of(0, 1)), 'rlp_not_canonical'],
    ['a chain id that is a list', change(0, [n(1)]), 'transaction_malformed'],
    ['a zero nonce as a byte', change(1, Uint8Array.of(0)), 'rlp_not_canonical'],
    ['the last nonce (EIP-2681)', change(1, n(2n ** 64n - 1n)), 'transaction_field_out_of_range'],
    ['a priority fee above the fee', change(2, n(101)), 'transaction_malformed'],
    ['a fee of 129 bits', change(3, n(2n ** 128n)), 'transaction_field_out_of_range'],
    ['gas of 65 bits', change(4, n(2n ** 64n)), 'transaction_field_out_of_range'],
    ['a recipient of 19 bytes', change(5, to.subarray(1)), 'transaction_malformed'],
    ['a recipient of 32 bytes', change(5, new Uint8Array(32)), 'transaction_malformed'],
    ['a recipient that is a list', change(5, []), 'transaction_malformed'],
    ['a creation without init code', change(5, none), 'transaction_malformed'],
    ['a value with leading zero', change(6, Uint8Array.of(0, 5)), 'rlp_not_canonical'],
    ['a value of 33 bytes', change(6, new Uint8Array(33).fill(1)), 'transaction_field_out_of_range'],
    ['data that is a list', change(7, [none]), 'transaction_malformed'],
    ['an access list', change(8, [[to, []]]), 'access_list_not_empty'],
    ['an access list that is a string', change(8, none), 'transaction_malformed'],
    ['too many bytes', change(7, new Uint8Array(maxTransactionBytes)), 'transaction_too_large'],
  ])('rejects %s', (_, unsigned, code) => {
    expect(() => decodeTransaction(unsigned)).toThrow(expect.objectContaining({ code }))
  })

  const tx = decodeTransaction(type2(good))
  it.each<[string, Partial<EvmTransaction>, string]>([
    ['a negative nonce', { nonce: -1n }, 'transaction_field_out_of_range'],
    ['a negative value', { value: -1n }, 'transaction_field_out_of_range'],
    ['a value of 257 bits', { value: 2n ** 256n }, 'transaction_field_out_of_range'],
    ['two prices in a legacy transaction', { transactionType: 0 }, 'transaction_malformed'],
    ['a wrong checksum', { to: '0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed' }, 'address_checksum'],
    ['chain id 0', { chainId: 0 }, 'transaction_without_chain_id'],
    ['too many bytes', { data: new Uint8Array(maxTransactionBytes) }, 'transaction_too_large'],
  ])('refuses to encode %s', (_, wrong, code) => {
    expect(() => encodeTransaction({ ...tx, ...wrong })).toThrow(expect.objectContaining({ code }))
  })
})

describe('signatures', () => {
  const unsigned = type2(good)
  const signature = sign(signingDigest(unsigned))
  const order = secp256k1.Point.Fn.ORDER
  const highS = uintToWord(order - BigInt(formatHex(signature.s)))

  it('recovers the signer', () => {
    expect(recoverSigner(signingDigest(unsigned), signature)).toBe(from)
    expect(assembleTransaction(unsigned, signature, from.toLowerCase()).hash).toHaveLength(32)
  })

  it.each<[string, RecoverableSignature, string]>([
    ['by another key', sign(signingDigest(unsigned), new Uint8Array(32).fill(7)), 'signature_wrong_signer'],
    ['over other bytes', sign(signingDigest(change(1, n(10)))), 'signature_wrong_signer'],
    [
      'with the other recovery bit',
      { ...signature, recovery: signature.recovery === 0 ? 1 : 0 },
      'signature_wrong_signer',
    ],
    ['with recovery 2', { ...signature, recovery: 2 as 0 }, 'signature_malformed'],
    ['with high s', { r: signature.r, s: highS, recovery: signature.recovery === 0 ? 1 : 0 }, 'signature_malformed'],
    ['with r = 0', { ...signature, r: new Uint8Array(32) }, 'signature_malformed'],
    ['with s = 0', { ...signature, s: new Uint8Array(32) }, 'signature_malformed'],
    ['with r = order', { ...signature, r: uintToWord(order) }, 'signature_malformed'],
    ['with a short r', { ...signature, r: signature.r.subarray(1) }, 'signature_malformed'],
    ['with a long s', { ...signature, s: Uint8Array.of(0, ...signature.s) }, 'signature_malformed'],
    ['with r off the curve', { ...signature, r: uintToWord(5n) }, 'signature_malformed'],
  ])('rejects one %s', (_, wrong, code) => {
    expect(() => assembleTransaction(unsigned, wrong, from)).toThrow(expect.objectContaining({ code }))
  })
})
