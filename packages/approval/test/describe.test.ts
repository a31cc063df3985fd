import { encodeTransaction, formatHex } from '@trivault/chains'
import { fromHex, toBase64 } from '@trivault/codec'
import { describeRestriction } from '@trivault/policy'
import type { Intent } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { addressOf } from '@trivault/vault-state'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeIntent } from '../src/index.ts'

const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
let vault: TestVault
let own: string
const text = (intent: Intent): string => describeIntent(vault.state, intent).join('\n')

beforeAll(() => {
  vault = TestVault.founded()
  own = addressOf(vault.state, 'Default', 'treasury', 60, 0).address
})

describe('what an approver reads', () => {
  it('of a transfer: what leaves, from where, to whom in full, the fee cap, the claimed initiator', () => {
    const shown = text(vault.transferIntent([{ Address: to, Amount: '0.25' }], { initiator: 'alice@example.com' }))
    for (const part of [
      `Send 0.25 ETH to ${to}`,
      `From ${own}`,
      'Fee at most 0.000042 ETH',
      '"treasury"',
      'alice@example.com',
    ])
      expect(shown).toContain(part)
  })

  it('of several destinations: every one of them, and which are the own accounts', () => {
    const shown = text(
      vault.transferIntent([
        { Address: to, Amount: '1' },
        { Address: own, Amount: '2' },
      ]),
    )
    expect(shown).toContain(`Send 1 ETH to ${to}`)
    expect(shown).toContain(`Send 2 ETH to ${own}`)
    expect(shown).toContain(`${own} is this vault's account "treasury"`)
  })

  it('of call data: the function as far as it is known, its bytes, and a warning', () => {
    const spender = '11'.repeat(20)
    const Data = `0x095ea7b3${spender.padStart(64, '0')}${'f'.repeat(64)}`
    const shown = text(
      vault.transferIntent(
        [{ Address: to, Amount: '0' }],
        {},
        {
          EVM: { Gas: '90000', MaxFeePerGas: '2000000000', MaxPriorityFeePerGas: '1000000000', Nonce: '7', Data },
          Function: { Name: 'contract call' },
        },
      ),
    )
    for (const part of ['WARNING', 'Function approve(', Data, 'Nonce 7', 'Grade: exact']) expect(shown).toContain(part)
  })

  it('of a raw transaction: what its bytes say', () => {
    const unsigned = encodeTransaction({
      transactionType: 2,
      chainId: 31337,
      nonce: 3n,
      gas: 21000n,
      maxFeePerGas: 10n ** 9n,
      maxPriorityFeePerGas: 1n,
      to,
      value: 5n * 10n ** 17n,
      data: new Uint8Array(0),
    })
    const shown = text(
      vault.transferIntent(
        [],
        {},
        { RawTransaction: formatHex(unsigned), EVM: undefined, Function: { Name: 'transfer' } },
      ),
    )
    for (const part of [`Send 0.5 ETH to ${to}`, 'Nonce 3', 'Fee at most 0.000021 ETH']) expect(shown).toContain(part)
  })

  it('refuses to describe bytes that it cannot decode', () => {
    const intent = vault.transferIntent([], {}, { RawTransaction: '0x02c0', EVM: undefined })
    expect(() => text(intent)).toThrow()
    const elsewhere = vault.transferIntent([{ Address: to, Amount: '1' }], {}, { CAIP19: 'eip155:1/slip44:60' })
    expect(() => text(elsewhere)).toThrow('not registered')
  })

  it('of a message: its text; of a new device: that it replaces one; of the owners: who comes and goes', () => {
    expect(text(vault.messageIntent('I agree'))).toContain('I agree')
    const PublicKey = toBase64(vault.person('alice', 2).publicKey)
    expect(text(vault.intent('set user public key', { UserID: 'alice@example.com', PublicKey }))).toContain('REPLACES')
    const change = { Group: 'owner', AddUsers: ['carol@example.com'], RemoveUsers: ['bob@example.com'] }
    const shown = text(vault.intent('update group', change))
    for (const part of ['the owners', 'Add carol@example.com', 'Remove bob@example.com']) expect(shown).toContain(part)
    const Key = toBase64(fromHex('00'))
    expect(text(vault.intent('set ers public key', { Key }))).toContain('NOT the key')
  })

  it('of a refresh: which key and epoch, and what becomes of the old shares', () => {
    const shown = text(vault.intent('refresh master key', { Name: 'Default', Epoch: 3 }))
    for (const part of ['"Default" (epoch 3)', 'same addresses', 'destroy them']) expect(shown).toContain(part)
  })

  it('of what money needs by default: what is lost or won by it, and what it is now', () => {
    const lower = text(vault.intent('update settings', { MoneyDefault: 'initiator' }))
    for (const part of ['ALONE', 'WITHOUT the owner quorum', 'now initiator']) expect(lower).toContain(part)
    const raise = text(vault.intent('update settings', { MoneyDefault: 'owner quorum' }))
    expect(raise).toContain('needs the owner quorum')
    expect(raise).not.toContain('ALONE')
    expect(text(vault.intent('update settings', { NoSelfApproval: true }))).not.toContain('quorum')
  })

  it('of a rule: what it is about and whom it asks', () => {
    const rule = {
      RestrictionID: 'big',
      Amount: { Above: '10000', Currency: 'USD' },
      Destination: { Except: [{ Address: to }] },
      Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }],
    }
    const shown = text(vault.intent('update transaction restriction', { Add: rule }))
    for (const part of ['A NEW rule', 'above 10000 USD', `other than ${to}`, 'needs 2 approvals from owner'])
      expect(shown).toContain(part)
    expect(describeRestriction({ RestrictionID: 'stop' }).join()).toContain('REFUSED')
  })
})
