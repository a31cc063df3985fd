import { toBase64, toHex } from '@trivault/codec'
import { curves, type Genesis } from '@trivault/protocol'
import {
  type Claims,
  issuerKeyOf,
  issuerPins,
  makeIssuerKey,
  type Person,
  setupCommand,
  TestVault,
  testGenesis,
} from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { activeKeyOf, foundingRecord, operationOf, standingOf } from './index.ts'
import { isTightening } from './settings.ts'

const refusal = (code: string) => expect.objectContaining({ code })
const issuer = makeIssuerKey()
const stranger = makeIssuerKey()
const founders = ['alice@example.com', 'bob@example.com', 'carol@example.com']
const genesisOf = (changes: Partial<Genesis> = {}) =>
  testGenesis({
    profile: 'enclave',
    foundingMode: 'identity',
    founders,
    foundersRequired: 2,
    ...issuerPins(issuer),
    ...changes,
  })

/** Set up, its master key active, nobody enrolled. */
function unfounded(changes: Partial<Genesis> = {}): TestVault {
  const vault = new TestVault(genesisOf(changes))
  vault.setup({ approvalsRequired: 2 })
  vault.activate('Default')
  return vault
}
const people = (vault: TestVault) => founders.map(id => vault.person(id.split('@')[0] ?? ''))
const enrol = (vault: TestVault, person: Person, claims: Claims = {}) => {
  vault.apply(vault.vouching(person, issuer, claims))
  vault.pair(person)
}
/** Everybody enrolled, not sealed. */
function enrolled(changes: Partial<Genesis> = {}): TestVault {
  const vault = unfounded(changes)
  for (const person of people(vault)) enrol(vault, person)
  return vault
}
function sealed(changes: Partial<Genesis> = {}): TestVault {
  const vault = enrolled(changes)
  const id = vault.start(vault.sealIntent())
  vault.approve(id, ...people(vault))
  vault.execute(id)
  return vault
}
const setKey = (vault: TestVault, person: Person) =>
  vault.start(vault.intent('set user public key', { UserID: person.id, PublicKey: toBase64(person.publicKey) }))

