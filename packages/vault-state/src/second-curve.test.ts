import { ed25519 } from '@noble/curves/ed25519.js'
import { knownChain, solanaAddressBytes } from '@trivault/chains'
import { concat, equalBytes, utf8 } from '@trivault/codec'
import type { VaultErrorCode } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { deriveAddress } from './derivation.ts'
import { activeMasterKeyOf, addressOf, operationOf, ownAddress } from './lookup.ts'
import { decisionFor, statusOf } from './needs.ts'

const solana = 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp'
const devnet = 'solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1'
const refusal = (code: VaultErrorCode) => expect.objectContaining({ code })

function founded(): TestVault {
  const vault = TestVault.founded()
  for (const caip2 of [solana, devnet]) vault.apply({ type: 'registerChain', by: '', caip2 })
  return vault
}

const treasury = (vault: TestVault) => {
  const { masterKey, account, index, address } = addressOf(vault.state, 'Default', 'treasury', 501, 0)
  return { MasterKeyName: masterKey, AccountName: account, AddressIndex: index, Address: address }
}

const message = (vault: TestVault, changes: object = {}) =>
  vault.intent('generic signing', {
    ChainName: 'Solana',
    CAIP19: `${solana}/slip44:501`,
    Asset: 'SOL',
    TestNetwork: false,
    DataToSign: 'Log in to example.com',
    TypeOfSigning: 'personal_sign',
    Source: treasury(vault),
    Function: { Name: 'personal sign' },
    ...changes,
  })

describe('an account on an Ed25519 chain', () => {
  it('has an address of its own from the beginning, and more by index', () => {
    const vault = founded()
    const { Address } = treasury(vault)
    const key = activeMasterKeyOf(vault.state, 'Default')
    expect(Address).toBe(deriveAddress(key, 501, 0, 0).address)
    expect(solanaAddressBytes(Address)).toEqual(addressOf(vault.state, 'Default', 'treasury', 501, 0).publicKey)
    const next = {
      type: 'allocateAddress',
      masterKey: 'Default',
      account: 'treasury',
      caip2: devnet,
      index: 1,
    } as const
    vault.apply(next)
    const second = addressOf(vault.state, 'Default', 'treasury', 501, 1)
    expect(second.address).not.toBe(Address)
    expect(vault.try({ ...next, index: 3 })).toMatchObject({ ok: false, code: 'address-index-gap' })
    // Indexes of one family say nothing of another's.
    expect(() => addressOf(vault.state, 'Default', 'treasury', 60, 1)).toThrow(refusal('unknown-address'))
  })

  it('is found by the exact text of its address only', () => {
    const vault = founded()
    const { Address } = treasury(vault)
    expect(ownAddress(vault.state, Address)).toMatchObject({ account: 'treasury', slip44: 501 })
    expect(ownAddress(vault.state, Address.toLowerCase())).toBeUndefined()
  })

  it('cannot make transactions in this release, structured or raw', () => {
    const vault = founded()
    const base = {
      ...{ ChainName: 'Solana', CAIP19: `${solana}/slip44:501`, Asset: 'SOL', TestNetwork: false },
      ...{ Source: treasury(vault), Function: { Name: 'transfer' } },
    }
    const Destination = [{ Address: treasury(vault).Address, Amount: '1' }]
    for (const fields of [{ Destination }, { Destination: [], RawTransaction: '0x01' }]) {
      const intent = vault.intent('make transaction', { ...base, ...fields })
      expect(() => vault.start(intent)).toThrow(refusal('unsupported-operation'))
    }
    expect(knownChain(solana)?.maxFee).toBe(0n)
  })
})

describe('generic signing on an Ed25519 chain', () => {
  it('signs the bytes of the message', () => {
    const vault = founded()
    const id = vault.start(message(vault))
    const operation = () => operationOf(vault.state, id)
    vault.approve(id, vault.person('alice'))
    vault.execute(id)
    expect(operation().executions[0]).toMatchObject({ message: utf8('Log in to example.com'), slot: `message/${id}` })
    const signed = vault.signature(id)
    if (signed.type !== 'signed') throw new Error('a signature expected')
    const { signature } = signed
    expect(ed25519.verify(signature, utf8('Log in to example.com'), solanaAddressBytes(treasury(vault).Address))).toBe(
      true,
    )
    const bad = [
      signature.with(3, (signature[3] ?? 0) ^ 1),
      signature.slice(1),
      concat(signature, Uint8Array.of(0)),
      new Uint8Array(64),
      new Uint8Array(65),
      new Uint8Array(0),
    ]
    for (const other of bad)
      expect(vault.try({ ...signed, signature: other })).toMatchObject({ ok: false, code: 'bad-signature' })
    vault.apply(signed)
    expect(statusOf(vault.state, operation())).toBe('Succeeded')
  })

  it('takes no ECDSA signature, and an EVM message no Ed25519 one', () => {
    const vault = founded()
    const [own, evm] = [vault.start(message(vault)), vault.start(vault.messageIntent('hello'))]
    for (const id of [own, evm]) {
      vault.approve(id, vault.person('alice'))
      vault.execute(id)
    }
    const [ofOwn, ofEvm] = [vault.signature(own), vault.signature(evm)]
    if (ofOwn.type !== 'signed' || ofEvm.type !== 'signed') throw new Error('signatures expected')
    expect(equalBytes(ofOwn.signature, ofEvm.signature)).toBe(false)
    for (const [id, { signature }] of [
      [own, ofEvm],
      [evm, ofOwn],
    ] as const)
      expect(vault.try({ ...ofOwn, operationId: id, signature })).toMatchObject({ ok: false, code: 'bad-signature' })
  })

  it('is judged like that of other families', () => {
    const vault = founded()
    const opaque = message(vault, { TypeOfSigning: 'raw', DataToSign: '0x00ff', Function: { Name: 'raw digest' } })
    expect(decisionFor(vault.state, opaque)).toMatchObject({ kind: 'blocked', code: 'opaque-refused' })
    expect(decisionFor(vault.state, message(vault))).toMatchObject({ kind: 'needs' })
  })

  it('refuses what could be a transaction, other types, other sources', () => {
    const vault = founded()
    const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`
    const transaction = concat(Uint8Array.of(1, 0, 0, 1), new Uint8Array(64), Uint8Array.of(0))
    const evm = addressOf(vault.state, 'Default', 'treasury', 60, 0).address
    for (const [changes, code] of [
      [{ DataToSign: hex(transaction), TypeOfSigning: 'raw', Function: { Name: 'raw digest' } }, 'bad-transaction'],
      [{ DataToSign: hex(transaction) }, 'bad-transaction'],
      [{ DataToSign: hex(concat(Uint8Array.of(0x80), transaction)), TypeOfSigning: 'raw' }, 'bad-transaction'],
      [{ DataToSign: '{}', TypeOfSigning: 'eth_signTypedData_v4' }, 'bad-transaction'],
      [{ Source: { ...treasury(vault), Address: evm } }, 'intent-mismatch'],
      [{ Source: { ...treasury(vault), AddressIndex: 1 } }, 'unknown-address'],
      [{ Function: { Name: 'raw digest' } }, 'intent-mismatch'],
      [{ TestNetwork: true }, 'intent-mismatch'],
    ] as const)
      expect(() => vault.start(message(vault, changes))).toThrow(refusal(code))
  })
})
