import { toHex } from '@trivault/codec'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Anvil, startAnvil } from './anvil.ts'
import { erc20CreationCode } from './erc20.ts'

const token = { name: 'Test Token', symbol: 'TEST', decimals: 2, supply: 1000n }
const transferEvent = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

describe('what the test token does not take', () => {
  it.each([
    { name: 'x'.repeat(33) },
    { symbol: 'é'.repeat(17) },
    { decimals: 256 },
    { decimals: 0.5 },
    { supply: -1n },
    { supply: 1n << 256n },
  ])('rejects %o', change => expect(() => erc20CreationCode({ ...token, ...change })).toThrow())
})

describe('the test token on a dev chain', () => {
  let anvil: Anvil
  let owner = ''
  let contract = ''

  interface Receipt {
    status: string
    contractAddress: string
    logs: { topics: string[]; data: string }[]
  }

  async function rpc<T>(method: string, ...params: unknown[]): Promise<T> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const response = await fetch(anvil.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const answer = (await response.json()) as { result: T; error?: { message: string } }
    if (answer.error !== undefined) throw new Error(answer.error.message)
    return answer.result
  }
  async function send(call: object): Promise<Receipt> {
    const hash = await rpc('eth_sendTransaction', { from: owner, gas: '0x100000', ...call })
    return vi.waitFor(async () => {
      const receipt = await rpc<Receipt | null>('eth_getTransactionReceipt', hash)
      if (receipt === null) throw new Error('not mined yet')
      return receipt
    })
  }
  const word = (value: bigint | string): string => BigInt(value).toString(16).padStart(64, '0')
  const view = (data: string): Promise<string> => rpc('eth_call', { to: contract, data }, 'latest')
  const balance = async (of: string): Promise<bigint> => BigInt(await view(`0x70a08231${word(of)}`))

  beforeAll(async () => {
    anvil = await startAnvil()
    owner = (await rpc<string[]>('eth_accounts'))[0] ?? ''
  })
  afterAll(() => anvil.stop())

  it('gives all of the supply to its deployer', async () => {
    const { contractAddress, logs } = await send({ data: `0x${toHex(erc20CreationCode(token))}` })
    contract = contractAddress
    expect(await balance(owner)).toBe(1000n)
    expect(BigInt(await view('0x18160ddd'))).toBe(1000n)
    expect(logs).toMatchObject([
      { topics: [transferEvent, `0x${word(0n)}`, `0x${word(owner)}`], data: `0x${word(1000n)}` },
    ])
  })

  it('moves tokens and says so', async () => {
    const friend = `0x${'ab'.repeat(20)}`
    const { status, logs } = await send({ to: contract, data: `0xa9059cbb${word(friend)}${word(300n)}` })
    expect(status).toBe('0x1')
    expect(logs).toMatchObject([
      { topics: [transferEvent, `0x${word(owner)}`, `0x${word(friend)}`], data: `0x${word(300n)}` },
    ])
    expect([await balance(owner), await balance(friend)]).toEqual([700n, 300n])
    await send({ to: contract, data: `0xa9059cbb${word(owner)}${word(700n)}` })
    expect(await balance(owner)).toBe(700n)
  })

  it.each([
    ['more than there is', `0xa9059cbb${'1'.padStart(64, '0')}${(701).toString(16).padStart(64, '0')}`, '0x0'],
    ['a dirty recipient', `0xa9059cbb${'1'.padEnd(64, '0')}${'1'.padStart(64, '0')}`, '0x0'],
    ['short call data', `0xa9059cbb${'1'.padStart(64, '0')}`, '0x0'],
    ['an unknown function', '0x095ea7b3', '0x0'],
    ['three bytes', '0xa9059c', '0x0'],
    ['nothing', '0x', '0x0'],
    ['native value', `0xa9059cbb${'1'.padStart(64, '0')}${'1'.padStart(64, '0')}`, '0x1'],
  ])('reverts on %s', async (_, data, value) => {
    expect((await send({ to: contract, data, value })).status).toBe('0x0')
    expect(await balance(owner)).toBe(700n)
  })
})
