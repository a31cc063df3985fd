import type { Intent } from '@trivault/protocol'
import type { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { SealedVault, to } from '../test/sealed-vault.ts'
import { activeKeyOf } from './index.ts'

const refusal = (code: string) => expect.objectContaining({ code })
const elsewhere = '0x00000000000000000000000000000000000000bb'
const owners = ['alice', 'bob', 'carol']

it('the keys are what these tests take them for', () => {
  const vault = new SealedVault('enclave')
  const channels = [vault.alice, vault.dave, vault.bot].map(({ id }) => activeKeyOf(vault.state, id)?.channel)
  expect(channels).toEqual(['cli', 'cli', 'automated'])
})

describe('money in a fresh enclave', () => {
  it('needs the initiator and the owner quorum, in which the initiator counts too', () => {
    const vault = new SealedVault('enclave')
    const [byDave, byAlice, message] = [
      vault.transfer(vault.dave.id),
      vault.transfer(vault.alice.id),
      vault.start(vault.messageIntent('hello', { initiator: vault.dave.id })),
    ]
    for (const id of [byDave, message]) {
      expect(vault.takes(id)).toEqual([...owners, 'dave'])
      vault.approve(id, vault.dave)
      expect(vault.misses(id)).toBe(true)
      vault.approve(id, vault.alice)
      expect(vault.misses(id)).toBe(true)
      vault.approve(id, vault.bob)
      vault.execute(id)
    }
    vault.approve(byAlice, vault.bob, vault.carol)
    expect(vault.misses(byAlice)).toBe(true)
    vault.approve(byAlice, vault.alice)
    vault.execute(byAlice)
  })

  it('is not had without an initiator: the owner who stands in is one of the quorum', () => {
    const vault = new SealedVault('enclave')
    for (const initiator of ['', 'bot@example.com']) {
      const id = vault.transfer(initiator)
      expect(vault.takes(id)).toEqual(owners)
      vault.approve(id, vault.carol)
      expect(vault.misses(id)).toBe(true)
      vault.approve(id, vault.bob)
      vault.execute(id)
    }
  })
})

describe('an automated key in an enclave', () => {
  it('does not confirm where no restriction names its groups, whatever money needs', () => {
    const vault = new SealedVault('enclave')
    for (const setting of ['owner quorum', 'initiator'] as const) {
      vault.money(setting)
      const id = vault.transfer(vault.bot.id)
      expect(vault.takes(id)).toEqual(owners)
      expect(() => vault.approve(id, vault.bot)).toThrow(refusal('not-an-approver'))
      expect(vault.misses(id)).toBe(true)
    }
  })

  it('confirms what a restriction names its group for, besides the quorum, until owners lower that', () => {
    const vault = new SealedVault('enclave')
    vault.nameBots(to)
    const id = vault.transfer(vault.bot.id)
    vault.approve(id, vault.bot)
    expect(vault.misses(id)).toBe(true)
    vault.approve(id, vault.alice)
    expect(vault.misses(id)).toBe(true)
    vault.money('initiator')
    const next = vault.transfer(vault.bot.id)
    expect(vault.takes(next)).toEqual(['bot'])
    vault.approve(next, vault.bot)
    vault.execute(next)
  })

  it('confirms nothing outside of that restriction', () => {
    const vault = new SealedVault('enclave')
    vault.money('initiator')
    vault.nameBots(to)
    const outside = [
      vault.transfer(vault.bot.id, elsewhere),
      vault.start(vault.messageIntent('hello', { initiator: vault.bot.id })),
    ]
    for (const id of outside) {
      expect(vault.takes(id)).toEqual(owners)
      expect(vault.misses(id)).toBe(true)
    }
    const forDave = vault.transfer(vault.dave.id)
    vault.approve(forDave, vault.bot)
    expect(vault.misses(forDave)).toBe(true)
  })

  it('does not confirm a second destination beside one that the restriction lists', () => {
    const vault = new SealedVault('enclave')
    vault.money('initiator')
    vault.nameBots(to)
    const destinations = [to, elsewhere].map(Address => ({ Address, Amount: '1' }))
    const id = vault.start(vault.transferIntent(destinations, { initiator: vault.bot.id }))
    expect(vault.takes(id)).toEqual([...owners, 'bot'])
    vault.approve(id, vault.bot)
    expect(vault.misses(id)).toBe(true)
    vault.approve(id, vault.carol)
    vault.execute(id)
  })

  it('is no owner by being a member of their group, and confirms no longer once it is out of the one that is named', () => {
    const vault = new SealedVault('enclave')
    vault.join('owner', vault.bot)
    const owned = vault.transfer()
    expect(vault.takes(owned)).toEqual(owners)
    vault.nameBots()
    vault.money('initiator')
    const named = vault.transfer(vault.bot.id)
    vault.approve(named, vault.bot)
    expect(vault.misses(named)).toBe(false)
    vault.change(vault.intent('update group', { Group: 'bots', AddUsers: [], RemoveUsers: [vault.bot.id] }))
    expect(vault.misses(named)).toBe(true)
  })

  it('counts alone in profile local', () => {
    const vault = new SealedVault('local')
    const id = vault.transfer(vault.bot.id)
    vault.approve(id, vault.bot)
    vault.execute(id)
  })
})

describe('tokens and chains', () => {
  const token = { CAIP19: 'eip155:31337/erc20:0x00000000000000000000000000000000000000AA', Symbol: 'T', Decimals: 6 }
  const chain = { ChainName: 'Mine', TestNet: true, NativeAssetSymbol: 'MINE', NativeAssetDecimals: 18 }
  const steps = (vault: TestVault, initiator = ''): (() => Intent)[] => [
    () => vault.intent('register token', token, { initiator }),
    () => vault.intent('unregister token', { CAIP19: token.CAIP19 }, { initiator }),
    () => vault.intent('register custom chain', { ...chain, CAIP19: 'eip155:777001/slip44:60' }, { initiator }),
    () => vault.intent('unregister chain', { CAIP2: 'eip155:777001' }, { initiator }),
  ]

  it('need one owner in an enclave, not a bot, and no less when money needs less', () => {
    const vault = new SealedVault('enclave')
    vault.join('owner', vault.bot)
    vault.money('initiator')
    for (const step of steps(vault)) {
      const id = vault.start(step())
      expect(vault.takes(id)).toEqual(owners)
      expect(vault.misses(id)).toBe(true)
      for (const person of [vault.dave, vault.bot])
        expect(() => vault.approve(id, person)).toThrow(refusal('not-an-approver'))
      vault.approve(id, vault.carol)
      vault.execute(id)
    }
  })

  it('need the initiator who is named besides', () => {
    const vault = new SealedVault('enclave')
    for (const step of steps(vault, vault.dave.id)) {
      const [byDave, byAlice] = [vault.start(step()), vault.start(step())]
      vault.approve(byDave, vault.dave)
      vault.approve(byAlice, vault.alice)
      for (const id of [byDave, byAlice]) expect(vault.misses(id)).toBe(true)
      vault.apply({ type: 'cancel', operationId: byAlice, by: '' })
      vault.approve(byDave, vault.bob)
      vault.execute(byDave)
    }
  })

  it('need nobody in profile local', () => {
    const vault = new SealedVault('local')
    for (const step of steps(vault)) vault.execute(vault.start(step()))
  })
})
