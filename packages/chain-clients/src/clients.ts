import type { Chain } from '@trivault/chains'
import { ChainClientError, rpcSetting } from './errors.ts'
import { EvmClient, type EvmClientOptions } from './evm.ts'

/** The clients of all chains that the configuration has an RPC URL for, made at first use. */
export class ChainClients {
  readonly #rpc: Readonly<Record<string, string>>
  readonly #options: EvmClientOptions
  readonly #clients = new Map<string, EvmClient>()

  /** `rpc` maps CAIP-2 to URL. */
  constructor(rpc: Readonly<Record<string, string>>, options: EvmClientOptions = {}) {
    this.#rpc = rpc
    this.#options = options
  }

  /** Throws `ChainClientError` rpc_not_configured, rpc_url_malformed; both name the setting. */
  evm(chain: Chain): EvmClient {
    if (chain.family !== 'evm')
      throw new ChainClientError('rpc_not_configured', `this release does not read ${chain.name} (${chain.caip2})`)
    const known = this.#clients.get(chain.caip2)
    if (known !== undefined && known.chain.transactionType === chain.transactionType) return known
    const url = Object.hasOwn(this.#rpc, chain.caip2) ? this.#rpc[chain.caip2] : undefined
    if (url === undefined)
      throw new ChainClientError(
        'rpc_not_configured',
        `there is no RPC URL for ${chain.caip2}: set ${rpcSetting(chain.caip2)} in the configuration of the wallet`,
      )
    const client = new EvmClient(chain, url, this.#options)
    this.#clients.set(chain.caip2, client)
    return client
  }
}
