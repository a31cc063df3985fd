import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  assembleTransaction,
  type Chain,
  type ChainContext,
  customChain,
  decodeEffects,
  encodeTransaction,
  knownChain,
  matchesRequest,
  parseHex,
  requestParts,
  type SignedTransaction,
  type StructuredRequest,
} from '@trivault/chains'
import { type Anvil, erc20CreationCode, startAnvil } from '@trivault/testkit'
import { createTestClient, http } from 'viem'
import { privateKeyToAccount, sign } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildUnsigned } from './build.ts'
import { ChainClients } from './clients.ts'
import { EvmClient } from './evm.ts'

const chain = knownChain('eip155:31337') as Chain
const noTokens: ChainContext = { chain, tokens: () => undefined }
const ether = 10n ** 18n
// The first key of anvil's public test mnemonic.
const rich = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const from = privateKeyToAccount(rich).address
const to = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'

async function signed(unsigned: Uint8Array, context = noTokens, key: `0x${string}` = rich): Promise<SignedTransaction> {
  const { address } = privateKeyToAccount(key)
  const { digest } = decodeEffects(unsigned, address, context)
  const { r, s, yParity } = await sign({ hash: `0x${Buffer.from(digest).toString('hex')}`, privateKey: key })
  const signature = { r: parseHex(r), s: parseHex(s), recovery: yParity === 0 ? 0 : 1 } as const
  return assembleTransaction(unsigned, signature, address)
}

let anvil: Anvil
let client: EvmClient
let mining: ReturnType<typeof testClient>
const testClient = (url: string) => createTestClient({ mode: 'anvil', transport: http(url) })

beforeAll(async () => {
  anvil = await startAnvil()
  client = new EvmClient(chain, anvil.url)
  mining = testClient(anvil.url)
})
afterAll(() => anvil.stop())

async function requestOf(change: Partial<StructuredRequest>, context = noTokens): Promise<StructuredRequest> {
  const draft: StructuredRequest = {
    kind: 'structured',
    asset: chain.nativeAsset,
    source: from,
    destinations: [{ address: to, amount: ether / 4n }],
    gas: 100_000n,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 0n,
    ...change,
  }
  return {
    ...draft,
    ...(await client.feeCaps(requestParts(draft, context).map(part => ({ from, ...part })))),
    ...change,
  }
}

async function build(request: StructuredRequest, part = 0, context = noTokens): Promise<Uint8Array> {
  const [fees, nonce] = await Promise.all([client.fees(), client.pendingNonce(from)])
  return buildUnsigned(request, part, context, { ...fees, nonce })
}

