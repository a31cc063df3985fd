import { fromHex } from '@trivault/codec'
import { expect, describe as group, it } from 'vitest'
import { describe } from './describe.ts'
import { encodeTokenTransfer } from './evm/call.ts'
import { decodeEffects } from './evm/effects.ts'
import { plannedEffects } from './evm/request.ts'
import { type EvmTransaction, encodeTransaction } from './evm/transaction.ts'
import { decodeMessage } from './message.ts'
import { knownChain } from './registry.ts'
import type { Chain, ChainContext } from './types.ts'

const chain = knownChain('eip155:31337') as Chain
const from = '0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F'
const to = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
const token = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359'
const asset = `eip155:31337/erc20:${token}`
const context: ChainContext = { chain, tokens: name => (name === asset ? { symbol: 'TKN', decimals: 6 } : undefined) }
const base: EvmTransaction = {
  transactionType: 2,
  chainId: 31337,
  nonce: 7n,
  gas: 21_000n,
  maxFeePerGas: 10n ** 9n,
  maxPriorityFeePerGas: 1n,
  to,
  value: 25n * 10n ** 16n,
  data: new Uint8Array(0),
}
const lines = (change: Partial<EvmTransaction>) =>
  describe(decodeEffects(encodeTransaction({ ...base, ...change }), from, context), context)

group('descriptions', () => {
  it('of a transfer, planned and built', () => {
    const planned = plannedEffects(
      {
        kind: 'structured',
        asset: chain.nativeAsset,
        source: from,
        destinations: [{ address: to, amount: base.value }],
        gas: base.gas,
        maxFeePerGas: base.maxFeePerGas,
        maxPriorityFeePerGas: 0n,
      },
      context,
    )
    expect(describe(planned, context)).toEqual([
      'Transfer on Local dev chain (eip155:31337, test network)',
      `From ${from}`,
      `Send 0.25 ETH to ${to}`,
      'Fee at most 0.000021 ETH',
    ])
    expect(lines({})).toEqual(describe(planned, context).toSpliced(3, 0, 'Nonce 7'))
  })

  it('of a token transfer', () => {
    expect(lines({ to: token, value: 0n, data: encodeTokenTransfer(to, 1_500_000n) })).toContain(
      `Send 1.5 TKN to ${to}`,
    )
  })

  it('of calls warn, and show decoded words', () => {
    const approve = fromHex(`095ea7b3${to.slice(2).padStart(64, '0')}${'f'.repeat(64)}`)
    const shown = lines({ to: token, value: 0n, data: approve })
    expect(shown).toContain(`Call ${token} with 0 ETH`)
    expect(shown).toContain(`Function approve(spender ${to}, amount unlimited)`)
    expect(shown.at(-1)).toBe('WARNING: more than what is shown may move')
    const some = lines({ to: token, value: 0n, data: approve.fill(0, 36).with(67, 100) })
    expect(some).toContain(`Function approve(spender ${to}, amount 0.0001 TKN)`)
    const unknown = lines({ to, value: 0n, data: approve })
    expect(unknown.find(line => line.startsWith('Function'))).toContain(`smallest units of eip155:31337/erc20:${to}`)
  })

  it('of a deployment show the start of its code and the hash of all of it', () => {
    const shown = lines({ to: null, value: 0n, data: new Uint8Array(1000).fill(0x5b) })
    expect(shown[0]).toMatch(/^Contract creation/)
    expect(shown).toContain(`  0x${'5b'.repeat(256)}…`)
    expect(shown.some(line => /^Data, 1000 bytes, SHA-256 [0-9a-f]{64}$/.test(line))).toBe(true)
  })

  it('of messages show the text, or that nobody knows', () => {
    const message = (typeOfSigning: string, dataToSign: string) =>
      describe(decodeMessage({ chain, source: from, typeOfSigning, dataToSign }), context)
    expect(message('personal_sign', 'one\ntwo')).toEqual([
      'Sign a message on Local dev chain (eip155:31337, test network)',
      `From ${from}`,
      'Message:',
      '  one',
      '  two',
      'WARNING: it names no chain, so it is as good on every network, main or test',
      'WARNING: more than what is shown may move',
    ])
    expect(message('raw', `0x${'11'.repeat(32)}`).at(-1)).toMatch(/^WARNING: nobody can tell/)
  })

  it('let no name hide characters', () => {
    const odd = { ...context, chain: { ...chain, name: 'A\u202eB', symbol: 'E\u200bTH' } }
    const shown = describe(decodeEffects(encodeTransaction(base), from, odd), odd).join('\n')
    expect(shown).toContain('A\\u{202e}B')
    expect(shown).toContain('E\\u{200b}TH')
  })
})
