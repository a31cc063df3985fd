import { toBase64, toHex } from '@trivault/codec'
import { type CommandOf, type FoundingEpoch, holdMessage } from '@trivault/protocol'
import { type Person, TestVault, testGenesis } from '@trivault/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import { activeKeyOf, foundingEpochRecord } from './index.ts'

const refusal = (code: string) => expect.objectContaining({ code })
const week = 7 * 24 * 3600_000
const epoch: FoundingEpoch = {
  epoch: 1,
  owners: [
    { id: 'carol@example.com', name: 'Carol', key: undefined },
    { id: 'dave@example.com', name: 'Dave', key: undefined },
  ],
  required: 2,
}
let vault: TestVault
let alice: Person
let bob: Person

beforeEach(() => {
  vault = TestVault.founded({ approvalsRequired: 2 })
  ;[alice, bob] = [vault.person('alice'), vault.person('bob')]
})

const endorsement = (value = epoch, vaultId = vault.state.vaultId) => vault.endorsement(value, vaultId)
const start = (id = 'founding-epoch-1') =>
  vault.start(vault.intent('found again', foundingEpochRecord(vault.state), { id }))
const veto = (operationId: string, by: Person, counter = 1): CommandOf<'hold'> => {
  const statement = { vaultId: vault.state.vaultId, kind: 'veto' as const, operationId, counter }
  return { type: 'hold', ...statement, keyId: by.keyId, signature: by.sign(holdMessage(statement)) }
}
/** Endorsed, started, waited for, done. */
const refound = () => {
  vault.apply(endorsement())
  const id = start()
  vault.execute(id)
  vault.time += week
  vault.execute(id)
}

