import { fromUtf8, utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { decodeEntry, entryHash } from './entry.ts'
import { encodeMessage } from './messages.ts'
import { nodeIndexes } from './signed.ts'
import { NOW } from './testing/bench.ts'
import { MemoryStore } from './testing/memory.ts'
import { Network } from './testing/network.ts'
import { fakeCommittee, holdFirst, toyMachine } from './testing/toy.ts'

const logs = (network: Network) => network.bench.voters.map(voter => voter.state.log)
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe('batches', () => {
  it('settles each command with its slot, position and outcome', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    const [a, bad, b] = (await network.submit(wallet, ['a', 'bad', 'b'])) ?? []
    expect(a).toMatchObject({ ok: true, seq: 1, index: 0 })
    expect(bad).toEqual({ ok: false, code: 'bad', message: 'bad is refused' })
    expect(b).toEqual({ ok: true, seq: 1, index: 1, outcome: utf8('b@1.1') })
    await network.run(50)
    expect(logs(network)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  it('puts what queued meanwhile into the next entry', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    const all = ['a', 'b', 'c', 'd'].map(each => wallet.submit([utf8(each)]))
    await network.run(200)
    const seqs = (await Promise.all(all)).map(([result]) => result?.ok && result.seq)
    expect(new Set(seqs).size).toBeLessThanOrEqual(2)
  })

  it('splits at 256 commands and at 512 KiB', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    const many = await network.submit(
      wallet,
      Array.from({ length: 300 }, (_, i) => `command ${i}`),
    )
    expect(many?.[255]).toMatchObject({ ok: true, seq: 1, index: 255 })
    expect(many?.[256]).toMatchObject({ ok: true, seq: 2, index: 0 })
    const large = await network.submit(
      wallet,
      ['x', 'y', 'z'].map(letter => letter.repeat(200 * 1024)),
    )
    expect(large?.map(result => result.ok && result.seq)).toEqual([3, 3, 4])
  })

  it('rejects a command that fits no entry', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    const results = await network.submit(wallet, ['x'.repeat(512 * 1024), 'small'])
    expect(results).toMatchObject([{ ok: false, code: 'oversize' }, { ok: true }])
  })

  it('makes an entry without commands for what is due', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    expect(await network.submit(wallet, [])).toEqual([])
    expect(wallet.status().head.seq).toBe(1)
    expect(wallet.state.time).toBeGreaterThanOrEqual(NOW)
  })

  it('asks again, of what came first, whether a command is still meant', async () => {
    const network = await Network.open()
    const first = await network.propose()
    // Two votes and a dead proposer: the entry is kept, and comes before whatever the next proposer builds.
    network.down.add(2)
    await network.submit(first, ['nonce 5'], 2_000)
    first.close()
    network.down.clear()
    const wallet = await network.propose()
    const asked: string[][] = []
    const conditional = wallet.submit([utf8('nonce 5 too')], state => {
      asked.push([...state.log])
      return !state.log.includes('nonce 5')
    })
    const plain = wallet.submit([utf8('another')])
    await network.run(20_000)
    expect(await conditional).toEqual([{ ok: false, code: 'stale', message: expect.any(String) }])
    expect(await plain).toMatchObject([{ ok: true }])
    expect(wallet.state.log).toEqual(['nonce 5', 'another'])
    expect(asked[0]).toEqual([])
  })

  it('folds each entry once per party', async () => {
    let folds = 0
    const machine = {
      ...toyMachine,
      begin: (state: Parameters<typeof toyMachine.begin>[0], time: number) => {
        folds++
        return toyMachine.begin(state, time)
      },
    }
    const network = await Network.open({ machine })
    const wallet = await network.propose({ machine })
    await network.submit(wallet, ['a'])
    await network.run(50)
    expect(folds).toBe(4)
  })
})

