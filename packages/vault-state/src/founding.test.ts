import { equalBytes, toBase64 } from '@trivault/codec'
import { curves, type vaultErrors } from '@trivault/protocol'
import { ersKey, setupCommand, TestVault, testGenesis } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { accountOf, activeKeyOf, bootstrapUser, ownAddress, setupComplete, statusOf } from './index.ts'

const refusal = (code: keyof typeof vaultErrors) => expect.objectContaining({ code })

describe('set-up', () => {
  it('is the first thing and happens once', () => {
    const vault = new TestVault()
    const early = [
      { type: 'createGroup', by: '', name: 'traders' },
      { type: 'registerChain', by: '', caip2: 'eip155:1' },
      { type: 'createSystemUser', by: '', name: 'alice@example.com', role: 'Admin', confirmer: undefined },
    ] as const
    for (const command of early) expect(vault.try(command)).toMatchObject({ ok: false, code: 'not-set-up' })
    vault.setup()
    expect(vault.try(setupCommand())).toMatchObject({ ok: false, code: 'already-populated' })
  })

  it.each([
    ['no users', { users: [] }],
    ['more approvals than users', { approvalsRequired: 4 }],
    ['no approvals', { approvalsRequired: 0 }],
    ['an id that is no address', { users: [{ id: 'alice', name: 'Alice' }] }],
    ['an id with letters that others resemble', { users: [{ id: '\u0430lice@example.com', name: 'Alice' }] }],
    ['a user name that turns text around', { users: [{ id: 'alice@example.com', name: 'Ali\u202ece' }] }],
    ['a user name of two lines', { users: [{ id: 'alice@example.com', name: 'Alice\nowner' }] }],
    ['a group that is no name', { group: ' owner' }],
    ['an account twice', { masterKeys: [{ name: 'Default', accounts: ['a', 'a'] }] }],
    ['an account that is no name', { masterKeys: [{ name: 'Default', accounts: ['a/b'] }] }],
    ['a rate that is no number', { rates: [{ asset: 'ETH', usdRate: '-1', usdMin: undefined, usdMax: undefined }] }],
  ] as const)('refuses %s', (_what, changes) => {
    expect(new TestVault().try(setupCommand(structuredClone(changes) as object))).toMatchObject({
      ok: false,
      code: 'malformed',
    })
  })

  it('refuses a user listed twice in other letters, an unknown chain, a master key twice', () => {
    const twice = [
      { id: 'a@b.c', name: 'A' },
      { id: 'A@B.c', name: 'A' },
    ]
    const keys = [
      { name: 'Default', accounts: [] },
      { name: 'Default', accounts: [] },
    ]
    const vault = new TestVault()
    expect(vault.try(setupCommand({ users: twice }))).toMatchObject({ ok: false, code: 'duplicate-user' })
    expect(vault.try(setupCommand({ chains: ['eip155:987654'] }))).toMatchObject({ ok: false, code: 'unknown-chain' })
    expect(vault.try(setupCommand({ masterKeys: keys }))).toMatchObject({ ok: false, code: 'duplicate-master-key' })
  })

  it('in an enclave takes only the pinned founders', () => {
    const founders = ['ALICE@example.com', 'bob@example.com', 'carol@example.com']
    const vault = new TestVault(
      testGenesis({ profile: 'enclave', foundingMode: 'identity', founders, foundersRequired: 2 }),
    )
    expect(vault.try(setupCommand({ approvalsRequired: 1 }))).toMatchObject({ ok: false, code: 'malformed' })
    const users = [
      { id: 'alice@example.com', name: 'Alice' },
      { id: 'mallory@example.com', name: 'Mallory' },
    ]
    expect(vault.try(setupCommand({ users, approvalsRequired: 2 }))).toMatchObject({ ok: false, code: 'malformed' })
    expect(vault.try(setupCommand({ approvalsRequired: 2 }))).toMatchObject({ ok: true })
  })

  it('is complete when its master keys are active', () => {
    const vault = new TestVault()
    vault.setup()
    expect(setupComplete(vault.state)).toBe(false)
    vault.activate('Default')
    expect(setupComplete(vault.state)).toBe(true)
    expect(accountOf(vault.state, 'Default', 'treasury').index).toBe(0)
  })
})