describe('a real dev chain', () => {
  it('moves ether: caps, build, sign, broadcast, confirm', async () => {
    const before = await client.balance(to)
    const request = await requestOf({})
    expect(request.gas).toBe(21_000n)
    const unsigned = await build(request)
    expect(matchesRequest(request, 0, decodeEffects(unsigned, from, noTokens), noTokens)).toEqual({ ok: true })
    const transaction = await signed(unsigned)
    expect(await client.status(transaction.hash)).toEqual({ state: 'unknown' })
    expect(await client.broadcast(transaction)).toBe('sent')
    const status = await client.confirmed(transaction.hash, { timeoutMs: 10_000 })
    expect(status).toMatchObject({ succeeded: true, confirmations: 1n, createdContract: null })
    expect(status.fee).toBeLessThanOrEqual(request.gas * request.maxFeePerGas)
    expect(await client.balance(to)).toBe(before + ether / 4n)
    await mining.mine({ blocks: 2 })
    expect(await client.status(transaction.hash)).toMatchObject({ confirmations: 3n })
    // A mined transaction comes back as "nonce too low": still not an error.
    expect(await client.broadcast(transaction)).toBe('known')
  })

  it('deploys the test token and moves it through call data', async () => {
    const token = { name: 'Demo Dollar', symbol: 'DEMO', decimals: 6, supply: 1_000_000_000_000n }
    const fees = await client.fees()
    const call = { from, to: null, value: 0n, data: erc20CreationCode(token) }
    const creation = encodeTransaction({
      transactionType: 2,
      chainId: 31337,
      nonce: await client.pendingNonce(from),
      gas: await client.gas(call),
      ...fees,
      to: null,
      value: 0n,
      data: call.data,
    })
    const deployed = await signed(creation)
    await client.broadcast(deployed)
    const { createdContract, succeeded } = await client.confirmed(deployed.hash, { timeoutMs: 10_000 })
    expect(succeeded).toBe(true)
    const planned = decodeEffects(creation, from, noTokens).movements[0]?.destination
    expect(createdContract?.toLowerCase()).toBe(planned?.toLowerCase())
    const address = planned ?? ''
    const { supply, ...metadata } = token
    expect(await client.tokenMetadata(address)).toEqual(metadata)
    expect(await client.tokenBalance(address, from)).toBe(supply)

    const asset = `eip155:31337/erc20:${address}`
    const context: ChainContext = { chain, tokens: name => (name === asset ? metadata : undefined) }
    const destinations = [
      { address: to, amount: 1_500_000n },
      { address: from, amount: 5n },
    ]
    const request = await requestOf({ asset, destinations }, context)
    for (const part of [0, 1]) {
      const unsigned = await build(request, part, context)
      const effects = decodeEffects(unsigned, from, context)
      expect(effects).toMatchObject({ function: 'token transfer', grade: 'decoded' })
      expect(matchesRequest(request, part, effects, context)).toEqual({ ok: true })
      const transaction = await signed(unsigned, context)
      await client.broadcast(transaction)
      expect(await client.confirmed(transaction.hash, { timeoutMs: 10_000 })).toMatchObject({ succeeded: true })
    }
    expect(await client.tokenBalance(address, to)).toBe(1_500_000n)
    expect(await client.tokenBalance(address, from)).toBe(supply - 1_500_000n)

    // More than there is: the contract refuses.
    const tooMuch = requestOf({ asset, destinations: [{ address: to, amount: supply }] }, context)
    await expect(tooMuch).rejects.toMatchObject({ code: 'execution_reverted' })
  })

  it('sends legacy transactions where the chain is registered so', async () => {
    const other = await startAnvil({ chainId: 424242, arguments: ['--hardfork', 'istanbul'] })
    try {
      const legacy = customChain({
        name: 'Old',
        nativeAsset: 'eip155:424242/slip44:60',
        symbol: 'OLD',
        decimals: 18,
        testNetwork: true,
        transactionType: 0,
      })
      const old = new EvmClient(legacy, other.url)
      const context: ChainContext = { chain: legacy, tokens: () => undefined }
      const fees = await old.fees()
      expect(fees.maxPriorityFeePerGas).toBe(fees.maxFeePerGas)
      const request: StructuredRequest = {
        kind: 'structured',
        asset: legacy.nativeAsset,
        source: from,
        destinations: [{ address: to, amount: 7n }],
        gas: 21_000n,
        ...fees,
      }
      const unsigned = buildUnsigned(request, 0, context, { ...fees, nonce: await old.pendingNonce(from) })
      expect(matchesRequest(request, 0, decodeEffects(unsigned, from, context), context)).toEqual({ ok: true })
      const transaction = await signed(unsigned, context)
      await old.broadcast(transaction)
      await old.confirmed(transaction.hash, { timeoutMs: 10_000 })
      expect(await old.balance(to)).toBe(7n)
    } finally {
      await other.stop()
    }
  })

  it('takes a second broadcast of a pending transaction, and tells pending from mined', async () => {
    await mining.setAutomine(false)
    try {
      const transaction = await signed(await build(await requestOf({})))
      expect(await client.broadcast(transaction)).toBe('sent')
      expect(await client.broadcast(transaction)).toBe('known')
      expect(await client.status(transaction.hash)).toEqual({ state: 'pending' })
      await expect(client.confirmed(transaction.hash, { timeoutMs: 50, pollMs: 10 })).rejects.toMatchObject({
        code: 'not_confirmed',
      })
      const stop = AbortSignal.timeout(50)
      await expect(client.confirmed(transaction.hash, { timeoutMs: 60_000, signal: stop })).rejects.toThrow()
      await mining.mine({ blocks: 1 })
      expect(await client.status(transaction.hash)).toMatchObject({ state: 'mined' })
    } finally {
      await mining.setAutomine(true)
    }
  })

  it('says when another transaction took the nonce', async () => {
    const nonce = await client.pendingNonce(from)
    const request = await requestOf({ nonce })
    const first = await signed(await build(request))
    const second = await signed(await build({ ...request, destinations: [{ address: to, amount: 1n }] }))
    await client.broadcast(first)
    await client.confirmed(first.hash, { timeoutMs: 10_000 })
    await expect(client.broadcast(second)).rejects.toMatchObject({ code: 'nonce_taken' })
    expect(await client.status(second.hash)).toEqual({ state: 'unknown' })
  })

  it('reports a reverted transaction as mined and failed', async () => {
    const call = await requestOf({ destinations: [{ address: to, amount: 0n }] })
    const revert = encodeTransaction({
      transactionType: 2,
      chainId: 31337,
      nonce: await client.pendingNonce(from),
      gas: 100_000n,
      maxFeePerGas: call.maxFeePerGas,
      maxPriorityFeePerGas: 0n,
      to: null,
      value: 0n,
      data: Uint8Array.of(0x60, 0, 0x80, 0xfd),
    })
    const transaction = await signed(revert)
    await client.broadcast(transaction)
    expect(await client.confirmed(transaction.hash, { timeoutMs: 10_000 })).toMatchObject({ succeeded: false })
  })

  it('says when there are not enough funds', async () => {
    const poor = `0x${'11'.repeat(32)}` as const
    const fees = await client.fees()
    const transaction = await signed(
      encodeTransaction({
        transactionType: 2,
        chainId: 31337,
        nonce: 0n,
        gas: 21_000n,
        ...fees,
        to,
        value: ether,
        data: new Uint8Array(0),
      }),
      noTokens,
      poor,
    )
    await expect(client.broadcast(transaction)).rejects.toMatchObject({ code: 'insufficient_funds' })
  })

  it('says when an address is no token', async () => {
    await expect(client.tokenMetadata(to)).rejects.toMatchObject({ code: 'not_a_token' })
    await expect(client.tokenBalance(to, from)).rejects.toMatchObject({ code: 'not_a_token' })
  })

  it('passes on what the endpoint refuses', async () => {
    const garbage = { bytes: Uint8Array.of(2, 0xc0), hash: new Uint8Array(32) }
    await expect(client.broadcast(garbage)).rejects.toMatchObject({ code: 'rpc_refused' })
  })
})