describe('mending (L9)', () => {
  it('fails the command that a node refuses, and sends the rest again in the same ballot', async () => {
    const apply: typeof toyMachine.apply = (state, command, context) =>
      text(command) === 'b'
        ? { ok: false, code: 'stricter', message: 'not b' }
        : toyMachine.apply(state, command, context)
    const network = await Network.open({ machine: { ...toyMachine, apply } })
    const wallet = await network.propose()
    const ballots = new Set<number>()
    network.tap = message => {
      if (message.type === 'vote') ballots.add(message.vote.ballot)
      return true
    }
    const results = await network.submit(wallet, ['a', 'b', 'c'])
    expect(results).toMatchObject([{ ok: true }, { ok: false, code: 'stricter', message: 'not b' }, { ok: true }])
    expect([...ballots]).toEqual([0])
  })

  it('logs a hold as soon as a node demands it: next after an entry that two nodes already voted for', async () => {
    const network = await Network.open()
    await network.bench.boot(1, { pendingHold: holdFirst('hold') })
    const wallet = await network.propose()
    expect(await network.submit(wallet, ['a'])).toMatchObject([{ ok: true, seq: 1 }])
    expect(await network.submit(wallet, ['b'])).toMatchObject([{ ok: true }])
    expect(wallet.state.log).toEqual(['a', 'hold', 'b'])
  })

  it('logs a hold first when all nodes demand it', async () => {
    const network = await Network.open({ pendingHold: holdFirst('hold') })
    const wallet = await network.propose()
    expect(await network.submit(wallet, ['a'])).toMatchObject([{ ok: true, seq: 1, index: 1 }])
    expect(wallet.state.log).toEqual(['hold', 'a'])
  })

  it('logs the holds of several nodes first, in any order', async () => {
    const network = await Network.open()
    for (const node of [0, 1, 2] as const) await network.bench.boot(node, { pendingHold: holdFirst(`hold ${node}`) })
    const wallet = await network.propose()
    expect(await network.submit(wallet, ['a'])).toMatchObject([{ ok: true, seq: 1, index: 3 }])
    expect([...wallet.state.log].sort()).toEqual(['a', 'hold 0', 'hold 1', 'hold 2'])
    expect(wallet.state.log[3]).toBe('a')
  })

  it('logs holds that must come in an order, whatever the order in which they came up', async () => {
    const numberOf = (text: string) => (text.startsWith('hold') ? Number(text.slice(5)) : 0)
    const apply: typeof toyMachine.apply = (state, command, at) =>
      state.log.some(text => numberOf(text) > numberOf(fromUtf8(command)) && numberOf(fromUtf8(command)) > 0)
        ? { ok: false, code: 'late', message: 'a later one was logged' }
        : toyMachine.apply(state, command, at)
    /** The last one that is missing, as a node asks. */
    const pendingHold = (state: { log: readonly string[] }, commands: readonly Uint8Array[]) => {
      const there = [...state.log, ...commands.map(fromUtf8)]
      const missing = [4, 3, 2, 1].find(number => !there.includes(`hold ${number}`))
      return missing === undefined ? undefined : utf8(`hold ${missing}`)
    }
    const network = await Network.open({ machine: { ...toyMachine, apply } })
    for (const node of [0, 1, 2] as const)
      await network.bench.boot(node, { machine: { ...toyMachine, apply }, pendingHold })
    const wallet = await network.propose()
    expect(await network.submit(wallet, ['hold 3', 'hold 2', 'a'])).toBeDefined()
    expect(wallet.state.log).toEqual(['hold 1', 'hold 2', 'hold 3', 'hold 4', 'a'])
  })

  it('gives up a hold that no node could log', async () => {
    const network = await Network.open({ pendingHold: () => utf8('bad hold') })
    const wallet = await network.propose()
    expect(await network.submit(wallet, ['a'], 5_000)).toBeUndefined()
    expect(wallet.status()).toMatchObject({ phase: 'proposing', nodes: ['refuse hold', 'refuse hold', 'refuse hold'] })
    expect(network.events.handled).toBeLessThan(2_000)
  })

  it('waits for a node that is down and goes on when it is back', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    network.down.add(1)
    expect(await network.submit(wallet, ['a'], 5_000)).toBeUndefined()
    expect(wallet.status()).toMatchObject({ phase: 'proposing', queued: 1, ballot: 0 })
    network.down.clear()
    await network.run(5_000)
    expect(wallet.state.log).toEqual(['a'])
  })

  it('takes an entry that became late while a node was down through a new ballot', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    network.down.add(1)
    await network.submit(wallet, ['a'], 1_000)
    network.down.clear()
    network.bench.clocks[1] = NOW + 3_600_000
    await network.run(10_000)
    expect(wallet.state.log).toEqual(['a'])
    expect(wallet.status().head.certificate?.ballot).toBeGreaterThan(0)
  })

  it('stays visible while a node is stopped', async () => {
    const network = await Network.open()
    const vote = network.bench.committee.vote(network.bench.signer(2), 5, 0, new Uint8Array(32))
    await network.bench.node(2).handle(encodeMessage({ type: 'vote', vote }), () => {})
    const wallet = await network.propose()
    expect(await network.submit(wallet, ['a'], 2_000)).toBeUndefined()
    expect(wallet.status().nodes[2]).toBe('refuse stopped restored')
  })
})