describe('mode identity, before the seal', () => {
  it('takes a founder key for which an ID token vouches, and nothing is sealed or signed yet', () => {
    const vault = unfounded()
    const alice = vault.person('alice')
    enrol(vault, alice)
    expect(activeKeyOf(vault.state, alice.id)).toMatchObject({ channel: 'cli', id: toHex(alice.keyId) })
    expect(vault.state.sealedAt).toBeUndefined()
    expect(() => vault.start(vault.messageIntent('hello'))).toThrow(refusal('not-sealed'))
  })

  it('refuses a key without a token, with the token of another key, of another person, of another vault', () => {
    const vault = unfounded()
    const [alice, second, bob] = [vault.person('alice'), vault.person('alice', 2), vault.person('bob')]
    expect(() => setKey(vault, alice)).toThrow(refusal('not-vouched'))
    vault.apply(vault.vouching(second, issuer))
    expect(() => setKey(vault, alice)).toThrow(refusal('not-vouched'))
    const { idToken } = vault.vouching(bob, issuer)
    const other = unfounded({ deploymentId: 'other' }).vouching(alice, issuer)
    for (const command of [vault.vouching(alice, issuer, {}, { idToken }), other])
      expect(vault.try(command)).toMatchObject({ ok: false, code: 'bad-id-token' })
    // Bob's key under Alice's name: the nonce binds all three.
    const swapped = vault.vouching(alice, issuer, {}, { publicKey: bob.publicKey })
    expect(vault.try(swapped)).toMatchObject({ ok: false, code: 'bad-id-token' })
    expect(activeKeyOf(vault.state, alice.id)).toBeUndefined()
  })

  it('judges the token at the time of its entry, not later', () => {
    const vault = unfounded()
    const command = vault.vouching(vault.person('alice'), issuer)
    vault.time += 4 * 60_000
    expect(vault.try(command)).toMatchObject({ ok: true })
    vault.time += 60_000
    expect(vault.try(command)).toMatchObject({ ok: false, code: 'bad-id-token' })
    const fresh = vault.person('alice', 2)
    vault.apply(vault.vouching(fresh, issuer))
    vault.time += 24 * 3600_000
    vault.pair(fresh)
  })

  it('wants the device to have signed its own enrolment', () => {
    const vault = unfounded()
    const [alice, bob] = [vault.person('alice'), vault.person('bob')]
    const good = vault.vouching(alice, issuer)
    const proofs = [bob.sign(new Uint8Array(5)), bob.sign(good.publicKey), new Uint8Array(0), good.proof.slice(1)]
    for (const proof of proofs)
      expect(vault.try({ ...good, proof })).toMatchObject({ ok: false, code: 'no-possession' })
    // The channel is the device's word: nobody else can change it.
    expect(vault.try({ ...good, channel: 'app' })).toMatchObject({ ok: false, code: 'no-possession' })
    expect(vault.try(good)).toMatchObject({ ok: true })
  })

  it('refuses issuer keys that nobody pinned, unknown people, system users and bad keys', () => {
    const vault = unfounded()
    const alice = vault.person('alice')
    expect(vault.try(vault.vouching(alice, stranger))).toMatchObject({ ok: false, code: 'issuer-key-not-pinned' })
    const forged = vault.vouching(alice, stranger, {}, { issuerKey: issuerKeyOf(issuer) })
    expect(vault.try(forged)).toMatchObject({ ok: false, code: 'bad-id-token' })
    expect(vault.try(vault.vouching(vault.person('nobody'), issuer))).toMatchObject({ ok: false, code: 'unknown-user' })
    const bot = vault.vouching(alice, issuer, {}, { userId: 'bootstrap@system.trivault' })
    expect(vault.try(bot)).toMatchObject({ ok: false, code: 'malformed' })
    const compressed = vault.vouching(alice, issuer, {}, { publicKey: new Uint8Array(65) })
    expect(vault.try(compressed)).toMatchObject({ ok: false, code: 'bad-public-key' })
    expect(new TestVault(genesisOf()).try(vault.vouching(alice, issuer))).toMatchObject({
      ok: false,
      code: 'unknown-user',
    })
  })

  it('binds an e-mail address to its account at the first token, and the account to the address', () => {
    const vault = unfounded()
    enrol(vault, vault.person('alice'), { sub: 'account 1' })
    const again = vault.vouching(vault.person('alice', 2), issuer, { sub: 'account 2' })
    expect(vault.try(again)).toMatchObject({ ok: false, code: 'other-identity' })
    const renamed = vault.vouching(vault.person('bob'), issuer, { sub: 'account 1' })
    expect(vault.try(renamed)).toMatchObject({ ok: false, code: 'other-identity' })
    enrol(vault, vault.person('alice', 2), { sub: 'account 1' })
    expect(activeKeyOf(vault.state, 'alice@example.com')?.id).toBe(toHex(vault.person('alice', 2).keyId))
  })

  it('keeps the keys of others for after the seal', () => {
    const vault = enrolled()
    vault.execute(vault.start(vault.intent('register user', { UserID: 'dave@example.com', UserName: 'Dave' })))
    const dave = vault.person('dave')
    vault.apply(vault.vouching(dave, issuer))
    const id = setKey(vault, dave)
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    expect(() => vault.approve(id, vault.person('alice'))).toThrow(refusal('not-sealed'))
  })
})

