import type { StoredEntry } from '@trivault/ledger'
import { genesisJson, vaultIdOf } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { pairingLink } from '@trivault/web-config'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkHead, LiveReplica, type LogStore, pinsOf, replay, vaultOfLink } from '../src/index.ts'

let vault: TestVault
let entries: StoredEntry[]

beforeAll(async () => {
  vault = TestVault.founded()
  entries = await vault.certified()
})

function memory(kept: StoredEntry[] = []): LogStore & { kept: StoredEntry[] } {
  return {
    kept,
    putCertified: async (_seq, _hash, stored) => void kept.push(stored),
    range: async (from, limit) => kept.slice(from - 1, from - 1 + limit),
  }
}

describe('the log on a device', () => {
  it('opens again from its store and goes on', async () => {
    const store = memory()
    const first = await LiveReplica.open(vault.genesis, store)
    for (const entry of entries.slice(0, 4)) await first.append(entry)
    const again = await LiveReplica.open(vault.genesis, store)
    expect(again.seq).toBe(4)
    expect(again.hashAt(4)).toBe(first.hashAt(4))
    for (const entry of entries.slice(4)) await again.append(entry)
    expect(store.kept).toHaveLength(entries.length)
    const whole = await replay(vault.genesis, entries)
    expect(again.hashAt(again.seq)).toBe(whole.hashAt(whole.seq))
    expect([...again.state.users.keys()]).toEqual([...whole.state.users.keys()])
  })

  it('refuses a damaged store: a gap, another order, a forged newest certificate, a certificate of another entry', async () => {
    const [a, b, c] = entries
    if (a === undefined || b === undefined || c === undefined) return expect.fail()
    const flipped = new Uint8Array(c.certificate)
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
    for (const damaged of [
      [a, c],
      [b, a],
      [a, b, { ...c, certificate: flipped }],
      [a, { ...b, certificate: c.certificate }, c],
      [a, b, { entry: c.entry, certificate: new Uint8Array(3) }],
    ])
      await expect(LiveReplica.open(vault.genesis, memory(damaged))).rejects.toMatchObject({ code: 'log-invalid' })
  })

  it('takes from the wallet only the next certified entry', async () => {
    const replica = await replay(vault.genesis, entries.slice(0, 2))
    const [first, , third, fourth] = entries
    if (first === undefined || third === undefined || fourth === undefined) return expect.fail()
    const foreign = await TestVault.founded({ approvalsRequired: 2 }).certified()
    for (const wrong of [
      first,
      fourth,
      { ...third, certificate: fourth.certificate },
      foreign[2],
      { ...third, entry: fourth.entry },
    ])
      if (wrong) await expect(replica.append(wrong)).rejects.toMatchObject({ code: 'log-invalid', message: /entry 3/ })
    await replica.append(third)
    expect(replica.seq).toBe(3)
  })

  it('remembers the head and takes no lower one, no other one', async () => {
    const short = await replay(vault.genesis, entries.slice(0, 3))
    const long = await replay(vault.genesis, entries)
    const seen = checkHead(undefined, short)
    expect(checkHead(seen, long)).toEqual({ seq: entries.length, hash: long.hashAt(entries.length) })
    expect(() => checkHead(checkHead(seen, long), short)).toThrow('old log')
    expect(() => checkHead({ ...seen, hash: 'f'.repeat(64) }, long)).toThrow('forked')
  })
})

describe('a pairing link', () => {
  const vaultId = () => vaultIdOf(vault.genesis)
  it('names the vault, and pins of another one are refused', () => {
    const link = pairingLink('https://approver.example.com', vaultId())
    expect(vaultOfLink(link)).toEqual(vaultId())
    const pins = genesisJson.write(vault.genesis)
    expect(vaultIdOf(pinsOf(pins, vaultOfLink(link)))).toEqual(vaultId())
    expect(() => pinsOf(genesisJson.write({ ...vault.genesis, deploymentId: 'other' }), vaultId())).toThrow(
      'another vault',
    )
    expect(() => pinsOf('{}', vaultId())).toThrow('not the pins')
    expect(() => pinsOf('no json')).toThrow('not the pins')
  })

  it.each([
    '',
    'https://a.example/pair',
    '#vault=',
    `#vault=${'A'.repeat(42)}`,
    `#vault=${'A'.repeat(44)}`,
    `#vault=${'_'.repeat(43)}`,
  ])('refuses %s', text => {
    expect(() => vaultOfLink(text)).toThrow('not a pairing link')
  })
})