describe('split votes (L2, L6)', () => {
  it('keeps the entry that two nodes voted for, then logs its own', async () => {
    const network = await Network.open()
    const kept = network.bench.entry('other wallet')
    await network.bench.vote(0, kept.bytes)
    await network.bench.vote(1, kept.bytes)
    const wallet = await network.propose()
    expect(await network.submit(wallet, ['own'])).toMatchObject([{ ok: true, seq: 2 }])
    expect(wallet.state.log).toEqual(['other wallet', 'own'])
  })

  it('is free to propose its own when no two nodes agree', async () => {
    const network = await Network.open()
    for (const node of nodeIndexes) await network.bench.vote(node, network.bench.entry(`rival ${node}`).bytes)
    const wallet = await network.propose()
    expect(await network.submit(wallet, ['own'])).toMatchObject([{ ok: true, seq: 1 }])
    expect(wallet.state.log).toEqual(['own'])
  })

  it('settles a resubmitted command with its kept copy', async () => {
    const network = await Network.open()
    const kept = network.bench.entry('mine, before the crash')
    await network.bench.vote(0, kept.bytes)
    await network.bench.vote(2, kept.bytes)
    const wallet = await network.propose()
    const results = await network.submit(wallet, ['mine, before the crash', 'more'])
    expect(results).toMatchObject([
      { ok: true, seq: 1 },
      { ok: true, seq: 2 },
    ])
  })

  it('lifts a node whose promise is far behind', async () => {
    const network = await Network.open()
    for (const ballot of [1000, 2000, 3000]) await network.bench.report(0, ballot)
    const wallet = await network.propose()
    expect(await network.submit(wallet, ['a'])).toMatchObject([{ ok: true }])
    expect(wallet.status().head.certificate?.ballot).toBeGreaterThan(3000)
  })

  it('halts and names the hash when nobody has the bytes of a kept entry', async () => {
    const network = await Network.open()
    const kept = network.bench.entry('lost')
    await network.bench.vote(0, kept.bytes)
    await network.bench.vote(1, kept.bytes)
    for (const node of nodeIndexes) {
      network.bench.stores[node] = new MemoryStore()
      await network.bench.boot(node)
    }
    const wallet = await network.propose()
    const hex = Buffer.from(kept.hash).toString('hex')
    expect(await network.submit(wallet, ['a'])).toMatchObject([{ ok: false, code: 'halted' }])
    expect(wallet.status()).toMatchObject({ phase: 'halted', reason: expect.stringContaining(hex) })
    expect(await network.submit(wallet, ['b'])).toMatchObject([{ ok: false, code: 'halted' }])
    let answers = 0
    network.tap = message => {
      if (message.type === 'entries') answers++
      return true
    }
    await wallet.receive(0, encodeMessage({ type: 'get', from: 1, to: 1 }))
    expect(answers).toBe(1)
  })

  it('two wallets at once lose nothing', async () => {
    const network = await Network.open()
    let seed = 1
    const random = () => {
      seed = (seed * 48271) % 0x7fffffff
      return seed / 0x7fffffff
    }
    const [first, second] = [await network.propose({ random }), await network.propose({ random })]
    const all = Array.from({ length: 10 }, (_, i) => [
      first.submit([utf8(`first ${i}`)]),
      second.submit([utf8(`second ${i}`)]),
    ])
    await network.run(30_000)
    for (const results of await Promise.all(all.flat())) expect(results).toMatchObject([{ ok: true }])
    expect(first.state.log.length).toBe(20)
    expect(second.state.log).toEqual(first.state.log)
  })
})

describe('catching up', () => {
  it('reads the log from the nodes before it proposes', async () => {
    const network = await Network.open()
    for (let i = 0; i < 40; i++) await network.bench.grow(`entry ${i}`)
    const wallet = await network.propose()
    expect(wallet.state.log.length).toBe(40)
    expect(await network.submit(wallet, ['a'])).toMatchObject([{ ok: true, seq: 41 }])
  })

  it('gives its own copy to a node that lost its database', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    for (const each of ['a', 'b', 'c']) await network.submit(wallet, [each])
    await network.run(50)
    network.bench.stores[1] = new MemoryStore()
    await network.bench.boot(1)
    expect(await network.submit(wallet, ['d'])).toMatchObject([{ ok: true, seq: 4 }])
    await network.run(50)
    expect(logs(network)[1]).toEqual(['a', 'b', 'c', 'd'])
  })

  it('brings a node up that missed the last votes', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    network.tap = (message, _, to) => !(to === 'n2' && (message.type === 'vote' || message.type === 'certificate'))
    await network.submit(wallet, ['a'])
    expect(network.bench.node(2).status().head.seq).toBe(0)
    network.tap = () => true
    await network.run(3_000)
    expect(network.bench.node(2).status().head.seq).toBe(1)
  })

  it('goes on after its own store failed', async () => {
    const network = await Network.open()
    let works = true
    const store = new MemoryStore(() => {
      if (!works) throw new Error('database down')
    })
    const wallet = await network.propose({ store })
    works = false
    expect(await network.submit(wallet, ['a'], 1_000)).toBeUndefined()
    expect(wallet.status().reason).toBe('database down')
    works = true
    await network.run(3_000)
    expect(wallet.state.log).toEqual(['a'])
  })
})

