import { setTimeout as sleep } from 'node:timers/promises'
import { type Chain, evmChainId, formatHex, type SignedTransaction } from '@trivault/chains'
import {
  type Client,
  ContractFunctionExecutionError,
  createClient,
  erc20Abi,
  type Hex,
  type HttpTransport,
  http,
  TransactionNotFoundError,
  TransactionReceiptNotFoundError,
} from 'viem'
import {
  estimateGas,
  estimateMaxPriorityFeePerGas,
  getBalance,
  getBlock,
  getBlockNumber,
  getChainId,
  getGasPrice,
  getTransaction,
  getTransactionCount,
  getTransactionReceipt,
  readContract,
  sendRawTransaction,
} from 'viem/actions'
import { ChainClientError, fromRpc, rpcSetting } from './errors.ts'

/** Wei per gas. On a legacy chain both are the gas price. */
export interface Fees {
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

/** Ceilings to fill into a request that names none. */
export interface FeeCaps extends Fees {
  /** Gas limit. */
  readonly gas: bigint
}

export interface Call {
  readonly from: string
  /** Null: contract creation. */
  readonly to: string | null
  readonly value: bigint
  readonly data: Uint8Array
}

export interface TokenMetadata {
  readonly name: string
  readonly symbol: string
  readonly decimals: number
}

export type TransactionStatus =
  | { readonly state: 'unknown' }
  | { readonly state: 'pending' }
  | {
      readonly state: 'mined'
      readonly block: bigint
      /** 1 in the newest block. */
      readonly confirmations: bigint
      /** False: the transaction reverted; its fee is spent. */
      readonly succeeded: boolean
      /** Wei; without the L1 data fee of rollups. */
      readonly fee: bigint
      readonly createdContract: string | null
    }

export interface EvmClientOptions {
  /** For one call to the endpoint. Default 10 s. */
  readonly timeoutMs?: number
}

const transferGas = 21_000n

/**
 * One EVM chain over one JSON-RPC endpoint. Its answers are hints: nothing here is trusted by the nodes. Before its first use
 * it checks that the endpoint serves the chain. Every method throws `ChainClientError`.
 */
export class EvmClient {
  readonly chain: Chain
  readonly #client: Client<HttpTransport>
  #ready: Promise<void> | undefined

  /** Throws rpc_url_malformed unless `url` is http or https. */
  constructor(chain: Chain, url: string, options: EvmClientOptions = {}) {
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new ChainClientError(
        'rpc_url_malformed',
        `the setting ${rpcSetting(chain.caip2)} must be an http or https URL`,
      )
    this.chain = chain
    const transport = http(url, { timeout: options.timeoutMs ?? 10_000, retryCount: 1 })
    this.#client = createClient({ transport, cacheTime: 0 })
  }

  /** Wei. */
  balance(address: string): Promise<bigint> {
    return this.#ask(client => getBalance(client, { address: hex(address) }))
  }

  /** Smallest units of the ERC-20 token. Throws not_a_token too. */
  tokenBalance(token: string, owner: string): Promise<bigint> {
    return this.#askToken(token, client =>
      readContract(client, { address: hex(token), abi: erc20Abi, functionName: 'balanceOf', args: [hex(owner)] }),
    )
  }