describe('the seal of mode identity', () => {
  it('needs every founder, not only the quorum; then approvals count', () => {
    const vault = enrolled()
    const [alice, bob, carol] = people(vault) as [Person, Person, Person]
    const id = vault.start(vault.sealIntent())
    vault.approve(id, alice, bob)
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    expect(() => vault.approve(id, bob)).toThrow(refusal('already-approved'))
    expect(vault.state.sealedAt).toBeUndefined()
    vault.approve(id, carol)
    vault.execute(id)
    expect(vault.state.sealedAt).toBe(vault.time)
    expect(
      vault.try({ type: 'start', operationId: 'x', intent: operationOf(vault.state, id).intentBytes }),
    ).toMatchObject({
      ok: false,
    })
    const message = vault.start(vault.messageIntent('hello', { initiator: alice.id }))
    vault.approve(message, alice, bob)
    vault.execute(message)
  })

  it('waits until every founder has a key and every master key is made', () => {
    const vault = new TestVault(genesisOf())
    expect(() => foundingRecord(vault.state)).toThrow(refusal('not-set-up'))
    vault.setup({ approvalsRequired: 2 })
    const [alice, bob, carol] = people(vault) as [Person, Person, Person]
    enrol(vault, alice)
    enrol(vault, bob)
    expect(() => vault.sealIntent()).toThrow(refusal('founding-incomplete'))
    enrol(vault, carol)
    expect(() => vault.sealIntent()).toThrow(refusal('founding-incomplete'))
    vault.activate('Default')
    const record = foundingRecord(vault.state)
    expect(record.Users.map(user => user.KeyFingerprint)).toEqual([alice, bob, carol].map(one => toHex(one.keyId)))
    expect(record).toMatchObject({ Genesis: toHex(vault.state.vaultId), OwnerGroup: 'owner', ApprovalsRequired: 2 })
    expect(record.MasterKeys.map(key => [key.Name, key.Curve])).toEqual(curves.map(curve => ['Default', curve]))
  })

  it.each<[string, (vault: TestVault) => object]>([
    ['another vault', () => ({ Genesis: '0'.repeat(64) })],
    ['another group', () => ({ OwnerGroup: 'owners' })],
    ['a smaller quorum', () => ({ ApprovalsRequired: 1 })],
    ['a founder less', vault => ({ Users: foundingRecord(vault.state).Users.slice(1) })],
    ['founders in another order', vault => ({ Users: foundingRecord(vault.state).Users.toReversed() })],
    ['no master key', () => ({ MasterKeys: [] })],
    [
      'another fingerprint',
      vault => ({
        Users: foundingRecord(vault.state).Users.map(user => ({ ...user, KeyFingerprint: '1'.repeat(64) })),
      }),
    ],
    ['other rates than the set-up gave', () => ({ Rates: [{ Asset: 'ETH', USDRate: '3' }] })],
    [
      'another channel',
      vault => ({ Users: foundingRecord(vault.state).Users.map(user => ({ ...user, Channel: 'app' })) }),
    ],
  ])('refuses a record with %s', (_what, changes) => {
    const vault = enrolled()
    expect(() => vault.start(vault.sealIntent(changes(vault)))).toThrow(refusal('intent-mismatch'))
  })

  it('shows the founders the rates that conversion goes by, which the wallet alone has set', () => {
    const vault = new TestVault(genesisOf())
    const bounded = { usdRate: '1', usdMin: '0.90', usdMax: '1.10' }
    const rates = [
      { asset: 'USDC', ...bounded },
      { asset: 'ETH', usdRate: '3000.50', usdMin: undefined, usdMax: undefined },
    ]
    vault.setup({ approvalsRequired: 2, rates })
    vault.activate('Default')
    for (const person of people(vault)) enrol(vault, person)
    expect(foundingRecord(vault.state).Rates).toEqual([
      { Asset: 'ETH', USDRate: '3000.5' },
      { Asset: 'USDC', USDMin: '0.9', USDMax: '1.1' },
    ])
    vault.start(vault.sealIntent())
  })

  it('is for the record that was approved: what changed meanwhile is approved anew', () => {
    const vault = enrolled()
    const [alice, bob, carol] = people(vault) as [Person, Person, Person]
    const id = vault.start(vault.sealIntent())
    vault.approve(id, alice, bob, carol)
    enrol(vault, vault.person('bob', 2))
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    vault.approve(id, vault.person('bob', 2))
    vault.execute(id)
    expect(vault.state.operations.get(id)).toMatchObject({ phase: 'failed', failure: { code: 'intent-mismatch' } })
    expect(vault.state.sealedAt).toBeUndefined()
  })

  it('takes no signature of a stranger, of an older key, or over another record', () => {
    const vault = enrolled()
    const [alice, bob] = people(vault) as [Person, Person]
    const [first, second] = [vault.start(vault.sealIntent()), vault.start(vault.sealIntent())]
    expect(() => vault.approve(first, vault.person('mallory'))).toThrow(refusal('unknown-user'))
    expect(() => vault.approve(first, vault.person('alice', 2))).toThrow(refusal('unknown-key'))
    expect(vault.try(vault.approval(first, alice, second))).toMatchObject({ ok: false, code: 'bad-signature' })
    expect(vault.try({ ...vault.approval(first, alice), userId: bob.id })).toMatchObject({
      ok: false,
      code: 'unknown-key',
    })
  })

  it('happens once, and only in this mode', () => {
    const vault = sealed()
    const late = vault.intent('seal', { ...foundingRecordOf(enrolled()), Genesis: toHex(vault.state.vaultId) })
    expect(() => vault.start(late)).toThrow(refusal('already-sealed'))
    const open = new TestVault()
    open.setup()
    expect(() => foundingRecord(open.state)).toThrow(refusal('founding-incomplete'))
  })
})
const foundingRecordOf = (vault: TestVault) => foundingRecord(vault.state)