describe('building', () => {
  const request: StructuredRequest = {
    kind: 'structured',
    asset: chain.nativeAsset,
    source: from,
    destinations: [{ address: to, amount: 1n }],
    gas: 21_000n,
    maxFeePerGas: 100n,
    maxPriorityFeePerGas: 10n,
  }

  it('never goes above the ceilings, whatever fees are asked for', () => {
    for (const maxFeePerGas of [0n, 5n, 100n, 10n ** 12n])
      for (const maxPriorityFeePerGas of [0n, 7n, 10n, 10n ** 12n]) {
        const unsigned = buildUnsigned(request, 0, noTokens, { maxFeePerGas, maxPriorityFeePerGas, nonce: 3n })
        expect(matchesRequest(request, 0, decodeEffects(unsigned, from, noTokens), noTokens)).toEqual({ ok: true })
      }
  })

  it('prefers the nonce of the request, keeps raw bytes, and knows the parts', () => {
    const fees = { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n, nonce: 3n }
    const unsigned = buildUnsigned({ ...request, nonce: 9n }, 0, noTokens, fees)
    expect(decodeEffects(unsigned, from, noTokens).nonce).toBe(9n)
    expect(buildUnsigned({ kind: 'raw', source: from, unsigned }, 0, noTokens, fees)).toEqual(unsigned)
    expect(() => buildUnsigned(request, 1, noTokens, fees)).toThrow(
      expect.objectContaining({ code: 'request_malformed' }),
    )
  })
})

