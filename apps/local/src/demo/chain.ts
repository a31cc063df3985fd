/** A JSON-RPC connection to the dev chain, for what the vault's users would do with a chain of their own. */
export class DevChain {
  readonly #url: string
  #id = 0

  constructor(url: string) {
    this.#url = url
  }

  async rpc<T>(method: string, ...params: unknown[]): Promise<T> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++this.#id, method, params }),
    })
    const { result, error } = (await response.json()) as { result?: T; error?: { message: string } }
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result as T
  }

  /** Sends wei from the chain's first unlocked account. */
  async fund(address: string, wei: bigint): Promise<void> {
    const [from] = await this.rpc<string[]>('eth_accounts')
    const hash = await this.rpc<string>('eth_sendTransaction', { from, to: address, value: `0x${wei.toString(16)}` })
    await this.receipt(hash)
  }

  async balance(address: string): Promise<bigint> {
    return BigInt(await this.rpc<string>('eth_getBalance', address, 'latest'))
  }

  async nonce(address: string): Promise<bigint> {
    return BigInt(await this.rpc<string>('eth_getTransactionCount', address, 'pending'))
  }

  async gasPrice(): Promise<bigint> {
    return BigInt(await this.rpc<string>('eth_gasPrice'))
  }

  /** Waits for a transaction to be mined. Throws when it reverted. */
  async receipt(hash: string): Promise<{ blockNumber: string; contractAddress: string | null }> {
    for (let tries = 0; tries < 200; tries++) {
      const receipt = await this.rpc<{ status: string; blockNumber: string; contractAddress: string | null } | null>(
        'eth_getTransactionReceipt',
        hash,
      )
      if (receipt?.status === '0x1') return receipt
      if (receipt !== null) throw new Error(`transaction ${hash} reverted`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error(`transaction ${hash} was not mined`)
  }
}