describe('lying nodes', () => {
  it('believes no vote, report, head or entry without a signature', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    const { committee, signer } = fakeCommittee('another vault')
    const { hash, bytes } = network.bench.entry('forged')
    const vote = committee.vote(signer(0), 1, 0, hash)
    const votes = [0, 1, 2].map(i => encodeMessage({ type: 'vote', vote: { ...vote, node: nodeIndexes[i] ?? 0 } }))
    const certificate = { ...network.bench.certificate(1, 0, hash), first: vote.signature }
    const lies = [
      ...votes,
      encodeMessage({ type: 'certificate', certificate }),
      encodeMessage({ type: 'head', seq: 9, hash, certificate: undefined }),
      encodeMessage({ type: 'head', seq: 1, hash, certificate }),
      encodeMessage({ type: 'entries', entries: [{ entry: bytes, certificate: new Uint8Array(8) }] }),
      encodeMessage({ type: 'fork', first: certificate, second: network.bench.certificate(1, 0, new Uint8Array(32)) }),
      encodeMessage({ type: 'candidate', hash, entry: network.bench.entry('x').bytes }),
      new Uint8Array([1, 2, 3]),
    ]
    for (const lie of lies) await wallet.receive(2, lie)
    expect(wallet.status()).toMatchObject({ phase: 'idle', head: { seq: 0 } })
    expect(await network.submit(wallet, ['a'])).toMatchObject([{ ok: true, seq: 1 }])
  })

  it('halts on a proven fork and shows it', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    await network.submit(wallet, ['a'])
    await wallet.receive(
      0,
      encodeMessage({ type: 'certificate', certificate: network.bench.certificate(1, 0, new Uint8Array(32)) }),
    )
    expect(wallet.status()).toMatchObject({ phase: 'halted', fork: [{ seq: 1 }, { seq: 1 }] })
    await network.run(50)
    expect(network.bench.voters.map(voter => voter.status().phase)).toEqual(['halted', 'halted', 'halted'])
  })

  it('asks once, not for ever, for a certified entry that nobody shows', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    const { hash } = network.bench.entry('hidden')
    let fetches = 0
    network.tap = message => {
      if (message.type === 'fetch') fetches++
      return true
    }
    await wallet.receive(0, encodeMessage({ type: 'certificate', certificate: network.bench.certificate(1, 0, hash) }))
    for (const node of nodeIndexes) {
      const vote = network.bench.committee.vote(network.bench.signer(node), 1, 0, hash)
      await wallet.receive(node, encodeMessage({ type: 'vote', vote }))
    }
    await network.run(500)
    expect(fetches).toBeLessThanOrEqual(6)
  })

  it('a node that claims a huge promise costs at most steps of 1000', async () => {
    const network = await Network.open()
    const wallet = await network.propose()
    let lies = 1
    network.tap = (message, from) => {
      if (from !== 'n2' || message.type !== 'vote' || lies-- <= 0) return true
      const { seq, ballot, hash } = message.vote
      const refusal = { code: 'ballot' as const, reason: '', message: '', command: undefined, required: undefined }
      void wallet.receive(
        2,
        encodeMessage({ type: 'refuse', seq, ballot, hash, promised: Number.MAX_SAFE_INTEGER, ...refusal }),
      )
      return false
    }
    expect(await network.submit(wallet, ['a'])).toMatchObject([{ ok: true }])
    expect(wallet.status().head.certificate?.ballot).toBeLessThan(1100)
  })
})

it('closes with a reason', async () => {
  const network = await Network.open()
  const wallet = await network.propose()
  network.down.add(0)
  const pending = wallet.submit([utf8('a')])
  await network.run(100)
  wallet.close()
  expect(await pending).toMatchObject([{ ok: false, code: 'stopped' }])
  await expect(wallet.submit([utf8('b')])).rejects.toMatchObject({ code: 'stopped' })
})

it('proposes what it says', async () => {
  const network = await Network.open()
  const wallet = await network.propose()
  const seen: string[] = []
  network.tap = message => {
    if (message.type === 'propose') seen.push(...decodeEntry(message.entry).commands.map(text))
    return true
  }
  await network.submit(wallet, ['a'])
  expect(seen).toEqual(['a', 'a', 'a'])
  const found = await network.bench.stores[0]?.range(1, 1)
  expect(entryHash(found?.[0]?.entry ?? new Uint8Array())).toEqual(wallet.status().head.hash)
})
