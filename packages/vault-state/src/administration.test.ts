import type { Intent, IntentOf, TransactionRestriction } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { operationOf } from './index.ts'

const refusal = (code: string) => expect.objectContaining({ code })

describe('a custom chain', () => {
  const chain = {
    ChainName: 'Side chain',
    TestNet: false,
    CAIP19: 'eip155:4242/slip44:60',
    NativeAssetSymbol: 'SIDE',
    NativeAssetDecimals: 18,
  }
  const register = (vault: TestVault, changes: Partial<typeof chain> = {}) =>
    vault.execute(vault.start(vault.intent('register custom chain', { ...chain, ...changes })))

  it('registered again may change its name only: the rest is what restrictions and amounts mean', () => {
    const vault = TestVault.founded()
    register(vault)
    register(vault, { ChainName: 'Renamed' })
    expect(vault.state.chains.get('eip155:4242')?.name).toBe('Renamed')
    const changes = [
      { TestNet: true },
      { NativeAssetSymbol: 'ETH' },
      { NativeAssetDecimals: 6 },
      { CAIP19: 'eip155:4242/slip44:1' },
    ]
    for (const change of changes)
      expect(() => register(vault, change), JSON.stringify(change)).toThrow(refusal('chain-conflict'))
  })
})

describe('a message to sign', () => {
  const restricted = (Add: Omit<TransactionRestriction, 'RestrictionID' | 'Approvers'>) => {
    const vault = TestVault.founded()
    const change = vault.start(
      vault.intent('update transaction restriction', { Add: { RestrictionID: 'none', ...Add } }),
    )
    vault.approve(change, vault.person('alice'))
    vault.execute(change)
    return vault
  }
  const outcome = (vault: TestVault, intent: Intent) => {
    const id = vault.start(intent)
    return operationOf(vault.state, id).phase
  }
  const typed = (vault: TestVault, domain: object, fields: object[]) =>
    ({
      ...vault.messageIntent(
        JSON.stringify({
          types: { EIP712Domain: fields, Permit: [{ name: 'spender', type: 'address' }] },
          primaryType: 'Permit',
          domain,
          message: { spender: '0x00000000000000000000000000000000000000AA' },
        }),
      ),
      TypeOfSigning: 'eth_signTypedData_v4',
      Function: { Name: 'typed data' },
    }) as Intent

  it('on a test network counts on main networks too, unless a chain id binds it', () => {
    const vault = restricted({ TestNetwork: false })
    expect(outcome(vault, vault.messageIntent('I owe you everything'))).toBe('failed')
    expect(outcome(vault, typed(vault, { name: 'Coin' }, [{ name: 'name', type: 'string' }]))).toBe('failed')
    expect(outcome(vault, typed(vault, { chainId: 31337 }, [{ name: 'chainId', type: 'uint256' }]))).toBe('pending')
  })

  it('may pay anybody', () => {
    const vault = restricted({ ExternalDestination: {} })
    expect(outcome(vault, vault.messageIntent('I owe you everything'))).toBe('failed')
  })
})

describe('a change of restrictions', () => {
  type Change = Pick<IntentOf<'update transaction restriction'>, 'Add' | 'Delete'>
  const both: TransactionRestriction = {
    RestrictionID: 'both',
    Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }],
    Amount: { Above: '10', Currency: 'USD' },
  }
  const start = (vault: TestVault, change: Change) =>
    vault.start(vault.intent('update transaction restriction', change))
  const change = (vault: TestVault, wanted: Change) => {
    const id = start(vault, wanted)
    vault.approve(id, vault.person('alice'))
    vault.execute(id)
    return operationOf(vault.state, id)
  }

  it('deletes what approvers saw: the id alone, or the restriction as it stands', () => {
    const vault = TestVault.founded()
    change(vault, { Add: both })
    const harmless = { ...both, Amount: { Above: '1000000', Currency: 'USD' } }
    expect(() => start(vault, { Delete: harmless })).toThrow(refusal('bad-restriction'))
    expect(() => start(vault, { Delete: { RestrictionID: 'other' } })).toThrow(refusal('unknown-restriction'))
    const late = start(vault, { Delete: both })
    change(vault, { Delete: { RestrictionID: 'both' }, Add: harmless })
    vault.approve(late, vault.person('alice'))
    vault.execute(late)
    expect(operationOf(vault.state, late).failure?.code).toBe('bad-restriction')
    expect(vault.state.restrictions.get('both')).toEqual(harmless)
    change(vault, { Delete: harmless })
    expect(vault.state.restrictions.size).toBe(0)
  })

  it('acts on the restriction that approvers saw, not on a stricter one that took its place', () => {
    const vault = TestVault.founded()
    change(vault, { Add: both })
    const Delete = { RestrictionID: 'both' }
    const kept = [start(vault, { Delete }), start(vault, { Delete, Add: { ...both, Fee: { Above: '0' } } })]
    for (const id of kept) vault.approve(id, vault.person('alice'))
    const stricter = { ...both, Amount: { Above: '1', Currency: 'USD' } }
    change(vault, { Delete, Add: stricter })
    for (const id of kept) {
      vault.execute(id)
      expect(operationOf(vault.state, id).failure?.code).toBe('intent-mismatch')
    }
    expect(vault.state.restrictions.values()).toEqual([stricter])
  })

  it('adds no id that exists, replaces only what it names', () => {
    const vault = TestVault.founded()
    change(vault, { Add: both })
    expect(() => start(vault, { Add: both })).toThrow(refusal('bad-restriction'))
    expect(() => start(vault, { Add: both, Delete: { RestrictionID: 'none' } })).toThrow(refusal('unknown-restriction'))
    change(vault, { Add: { ...both, RestrictionID: 'renamed' }, Delete: { RestrictionID: 'both' } })
    expect(vault.state.restrictions.keys()).toEqual(['renamed'])
  })

  it('names groups and functions that exist: another one would never match', () => {
    const vault = TestVault.founded()
    const nobody = { ...both, Approvers: [{ Groups: ['Owner'], RequiredApprovers: 1 }] }
    expect(() => start(vault, { Add: nobody })).toThrow(refusal('unknown-group'))
    for (const criterion of [{ Only: ['Transfer'] }, { Except: ['transfers'] }])
      expect(() => start(vault, { Add: { ...both, TransactionFunction: criterion } })).toThrow(
        refusal('bad-restriction'),
      )
    change(vault, { Add: { ...both, TransactionFunction: { Only: ['transfer', 'token transfer'] } } })
  })
})
