import { decode, encode, fixed, utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { LedgerError } from './errors.ts'
import { encodeCertificate, encodeMessage } from './messages.ts'
import { createVoteRecord, decodeRecord } from './record.ts'
import { nodeIndexes, type Report } from './signed.ts'
import { ask, askFor, Bench, NOW } from './testing/bench.ts'
import { MemoryAnchor, MemoryStore } from './testing/memory.ts'
import { fakeCommittee, holdFirst, toyMachine } from './testing/toy.ts'
import { MAX_SKEW, Voter } from './voter.ts'

const HOUR = 3_600_000
const elsewhere = fakeCommittee('another vault')
const fakeHash = (byte: number) => decode(fixed(32), encode(fixed(32), new Uint8Array(32).fill(byte)))

describe('L1: only the open slot', () => {
  it('answers HEAD to an entry for another slot, prev or vault, and asks when it is behind itself', async () => {
    const bench = await Bench.open()
    const later = bench.entry('x', { seq: 2 })
    const answers = await ask(bench.node(0), bench.propose(later.bytes))
    expect(answers.map(answer => answer.type)).toEqual(['head', 'get'])
    for (const changes of [{ prev: fakeHash(1) }, { vaultId: elsewhere.committee.vaultId }])
      await askFor(bench.node(0), bench.propose(bench.entry('x', changes).bytes), 'head')
  })

  it('rejects other results than its own', async () => {
    const bench = await Bench.open()
    expect(await bench.refusal(0, bench.entry('x', { results: fakeHash(1) }).bytes)).toMatchObject({ code: 'results' })
  })
})

describe('L2: a later ballot stands on three reports', () => {
  it('accepts any entry when no two reports name one', async () => {
    const bench = await Bench.open()
    await bench.vote(0, bench.entry('a').bytes)
    await bench.vote(1, bench.entry('b').bytes)
    const reports = await bench.reports(1)
    const { bytes } = bench.entry('c')
    for (const node of nodeIndexes) await bench.vote(node, bytes, 1, reports)
  })

  it('demands the entry that two reports name, in whatever ballots', async () => {
    const bench = await Bench.open()
    const kept = bench.entry('kept')
    await bench.vote(0, kept.bytes)
    await bench.vote(1, kept.bytes)
    const reports = await bench.reports(1)
    const refused = await bench.refusal(2, bench.entry('other').bytes, 1, reports)
    expect(refused).toMatchObject({ code: 'kept', reason: Buffer.from(kept.hash).toString('hex') })
    await bench.vote(2, kept.bytes, 1, reports)
  })

  it('rejects missing, repeated, foreign and mismatched reports', async () => {
    const bench = await Bench.open()
    await bench.grow('first')
    const reports = await bench.reports(1, 2)
    const { bytes } = bench.entry('x')
    const [zero, one, two] = reports
    if (zero === undefined || one === undefined || two === undefined) throw new Error('three reports')
    const { prev } = two
    const by = (seq: number, from: Uint8Array, ballot: number) =>
      bench.committee.report(bench.signer(2), seq, from, ballot, undefined)
    const wrong: Record<string, Report[]> = {
      'two reports': [zero, one],
      'one twice': [zero, one, one],
      'another order': [one, zero, two],
      'another slot': [zero, one, by(3, prev, 1)],
      'another prev': [zero, one, by(2, fakeHash(9), 1)],
      'another ballot': [zero, one, by(2, prev, 2)],
      'another vault': [zero, one, elsewhere.committee.report(elsewhere.signer(2), 2, prev, 1, undefined)],
      'another signer': [zero, one, { ...two, signature: zero.signature }],
      'changed after signing': [zero, one, { ...two, last: { ballot: 0, hash: fakeHash(1) } }],
      'a last vote in this ballot': [
        zero,
        one,
        bench.committee.report(bench.signer(2), 2, prev, 1, { ballot: 1, hash: fakeHash(1) }),
      ],
    }
    for (const [name, set] of Object.entries(wrong))
      expect(await bench.refusal(0, bytes, 1, set), name).toMatchObject({ code: 'reports' })
    await bench.vote(0, bytes, 1, reports)
  })
})

describe('L3: hard checks', () => {
  it('rejects a refused command by index, code and message', async () => {
    const bench = await Bench.open()
    const { bytes } = bench.entry('x', { commands: [utf8('good'), utf8('bad one')] })
    expect(await bench.refusal(0, bytes)).toMatchObject({
      code: 'command',
      command: 1,
      reason: 'bad',
      message: 'bad one is refused',
    })
  })

  it('rejects a command on which the machine throws', async () => {
    const bench = await Bench.open()
    expect(await bench.refusal(0, bench.entry('throw').bytes)).toMatchObject({ code: 'command', reason: 'machine' })
  })

  it('rejects time that goes back, also of a kept entry', async () => {
    const bench = await Bench.open()
    await bench.grow('first')
    expect(await bench.refusal(0, bench.entry('x', { time: NOW - 1 }).bytes)).toMatchObject({ code: 'time' })
  })
})

describe('L4: soft checks', () => {
  it.each([MAX_SKEW, -MAX_SKEW])('accepts a difference of %i ms and rejects one more', async skew => {
    const bench = await Bench.open()
    expect(await bench.refusal(0, bench.entry('x', { time: NOW + skew + Math.sign(skew) }).bytes)).toMatchObject({
      code: 'time',
    })
    await bench.vote(0, bench.entry('x', { time: NOW + skew }).bytes)
  })

  it.each([
    [HOUR, 1],
    [-HOUR, 1],
    [HOUR, 2],
    [-HOUR, 2],
  ])('one right clock bounds time: clocks off by %i ms at %i nodes', async (skew, nodes) => {
    const bench = await Bench.open()
    for (let node = 0; node < nodes; node++) bench.clocks[node] = NOW + skew
    const { bytes } = bench.entry('off', { time: NOW + skew })
    for (const node of nodeIndexes)
      if (node < nodes) await bench.vote(node, bytes)
      else expect(await bench.refusal(node, bytes)).toMatchObject({ code: 'time' })
    const reports = await bench.reports(1)
    // What two nodes with a fast clock voted is early for the third until its clock gets there; what is late passes.
    if (nodes === 2 && skew > 0) {
      expect(await bench.refusal(2, bytes, 1, reports)).toMatchObject({ code: 'time' })
      bench.clocks[2] = NOW + skew - MAX_SKEW
      await bench.vote(2, bytes, 1, reports)
    } else if (nodes === 2) await bench.vote(2, bytes, 1, reports)
    else expect(await bench.refusal(2, bytes, 1, reports)).toMatchObject({ code: 'time' })
  })

  it('lets a kept entry be late, never early', async () => {
    const bench = await Bench.open()
    const { bytes } = bench.entry('kept')
    await bench.vote(0, bytes)
    await bench.vote(1, bytes)
    const reports = await bench.reports(1)
    bench.clocks[2] = NOW - HOUR
    expect(await bench.refusal(2, bytes, 1, reports)).toMatchObject({ code: 'time' })
    bench.clocks[2] = NOW + HOUR
    await bench.vote(2, bytes, 1, reports)
  })

  it('wants a pending hold first, except in a kept entry', async () => {
    const bench = await Bench.open()
    await bench.boot(2, { pendingHold: holdFirst('hold') })
    const { bytes } = bench.entry('x')
    expect(await bench.refusal(2, bytes)).toMatchObject({ code: 'hold', required: utf8('hold') })
    expect(await bench.refusal(2, bench.entry('x', { commands: [utf8('x'), utf8('hold')] }).bytes)).toMatchObject({
      code: 'hold',
    })
    await bench.vote(0, bytes)
    await bench.vote(1, bytes)
    await bench.vote(2, bytes, 1, await bench.reports(1))
  })

  it('asks for a hold by the state in which the first command is judged: what was due has been handled', async () => {
    const bench = await Bench.open()
    await bench.boot(2, { pendingHold: state => (state.time < NOW ? utf8('hold') : undefined) })
    await bench.vote(2, bench.entry('x').bytes)
  })

  it('votes when the hold comes first', async () => {
    const bench = await Bench.open()
    await bench.boot(2, { pendingHold: holdFirst('hold') })
    await bench.vote(2, bench.entry('x', { commands: [utf8('hold'), utf8('x')] }).bytes)
  })
})

describe('L5: one vote per ballot, durable before it is sent', () => {
  it('rejects a second entry in a ballot, and a ballot below the promise', async () => {
    const bench = await Bench.open()
    const { bytes } = bench.entry('a')
    await bench.vote(0, bytes)
    expect(await bench.refusal(0, bench.entry('b').bytes)).toMatchObject({ code: 'ballot', promised: 0 })
    await bench.report(1, 7)
    expect(await bench.refusal(1, bytes)).toMatchObject({ code: 'ballot', promised: 7 })
  })

  it('sends the same bytes again, after a restart and long after the entry time too', async () => {
    const bench = await Bench.open()
    const { bytes } = bench.entry('a')
    const vote = await bench.vote(0, bytes)
    await bench.boot(0)
    bench.clocks[0] = NOW + HOUR
    expect(await bench.vote(0, bytes)).toEqual(vote)
  })

  it('stores the entry, then anchors the vote, then sends', async () => {
    const bench = await Bench.open()
    const steps: string[] = []
    const store = new MemoryStore(() => void steps.push('store'))
    const anchor = new MemoryAnchor(createVoteRecord(bench.committee, 0), () => void steps.push('anchor'))
    const port = {
      committee: bench.committee,
      machine: toyMachine,
      store,
      anchor,
      signer: bench.signer(0),
      clock: () => NOW,
    }
    const voter = await Voter.open(port)
    await voter.handle(encodeMessage(bench.propose(bench.entry('a').bytes)), () => steps.push('send'))
    expect(steps).toEqual(['store', 'store', 'anchor', 'anchor', 'send'])
  })

  it.each(['store', 'anchor'])('sends nothing when the %s fails, and goes on when it works again', async broken => {
    const bench = await Bench.open()
    let works = false
    const fail = (name: string) => () => {
      if (!works && name === broken) throw new Error('unreachable')
    }
    const store = new MemoryStore(fail('store'))
    const anchor = new MemoryAnchor(createVoteRecord(bench.committee, 0), fail('anchor'))
    const voter = await bench.boot(0, { store, anchor })
    const message = encodeMessage(bench.propose(bench.entry('a').bytes))
    let sent = 0
    await expect(voter.handle(message, () => sent++)).rejects.toThrow('unreachable')
    expect(sent).toBe(0)
    works = true
    await bench.vote(0, bench.entry('b').bytes)
  })

  it('two processes of one node never vote differently', async () => {
    const bench = await Bench.open()
    const first = bench.node(0)
    const second = await bench.boot(0)
    const [a, b] = [bench.entry('a'), bench.entry('b')]
    await askFor(first, bench.propose(a.bytes), 'vote')
    expect(await askFor(second, bench.propose(b.bytes), 'refuse')).toMatchObject({ code: 'busy' })
    expect(await askFor(second, bench.propose(b.bytes), 'refuse')).toMatchObject({ code: 'ballot' })
    await askFor(second, bench.propose(a.bytes), 'vote')
    expect(second.status().phase).toBe('voting')
  })

  it('a process that was overtaken knows the votes of the other as its own', async () => {
    const bench = await Bench.open()
    const first = bench.node(0)
    const second = await bench.boot(0)
    const { vote } = await askFor(first, bench.propose(bench.entry('a').bytes), 'vote')
    await ask(second, { type: 'vote', vote })
    expect(second.status()).toMatchObject({ phase: 'voting', lastVote: { ballot: 0 } })
  })
})

describe('L6: promises', () => {
  it('reports the last vote, and the same report again', async () => {
    const bench = await Bench.open()
    const { bytes, hash } = bench.entry('a')
    await bench.vote(0, bytes)
    const report = await bench.report(0, 5)
    expect(report.last).toEqual({ ballot: 0, hash })
    await bench.boot(0)
    expect(await bench.report(0, 5)).toEqual(report)
  })

  it('answers with the vote once it voted in the promised ballot', async () => {
    const bench = await Bench.open()
    const reports = await bench.reports(1)
    const { bytes } = bench.entry('a')
    const vote = await bench.vote(0, bytes, 1, reports)
    expect((await askFor(bench.node(0), { type: 'newBallot', seq: 1, ballot: 1 }, 'vote')).vote).toEqual(vote)
  })

  it('rejects ballot 0, a lower ballot and a jump of more than 1000', async () => {
    const bench = await Bench.open()
    await bench.report(0, 5)
    for (const ballot of [0, 4, 1006, Number.MAX_SAFE_INTEGER]) {
      const refused = await askFor(bench.node(0), { type: 'newBallot', seq: 1, ballot }, 'refuse')
      expect(refused).toMatchObject({ code: 'ballot', promised: 5 })
    }
    await bench.report(0, 1005)
  })

  it('answers HEAD for another slot', async () => {
    const bench = await Bench.open()
    const answers = await ask(bench.node(0), { type: 'newBallot', seq: 2, ballot: 1 })
    expect(answers[0]?.type).toBe('head')
  })
})

describe('L7: certificates from anyone', () => {
  it('accepts one against its own vote', async () => {
    const bench = await Bench.open()
    const [own, other] = [bench.entry('own'), bench.entry('other')]
    await bench.vote(0, own.bytes)
    const reports = await bench.reports(1)
    await bench.vote(0, other.bytes, 1, reports)
    const certificate = bench.certificate(1, 1, other.hash)
    const fetch = await askFor(bench.node(2), { type: 'certificate', certificate }, 'fetch')
    expect(fetch.hash).toEqual(other.hash)
    expect(await ask(bench.node(0), { type: 'certificate', certificate })).toEqual([])
    expect(bench.node(0).state.log).toEqual(['other'])
  })

  it('rejects a certificate with a signer twice, mixed ballots, another vault, another hash', async () => {
    const bench = await Bench.open()
    const { bytes, hash } = bench.entry('a')
    for (const node of nodeIndexes) await bench.vote(node, bytes)
    const good = bench.certificate(1, 0, hash)
    const wrong = {
      'a signer twice': { ...good, third: good.second },
      'mixed ballots': { ...good, third: bench.certificate(1, 1, hash).third },
      'mixed hashes': { ...good, first: bench.certificate(1, 0, fakeHash(1)).first },
      'another ballot': { ...good, ballot: 1 },
      'another slot': { ...good, seq: 2 },
      'another vault': { ...good, first: elsewhere.committee.vote(elsewhere.signer(0), 1, 0, hash).signature },
    }
    for (const [name, certificate] of Object.entries(wrong)) {
      await askFor(bench.node(2), { type: 'certificate', certificate }, 'refuse')
      expect(bench.node(2).status().head.seq, name).toBe(0)
    }
    await ask(bench.node(2), { type: 'certificate', certificate: good })
    expect(bench.node(2).status().head.seq).toBe(1)
  })

  it('catches up from GET answers and ignores what does not continue its log', async () => {
    const bench = await Bench.open()
    for (const text of ['a', 'b', 'c']) await bench.grow(text)
    const { entries } = await askFor(bench.node(0), { type: 'get', from: 1, to: 99 }, 'entries')
    bench.stores[2] = new MemoryStore()
    const behind = await bench.boot(2)
    expect(behind.status()).toMatchObject({ phase: 'behind' })
    const [a, b, c] = entries
    if (a === undefined || b === undefined || c === undefined) throw new Error('three entries')
    expect((await ask(behind, { type: 'entries', entries: [b, c] })).map(got => got.type)).toEqual(['get', 'get'])
    await askFor(behind, { type: 'entries', entries: [{ ...a, entry: b.entry }] }, 'refuse')
    expect(behind.status().head.seq).toBe(0)
    expect(await askFor(behind, { type: 'entries', entries }, 'get')).toMatchObject({ from: 4 })
    expect(behind.status()).toMatchObject({ phase: 'voting', head: { seq: 3 } })
  })

  it('serves nothing beyond its log and bounds what it serves', async () => {
    const bench = await Bench.open()
    for (let i = 0; i < 40; i++) await bench.grow(`entry ${i}`)
    const count = async (from: number, to: number) =>
      (await askFor(bench.node(0), { type: 'get', from, to }, 'entries')).entries.length
    expect(await count(1, Number.MAX_SAFE_INTEGER)).toBe(32)
    expect(await count(39, 99)).toBe(2)
    for (const [from, to] of [
      [41, 50],
      [5, 4],
      [0, 3],
    ] as const)
      expect(await count(from, to)).toBe(0)
    const missing = await askFor(bench.node(0), { type: 'fetch', hash: fakeHash(3) }, 'candidate')
    expect(missing.entry).toBeUndefined()
  })

  it('opens from its store without the network', async () => {
    const bench = await Bench.open()
    await bench.grow('a')
    await bench.grow('b')
    const again = await bench.boot(1)
    expect(again.state.log).toEqual(['a', 'b'])
    expect(again.status().phase).toBe('voting')
  })

  it('halts when three nodes certified what its own machine refuses', async () => {
    const bench = await Bench.open()
    const { bytes, hash } = bench.entry('a')
    for (const node of nodeIndexes) await bench.vote(node, bytes)
    const machine = { ...toyMachine, apply: () => ({ ok: false as const, code: 'new-rule', message: 'not any more' }) }
    const voter = await bench.boot(2, { machine })
    await ask(voter, { type: 'certificate', certificate: bench.certificate(1, 0, hash) })
    expect(voter.status()).toMatchObject({ phase: 'halted', head: { seq: 0 } })
    expect((await bench.boot(2)).status().phase).toBe('halted')
  })

  it('refuses to open a store that is not the certified log', async () => {
    for (const spoil of ['entry', 'certificate', 'order', 'votes'] as const) {
      const bench = await Bench.open()
      for (const text of ['a', 'b']) await bench.grow(text)
      const store = bench.stores[0]
      const [a, b] = store?.certified ?? []
      if (store === undefined || a === undefined || b === undefined) throw new Error('two entries')
      const { hash } = bench.node(0).status().head
      const forged = { ...bench.certificate(2, 0, hash), first: new Uint8Array(64) }
      store.certified = {
        entry: [a, { ...b, entry: a.entry }],
        certificate: [a, { ...b, certificate: a.certificate }],
        order: [b, a],
        votes: [a, { ...b, certificate: encodeCertificate(forged) }],
      }[spoil]
      await expect(bench.boot(0), spoil).rejects.toMatchObject({ code: 'store' })
    }
  })
})

describe('L8: restored nodes and forks', () => {
  it('stops for good when shown an own vote that its record does not cover', async () => {
    const bench = await Bench.open()
    const { bytes, hash } = bench.entry('a')
    const vote = bench.committee.vote(bench.signer(0), 1, 0, hash)
    await ask(bench.node(0), { type: 'vote', vote })
    expect(bench.node(0).status()).toMatchObject({ phase: 'restored' })
    expect(await bench.refusal(0, bytes)).toMatchObject({ code: 'stopped', reason: 'restored' })
    await bench.boot(0)
    expect(await askFor(bench.node(0), { type: 'newBallot', seq: 1, ballot: 1 }, 'refuse')).toMatchObject({
      code: 'stopped',
    })
    await askFor(bench.node(0), { type: 'getHead' }, 'head')
  })

  it('stops when a proposal carries an own report that it never made', async () => {
    const bench = await Bench.open()
    const [, one, two] = await bench.reports(1)
    const { vaultId } = bench.committee
    const own = bench.committee.report(bench.signer(0), 1, vaultId, 2, undefined)
    const others = [one, two].map(report =>
      bench.committee.report(bench.signer(report?.node ?? 1), 1, vaultId, 2, undefined),
    )
    expect(await bench.refusal(0, bench.entry('a').bytes, 2, [own, ...others])).toMatchObject({ code: 'stopped' })
  })

  it('stops when its anchor was rolled back and a certificate shows its vote', async () => {
    const bench = await Bench.open()
    const old = bench.anchors[0]?.row
    await bench.grow('a')
    bench.anchors[0] = new MemoryAnchor(old)
    expect((await bench.boot(0)).status().phase).toBe('restored')
  })

  it('goes on when its database was rolled back and its anchor kept', async () => {
    const bench = await Bench.open()
    await bench.grow('a')
    await bench.grow('b')
    const open = bench.entry('c')
    await bench.vote(0, open.bytes)
    bench.stores[0] = new MemoryStore()
    const voter = await bench.boot(0)
    expect(voter.status().phase).toBe('behind')
    await ask(voter, await askFor(bench.node(1), { type: 'get', from: 1, to: 2 }, 'entries'))
    expect(voter.status()).toMatchObject({ phase: 'voting', lastVote: { hash: open.hash } })
    expect(await bench.refusal(0, bench.entry('other').bytes)).toMatchObject({ code: 'ballot' })
    await bench.vote(0, open.bytes)
  })

  it('does not vote in a slot that its record says is long closed', async () => {
    const bench = await Bench.open()
    const { bytes } = bench.entry('a')
    await bench.grow('b')
    await bench.grow('c')
    bench.stores[0] = new MemoryStore()
    await bench.boot(0)
    expect(await bench.refusal(0, bytes)).toMatchObject({ code: 'stopped', reason: 'behind' })
  })

  it('does not take the signatures of others, or forged ones in its name, for its own', async () => {
    const bench = await Bench.open()
    const { hash } = bench.entry('a')
    const vote = bench.committee.vote(bench.signer(1), 1, 0, hash)
    await ask(bench.node(0), { type: 'vote', vote })
    await ask(bench.node(0), { type: 'vote', vote: { ...vote, node: 0 } })
    expect(bench.node(0).status().phase).toBe('voting')
  })

  it('without a vote record it refuses, whatever its database holds', async () => {
    const bench = await Bench.open()
    await bench.grow('a')
    bench.anchors[0] = new MemoryAnchor(undefined)
    const voter = await bench.boot(0)
    expect(voter.status()).toMatchObject({ phase: 'no-anchor', head: { seq: 1 } })
    expect(await askFor(voter, bench.propose(bench.entry('b').bytes), 'refuse')).toMatchObject({
      code: 'stopped',
      reason: 'no-anchor',
    })
    expect(bench.anchors[0].row).toBeUndefined()
  })

  it('says why it has no anchor, and votes again when it is back', async () => {
    const bench = await Bench.open()
    const anchor = bench.anchors[0] as MemoryAnchor
    const silence = new LedgerError('anchor-unreachable', 'the table does not answer')
    const { compareAndSet, load } = anchor
    const voter = bench.node(0)
    const { bytes } = bench.entry('a')
    for (const why of [silence, new Error('ENOENT')]) {
      anchor.compareAndSet = () => Promise.reject(why)
      anchor.load = () => Promise.reject(why)
      await expect(ask(voter, bench.propose(bytes))).rejects.toThrow(why)
      const reason = why === silence ? 'the table does not answer' : 'the anchor did not answer'
      expect(voter.status()).toMatchObject({ phase: 'no-anchor', reason })
    }
    Object.assign(anchor, { compareAndSet, load })
    expect(await askFor(voter, bench.propose(bytes), 'vote')).toBeDefined()
    expect(voter.status().phase).toBe('voting')
  })

  it('refuses the vote record of another node or vault', async () => {
    for (const row of [createVoteRecord(fakeCommittee().committee, 1), createVoteRecord(elsewhere.committee, 0)]) {
      const bench = await Bench.open()
      bench.anchors[0] = new MemoryAnchor(row)
      expect((await bench.boot(0)).status().phase).toBe('no-anchor')
    }
  })

  it('halts on two certified entries for one slot and shows both, for good', async () => {
    const bench = await Bench.open()
    const { certificate } = await bench.grow('a')
    const other = bench.certificate(1, 0, fakeHash(1))
    const voter = await bench.boot(2)
    const answers = await ask(voter, { type: 'certificate', certificate: other })
    expect(answers).toEqual([{ type: 'fork', first: certificate, second: other }])
    expect(voter.status()).toMatchObject({ phase: 'halted', fork: [certificate, other] })
    const again = await bench.boot(2)
    expect(again.status()).toMatchObject({ phase: 'halted', fork: [certificate, other] })
    expect(await askFor(again, bench.propose(bench.entry('b').bytes), 'refuse')).toMatchObject({ code: 'stopped' })
    // The others are told.
    await ask(bench.node(1), answers[0] ?? { type: 'getHead' })
    expect(bench.node(1).status().phase).toBe('halted')
  })

  it('takes no fork from a database that shows the certificate of another slot', async () => {
    const bench = await Bench.open()
    const { certificate } = await bench.grow('a')
    await bench.grow('b')
    await bench.grow('c')
    const [store] = bench.stores
    if (store === undefined) throw new Error('a store')
    const voter = await bench.boot(0)
    const range = store.range.bind(store)
    store.range = (from, limit) => range(from === 1 ? 2 : from, limit)
    await expect(ask(voter, { type: 'certificate', certificate })).rejects.toMatchObject({ code: 'store' })
    expect(voter.status().phase).toBe('voting')
    store.range = range
    expect(await ask(voter, { type: 'certificate', certificate })).toEqual([])
  })

  it('does not halt on a fork that proves nothing', async () => {
    const bench = await Bench.open()
    const { certificate } = await bench.grow('a')
    const forged = { ...bench.certificate(1, 0, fakeHash(1)), third: certificate.third }
    await ask(bench.node(0), { type: 'fork', first: certificate, second: forged })
    await ask(bench.node(0), { type: 'fork', first: certificate, second: bench.certificate(2, 0, fakeHash(1)) })
    await ask(bench.node(0), { type: 'fork', first: certificate, second: certificate })
    expect(bench.node(0).status().phase).toBe('voting')
  })
})

describe('L9: what is known is fetched', () => {
  it('fetches the entry behind a certificate and rejects other bytes', async () => {
    const bench = await Bench.open()
    const { bytes, hash } = bench.entry('a')
    for (const node of nodeIndexes) await bench.vote(node, bytes)
    bench.stores[2] = new MemoryStore()
    const voter = await bench.boot(2)
    const certificate = bench.certificate(1, 0, hash)
    await askFor(voter, { type: 'certificate', certificate }, 'fetch')
    await askFor(voter, { type: 'candidate', hash, entry: bench.entry('b').bytes }, 'refuse')
    expect(voter.status().head.seq).toBe(0)
    await ask(voter, { type: 'candidate', hash, entry: bytes })
    expect(voter.status().head.seq).toBe(1)
  })
})

describe('bad input', () => {
  it('refuses bytes that are no message, and keeps working', async () => {
    const bench = await Bench.open()
    const good = encodeMessage(bench.propose(bench.entry('a').bytes))
    const junk = [
      new Uint8Array(),
      new Uint8Array([99]),
      good.slice(0, -1),
      new Uint8Array([...good, 0]),
      new Uint8Array(600 * 1024),
    ]
    for (const bytes of junk) {
      let answers = 0
      await bench.node(0).handle(bytes, () => answers++)
      expect(answers).toBe(1)
    }
    await bench.vote(0, bench.entry('a').bytes)
  })

  it('refuses entries beyond the limits', async () => {
    const bench = await Bench.open()
    const bytes = new Uint8Array(512 * 1024)
    expect(await askFor(bench.node(0), bench.propose(bytes), 'refuse')).toMatchObject({ code: 'malformed' })
  })

  it('keeps the record of the newest slot only', async () => {
    const bench = await Bench.open()
    await bench.grow('a')
    await bench.report(0, 3, 2)
    const row = bench.anchors[0]?.row
    if (row === undefined) throw new Error('a row')
    expect(decodeRecord(row, bench.committee, 0)).toMatchObject({ seq: 2, promised: 3, last: undefined })
  })
})