  /** What the ERC-20 contract says of itself. Throws not_a_token too. */
  tokenMetadata(token: string): Promise<TokenMetadata> {
    const contract = { address: hex(token), abi: erc20Abi } as const
    return this.#askToken(token, async client => {
      const [name, symbol, decimals] = await Promise.all([
        readContract(client, { ...contract, functionName: 'name' }),
        readContract(client, { ...contract, functionName: 'symbol' }),
        readContract(client, { ...contract, functionName: 'decimals' }),
      ])
      return { name, symbol, decimals }
    })
  }

  /** The next nonce, transactions in the endpoint's pool included. */
  async pendingNonce(address: string): Promise<bigint> {
    return BigInt(
      await this.#ask(client => getTransactionCount(client, { address: hex(address), blockTag: 'pending' })),
    )
  }

  /** Fees that should be mined soon: twice the base fee plus the usual tip, or the gas price. */
  fees(): Promise<Fees> {
    return this.#ask(async client => {
      if (this.chain.transactionType === 0) {
        const price = await getGasPrice(client)
        return { maxFeePerGas: price, maxPriorityFeePerGas: price }
      }
      const [block, tip] = await Promise.all([getBlock(client), estimateMaxPriorityFeePerGas(client)])
      if (block.baseFeePerGas === null)
        throw new ChainClientError(
          'rpc_bad_answer',
          `${this.chain.caip2} has no base fee: its transaction type must be 0`,
        )
      return { maxFeePerGas: 2n * block.baseFeePerGas + tip, maxPriorityFeePerGas: tip }
    })
  }

  /** Gas that the call needs now, with a quarter on top unless it is a plain transfer. */
  async gas(call: Call): Promise<bigint> {
    const { from, to, value, data } = call
    const needed = await this.#ask(client =>
      estimateGas(client, { account: hex(from), to: to === null ? null : hex(to), value, data: hex(formatHex(data)) }),
    )
    return needed === transferGas ? needed : (needed * 5n + 3n) / 4n
  }

  /** Ceilings for the calls of a request: the largest gas, and twice today's fees, since approvals take time. */
  async feeCaps(calls: readonly Call[]): Promise<FeeCaps> {
    const [fees, ...gas] = await Promise.all([this.fees(), ...calls.map(call => this.gas(call))])
    return {
      gas: gas.reduce(higher, transferGas),
      maxFeePerGas: 2n * fees.maxFeePerGas,
      maxPriorityFeePerGas: 2n * fees.maxPriorityFeePerGas,
    }
  }

  /**
   * Hands over a signed transaction; sending the same one again is no error. Throws nonce_taken if another transaction took
   * the slot, insufficient_funds, fee_too_low, rpc_refused.
   */
  async broadcast({ bytes, hash }: SignedTransaction): Promise<'sent' | 'known'> {
    const id = hex(formatHex(hash))
    try {
      const sent = await this.#ask(client =>
        sendRawTransaction(client, { serializedTransaction: hex(formatHex(bytes)) }),
      )
      if (sent !== id)
        throw new ChainClientError(
          'rpc_bad_answer',
          `the endpoint of ${this.chain.caip2} names another transaction hash`,
        )
      return 'sent'
    } catch (error) {
      // Whatever the endpoint objects to (known already, nonce too low because mined), what counts is whether it has it.
      if (isRefusal(error) && (await this.status(hash)).state !== 'unknown') return 'known'
      throw error
    }
  }

  /** Where a transaction stands, by its hash. */
  async status(hash: Uint8Array): Promise<TransactionStatus> {
    const id = { hash: hex(formatHex(hash)) }
    return this.#ask(async client => {
      const receipt = await orNothing(getTransactionReceipt(client, id))
      if (receipt !== undefined) {
        const head = await getBlockNumber(client)
        return {
          state: 'mined',
          block: receipt.blockNumber,
          confirmations: head >= receipt.blockNumber ? head - receipt.blockNumber + 1n : 1n,
          succeeded: receipt.status === 'success',
          fee: receipt.gasUsed * receipt.effectiveGasPrice,
          createdContract: receipt.contractAddress ?? null,
        }
      }
      return { state: (await orNothing(getTransaction(client, id))) === undefined ? 'unknown' : 'pending' }
    })
  }

  /** Polls until the transaction has `confirmations`. Throws not_confirmed after `timeoutMs`; an abort rejects with its reason. */
  async confirmed(
    hash: Uint8Array,
    options: { confirmations?: bigint; timeoutMs: number; pollMs?: number; signal?: AbortSignal },
  ): Promise<Extract<TransactionStatus, { state: 'mined' }>> {
    const { confirmations = 1n, timeoutMs, pollMs = 250, signal } = options
    const deadline = performance.now() + timeoutMs
    for (;;) {
      signal?.throwIfAborted()
      const status = await this.status(hash)
      if (status.state === 'mined' && status.confirmations >= confirmations) return status
      if (performance.now() >= deadline)
        throw new ChainClientError(
          'not_confirmed',
          `${formatHex(hash)} is ${status.state} on ${this.chain.caip2} after ${timeoutMs} ms`,
        )
      await sleep(pollMs, undefined, { signal })
    }
  }

  async #ask<T>(call: (client: Client<HttpTransport>) => Promise<T>): Promise<T> {
    this.#ready ??= this.#checkChain()
    try {
      await this.#ready
    } catch (error) {
      this.#ready = undefined // asks again next time: the endpoint may come up
      throw fromRpc(error, this.chain.caip2)
    }
    try {
      return await call(this.#client)
    } catch (error) {
      throw fromRpc(error, this.chain.caip2)
    }
  }

  #askToken<T>(token: string, call: (client: Client<HttpTransport>) => Promise<T>): Promise<T> {
    return this.#ask(async client => {
      try {
        return await call(client)
      } catch (error) {
        const failure = fromRpc(error, this.chain.caip2)
        const answered = failure.code === 'rpc_bad_answer' || failure.code === 'execution_reverted'
        if (!answered || !(error instanceof ContractFunctionExecutionError)) throw failure
        throw new ChainClientError('not_a_token', `${token} on ${this.chain.caip2} does not answer as an ERC-20 token`)
      }
    })
  }

  async #checkChain(): Promise<void> {
    const { caip2 } = this.chain
    const served = await getChainId(this.#client)
    if (served !== evmChainId(caip2))
      throw new ChainClientError(
        'rpc_wrong_chain',
        `the setting ${rpcSetting(caip2)} points to an endpoint of eip155:${served}`,
      )
  }
}

function isRefusal(error: unknown): boolean {
  const codes = ['rpc_refused', 'nonce_taken', 'fee_too_low', 'insufficient_funds']
  return error instanceof ChainClientError && codes.includes(error.code)
}

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof TransactionNotFoundError || error instanceof TransactionReceiptNotFoundError) return undefined
    throw error
  }
}

function higher(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function hex(text: string): Hex {
  return text as Hex
}
