import { generateKeyPairSync, sign } from 'node:crypto'
import { concat, decode, encode } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { decodeCertificate, decodeMessage, encodeCertificate, encodeMessage } from './messages.ts'
import {
  assemble,
  Committee,
  type NodeIndex,
  nodeIndexes,
  reportCodec,
  type Signer,
  voteCodec,
  votesOf,
} from './signed.ts'

function realCommittee(vault = 1) {
  const pairs = nodeIndexes.map(() => generateKeyPairSync('ed25519'))
  const keys = pairs.map(
    ({ publicKey }) => new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)),
  )
  const signer = (node: NodeIndex): Signer => {
    const key = pairs[node]?.privateKey
    if (key === undefined) throw new Error('no such node')
    return { node, sign: message => new Uint8Array(sign(null, message, key)) }
  }
  return { committee: new Committee(new Uint8Array(32).fill(vault), keys), signer, keys }
}

const { committee, signer, keys } = realCommittee()
const hash = new Uint8Array(32).fill(7)
const votes = nodeIndexes.map(node => committee.vote(signer(node), 3, 2, hash))
const certificate = assemble(votes)
if (certificate === undefined) throw new Error('three votes')
const [vote] = votes
if (vote === undefined) throw new Error('a vote')

describe('committee', () => {
  it('accepts its own votes, reports and certificates', () => {
    expect(votes.every(each => committee.isVote(each))).toBe(true)
    expect(committee.isCertificate(certificate)).toBe(true)
    expect(votesOf(certificate)).toEqual(votes)
    const report = committee.report(signer(1), 3, hash, 2, { ballot: 1, hash })
    expect(committee.isReport(report)).toBe(true)
    expect(committee.isReport(committee.report(signer(1), 3, hash, 2, undefined))).toBe(true)
  })

  it('rejects a vote after any change', () => {
    const other = hash.map(byte => byte ^ 1)
    for (const changes of [
      { seq: 4 },
      { ballot: 3 },
      { hash: other },
      { node: 1 as const },
      { signature: new Uint8Array(64) },
    ])
      expect(committee.isVote({ ...vote, ...changes }), JSON.stringify(changes)).toBe(false)
  })

  it('rejects a report after any change', () => {
    const report = committee.report(signer(1), 3, hash, 2, { ballot: 1, hash })
    const other = hash.map(byte => byte ^ 1)
    const all = [
      { seq: 4 },
      { prev: other },
      { ballot: 3 },
      { last: undefined },
      { last: { ballot: 0, hash } },
      { last: { ballot: 1, hash: other } },
      { node: 0 as const },
    ]
    for (const changes of all)
      expect(committee.isReport({ ...report, ...changes }), JSON.stringify(changes)).toBe(false)
  })

  it('rejects signatures of another vault with the same keys', () => {
    const same = new Committee(new Uint8Array(32).fill(2), keys)
    expect(same.isVote(vote)).toBe(false)
    expect(same.isCertificate(certificate)).toBe(false)
  })

  it('rejects certificates with a signer twice, swapped, or of mixed ballots', () => {
    const later = committee.vote(signer(2), 3, 3, hash)
    const { first, second, third } = certificate
    for (const changes of [
      { third: second },
      { first: second, second: first },
      { third: later.signature },
      { ballot: 3 },
      { seq: 2 },
    ])
      expect(committee.isCertificate({ ...certificate, ...changes })).toBe(false)
    expect(third).not.toEqual(later.signature)
    expect(assemble([votes[0], votes[1], later].flatMap(each => each ?? []))).toBeUndefined()
    expect(assemble([votes[0], votes[1], votes[1]].flatMap(each => each ?? []))).toBeUndefined()
  })

  it('never takes a signature of one kind for another', () => {
    const report = committee.report(signer(0), 3, hash, 2, undefined)
    expect(committee.isVote({ ...vote, signature: report.signature })).toBe(false)
    expect(committee.isReport({ ...report, signature: vote.signature })).toBe(false)
  })

  it('rejects the second form of a signature (S + L)', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    const s = BigInt(`0x${Buffer.from(vote.signature.slice(32)).reverse().toString('hex')}`) + order
    const malleated = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
    expect(committee.isVote({ ...vote, signature: concat(vote.signature.slice(0, 32), malleated) })).toBe(false)
  })

  it('rejects signatures of wrong length without throwing', () => {
    for (const length of [0, 63, 65])
      expect(committee.isVote({ ...vote, signature: new Uint8Array(length) })).toBe(false)
  })

  const [one, two, three] = keys
  if (one === undefined || two === undefined || three === undefined) throw new Error('three keys')
  const smallOrder = Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex')
  const notCanonical = Buffer.from('eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'hex')
  const notOnCurve = new Uint8Array(32).fill(2)
  it.each<[string, Uint8Array[]]>([
    ['two keys', [one, two]],
    ['four keys', [one, two, three, one]],
    ['the same key twice', [one, two, one]],
    ['a short key', [one, two, three.slice(1)]],
    ['a key of small order', [one, two, smallOrder]],
    ['the identity', [one, two, new Uint8Array([1, ...new Uint8Array(31)])]],
    ['a key that is not canonical', [one, two, notCanonical]],
    ['a key off the curve', [one, two, notOnCurve]],
  ])('refuses %s', (_, wrong) => {
    expect(() => new Committee(hash, wrong)).toThrow(expect.objectContaining({ code: 'committee' }))
  })

  it('refuses a vault id of another length', () => {
    expect(() => new Committee(new Uint8Array(31), keys)).toThrow(expect.objectContaining({ code: 'committee' }))
  })
})

describe('encodings', () => {
  const report = committee.report(signer(1), 3, hash, 2, { ballot: 1, hash })

  it('survive the round trip', () => {
    expect(decode(voteCodec, encode(voteCodec, vote))).toEqual(vote)
    expect(decode(reportCodec, encode(reportCodec, report))).toEqual(report)
    expect(decodeCertificate(encodeCertificate(certificate))).toEqual(certificate)
    const message = { type: 'propose' as const, entry: new Uint8Array(200), ballot: 2, reports: [report] }
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
  })

  it('reject a fourth node, an option byte of 2, a cut and an extra byte', () => {
    const malformed = expect.objectContaining({ code: 'malformed' })
    const good = encodeMessage({ type: 'vote', vote })
    const bad = [good.with(1, 3), good.with(0, 200), good.slice(0, -1), new Uint8Array([...good, 0])]
    for (const bytes of bad) expect(() => decodeMessage(bytes)).toThrow(malformed)
    const none = encodeMessage({ type: 'candidate', hash, entry: undefined })
    expect(() => decodeMessage(none.with(33, 2))).toThrow(malformed)
    expect(() => decodeCertificate(new Uint8Array([...encodeCertificate(certificate), 0]))).toThrow(malformed)
    expect(() => decodeMessage(new Uint8Array(2 ** 20))).toThrow(malformed)
  })

  it('reject more than three reports and unsafe ballots', () => {
    const malformed = expect.objectContaining({ code: 'malformed' })
    const reports = [report, report, report, report]
    expect(() => encodeMessage({ type: 'propose', entry: hash, ballot: 1, reports })).toThrow(malformed)
    expect(() => encodeMessage({ type: 'newBallot', seq: 1, ballot: 2 ** 53 })).toThrow(malformed)
    const top = encodeMessage({ type: 'newBallot', seq: 1, ballot: Number.MAX_SAFE_INTEGER })
    expect(() => decodeMessage(top.with(9, 0xff))).toThrow(malformed)
  })
})