describe('new owners after a lost quorum', () => {
  it('found the vault anew when three node admins pinned them and nobody vetoed for seven days', () => {
    refound()
    expect(vault.state).toMatchObject({ epoch: 1, sealedAt: undefined, freeze: undefined })
    expect(vault.state.groups.get('owner')?.members).toEqual(['carol@example.com', 'dave@example.com'])
    for (const id of ['alice@example.com', 'bob@example.com', 'carol@example.com', 'dave@example.com'])
      expect(activeKeyOf(vault.state, id)).toBeUndefined()
    expect(() => vault.start(vault.messageIntent('hello'))).toThrow(refusal('not-sealed'))
    const [carol, dave] = [vault.person('carol', 5), vault.person('dave', 5)]
    vault.pair(carol)
    vault.pair(dave)
    expect(vault.state.sealedAt).toBe(vault.time)
    const id = vault.start(vault.messageIntent('hello', { initiator: carol.id }))
    vault.approve(id, carol)
    vault.execute(id)
  })

  it('give the old owners no way back: neither their keys nor their place', () => {
    refound()
    expect(() => vault.pair(alice)).toThrow(refusal('bad-public-key'))
    expect(() => vault.pair(vault.person('alice', 2))).toThrow(refusal('approvals-missing'))
  })

  it('can be replaced by others when they never seal: a vault whose new owners are lost too is not lost', () => {
    refound()
    const heirs = [{ id: 'erin@example.com', name: 'Erin', key: undefined }]
    vault.apply(endorsement({ epoch: 2, owners: heirs, required: 1 }))
    const id = start('founding-epoch-2')
    vault.execute(id)
    vault.time += week - 1001
    expect(() => vault.execute(id)).toThrow(refusal('delay-not-over'))
    vault.time += 1
    vault.execute(id)
    vault.pair(vault.person('erin'))
    expect(vault.state).toMatchObject({ epoch: 2, sealedAt: vault.time })
  })

  it('must be enough for every policy restriction, which else nobody could satisfy or remove', () => {
    const three = { RestrictionID: 'three', Approvers: [{ Groups: ['owner'], RequiredApprovers: 3 }] }
    vault.pair(vault.person('carol'), alice, bob)
    const change = vault.start(vault.intent('update policy restriction', { Add: three }))
    vault.approve(change, alice, bob)
    vault.execute(change)
    vault.apply(endorsement())
    expect(() => start()).toThrow(refusal('quorum-would-break'))
    const heir = { id: 'erin@example.com', name: 'Erin', key: undefined }
    vault.apply(endorsement({ ...epoch, epoch: 2, owners: [...epoch.owners, heir] }))
    start('founding-epoch-2')
  })

  it('keep the ids of their operations: nobody takes one for something else', () => {
    const intent = vault.intent('create account', { Name: 'a', MasterKey: 'Default' }, { id: 'founding-epoch-1' })
    expect(() => vault.start(intent)).toThrow(refusal('malformed'))
  })

  it('wait: nothing acts before seven days, whatever the settings say', () => {
    vault.apply(endorsement())
    const id = start()
    vault.execute(id)
    for (const days of [0, 1, 5]) {
      vault.time += days * 24 * 3600_000
      expect(() => vault.execute(id)).toThrow(refusal('delay-not-over'))
    }
    vault.time += 24 * 3600_000
    vault.execute(id)
    expect(vault.state.epoch).toBe(1)
  })

  it('stop all signing meanwhile, and the quorum cannot lift that before it vetoed', () => {
    const early = vault.start(vault.messageIntent('hello', { initiator: alice.id }))
    vault.approve(early, alice)
    vault.apply(endorsement())
    expect(() => vault.execute(early)).toThrow(refusal('frozen'))
    start()
    const unfreeze = () => vault.start(vault.intent('unfreeze', { Freeze: vault.state.freeze?.number ?? 0 }))
    expect(unfreeze).toThrow(refusal('frozen'))
    vault.apply(veto('founding-epoch-1', bob))
    expect(() => vault.execute(early)).toThrow(refusal('frozen'))
    const id = unfreeze()
    vault.approve(id, alice, bob)
    vault.execute(id)
    vault.execute(early)
  })

  it('end by the veto of one owner, for good', () => {
    vault.apply(endorsement())
    const id = start()
    vault.execute(id)
    vault.apply(veto(id, alice))
    expect(vault.state.operations.get(id)).toMatchObject({ phase: 'failed', failure: { code: 'vetoed' } })
    vault.time += week
    expect(() => vault.execute(id)).toThrow(refusal('operation-not-pending'))
    expect(() => start()).toThrow(refusal('duplicate-operation'))
    expect(() => start('another-id')).toThrow(refusal('intent-mismatch'))
    expect(vault.try(endorsement())).toMatchObject({ ok: false, code: 'bad-founding-epoch' })
    expect(vault.try(endorsement({ ...epoch, epoch: 2 }))).toMatchObject({ ok: true })
  })

  it('cannot be vetoed by others, nor with another vault in mind', () => {
    vault.apply(endorsement())
    const id = start()
    expect(vault.try(veto(id, vault.person('carol')))).toMatchObject({ ok: false, code: 'bad-hold' })
    expect(vault.try({ ...veto(id, alice), vaultId: new Uint8Array(32) })).toMatchObject({
      ok: false,
      code: 'bad-hold',
    })
  })

  it.each<[string, (good: CommandOf<'endorse'>) => CommandOf<'endorse'>]>([
    ['two signatures', good => ({ ...good, signatures: good.signatures.slice(1) })],
    ['one node for another', good => ({ ...good, signatures: good.signatures.toReversed() })],
    [
      'one node three times',
      good => ({ ...good, signatures: good.signatures.map(() => good.signatures[0] ?? new Uint8Array(64)) }),
    ],
    ['empty signatures', good => ({ ...good, signatures: good.signatures.map(() => new Uint8Array(64)) })],
    ['other owners than were signed', good => ({ ...good, owners: good.owners.slice(1), required: 1 })],
    ['a smaller quorum than was signed', good => ({ ...good, required: 1 })],
    ['another number than was signed', good => ({ ...good, epoch: 2 })],
    ['another vault', () => endorsement(epoch, new Uint8Array(32))],
    ['number zero', () => endorsement({ ...epoch, epoch: 0 })],
    ['no owner', () => endorsement({ ...epoch, owners: [], required: 1 })],
    ['nobody required', () => endorsement({ ...epoch, required: 0 })],
    ['more required than there are', () => endorsement({ ...epoch, required: 3 })],
    ['an owner twice', () => endorsement({ ...epoch, owners: [...epoch.owners, ...epoch.owners] })],
    [
      'a registered person under another name',
      () => endorsement({ ...epoch, owners: [{ id: 'carol@example.com', name: 'Eve', key: undefined }], required: 1 }),
    ],
    [
      'a system user',
      () =>
        endorsement({
          ...epoch,
          owners: [{ id: 'bootstrap@system.trivault', name: 'bootstrap', key: undefined }],
          required: 1,
        }),
    ],
    [
      'pinned keys in another mode',
      () => endorsement({ ...epoch, owners: epoch.owners.map(one => ({ ...one, key: new Uint8Array(32) })) }),
    ],
  ])('are refused with %s', (_what, change) => {
    expect(vault.try(change(endorsement()))).toMatchObject({ ok: false, code: 'bad-founding-epoch' })
  })

  it('are no matter of a vault that is still being founded, nor of an intent that says something else', () => {
    const young = new TestVault()
    young.setup()
    expect(young.try(endorsement(epoch, young.state.vaultId))).toMatchObject({ ok: false, code: 'not-sealed' })
    expect(() => start()).toThrow(refusal('bad-founding-epoch'))
    vault.apply(endorsement())
    const record = foundingEpochRecord(vault.state)
    const others = [{ ApprovalsRequired: 1 }, { Epoch: 2 }, { Owners: record.Owners.slice(1) }]
    for (const change of others) {
      const intent = vault.intent('found again', { ...record, ...change }, { id: 'founding-epoch-1' })
      expect(() => vault.start(intent)).toThrow(refusal('intent-mismatch'))
    }
  })

  it('in mode pinned come with their keys, which then are the only ones', () => {
    const founders = ['alice@example.com', 'bob@example.com', 'carol@example.com']
    const people = founders.map(id => vault.person(id.split('@')[0] ?? ''))
    vault = new TestVault(
      testGenesis({ foundingMode: 'pinned', founders, foundersRequired: 2, founderKeys: people.map(one => one.keyId) }),
    )
    vault.setup({ approvalsRequired: 2 })
    vault.activate('Default')
    for (const person of people) vault.pair(person)
    expect(vault.try(endorsement())).toMatchObject({ ok: false, code: 'bad-founding-epoch' })
    const dave = vault.person('dave')
    const [used, twice] = [people[0]?.keyId, dave.keyId]
    for (const [first, second] of [
      [used, twice],
      [twice, twice],
    ]) {
      const owners = [
        { id: dave.id, name: 'Dave', key: first },
        { id: 'erin@example.com', name: 'Erin', key: second },
      ]
      expect(vault.try(endorsement({ epoch: 1, owners, required: 1 }))).toMatchObject({ code: 'bad-founding-epoch' })
    }
    vault.apply(endorsement({ epoch: 1, owners: [{ id: dave.id, name: 'Dave', key: dave.keyId }], required: 1 }))
    expect(foundingEpochRecord(vault.state).Owners).toMatchObject([{ KeyFingerprint: toHex(dave.keyId) }])
    const id = start()
    vault.execute(id)
    vault.time += week
    vault.execute(id)
    const PublicKey = toBase64(vault.person('dave', 2).publicKey)
    const wrong = vault.intent('set user public key', { UserID: dave.id, PublicKey })
    expect(() => vault.start(wrong)).toThrow(refusal('key-not-pinned'))
    vault.pair(dave)
    expect(vault.state.sealedAt).toBe(vault.time)
  })
})
