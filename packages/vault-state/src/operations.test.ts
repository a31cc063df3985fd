import { utf8 } from '@trivault/codec'
import { encodeIntent, type Intent } from '@trivault/protocol'
import { startCommand, TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { awaitedApprovers, operationOf, statusOf } from './index.ts'

const to = '0x00000000000000000000000000000000000000AA'
const quarter = [{ Address: to, Amount: '0.25' }]
const alice = { initiator: 'alice@example.com' }
const refusal = (code: string) => expect.objectContaining({ code })

const statusIn = (vault: TestVault, id: string) => statusOf(vault.state, operationOf(vault.state, id))

describe('a transfer', () => {
  it('goes from start to signature', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter, alice))
    expect(statusIn(vault, id)).toBe('Pending confirmation')
    vault.approve(id, vault.person('alice'))
    expect(statusIn(vault, id)).toBe('Pending execution')
    vault.execute(id)
    expect(statusIn(vault, id)).toBe('Pending signature')
    vault.apply(vault.signature(id))
    expect(statusIn(vault, id)).toBe('Succeeded')
    expect(vault.state.unsigned.size + vault.state.pending.size).toBe(0)
  })

  it('without an initiator needs one owner', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter))
    expect(awaitedApprovers(vault.state, operationOf(vault.state, id))).toEqual([
      'alice@example.com',
      'bob@example.com',
    ])
    vault.approve(id, vault.person('bob'))
    vault.execute(id)
  })

  it('of two destinations ends with the second signature', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent([...quarter, { Address: to, Amount: '1' }], alice))
    vault.approve(id, vault.person('alice'))
    vault.execute(id)
    vault.apply(vault.signature(id))
    expect(statusIn(vault, id)).toBe('Executing')
    expect(() => vault.execute(id, { part: 2 }, new Uint8Array(1))).toThrow(refusal('transaction-differs'))
    vault.execute(id, { part: 1 })
    vault.apply(vault.signature(id, { part: 1 }))
    expect(statusIn(vault, id)).toBe('Succeeded')
  })
})

describe('start', () => {
  it('uses an operation id once, also after its end', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.transferIntent(quarter, { id: 'mine' }))
    vault.apply({ type: 'cancel', operationId: id, by: '' })
    expect(() => vault.start(vault.transferIntent(quarter, { id: 'mine' }))).toThrow(refusal('duplicate-operation'))
  })

  it('refuses an intent of another id, another time, or other bytes than the canonical ones', () => {
    const vault = TestVault.founded()
    const intent = vault.transferIntent(quarter)
    expect(vault.try({ ...startCommand(intent), operationId: 'other' })).toMatchObject({ code: 'intent-mismatch' })
    const text = new TextDecoder().decode(encodeIntent(intent))
    for (const other of [`${text} `, text.replace(',', ', '), text.replace('"Asset"', '"asset"'), '{}', ''])
      expect(vault.try({ ...startCommand(intent), intent: utf8(other) })).toMatchObject({ code: 'malformed' })
    for (const skew of [-62_000, 62_000]) {
      const timestamp = new Date(vault.time + 1000 + skew).toISOString()
      expect(() => vault.start(vault.transferIntent(quarter, { timestamp }))).toThrow(refusal('stale-timestamp'))
    }
  })

  it('compares every field that the server fills in with its own result', () => {
    const vault = TestVault.founded()
    const other = '0x00000000000000000000000000000000000000bb'
    const source = { MasterKeyName: 'Default', AccountName: 'treasury', AddressIndex: 0, Address: other }
    const internal = { Address: to, Amount: '1', MasterKeyName: 'Default', AccountName: 'treasury', AddressIndex: 0 }
    const lies: [object, string][] = [
      [{ ChainName: 'Ethereum' }, 'intent-mismatch'],
      [{ Asset: 'USDC' }, 'intent-mismatch'],
      [{ TestNetwork: false }, 'intent-mismatch'],
      [{ Function: { Name: 'token transfer' } }, 'intent-mismatch'],
      [{ Source: source }, 'intent-mismatch'],
      [{ Destination: [internal] }, 'intent-mismatch'],
      [{ DecodedRawTransaction: 'a gift' }, 'intent-mismatch'],
      [{ InitiatorName: 'Somebody' }, 'intent-mismatch'],
      [{ CAIP19: 'eip155:1/slip44:60' }, 'unknown-chain'],
      [{ CAIP19: 'eip155:31337/slip44:1' }, 'unknown-token'],
      [{ CAIP19: `eip155:31337/erc20:${to}` }, 'unknown-token'],
      [{ Destination: [] }, 'malformed'],
      [{ Destination: [{ ...internal, AddressIndex: undefined }] }, 'malformed'],
      [{ Destination: [{ Address: to.toLowerCase(), Amount: '1' }] }, 'bad-address'],
      [{ Destination: [{ Address: to, Amount: '1e3' }] }, 'bad-amount'],
      [{ Destination: [{ Address: to, Amount: '-1' }] }, 'bad-amount'],
      [{ Destination: [{ Address: to, Amount: '0.0000000000000000001' }] }, 'bad-amount'],
      [{ EVM: { Gas: '21000', MaxFeePerGas: '1' } }, 'malformed'],
      [{ EVM: undefined }, 'malformed'],
    ]
    for (const [lie, code] of lies) {
      const intent = { ...vault.transferIntent(quarter, alice), ...lie } as Intent
      const plain = JSON.parse(JSON.stringify(intent)) as Intent
      expect(vault.try(startCommand(plain)), JSON.stringify(lie)).toMatchObject({ ok: false, code })
    }
  })

  it('refuses a fee ceiling above the maximum of the chain', () => {
    const vault = TestVault.founded()
    const EVM = { Gas: '21000', MaxFeePerGas: '1000000000000000000', MaxPriorityFeePerGas: '1' }
    expect(() => vault.start(vault.transferIntent(quarter, alice, { EVM }))).toThrow(refusal('bad-transaction'))
  })

  it("takes a raw transaction without the wallet's reading of it", () => {
    const vault = TestVault.founded()
    const model = vault.start(vault.transferIntent(quarter))
    const RawTransaction = `0x${Buffer.from(vault.unsigned(model)).toString('hex')}`
    const intent = { ...vault.transferIntent([], alice), RawTransaction } as Intent
    const { EVM: _, ...raw } = intent as Intent & { EVM?: unknown }
    const lie = { ...raw, DecodedRawTransaction: 'Transfer 0 ETH' } as Intent
    expect(() => vault.start(lie)).toThrow(refusal('intent-mismatch'))
    const id = vault.start(raw as Intent)
    vault.approve(id, vault.person('alice'))
    const changed = vault.unsigned(model, { nonce: 5n })
    expect(() => vault.execute(id, {}, changed)).toThrow(refusal('transaction-differs'))
    vault.finish(id)
    expect(statusIn(vault, id)).toBe('Succeeded')
  })
})
