import { describe, expect, it } from 'vitest'
import { decodeEntry, encodeEntry, entryHash } from './entry.ts'
import { verifyExport } from './export.ts'
import { decodeCertificate, encodeCertificate } from './messages.ts'
import type { StoredEntry } from './ports.ts'
import { Bench } from './testing/bench.ts'
import { fakeCommittee, toyMachine } from './testing/toy.ts'

async function exported(): Promise<{ bench: Bench; entries: StoredEntry[] }> {
  const bench = await Bench.open()
  for (const text of ['a', 'b', 'c']) await bench.grow(text)
  return { bench, entries: [...(bench.stores[0]?.certified ?? [])] }
}

describe('export', () => {
  it('verifies from genesis alone, entry by entry', async () => {
    const { bench, entries } = await exported()
    const seen: number[] = []
    const onCertified = ({ entry }: { entry: { seq: number } }) => seen.push(entry.seq)
    const options = { committee: bench.committee, machine: toyMachine, onCertified }
    const { head, state } = await verifyExport(entries, options)
    expect(head).toEqual(bench.node(0).status().head)
    expect(state).toEqual(bench.node(0).state)
    expect(seen).toEqual([1, 2, 3])
  })

  it('accepts an empty one', async () => {
    const { committee } = await Bench.open()
    expect((await verifyExport([], { committee, machine: toyMachine })).head.seq).toBe(0)
  })

  it('rejects whatever is missing, moved, altered or of another vault', async () => {
    const { bench, entries } = await exported()
    const { committee } = bench
    const [a, b, c] = entries
    if (a === undefined || b === undefined || c === undefined) throw new Error('three entries')
    const resign = (entry: Uint8Array, seq: number) => ({
      entry,
      certificate: encodeCertificate(bench.certificate(seq, 0, entryHash(entry))),
    })
    const change = (changes: object) => resign(encodeEntry({ ...decodeEntry(b.entry), ...changes }), 2)
    const certificate = decodeCertificate(b.certificate)
    const wrong: [string, StoredEntry[], string][] = [
      ['a missing start', [b, c], 'chain'],
      ['a gap', [a, c], 'chain'],
      ['a repetition', [a, a], 'chain'],
      ['another order', [b, a], 'chain'],
      ['another entry under a certificate', [a, { ...b, entry: c.entry }], 'certificate'],
      [
        'a signature too few',
        [a, { ...b, certificate: encodeCertificate({ ...certificate, third: certificate.first }) }],
        'certificate',
      ],
      ['a broken link', [a, change({ prev: new Uint8Array(32) })], 'fold'],
      ['other results', [a, change({ results: new Uint8Array(32) })], 'fold'],
      ['time that goes back', [a, change({ time: 0 })], 'fold'],
      ['a command that does not apply', [a, change({ commands: [new Uint8Array([98, 97, 100])] })], 'fold'],
      ['unreadable bytes', [a, { ...b, certificate: b.certificate.slice(1) }], 'malformed'],
    ]
    for (const [name, list, code] of wrong)
      await expect(verifyExport(list, { committee, machine: toyMachine }), name).rejects.toMatchObject({ code })
    const other = fakeCommittee('other').committee
    await expect(verifyExport(entries, { committee: other, machine: toyMachine })).rejects.toMatchObject({
      code: 'certificate',
    })
  })
})
