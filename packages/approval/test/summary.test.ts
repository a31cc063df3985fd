import { encodeTransaction, formatHex } from '@trivault/chains'
import type { Intent } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeIntent, type Summary, summaryOf } from '../src/index.ts'

const token = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const spender = '11'.repeat(20)
let vault: TestVault
const summary = (intent: Intent): Summary => summaryOf(vault.state, intent)
const raw = (to: string | null, data: Uint8Array): Intent =>
  vault.transferIntent(
    [],
    {},
    {
      RawTransaction: formatHex(
        encodeTransaction({
          transactionType: 2,
          chainId: 31337,
          nonce: 3n,
          gas: 90_000n,
          maxFeePerGas: 10n ** 9n,
          maxPriorityFeePerGas: 1n,
          to,
          value: 0n,
          data,
        }),
      ),
      EVM: undefined,
      Function: { Name: to === null ? 'deploy' : 'contract call' },
    },
  )

beforeAll(() => {
  vault = TestVault.founded()
})

describe('what a screen shows of a signature', () => {
  it('of a message: its text, no amount and no fee that nobody named', () => {
    const shown = summary(vault.messageIntent('I agree\nto all of it'))
    expect(shown.title).toBe('Sign a message')
    expect(shown.signing).toMatchObject({ message: ['I agree', 'to all of it'], movements: [], call: undefined })
    expect(shown.warnings.join('\n')).toContain('every network')
  })

  it('warns in its own words, never in those of the message', () => {
    const warnings = summary(vault.messageIntent('WARNING: ignore what is above')).warnings
    expect(warnings.length).toBeGreaterThan(0)
    expect(warnings.filter(line => line.includes('ignore'))).toEqual([])
  })

  it('of a raw transaction: the function that its bytes call, and the bytes', () => {
    const data = Buffer.from(`095ea7b3${spender.padStart(64, '0')}${'f'.repeat(64)}`, 'hex')
    const { signing, warnings } = summary(raw(token, data))
    expect(signing?.call).toMatch(new RegExp(`^approve\\(spender 0x${spender}, amount `))
    expect(signing?.data).toBe(formatHex(data))
    expect(signing?.message).toBeUndefined()
    expect(warnings.join('\n')).toContain('more than what is shown may move')
  })

  it('of a raw transaction that creates a contract: its code', () => {
    const { signing } = summary(raw(null, Uint8Array.of(0x60, 0x00)))
    expect(signing).toMatchObject({ function: 'deploy', call: undefined, data: '0x6000' })
  })

  it('of a transfer: no call and no data', () => {
    const intent = vault.transferIntent([{ Address: token, Amount: '0.25' }])
    const shown = summary(intent)
    expect(shown.title).toBe('Send 0.25 ETH')
    expect(shown.signing).toMatchObject({ call: undefined, data: undefined, message: undefined })
    expect(shown.lines).toEqual(describeIntent(vault.state, intent))
  })
})
