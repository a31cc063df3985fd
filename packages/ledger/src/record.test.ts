import { describe, expect, it } from 'vitest'
import {
  coversReport,
  coversVote,
  createVoteRecord,
  decodeRecord,
  encodeRecord,
  openRecord,
  recreateVoteRecord,
} from './record.ts'
import type { Cast } from './signed.ts'
import { fakeCommittee } from './testing/toy.ts'

const { committee, signer } = fakeCommittee()
const prev = new Uint8Array(32).fill(5)
const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
const record = (promised: number, last: Cast | undefined) => ({ ...openRecord(committee, 0, 4, prev), promised, last })
const report = (seq: number, ballot: number, last: Cast | undefined, from = prev) =>
  committee.report(signer(0), seq, from, ballot, last)

describe('coverage (L8)', () => {
  it('covers what the node may have signed before', () => {
    const now = record(5, { ballot: 3, hash: a })
    expect(coversVote(now, { seq: 4, ballot: 3, hash: a })).toBe(true)
    expect(coversVote(now, { seq: 4, ballot: 2, hash: b })).toBe(true)
    expect(coversVote(now, { seq: 3, ballot: 9, hash: b })).toBe(true)
    expect(coversReport(now, report(4, 5, { ballot: 3, hash: a }))).toBe(true)
    expect(coversReport(now, report(4, 4, { ballot: 3, hash: a }))).toBe(true)
    expect(coversReport(now, report(4, 3, { ballot: 1, hash: b }))).toBe(true)
    expect(coversReport(now, report(4, 2, undefined))).toBe(true)
    expect(coversReport(now, report(3, 99, undefined))).toBe(true)
    expect(coversReport(record(5, { ballot: 5, hash: a }), report(4, 5, { ballot: 3, hash: b }))).toBe(true)
  })

  it('does not cover what it cannot have signed', () => {
    const now = record(5, { ballot: 3, hash: a })
    expect(coversVote(now, { seq: 4, ballot: 3, hash: b })).toBe(false)
    expect(coversVote(now, { seq: 4, ballot: 4, hash: a })).toBe(false)
    expect(coversVote(now, { seq: 5, ballot: 0, hash: a })).toBe(false)
    expect(coversVote(record(5, undefined), { seq: 4, ballot: 0, hash: a })).toBe(false)
    expect(coversReport(now, report(4, 6, { ballot: 3, hash: a }))).toBe(false)
    expect(coversReport(now, report(4, 5, undefined))).toBe(false)
    expect(coversReport(now, report(4, 5, { ballot: 2, hash: a }))).toBe(false)
    expect(coversReport(now, report(4, 4, { ballot: 3, hash: b }))).toBe(false)
    // It would have voted in ballot 3 after it promised 4.
    expect(coversReport(now, report(4, 4, { ballot: 1, hash: b }))).toBe(false)
    expect(coversReport(now, report(4, 4, undefined))).toBe(false)
    expect(coversReport(now, report(4, 4, undefined, a))).toBe(false)
    expect(coversReport(now, report(5, 1, undefined))).toBe(false)
  })
})

describe('vote record', () => {
  it('starts at slot 1 on the vault id', () => {
    const row = createVoteRecord(committee, 2)
    expect(row.version).toBe(1)
    expect(decodeRecord(row, committee, 2)).toMatchObject({
      seq: 1,
      prev: committee.vaultId,
      promised: 0,
      standing: 'voting',
    })
  })

  it('rejects other bytes, formats, nodes and vaults', () => {
    const bad = expect.objectContaining({ code: 'anchor' })
    const { version, record: bytes } = createVoteRecord(committee, 0)
    for (const spoilt of [bytes.slice(1), new Uint8Array([...bytes, 0]), bytes.with(0, 2), new Uint8Array()])
      expect(() => decodeRecord({ version, record: spoilt }, committee, 0)).toThrow(bad)
    expect(() => decodeRecord({ version, record: bytes }, committee, 1)).toThrow(bad)
    expect(() => decodeRecord({ version, record: bytes }, fakeCommittee('other').committee, 0)).toThrow(bad)
  })

  it('keeps every field', () => {
    const certificate = {
      seq: 1,
      ballot: 0,
      hash: a,
      first: new Uint8Array(64),
      second: new Uint8Array(64),
      third: new Uint8Array(64),
    }
    const full = {
      ...record(7, { ballot: 2, hash: b }),
      standing: 'halted' as const,
      reason: 'why',
      fork: { first: certificate, second: certificate },
    }
    expect(decodeRecord({ version: 1, record: encodeRecord(full) }, committee, 0)).toEqual(full)
  })
})

describe('re-created record', () => {
  const head = { seq: 3, hash: prev }

  it('covers all evidence from the open slot', () => {
    const votes = [
      committee.vote(signer(0), 4, 0, a),
      committee.vote(signer(0), 4, 2, b),
      committee.vote(signer(0), 3, 8, a),
    ]
    const reports = [report(4, 4, { ballot: 2, hash: b })]
    const made = decodeRecord(recreateVoteRecord(committee, 0, 9, head, { votes, reports }), committee, 0)
    expect(made).toMatchObject({ seq: 4, prev, promised: 4, last: { ballot: 2, hash: b } })
    for (const vote of votes) expect(coversVote(made, vote)).toBe(true)
    for (const each of reports) expect(coversReport(made, each)).toBe(true)
  })

  it('ignores the signatures of others and forged ones', () => {
    const foreign = committee.vote(signer(1), 4, 3, a)
    const votes = [foreign, { ...foreign, node: 0 as const }]
    const made = decodeRecord(recreateVoteRecord(committee, 0, 9, head, { votes, reports: [] }), committee, 0)
    expect(made).toMatchObject({ promised: 0, last: undefined })
  })

  it('rejects a head that is older than the evidence', () => {
    const votes = [committee.vote(signer(0), 5, 0, a)]
    expect(() => recreateVoteRecord(committee, 0, 9, head, { votes, reports: [] })).toThrow(
      expect.objectContaining({ code: 'anchor' }),
    )
  })
})