describe('mode pinned', () => {
  const vaultOf = (changes: Partial<Genesis> = {}) => {
    const keys = founders.map(id => new TestVault().person(id.split('@')[0] ?? '').keyId)
    return unfounded({ foundingMode: 'pinned', founderKeys: keys, ...changes })
  }

  it('seals itself when every pinned key is set, and those keys count', () => {
    const vault = vaultOf()
    const [alice, bob, carol] = people(vault) as [Person, Person, Person]
    vault.pair(alice)
    vault.pair(bob)
    expect(vault.state.sealedAt).toBeUndefined()
    expect(() => vault.start(vault.messageIntent('hello'))).toThrow(refusal('not-sealed'))
    vault.pair(carol)
    expect(vault.state.sealedAt).toBe(vault.time)
    const id = vault.start(vault.messageIntent('hello', { initiator: carol.id }))
    vault.approve(id, carol, bob)
    vault.execute(id)
  })

  it('takes no other key, not with a token, not under another founder', () => {
    const vault = vaultOf()
    const second = vault.person('alice', 2)
    expect(() => setKey(vault, second)).toThrow(refusal('key-not-pinned'))
    vault.apply(vault.vouching(second, issuer))
    expect(() => setKey(vault, second)).toThrow(refusal('key-not-pinned'))
    const PublicKey = toBase64(vault.person('bob').publicKey)
    const swapped = vault.intent('set user public key', { UserID: 'alice@example.com', PublicKey })
    expect(() => vault.start(swapped)).toThrow(refusal('key-not-pinned'))
    expect(() => vault.start(vault.intent('seal', foundingRecordOf(enrolled())))).toThrow(
      refusal('founding-incomplete'),
    )
  })

  it('takes nobody else and approves nothing before', () => {
    const vault = vaultOf()
    vault.pair(vault.person('alice'))
    const id = vault.start(vault.intent('backup master key', { Name: 'Default' }))
    expect(() => vault.approve(id, vault.person('alice'))).toThrow(refusal('not-sealed'))
    expect(() => vault.pair(vault.person('alice'))).toThrow(refusal('bad-public-key'))
  })
})

describe('set-up in the modes identity and pinned', () => {
  it.each(['enclave', 'local'] as const)('takes exactly the pinned founders, in profile %s', profile => {
    const vault = new TestVault(genesisOf({ profile }))
    const users = setupCommand().users
    const wrong = [
      setupCommand({ approvalsRequired: 1 }),
      setupCommand({ approvalsRequired: 3 }),
      setupCommand({ approvalsRequired: 2, users: users.slice(1) }),
      setupCommand({ approvalsRequired: 2, users: [...users, { id: 'mallory@example.com', name: 'M' }] }),
    ]
    for (const command of wrong) expect(vault.try(command)).toMatchObject({ ok: false, code: 'malformed' })
    expect(vault.try(setupCommand({ approvalsRequired: 2 }))).toMatchObject({ ok: true })
  })
})