describe('endpoints that fail', () => {
  const servers: Server[] = []
  afterAll(() => {
    for (const server of servers) server.close()
  })

  /** An HTTP server that answers each JSON-RPC call as told. */
  async function endpoint(answer: (method: string) => { status?: number; body: string } | undefined): Promise<string> {
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', chunk => (body += chunk))
      request.on('end', () => {
        const made = answer((JSON.parse(body) as { method: string }).method)
        if (made === undefined) return // never answers
        response.writeHead(made.status ?? 200, { 'content-type': 'application/json' }).end(made.body)
      })
    })
    servers.push(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/secret-key`
  }
  const result = (value: unknown) => ({ body: JSON.stringify({ jsonrpc: '2.0', id: 1, result: value }) })

  it('names the setting when there is no URL', () => {
    const clients = new ChainClients({ 'eip155:31337': anvil.url })
    expect(clients.evm(chain)).toBe(clients.evm(chain))
    expect(() => clients.evm(knownChain('eip155:1') as Chain)).toThrow(
      expect.objectContaining({
        code: 'rpc_not_configured',
        message: expect.stringContaining('chains["eip155:1"].rpcUrl'),
      }),
    )
  })

  it.each(['', 'localhost:8545', 'ws://localhost:8545', 'file:///etc/passwd', 'http//x'])('rejects the URL %j', url => {
    expect(() => new EvmClient(chain, url)).toThrow(
      expect.objectContaining({
        code: 'rpc_url_malformed',
        message: expect.stringContaining('chains["eip155:31337"].rpcUrl'),
      }),
    )
  })

  it('refuses an endpoint of another chain', async () => {
    const client = new EvmClient(knownChain('eip155:1') as Chain, anvil.url)
    await expect(client.balance(to)).rejects.toMatchObject({ code: 'rpc_wrong_chain' })
    await expect(client.broadcast({ bytes: Uint8Array.of(2), hash: new Uint8Array(32) })).rejects.toMatchObject({
      code: 'rpc_wrong_chain',
    })
  })

  it('says when nobody listens, and works once somebody does', async () => {
    const down = new EvmClient(chain, 'http://127.0.0.1:1/secret-key')
    await expect(down.balance(to)).rejects.toMatchObject({ code: 'rpc_unreachable' })
    let up = false
    const url = await endpoint(() => (up ? result('0x7a69') : { status: 503, body: '' }))
    const later = new EvmClient(chain, url)
    await expect(later.balance(to)).rejects.toMatchObject({ code: 'rpc_unreachable' })
    up = true
    expect(await later.balance(to)).toBe(0x7a69n)
  })

  it.each<[string, (method: string) => { status?: number; body: string } | undefined, string]>([
    ['a timeout', method => (method === 'eth_chainId' ? result('0x7a69') : undefined), 'rpc_timeout'],
    [
      'HTTP 401',
      method => (method === 'eth_chainId' ? result('0x7a69') : { status: 401, body: '{}' }),
      'rpc_unreachable',
    ],
    ['no JSON', method => (method === 'eth_chainId' ? result('0x7a69') : { body: '<html>' }), 'rpc_unreachable'],
    [
      'a number that is none',
      method => (method === 'eth_chainId' ? result('0x7a69') : result('many')),
      'rpc_bad_answer',
    ],
    [
      'an error that names its URL',
      method =>
        method === 'eth_chainId'
          ? result('0x7a69')
          : {
              body: JSON.stringify({
                jsonrpc: '2.0',
                id: 1,
                error: { code: -32000, message: 'see https://x.example/secret-key now' },
              }),
            },
      'rpc_refused',
    ],
  ])('maps %s and never tells the URL', async (_, answer, code) => {
    const client = new EvmClient(chain, await endpoint(answer), { timeoutMs: 200 })
    const failure: unknown = await client.balance(to).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'ChainClientError', code })
    expect(String(failure) + JSON.stringify(failure) + String((failure as Error).stack)).not.toContain('secret-key')
    expect((failure as Error).cause).toBeUndefined()
  })

  it('does not believe another transaction hash', async () => {
    const url = await endpoint(method => result(method === 'eth_chainId' ? '0x7a69' : `0x${'22'.repeat(32)}`))
    const client = new EvmClient(chain, url)
    const transaction = await signed(
      encodeTransaction({
        transactionType: 2,
        chainId: 31337,
        nonce: 0n,
        gas: 21_000n,
        maxFeePerGas: 1n,
        maxPriorityFeePerGas: 0n,
        to,
        value: 0n,
        data: new Uint8Array(0),
      }),
    )
    await expect(client.broadcast(transaction)).rejects.toMatchObject({ code: 'rpc_bad_answer' })
  })
})
