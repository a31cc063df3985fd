import { toBase64 } from '@trivault/codec'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { initiatorOf } from './initiator.ts'
import type { StartRequest } from './service.ts'

const vault = TestVault.founded()
const { state } = vault
const PublicKey = toBase64(vault.person('alice', 2).publicKey)
const named = (id: string, request: object): string =>
  initiatorOf(state, { id }, { rawBody: '', ...request } as StartRequest)

describe('the initiator of an operation', () => {
  it('is whom the request names, else the caller, as registered', () => {
    const request = { segment: 'createAccount', payload: { Name: 'a', MasterKey: 'Default' } }
    expect(named('ALICE@example.com', request)).toBe('Alice@example.com')
    expect(named('alice@example.com', { ...request, initiatorId: 'BOB@example.com' }).toLowerCase()).toBe(
      'bob@example.com',
    )
    expect(named('bootstrap', request)).toBe('')
    expect(() => named('alice@example.com', { ...request, initiatorId: 'nobody@example.com' })).toThrow('no user')
  })

  it('is nobody when people ask for another key of their own: the device that would sign may be lost', () => {
    const renewal = { segment: 'setUserPublicKey', payload: { UserID: 'Alice@example.com', PublicKey } }
    expect(named('alice@example.com', renewal)).toBe('')
    expect(named('alice@example.com', { segment: 'resetUser', payload: { UserID: 'alice@example.com' } })).toBe('')
    expect(named('bob@example.com', renewal).toLowerCase()).toBe('bob@example.com')
    expect(named('alice@example.com', { ...renewal, initiatorId: 'alice@example.com' })).toBe('Alice@example.com')
  })
})