describe('the seal', () => {
  it('comes when the required number of owners have keys; before it nothing is signed', () => {
    const vault = new TestVault()
    vault.setup({ approvalsRequired: 2 })
    vault.activate('Default')
    vault.pair(vault.person('alice'))
    expect(vault.state.sealedAt).toBeUndefined()
    expect(() => vault.start(vault.messageIntent('hello'))).toThrow(refusal('not-sealed'))
    vault.pair(vault.person('bob'))
    expect(vault.state.sealedAt).toBe(vault.time)
    vault.start(vault.messageIntent('hello'))
  })

  it('ends free keys: a new one needs the owner quorum', () => {
    const vault = TestVault.founded({ approvalsRequired: 2 })
    const carol = vault.person('carol')
    expect(() => vault.pair(carol)).toThrow(refusal('approvals-missing'))
    expect(() => vault.pair(carol, vault.person('alice'))).toThrow(refusal('approvals-missing'))
    vault.pair(carol, vault.person('alice'), vault.person('bob'))
    expect(activeKeyOf(vault.state, 'CAROL@example.com')?.publicKey).toEqual(carol.publicKey)
  })

  it('catches a free key that was asked for before and is executed after', () => {
    const vault = new TestVault()
    vault.setup()
    const publicKey = toBase64(vault.person('carol').publicKey)
    const early = vault.start(
      vault.intent('set user public key', { UserID: 'carol@example.com', PublicKey: publicKey }),
    )
    vault.pair(vault.person('alice'))
    expect(() => vault.execute(early)).toThrow(refusal('approvals-missing'))
    vault.approve(early, vault.person('alice'))
    vault.execute(early)
  })

  it('before it, a key once set cannot be replaced freely', () => {
    const vault = new TestVault()
    vault.setup({ approvalsRequired: 2 })
    vault.pair(vault.person('alice'))
    expect(() => vault.pair(vault.person('alice', 2))).toThrow(refusal('approvals-missing'))
  })

  it('before it, only a listed owner gets a free key: nobody else could be missed by the founders', () => {
    const vault = new TestVault()
    vault.setup({ approvalsRequired: 2 })
    vault.activate('Default')
    vault.execute(vault.start(vault.intent('register user', { UserID: 'mallory@example.com', UserName: 'Mallory' })))
    expect(() => vault.pair(vault.person('mallory'))).toThrow(refusal('approvals-missing'))
    vault.pair(vault.person('alice'))
    vault.pair(vault.person('bob'))
    expect(vault.state.sealedAt).toBe(vault.time)
    expect(activeKeyOf(vault.state, 'mallory@example.com')).toBeUndefined()
  })

  it('before it, no key counts', () => {
    const vault = new TestVault()
    vault.setup({ approvalsRequired: 2 })
    vault.activate('Default')
    vault.pair(vault.person('alice'))
    const id = vault.start(vault.intent('backup master key', { Name: 'Default' }))
    expect(() => vault.approve(id, vault.person('alice'))).toThrow(refusal('not-sealed'))
    vault.pair(vault.person('bob'))
    vault.approve(id, vault.person('alice'))
    vault.execute(id)
  })

  it('is never open in an enclave, whatever the pins say', () => {
    const founders = ['alice@example.com', 'bob@example.com', 'carol@example.com']
    const vault = new TestVault(testGenesis({ profile: 'enclave', foundingMode: 'open', founders }))
    vault.setup()
    expect(() => vault.pair(vault.person('alice'))).toThrow(refusal('approvals-missing'))
    expect(vault.state.sealedAt).toBeUndefined()
  })

  it('never gives a system user a key', () => {
    const vault = new TestVault()
    vault.setup()
    const PublicKey = toBase64(vault.person('mallory').publicKey)
    const intent = vault.intent('set user public key', { UserID: bootstrapUser, PublicKey })
    expect(() => vault.start(intent)).toThrow(refusal('malformed'))
  })
})

describe('device keys', () => {
  const set = (vault: TestVault, UserID: string, PublicKey: string) => () =>
    vault.start(vault.intent('set user public key', { UserID, PublicKey }))

  it('are whole points on P-256', () => {
    const vault = TestVault.founded()
    const good = vault.person('carol').publicKey
    const compressed = Uint8Array.of(2, ...good.slice(1, 33))
    const off = Uint8Array.from(good, (byte, i) => (i === 64 ? byte ^ 1 : byte))
    for (const bad of [compressed, off, good.slice(0, 64), new Uint8Array(65)])
      expect(set(vault, 'carol@example.com', toBase64(bad))).toThrow(refusal('bad-public-key'))
    expect(set(vault, 'carol@example.com', 'AAA')).toThrow(refusal('malformed'))
  })

  it('are used by one user, once', () => {
    const vault = TestVault.founded()
    const alice = vault.person('alice')
    expect(set(vault, 'carol@example.com', toBase64(alice.publicKey))).toThrow(refusal('bad-public-key'))
    vault.pair(vault.person('alice', 2), alice)
    expect(set(vault, 'alice@example.com', toBase64(alice.publicKey))).toThrow(refusal('bad-public-key'))
    expect(set(vault, 'nobody@example.com', toBase64(vault.person('x').publicKey))).toThrow(refusal('unknown-user'))
  })
})

