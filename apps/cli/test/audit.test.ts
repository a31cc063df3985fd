import { type Replica, replay } from '@trivault/approval'
import { auditColumns, auditRows, csvLine, sealZip } from '@trivault/client'
import { type Codec, encode, fromHex, toBase64, utf8 } from '@trivault/codec'
import type { StoredEntry } from '@trivault/ledger'
import { type Genesis, genesisCodec } from '@trivault/protocol'
import { TestVault, testGenesis } from '@trivault/testkit'
import { zipSync } from 'fflate'
import { beforeAll, describe, expect, it } from 'vitest'
import { verifyAudit } from '../src/audit.ts'
import { CliError } from '../src/errors.ts'

let vault: TestVault
let entries: StoredEntry[]
let replica: Replica
let lines: string[]

beforeAll(async () => {
  vault = TestVault.founded()
  const id = vault.start(vault.messageIntent('hello, "world"', { initiator: 'alice@example.com' }))
  vault.approve(id, vault.person('alice'))
  vault.finish(id)
  entries = await vault.certified()
  replica = await replay(vault.genesis, entries)
  const rows = entries.flatMap(stored => auditRows(replica.state, stored).rows)
  lines = rows.map(row => csvLine(auditColumns.map(column => row[column])))
})

const logOf = (list: readonly StoredEntry[], genesis = vault.genesis): string =>
  JSON.stringify({
    genesis: toBase64(encode(genesisCodec as Codec<Genesis>, genesis)),
    entries: list.map(({ entry, certificate }) => ({ entry: toBase64(entry), certificate: toBase64(certificate) })),
  })
const zipOf = (log: string, csv = csvLine(auditColumns) + lines.join('')): Uint8Array =>
  sealZip(zipSync({ 'audit.csv': utf8(csv), 'certified-log.json': utf8(log) }))
const verify = (zip: Uint8Array, known?: { seq: number; hash: string }) =>
  verifyAudit(zip, { identityKeys: vault.genesis.identityKeys }, known)
const refusal = async (zip: Uint8Array, known?: { seq: number; hash: string }): Promise<string> => {
  try {
    await verify(zip, known)
    return ''
  } catch (error) {
    return error instanceof CliError && error.code === 'untrusted' ? error.message : `unexpected: ${String(error)}`
  }
}
const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 1)
const at = <T>(list: readonly T[], i: number): T => list[i] ?? expect.fail()

