import { Committee, type StoredEntry, verifyExport } from '@trivault/ledger'
import { vaultIdOf } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { vaultMachine } from '@trivault/vault-state'
import { beforeAll, describe, expect, it } from 'vitest'

// A small real log, and every single change of it: each is found, and the entry is named.

let vault: TestVault
let entries: StoredEntry[]
let committee: Committee

beforeAll(async () => {
  vault = new TestVault()
  vault.setup({ masterKeys: [] })
  vault.apply({ type: 'createGroup', by: '', name: 'traders' })
  vault.pair(vault.person('alice'))
  vault.apply({ type: 'createGroup', by: '', name: 'risk' }, { type: 'registerChain', by: '', caip2: 'eip155:1' })
  entries = await vault.certified()
  committee = new Committee(vaultIdOf(vault.genesis), vault.genesis.identityKeys)
})

/** Empty when everything verifies, else what is said. */
async function refusal(list: readonly StoredEntry[]): Promise<string> {
  try {
    const { head } = await verifyExport(list, { committee, machine: vaultMachine(vault.genesis) })
    return head.seq === entries.length ? '' : `ends at entry ${head.seq}`
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown'
  }
}

const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ (1 << (at % 8)))

describe('an exported log', () => {
  it('verifies as it is', async () => {
    expect(entries).toHaveLength(5)
    expect(await refusal(entries)).toBe('')
  })

  it.each(['entry', 'certificate'] as const)(
    'with any byte of any %s flipped does not, and the entry is named',
    async part => {
      let tries = 0
      for (const [index, stored] of entries.entries())
        for (let at = 0; at < stored[part].length; at++) {
          const changed = entries.with(index, { ...stored, [part]: flipped(stored[part], at) })
          const said = await refusal(changed)
          if (!said.startsWith(`entry ${index + 1}: `)) expect.fail(`byte ${at} of ${part} ${index + 1}: "${said}"`)
          tries++
        }
      expect(tries).toBe(entries.reduce((sum, stored) => sum + stored[part].length, 0))
    },
    300_000,
  )

  it('with any entry cut short, lengthened, dropped, repeated or moved does not, and the entry is named', async () => {
    for (const [index, stored] of entries.entries()) {
      const named = `entry ${index + 1}: `
      for (const length of [0, 1, stored.entry.length - 1])
        expect(await refusal(entries.with(index, { ...stored, entry: stored.entry.slice(0, length) }))).toContain(named)
      const longer = { ...stored, entry: new Uint8Array([...stored.entry, 0]) }
      expect(await refusal(entries.with(index, longer))).toContain(named)
      const dropped = await refusal(entries.toSpliced(index, 1))
      expect(dropped).toContain(index === entries.length - 1 ? `ends at entry ${index}` : named)
      expect(await refusal(entries.toSpliced(index, 0, stored))).toContain(`entry ${index + 2}: `)
      for (const [other, another] of entries.entries())
        if (other > index) expect(await refusal(entries.with(index, another).with(other, stored))).toContain(named)
    }
  })

  it('cut off anywhere ends at another head, which whoever knows the head sees', async () => {
    for (let length = 0; length < entries.length; length++)
      expect(await refusal(entries.slice(0, length))).toBe(`ends at entry ${length}`)
  })
})
