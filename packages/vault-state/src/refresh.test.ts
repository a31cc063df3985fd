import { curves, type VaultErrorCode } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { awaitedEpoch, masterKeyOf } from './lookup.ts'
import { statusOf } from './needs.ts'

const refusal = (code: VaultErrorCode) => expect.objectContaining({ code })
const keyIn = (vault: TestVault) => masterKeyOf(vault.state, 'Default')
const refreshIntent = (vault: TestVault, Epoch: number) =>
  vault.intent('refresh master key', { Name: 'Default', Epoch })

function started(vault = TestVault.founded()): { vault: TestVault; id: string } {
  const id = vault.start(refreshIntent(vault, keyIn(vault).epoch + 1))
  vault.approve(id, vault.person('alice'))
  vault.execute(id)
  return { vault, id }
}
const statusIn = (vault: TestVault, id: string) => {
  const operation = vault.state.operations.get(id)
  return operation && statusOf(vault.state, operation)
}

describe('the refresh of a master key', () => {
  it('goes on until three equal reports of the next epoch are there, and changes nothing else', () => {
    const { vault, id } = started()
    const before = keyIn(vault)
    expect(statusIn(vault, id)).toBe('Executing')
    expect(awaitedEpoch(vault.state, before)).toBe(1)
    vault.apply(vault.keyReports('Default'))
    expect(statusIn(vault, id)).toBe('Succeeded')
    const after = keyIn(vault)
    expect(after).toMatchObject({ status: 'active', epoch: 1, accountCount: before.accountCount })
    expect(after.keys.map(key => key.publicKey)).toEqual(before.keys.map(key => key.publicKey))
    expect(after.keys.map(key => key.chainCode)).toEqual(before.keys.map(key => key.chainCode))
    for (const [i, key] of after.keys.entries()) expect(key.transcriptHash).not.toEqual(before.keys[i]?.transcriptHash)
    expect(awaitedEpoch(vault.state, after)).toBeUndefined()
    const again = started(vault)
    vault.apply(vault.keyReports('Default'))
    expect(statusIn(vault, again.id)).toBe('Succeeded')
    expect(keyIn(vault).epoch).toBe(2)
  })

  it('needs the owners', () => {
    const vault = TestVault.founded()
    const id = vault.start(refreshIntent(vault, 1))
    expect(() => vault.execute(id)).toThrow(refusal('approvals-missing'))
    expect(vault.try(vault.keyReports('Default'))).toMatchObject({ ok: false, code: 'duplicate-master-key' })
  })

  it('is of the next epoch of an active key, one at a time', () => {
    const vault = TestVault.founded()
    for (const epoch of [0, 2])
      expect(() => vault.start(refreshIntent(vault, epoch))).toThrow(refusal('intent-mismatch'))
    expect(() => vault.start(vault.intent('refresh master key', { Name: 'None', Epoch: 1 }))).toThrow(
      refusal('unknown-master-key'),
    )
    const waiting = vault.start(refreshIntent(vault, 1))
    vault.approve(waiting, vault.person('alice'))
    started(vault)
    expect(() => vault.start(refreshIntent(vault, 1))).toThrow(refusal('refresh-running'))
    vault.apply(vault.keyReports('Default'))
    // Approved for an epoch that is over.
    vault.execute(waiting)
    expect(statusIn(vault, waiting)).toBe('Failed')
    expect(keyIn(vault).epoch).toBe(1)
  })

  it('takes no old reports, no other key or chain code, no single curve', () => {
    const vault = new TestVault()
    vault.setup()
    const first = vault.keyReports('Default')
    vault.apply(first)
    for (const name of ['alice', 'bob']) {
      const person = vault.person(name)
      vault.pair(person, ...(vault.state.sealedAt === undefined ? [] : [vault.person('alice')]))
    }
    started(vault)
    const good = vault.keyReports('Default')
    const [ecdsa, eddsa] = good.keys
    if (ecdsa === undefined || eddsa === undefined) throw new Error('two curves')
    for (const bad of [
      first,
      { ...good, keys: [first.keys[0] ?? ecdsa, eddsa] },
      { ...good, keys: [ecdsa] },
      ...curves.flatMap(curve => [
        vault.keyReports('Default', { epoch: 0 }, curve),
        vault.keyReports('Default', { epoch: 2 }, curve),
        vault.keyReports('Default', { chainCode: new Uint8Array(32) }, curve),
      ]),
      vault.keyReports('Default', { publicKey: ecdsa.report.publicShares[0] ?? ecdsa.report.publicKey }),
      vault.keyReports(
        'Default',
        { publicKey: eddsa.report.publicShares[0] ?? eddsa.report.publicKey },
        'EdDSA_Ed25519',
      ),
    ])
      expect(vault.try(bad)).toMatchObject({ ok: false, code: 'bad-key-report' })
    vault.apply(good)
    expect(vault.try(good)).toMatchObject({ ok: false, code: 'duplicate-master-key' })
  })

  it('that is not finished in time is given up; another one can begin', () => {
    const { vault, id } = started()
    const withheld = vault.keyReports('Default')
    vault.time += 8 * 24 * 3600 * 1000
    vault.apply({ type: 'registerChain', by: '', caip2: 'eip155:1' })
    expect(statusIn(vault, id)).toBe('Failed')
    expect(vault.try(vault.keyReports('Default'))).toMatchObject({ ok: false, code: 'duplicate-master-key' })
    started(vault)
    // The nodes have erased these shares: taking the reports now would destroy the key.
    expect(vault.try(withheld)).toMatchObject({ ok: false, code: 'bad-key-report' })
    vault.apply(vault.keyReports('Default'))
    expect(keyIn(vault).epoch).toBe(1)
  })
})