describe('after the seal (I9)', () => {
  it('a key needs the owner quorum, whoever vouches for it', () => {
    const vault = sealed()
    const [alice, bob] = people(vault) as [Person, Person]
    const second = vault.person('carol', 2)
    vault.apply(vault.vouching(second, issuer))
    const id = setKey(vault, second)
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    expect(() => vault.approve(id, second)).toThrow(refusal('unknown-key'))
    vault.approve(id, alice)
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    vault.approve(id, bob)
    vault.execute(id)
    expect(activeKeyOf(vault.state, second.id)).toMatchObject({ channel: 'cli', id: toHex(second.keyId) })
  })

  it('a key without a token is automated: in an enclave it counts for no default', () => {
    const vault = sealed()
    const [alice, bob, carol] = people(vault) as [Person, Person, Person]
    vault.execute(vault.start(vault.intent('register user', { UserID: 'bot@example.com', UserName: 'Bot' })))
    const bot = vault.person('bot')
    vault.pair(bot, alice, bob)
    expect(activeKeyOf(vault.state, bot.id)?.channel).toBe('automated')
    const join = vault.start(vault.intent('update group', { Group: 'owner', AddUsers: [bot.id], RemoveUsers: [] }))
    vault.approve(join, alice, bob)
    vault.execute(join)
    const id = vault.start(vault.messageIntent('hello', { initiator: bot.id }))
    expect(() => vault.approve(id, bot)).toThrow(refusal('not-an-approver'))
    vault.approve(id, alice)
    const standing = standingOf(vault.state, operationOf(vault.state, id))
    expect(standing).toMatchObject({ kind: 'open', unmet: [{ kind: 'groups', groups: ['owner'], count: 2 }] })
    vault.approve(id, carol)
    vault.execute(id)
  })

  it('an automated key counts where a restriction names one of its groups', () => {
    const vault = sealed()
    const [alice, bob] = people(vault) as [Person, Person]
    vault.execute(vault.start(vault.intent('register user', { UserID: 'bot@example.com', UserName: 'Bot' })))
    vault.pair(vault.person('bot'), alice, bob)
    vault.apply({ type: 'createGroup', by: '', name: 'bots' })
    const steps = [
      vault.intent('update group', { Group: 'bots', AddUsers: ['bot@example.com'], RemoveUsers: [] }),
      vault.intent('update transaction restriction', {
        Add: { RestrictionID: 'bots', Approvers: [{ Groups: ['bots'], RequiredApprovers: 1 }] },
      }),
    ]
    for (const intent of steps) {
      vault.start(intent)
      vault.approve(intent.OperationID, alice, bob)
      vault.execute(intent.OperationID)
    }
    const id = vault.start(vault.messageIntent('hello', { initiator: 'bot@example.com' }))
    vault.approve(id, vault.person('bot'), alice)
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    vault.approve(id, bob)
    vault.execute(id)
  })

  it('a restriction that names a group with an automated key is no tightening: the key confirms by it', () => {
    const vault = sealed()
    const [alice, bob] = people(vault) as [Person, Person]
    const judged = () =>
      isTightening(
        vault.state,
        vault.intent('update transaction restriction', {
          Add: { RestrictionID: 'r', Approvers: [{ Groups: ['owner', 'bots'], RequiredApprovers: 1 }] },
        }),
      )
    vault.execute(vault.start(vault.intent('register user', { UserID: 'bot@example.com', UserName: 'Bot' })))
    vault.apply({ type: 'createGroup', by: '', name: 'bots' })
    const id = vault.start(
      vault.intent('update group', { Group: 'bots', AddUsers: ['bot@example.com'], RemoveUsers: [] }),
    )
    vault.approve(id, alice, bob)
    vault.execute(id)
    expect(judged()).toBe(true)
    vault.pair(vault.person('bot'), alice, bob)
    expect(judged()).toBe(false)
  })

  it('no automated key takes the place of an owner whom the quorum needs', () => {
    const vault = sealed({ foundersRequired: 2, founders })
    const [alice, bob, carol] = people(vault) as [Person, Person, Person]
    const reset = vault.start(vault.intent('reset user', { UserID: carol.id, UserName: 'Carol' }))
    vault.approve(reset, alice, bob)
    vault.execute(reset)
    const second = vault.person('bob', 2)
    expect(() => vault.pair(second, alice, bob)).toThrow(refusal('quorum-would-break'))
    vault.apply(vault.vouching(second, issuer))
    vault.pair(second, alice, bob)
  })

  it('in profile local an automated key counts alone', () => {
    const vault = sealed({ profile: 'local' })
    const [alice, bob] = people(vault) as [Person, Person]
    vault.execute(vault.start(vault.intent('register user', { UserID: 'bot@example.com', UserName: 'Bot' })))
    const bot = vault.person('bot')
    vault.pair(bot, alice, bob)
    const id = vault.start(vault.messageIntent('hello', { initiator: bot.id }))
    vault.approve(id, bot)
    vault.execute(id)
  })
})

describe('new issuer keys', () => {
  const thumbprint = (vault: TestVault) =>
    toHex(new TestVault(genesisOf(issuerPins(stranger))).genesis.jwksThumbprints[0] ?? vault.state.vaultId)

  it('count once the owner quorum approved them; those left out no longer do', () => {
    const vault = sealed()
    const [alice, bob] = people(vault) as [Person, Person]
    const next = vault.person('carol', 2)
    const id = vault.start(vault.intent('set issuer keys', { Thumbprints: [thumbprint(vault)] }))
    vault.approve(id, alice)
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    expect(vault.try(vault.vouching(next, stranger))).toMatchObject({ ok: false, code: 'issuer-key-not-pinned' })
    vault.approve(id, bob)
    vault.execute(id)
    expect(vault.try(vault.vouching(next, stranger))).toMatchObject({ ok: true })
    expect(vault.try(vault.vouching(next, issuer))).toMatchObject({ ok: false, code: 'issuer-key-not-pinned' })
  })

  it('are listed once, and cannot be changed before the seal', () => {
    const vault = enrolled()
    const Thumbprints = [thumbprint(vault)]
    expect(() =>
      vault.start(vault.intent('set issuer keys', { Thumbprints: [...Thumbprints, ...Thumbprints] })),
    ).toThrow(refusal('malformed'))
    const id = vault.start(vault.intent('set issuer keys', { Thumbprints }))
    expect(() => vault.approve(id, vault.person('alice'))).toThrow(refusal('not-sealed'))
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
  })
})
