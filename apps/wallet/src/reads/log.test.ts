import { readAuditZip } from '@trivault/client'
import { fromBase64, toHex } from '@trivault/codec'
import { Committee, decodeEntry, entryHash, verifyExport } from '@trivault/ledger'
import { vaultIdOf } from '@trivault/protocol'
import { describe, expect, it } from 'vitest'
import { TestWallet, valid } from '../../test/reads.ts'

describe('log entries', () => {
  it('are given in order, verifiable, with the head', async () => {
    const wallet = new TestWallet()
    const reads = wallet.reads({}, await wallet.certifiedView())
    const { genesis, machine, seq } = wallet.vault
    const all = valid('trivaultLogEntries', await reads.logEntries({}))
    expect(all.Entries.map(({ Seq }) => Seq)).toEqual(Array.from({ length: seq }, (_, i) => i + 1))
    const stored = all.Entries.map(item => ({
      entry: fromBase64(item.Entry),
      certificate: fromBase64(item.Certificate),
    }))
    const committee = new Committee(vaultIdOf(genesis), genesis.identityKeys)
    const { head } = await verifyExport(stored, { committee, machine })
    expect(all.Head).toEqual({ Seq: seq, Hash: toHex(head.hash) })
    const last = stored.at(-1)?.entry ?? new Uint8Array(0)
    expect(all.Head.Hash).toBe(toHex(entryHash(last)))
    const some = await reads.logEntries({ from: 2, to: 3 })
    expect(some.Entries).toEqual(all.Entries.slice(1, 3))
    expect((await reads.logEntries({ from: seq + 1 })).Entries).toEqual([])
    expect((await reads.logEntries({ from: 0, to: 1 })).Entries).toHaveLength(1)
    await expect(reads.logEntries({ from: 3, to: 2 })).rejects.toMatchObject({ code: 'bad-request' })
  })

  it('fill one answer with at most 1000 entries and 8 MiB', async () => {
    const wallet = new TestWallet()
    const [stored] = await wallet.vault.certified()
    if (stored === undefined) throw new Error('an entry')
    const logOf = (size: number) => ({
      ...wallet.view(),
      head: () => ({ seq: 5000, hash: new Uint8Array(32) }),
      entries: async (from: number, to: number) =>
        Array.from({ length: to - from + 1 }, () => ({ ...stored, entry: new Uint8Array(size) })),
    })
    expect((await wallet.reads({}, logOf(10)).logEntries({})).Entries).toHaveLength(1000)
    const large = (await wallet.reads({}, logOf(500_000)).logEntries({ from: 7 })).Entries
    expect(large[0]?.Seq).toBe(7)
    expect(large.length * 500_000).toBeLessThanOrEqual(8 << 20)
    expect((await wallet.reads({}, logOf(9 << 20)).logEntries({})).Entries).toHaveLength(1)
  })

  it('of an empty log are none', async () => {
    const view = { ...new TestWallet().view(), head: () => ({ seq: 0, hash: new Uint8Array(32) }) }
    expect((await new TestWallet().reads({}, view).logEntries({})).Entries).toEqual([])
  })
})

describe('audit export', () => {
  const ever = { from: 0, to: Date.parse('2100-01-01') }

  it('has a row per command and the log that proves it', async () => {
    const wallet = new TestWallet()
    const id = wallet.signedTransfer()
    wallet.vault.apply({ type: 'createGroup', by: '=HYPERLINK("x")', name: 'traders' })
    const reads = wallet.reads({}, await wallet.certifiedView())
    const { csv, genesis, entries } = readAuditZip(await reads.auditExport(ever))

    const { machine, log, genesis: own } = wallet.vault
    expect(vaultIdOf(genesis)).toEqual(vaultIdOf(own))
    const committee = new Committee(vaultIdOf(genesis), own.identityKeys)
    const verified = await verifyExport(entries, { committee, machine })
    expect(verified.head.seq).toBe(wallet.vault.seq)

    const lines = csv.trimEnd().split('\r\n')
    expect(lines[0]).toBe('Seq,Index,Time,EntryHash,Command,OperationID,OperationType,User,Detail')
    expect(lines).toHaveLength(1 + log.flatMap(({ commands }) => commands).length)
    const first = entries[0]?.entry ?? new Uint8Array(0)
    const time = new Date(decodeEntry(first).time).toISOString()
    expect(lines[1]).toMatch(new RegExp(`^1,0,${time},${toHex(entryHash(first))},setup,`))
    const transfer = lines.filter(line => line.includes(`,${id},`)).map(line => line.split(',').slice(4, 8))
    expect(transfer).toEqual([
      ['start', id, 'make transaction', 'alice@example.com'],
      ['approve', id, 'make transaction', 'alice@example.com'],
      ['execute', id, 'make transaction', ''],
      ['signed', id, 'make transaction', ''],
    ])
    expect(csv).toContain(`"'=HYPERLINK(""x"")"`)
    expect(csv).not.toContain(',=')
  })

  it('narrows the rows, never the log', async () => {
    const wallet = new TestWallet()
    const id = wallet.signedTransfer()
    const reads = wallet.reads({}, await wallet.certifiedView())
    const rowsOf = async (request: Parameters<typeof reads.auditExport>[0]) => {
      const { csv, entries } = readAuditZip(await reads.auditExport(request))
      expect(entries).toHaveLength(wallet.vault.seq)
      return csv.trimEnd().split('\r\n')
    }
    const columns = ['command', ' OperationID ']
    expect(await rowsOf({ ...ever, operationId: id, columns })).toEqual([
      'Command,OperationID',
      `start,${id}`,
      `approve,${id}`,
      `execute,${id}`,
      `signed,${id}`,
    ])
    const { time } = wallet.vault
    expect(await rowsOf({ from: time, to: time, columns: ['Command'] })).toEqual(['Command', 'signed'])
    expect(await rowsOf({ from: time + 1, to: time + 1 })).toHaveLength(1)
    await expect(reads.auditExport({ ...ever, columns: ['Password'] })).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('OperationType'),
    })
  })
})