describe('master keys', () => {
  it('are usable only after three signed reports to the pinned ERS key', () => {
    const vault = new TestVault()
    vault.setup()
    const good = vault.keyReports('Default')
    const [ecdsa, eddsa] = good.keys
    const [first, second, third] = ecdsa?.signatures ?? []
    if (
      ecdsa === undefined ||
      eddsa === undefined ||
      first === undefined ||
      second === undefined ||
      third === undefined
    )
      throw new Error('two reports with three signatures each')
    const withKeys = (...keys: typeof good.keys) => ({ ...good, keys })
    const bad = [
      ...[[second, first, third], [first, first, first], [first, second], eddsa.signatures].map(signatures =>
        withKeys({ ...ecdsa, signatures }, eddsa),
      ),
      withKeys({ ...ecdsa, report: { ...ecdsa.report, chainCode: new Uint8Array(32) } }, eddsa),
      ...curves.flatMap(curve => [
        vault.keyReports('Default', { vaultId: new Uint8Array(32) }, curve),
        vault.keyReports('Default', { ersFingerprint: new Uint8Array(32) }, curve),
        vault.keyReports('Default', { backupHashes: ecdsa.report.backupHashes.slice(1) }, curve),
        vault.keyReports('Default', { publicShares: ecdsa.report.publicShares.slice(1) }, curve),
        vault.keyReports('Default', { publicKey: new Uint8Array(31) }, curve),
      ]),
      vault.keyReports('Default', { masterKey: 'Second' }, 'EdDSA_Ed25519'),
      vault.keyReports('Default', { publicShares: eddsa.report.publicShares }),
      vault.keyReports('Default', { publicKey: eddsa.report.publicKey }),
      withKeys(ecdsa),
      withKeys(eddsa),
      withKeys(eddsa, ecdsa),
      withKeys(ecdsa, ecdsa),
      vault.keyReports('Default', { curve: 'EdDSA_Ed25519' }),
    ]
    for (const command of bad) expect(vault.try(command)).toMatchObject({ ok: false, code: 'bad-key-report' })
    expect(vault.try(vault.keyReports('Other'))).toMatchObject({ ok: false, code: 'unknown-master-key' })
    expect(vault.try(withKeys())).toMatchObject({ ok: false, code: 'unknown-master-key' })
    vault.apply(good)
    expect(vault.try(good)).toMatchObject({ ok: false, code: 'duplicate-master-key' })
  })

  it('made by an operation end it when they become active', () => {
    const vault = TestVault.founded()
    const id = vault.start(vault.intent('create master key', { Name: 'Second' }))
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    vault.approve(id, vault.person('alice'))
    vault.execute(id)
    const status = () => {
      const operation = vault.state.operations.get(id)
      return operation && statusOf(vault.state, operation)
    }
    expect(status()).toBe('Executing')
    const account = vault.intent('create account', { Name: 'x', MasterKey: 'Second' })
    expect(() => vault.start(account)).toThrow(refusal('master-key-not-active'))
    vault.activate('Second')
    expect(status()).toBe('Succeeded')
    expect(vault.state.masterKeys.get('Second')?.keyId).not.toEqual(vault.state.masterKeys.get('Default')?.keyId)
  })

  it('setErsPublicKey takes the pinned key only', () => {
    const vault = TestVault.founded()
    expect(() => vault.start(vault.intent('set ers public key', { Key: toBase64(ersKey.slice(1)) }))).toThrow(
      refusal('ers-key-not-pinned'),
    )
    const id = vault.start(vault.intent('set ers public key', { Key: toBase64(ersKey) }))
    vault.approve(id, vault.person('bob'))
    vault.execute(id)
    expect(vault.state.operations.get(id)?.phase).toBe('succeeded')
  })
})

describe('addresses', () => {
  const allocate = (index: number, changes: object = {}) =>
    ({
      type: 'allocateAddress',
      masterKey: 'Default',
      account: 'treasury',
      caip2: 'eip155:31337',
      index,
      ...changes,
    }) as const

  it('are allocated without gaps; one that exists stays as it is', () => {
    const vault = TestVault.founded()
    expect(vault.try(allocate(2))).toMatchObject({ ok: false, code: 'address-index-gap' })
    vault.apply(allocate(1))
    vault.apply(allocate(2))
    const before = vault.state
    vault.apply(allocate(1))
    expect(vault.state.addresses.values()).toEqual(before.addresses.values())
    const found = vault.state.addresses.values().map(({ address }) => address)
    expect(new Set(found).size).toBe(4)
    for (const address of found)
      expect(ownAddress(vault.state, address.startsWith('0x') ? address.toUpperCase() : address)?.account).toBe(
        'treasury',
      )
  })

  it('need a registered chain, an active key and an account', () => {
    const vault = TestVault.founded()
    expect(vault.try(allocate(1, { caip2: 'eip155:1' }))).toMatchObject({ ok: false, code: 'unknown-chain' })
    expect(vault.try(allocate(1, { masterKey: 'None' }))).toMatchObject({ ok: false, code: 'unknown-master-key' })
    expect(vault.try(allocate(1, { account: 'none' }))).toMatchObject({ ok: false, code: 'unknown-account' })
  })

  it('are one per account: the third path step counts accounts', () => {
    const vault = TestVault.founded()
    for (const name of ['a', 'b'])
      vault.execute(vault.start(vault.intent('create account', { Name: name, MasterKey: 'Default' })))
    const keys = vault.state.addresses.values().map(({ publicKey }) => publicKey)
    expect(keys).toHaveLength(6)
    keys.forEach((key, i) => {
      keys.slice(i + 1).forEach(other => {
        expect(equalBytes(key, other)).toBe(false)
      })
    })
  })
})