describe('audit verify', () => {
  it('accepts what the nodes certified, whole and in part', async () => {
    expect(await verify(zipOf(logOf(entries)))).toMatchObject({ rows: lines.length, commands: lines.length })
    const head = { seq: entries.length, hash: replica.hashAt(entries.length) ?? '' }
    expect((await verify(zipOf(logOf(entries)), head)).replica.seq).toBe(head.seq)
    const part = csvLine(auditColumns) + lines.slice(2, 5).join('')
    expect((await verify(zipOf(logOf(entries), part))).rows).toBe(3)
    const own = lines.filter(line => line.includes('hello'))
    expect((await verify(zipOf(logOf(entries), csvLine(auditColumns) + own.join('')))).rows).toBe(own.length)
    expect((await verify(zipOf(logOf(entries), csvLine(auditColumns)))).rows).toBe(0)
  })

  it('finds every flipped byte of an entry and its certificate, and says where', async () => {
    for (const [i, stored] of entries.entries()) {
      const tries = [0, 1, 40, stored.entry.length >> 1, stored.entry.length - 1]
      for (const position of tries) {
        const changed = entries.with(i, { ...stored, entry: flipped(stored.entry, position) })
        expect(await refusal(zipOf(logOf(changed))), `entry ${i + 1} byte ${position}`).toMatch(
          new RegExp(`entry ${i + 1}\\b`),
        )
      }
    }
    const stored = at(entries, 3)
    for (let position = 0; position < stored.certificate.length; position++) {
      const changed = entries.with(3, { ...stored, certificate: flipped(stored.certificate, position) })
      expect(await refusal(zipOf(logOf(changed))), `certificate byte ${position}`).toMatch(/entry 4\b/)
    }
    const first = at(entries, 0)
    for (let position = 0; position < first.entry.length; position++) {
      const changed = entries.with(0, { ...first, entry: flipped(first.entry, position) })
      expect(await refusal(zipOf(logOf(changed))), `byte ${position}`).toMatch(/entry 1\b/)
    }
  })

  it('finds dropped, repeated and reordered entries, and says where', async () => {
    const swapped = entries.with(2, at(entries, 3)).with(3, at(entries, 2))
    const crossed = entries.with(2, { ...at(entries, 2), certificate: at(entries, 3).certificate })
    expect(await refusal(zipOf(logOf(entries.toSpliced(2, 1))))).toMatch(/entry 3\b/)
    expect(await refusal(zipOf(logOf(entries.slice(1))))).toMatch(/entry 1\b/)
    expect(await refusal(zipOf(logOf(entries.toSpliced(2, 0, at(entries, 1)))))).toMatch(/entry 3\b/)
    expect(await refusal(zipOf(logOf(swapped)))).toMatch(/entry 3\b/)
    expect(await refusal(zipOf(logOf(crossed)))).toMatch(/entry 3\b/)
  })

  it('finds a log that was cut off: by the table, or by a known head when the table was cut too', async () => {
    expect(await refusal(zipOf(logOf(entries.slice(0, -1))))).toContain('audit.csv: row')
    const cut = zipOf(logOf(entries.slice(0, -1)), csvLine(auditColumns) + lines.slice(0, 3).join(''))
    expect(await refusal(cut)).toBe('')
    const known = { seq: entries.length, hash: replica.hashAt(entries.length) ?? '' }
    expect(await refusal(cut, known)).toContain('cut off')
    expect(await refusal(zipOf(logOf(entries)), { ...known, hash: '0'.repeat(64) })).toContain('another')
  })

  it('finds any one changed byte of the file itself, and what is appended or cut', async () => {
    const zip = zipOf(logOf(entries))
    const ends = [0, 5, 10, 12, 20, 30].flatMap(offset => [
      offset,
      zip.length - 1 - 4 * offset,
      zip.length - 130 - offset,
    ])
    const inside = Array.from({ length: 12 }, (_, i) => 60 + Math.floor((i * zip.length) / 14))
    for (const position of [...ends, ...inside])
      expect(await refusal(flipped(zip, position)), `byte ${position}`).not.toBe('')
    expect(await refusal(zip.slice(0, -1))).not.toBe('')
    expect(await refusal(new Uint8Array([...zip, 0]))).not.toBe('')
    expect(
      await refusal(zipSync({ 'audit.csv': utf8(csvLine(auditColumns)), 'certified-log.json': utf8(logOf(entries)) })),
    ).toContain('outside its two files')
  }, 120_000)

  it('finds every change of the table', async () => {
    const csv = csvLine(auditColumns) + lines.join('')
    const bytes = utf8(csv)
    for (let position = 0; position < bytes.length; position += 71) {
      const zip = zipSync({ 'audit.csv': flipped(bytes, position), 'certified-log.json': utf8(logOf(entries)) })
      expect(await refusal(zip), `byte ${position}`).not.toBe('')
    }
    for (const other of [
      lines.toSpliced(2, 1),
      lines.with(1, at(lines, 2)).with(2, at(lines, 1)),
      [...lines, at(lines, 0)],
    ])
      expect(await refusal(zipOf(logOf(entries), csvLine(auditColumns) + other.join('')))).toContain('audit.csv')
  }, 120_000)

  it('refuses the log of other nodes, another genesis, and what is no export', async () => {
    const foreign = testGenesis({ identityKeys: [...vault.genesis.identityKeys].reverse() })
    expect(await refusal(zipOf(logOf(entries, foreign)))).toContain('other nodes')
    expect(await refusal(zipOf(logOf(entries, { ...vault.genesis, foundersRequired: 2 })))).toMatch(/entry 1\b/)
    await expect(verifyAudit(zipOf(logOf(entries)), { genesis: foreign })).rejects.toThrow('pinned')
    expect(await refusal(zipOf('{}'))).not.toBe('')
    expect(await refusal(zipOf(logOf(entries)).slice(0, -30))).not.toBe('')
    expect(await refusal(fromHex('00'))).not.toBe('')
  })
})
