import { fromUtf8 } from '@trivault/codec'
import { curves, encodeEnvelope, sha256 } from '@trivault/protocol'
import { startCommand } from '@trivault/testkit'
import { activeMasterKeyOf, signedFailure } from '@trivault/vault-state'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  Cluster,
  type ClusterOptions,
  type Index,
  newErsKey,
  type Snapshot,
  sealedVault,
  secretOf,
  wait,
} from './cluster.ts'

let ers: { spki: Uint8Array; pem: string }
/** After set-up, key generation, activation and seal. */
let sealed: Snapshot
let cluster: Cluster

beforeAll(async () => {
  ers = newErsKey()
  sealed = await sealedVault(ers.spki)
})
afterEach(() => cluster.close())

const start = async (options: ClusterOptions = {}) => {
  cluster = await Cluster.start({ from: sealed, ...options })
}
const begin = async (options: ClusterOptions = {}) => {
  cluster = await Cluster.start({ ers: ers.spki, ...options })
}
const approved = async (id: string) => {
  await cluster.prepare(id)
  await cluster.execute(id)
}
/** Kills a node at a write of `table`, once; it comes back a moment later. */
const killAt = (index: Index, table: string, moment: 'before' | 'after') => {
  const killed = { times: 0 }
  cluster.onPut = (node, name, done) => {
    if (node !== index || name !== table || done !== (moment === 'after') || killed.times > 0) return
    killed.times++
    cluster.kill(index)
    setTimeout(() => void cluster.boot(index), 100)
  }
  return killed
}

describe('signing', () => {
  it('signs a certified transaction: three nodes, one signature, that of the source address', async () => {
    await start()
    expect(cluster.state.sealedAt).toBeDefined()
    await cluster.connected()
    await cluster.prepare('tx')
    await wait(300)
    expect(cluster.signatures('tx')).toEqual([])
    expect(cluster.node(0).status().openSessions).toBe(0)
    await cluster.execute('tx')
    await cluster.signed('tx')
    const [a, b, c] = cluster.signatures('tx')
    expect(b?.signature).toEqual(a?.signature)
    expect(c?.signature).toEqual(a?.signature)
  })

  it('signs a message, and several transactions at once', async () => {
    await start()
    await cluster.prepare('message', 'message')
    await cluster.submit({
      type: 'execute',
      operationId: 'message',
      part: 0,
      variant: 0,
      transaction: new Uint8Array(),
    })
    await cluster.signed('message')
    const ids = Array.from({ length: 12 }, (_, i) => `tx-${i}`)
    for (const id of ids) await cluster.prepare(id)
    await cluster.submit(...ids.map(id => cluster.vault.execution(id)))
    for (const id of ids) await cluster.signed(id)
    expect(cluster.node(1).status().openSessions).toBe(0)
  })

  it('refuses to execute without the approval, and nothing is signed (I1)', async () => {
    await start()
    await cluster.connected()
    const { vault } = cluster
    const to = [{ Address: '0x00000000000000000000000000000000000000AA', Amount: '1' }]
    await cluster.submit(startCommand(vault.transferIntent(to, { id: 'tx', initiator: 'alice@example.com' })))
    await expect(cluster.execute('tx')).rejects.toThrow('approvals-missing')
    await wait(300)
    expect(cluster.signatures('tx')).toEqual([])
    const answer = await cluster.query(0, { type: 'signature', operationId: 'tx', part: 0, variant: 0 })
    expect(answer).toMatchObject({ signature: undefined, failure: undefined })
  })

  it.each(['entry', 'signature'])('finishes when a node is killed before and after it writes its %s', async table => {
    await start()
    await cluster.connected()
    await cluster.prepare('tx')
    const before = killAt(1, table, 'before')
    await cluster.execute('tx')
    await cluster.signed('tx', [0, 1, 2])
    expect(before.times).toBe(1)
    const after = killAt(2, table, 'after')
    await approved('next')
    await cluster.signed('next', [0, 1, 2])
    expect(after.times).toBe(1)
  })

  it('finishes when a node is killed in the middle of a session', async () => {
    await start()
    await cluster.connected()
    let frames = 0
    cluster.tamper = (node, _to, message) => {
      if (node === 2 && message.type === 'frame' && ++frames === 4) {
        cluster.kill(2)
        setTimeout(() => void cluster.boot(2), 200)
      }
      return message
    }
    await approved('tx')
    await cluster.signed('tx')
    expect(frames).toBeGreaterThan(4)
    expect(cluster.node(0).status().quarantined).toEqual([])
  })

  it('keeps a signature back until it is stored', async () => {
    await start()
    await cluster.connected()
    await cluster.prepare('tx')
    const records = cluster.records[0]
    const failing = { now: false }
    cluster.onPut = (node, table, done) => {
      if (node === 0 && table === 'signature' && !done && failing.now) throw new Error('disk full')
    }
    failing.now = true
    await cluster.execute('tx')
    await cluster.until(() => cluster.signatures('tx').length === 2, 'signatures of the others')
    await cluster.until(() => cluster.has('kept back', 0) !== undefined, 'log line')
    expect(records?.tables.get('signature')?.size ?? 0).toBe(0)
    expect(cluster.signatures('tx').map(one => one.node)).not.toContain(0)
    failing.now = false
    await cluster.signed('tx')
  })

  it('waits for a peer that stays away, and goes on when it is back', async () => {
    await start()
    await cluster.connected()
    await cluster.prepare('tx')
    cluster.onPut = (node, table, done) => {
      if (node === 1 && table === 'entry' && done) cluster.kill(1)
    }
    await cluster.execute('tx')
    await wait(1500)
    expect(cluster.signatures('tx')).toEqual([])
    cluster.onPut = () => {}
    await cluster.boot(1)
    await cluster.signed('tx')
    expect(cluster.node(0).status().quarantined).toEqual([])
  })

  it('gets through where one message in ten is lost and they overtake each other', async () => {
    await start({ loss: 0.1, delay: 20 })
    await approved('tx')
    await cluster.until(() => cluster.signatures('tx').length > 0, 'a signature', 30_000)
    expect(cluster.node(0).status().quarantined).toEqual([])
  })

  it('answers again what it told the wallet, after a restart too', async () => {
    await start()
    await approved('tx')
    await cluster.until(() => cluster.signatures('tx').length === 3, 'signatures')
    const [told] = cluster.signatures('tx')
    await cluster.boot(1)
    const answer = await cluster.query(1, { type: 'signature', operationId: 'tx', part: 0, variant: 0 })
    expect(answer).toMatchObject({ signature: told?.signature })
    await cluster.until(() => cluster.signatures('tx').length === 4, 'told again')
    await cluster.record('tx')
  })
})

describe('a new key', () => {
  it.each(['before', 'after'] as const)(
    'is made though nodes are killed %s they write share and backup',
    async moment => {
      await begin()
      const killed: string[] = []
      cluster.onPut = (node, table, done) => {
        const isIts = (table === 'share' && node === 1) || (table === 'backup' && node === 2)
        if (!isIts || killed.includes(table) || done !== (moment === 'after')) return
        killed.push(table)
        cluster.kill(node)
        setTimeout(() => void cluster.boot(node), 100)
      }
      await cluster.setup()
      await cluster.activate()
      expect(killed.sort()).toEqual(['backup', 'share'])
      const { keys } = activeMasterKeyOf(cluster.state, 'Default')
      expect(keys.map(({ curve, publicShares }) => [curve, publicShares.length])).toEqual(
        curves.map(curve => [curve, 3]),
      )
    },
  )

  it('is made though a node is killed in the middle, and after its report', async () => {
    await begin()
    let frames = 0
    cluster.tamper = (node, _to, message) => {
      if (node === 0 && message.type === 'frame' && message.frame[0] === 1 && ++frames === 3) {
        cluster.kill(0)
        setTimeout(() => void cluster.boot(0), 100)
      }
      return message
    }
    cluster.onWire = (from, to) => {
      if (from !== 'node2' || to !== 'wallet' || cluster.has('durable', 2) === undefined) return
      cluster.onWire = () => {}
      cluster.kill(2)
      setTimeout(() => void cluster.boot(2), 100)
    }
    await cluster.setup()
    await cluster.activate()
    expect(frames).toBeGreaterThan(3)
  })

  it('is made where one message in twenty is lost', async () => {
    await begin({ loss: 0.05, delay: 10 })
    await cluster.setup()
    await cluster.activate()
  })

  it('has its three backups at every node, on each curve', async () => {
    await start()
    for (const { curve, backupHashes } of activeMasterKeyOf(cluster.state, 'Default').keys) {
      const ask = (node: Index) => cluster.query(node, { type: 'backups', masterKey: 'Default', curve })
      const answers = [await ask(0), await ask(1), await ask(2)]
      for (const answer of answers) {
        if (answer.type !== 'backups') throw new Error('backups expected')
        expect(answer.blobs.map(blob => sha256(blob))).toEqual(backupHashes)
      }
    }
  })
})

describe('what a node finds at start', () => {
  it('refuses another ERS key and another identity', async () => {
    await start({ away: [2] })
    await expect(cluster.boot(2, { ers: newErsKey().spki })).rejects.toMatchObject({ code: 'wrong-ers-key' })
    await expect(cluster.boot(2, { secret: secretOf(1) })).rejects.toMatchObject({ code: 'wrong-identity' })
  })

  it.each(['tampered', 'of another node', 'of another key', 'under another password'])(
    'refuses log records that are %s',
    async kind => {
      await start({ away: [1] })
      const rows = cluster.records[1]?.tables.get('entry') ?? new Map<string, Uint8Array>()
      const [first = '', second = ''] = [...rows.keys()].sort()
      const own = rows.get(first) ?? new Uint8Array()
      if (kind === 'tampered') rows.set(first, own.with(own.length - 20, (own.at(-20) ?? 0) ^ 1))
      if (kind === 'of another node') rows.set(first, cluster.records[0]?.tables.get('entry')?.get(first) ?? own)
      if (kind === 'of another key') rows.set(first, rows.get(second) ?? own)
      const secret = { ...secretOf(1), encryptorMasterPassword: secretOf(2).encryptorMasterPassword }
      const changes = kind === 'under another password' ? { secret } : {}
      await expect(cluster.boot(1, changes)).rejects.toMatchObject({ code: 'seal-broken' })
    },
  )

  it('names a lost share, and signs nothing with that key', async () => {
    await start({ away: [1] })
    cluster.records[1]?.tables.get('share')?.clear()
    await cluster.boot(1)
    await approved('tx')
    await cluster.until(() => cluster.has('lost its share of master key Default', 1) !== undefined, 'the name')
    const answer = await cluster.query(1, { type: 'signature', operationId: 'tx', part: 0, variant: 0 })
    expect(answer).toMatchObject({ failure: expect.stringContaining('lost its share of master key Default') })
    expect(cluster.signatures('tx')).toEqual([])
    cluster.records[1]?.tables.get('backup')?.clear()
    expect(await cluster.query(1, { type: 'backups', masterKey: 'Default', curve: 'ECDSA_SECP256K1' })).toMatchObject({
      code: 'record-missing',
    })
  })

  it('a database rolled back under a kept anchor catches up and signs', async () => {
    await start()
    await approved('tx')
    await cluster.signed('tx')
    cluster.kill(2)
    const { tables } = sealed
    const records = cluster.records[2]
    records?.tables.clear()
    for (const [name, rows] of tables[2] ?? []) records?.tables.set(name, new Map(rows))
    await cluster.boot(2)
    expect(cluster.node(2).status().phase).toBe('behind')
    await approved('next')
    await cluster.signed('next')
    expect(cluster.node(2).status().phase).toBe('voting')
  })

  it('an anchor rolled back stops voting and signing, and says so (L8)', async () => {
    await start()
    await approved('tx')
    await cluster.signed('tx')
    cluster.kill(2)
    const anchor = cluster.anchors[2]
    if (anchor !== undefined) anchor.row = sealed.anchors[2]
    await cluster.boot(2)
    const { phase, reason } = cluster.node(2).status()
    expect(phase).toBe('restored')
    expect(reason).toContain('vote record does not cover')
    expect(cluster.has('certified log opened', 2)).toBeDefined()
    expect(await cluster.query(2, { type: 'signature', operationId: 'tx', part: 0, variant: 0 })).toMatchObject({
      type: 'signature',
    })
    const stuck = cluster.prepare('next').then(
      () => 'certified',
      () => 'failed',
    )
    expect(await Promise.race([stuck, wait(1000).then(() => 'waiting')])).toBe('waiting')
  })
})

describe('a node of another version', () => {
  it('votes, but is refused by its peers and refuses them, visibly, until all run the same', async () => {
    await start({ away: [2] })
    await cluster.boot(2, { version: 'next' })
    const refusal = (node: Index) => cluster.node(node).status().reason
    await cluster.until(() => ([0, 1, 2] as const).every(node => refusal(node) !== ''), 'three refusals')
    for (const node of [0, 1] as const)
      expect(refusal(node)).toMatch(/^node 2 runs version next \(protocol \d+\), this node test \(protocol \d+\)/)
    expect(refusal(2)).toMatch(/^node 0 runs version test .* this node next/)
    for (const node of [0, 1, 2]) expect(cluster.has(/runs version .* sign nothing together/, node)).toBeDefined()
    await approved('tx')
    await wait(500)
    expect(cluster.signatures('tx')).toEqual([])
    expect(cluster.has('protocol check failed')).toBeUndefined()
    await cluster.boot(2)
    await cluster.signed('tx')
    expect(([0, 1, 2] as const).map(refusal)).toEqual(['', '', ''])
  })
})

describe('the broker', () => {
  it('gains nothing by replays of greetings and sealed messages, of this boot and older ones', async () => {
    await start()
    await approved('tx')
    await cluster.signed('tx')
    await cluster.boot(1)
    await cluster.connected()
    await approved('next')
    await cluster.signed('next')
    await wait(100)
    const statuses = () => ([0, 1, 2] as const).map(n => cluster.node(n).status().peers)
    const opened = cluster.log.filter(line => line.message === 'channel to peer opened').length
    for (const { from, to, raw } of cluster.wire.slice(0, 400)) cluster.inject(from, to, raw)
    await wait(500)
    expect(cluster.log.filter(line => line.message === 'channel to peer opened')).toHaveLength(opened)
    expect(cluster.counts.get('sealed_dropped') ?? 0).toBeGreaterThan(50)
    expect(statuses().every(peers => peers.length === 2)).toBe(true)
    await approved('last')
    await cluster.signed('last')
  })

  it('cannot greet in the name of a node; garbage and foreign kinds are counted', async () => {
    await start()
    await cluster.connected()
    const hello = cluster.wire.find(({ from, raw }) => from === 'node1' && raw[0] === 5)
    if (hello === undefined) throw new Error('no greeting seen')
    const refused = () => cluster.counts.get('hello_refused') ?? 0
    const forged = hello.raw.with(40, (hello.raw[40] ?? 0) ^ 1)
    cluster.inject('node1', 'node0', forged)
    cluster.inject('node2', 'node0', hello.raw)
    await cluster.until(() => refused() === 2, 'two refusals')
    cluster.inject('node1', 'node0', new Uint8Array(100).fill(7))
    cluster.inject('wallet', 'node0', cluster.wire.find(({ raw }) => raw[0] === 6)?.raw ?? new Uint8Array())
    const body = { bootId: new Uint8Array(16), counter: 9_000_000_000_000, body: new Uint8Array(99) }
    cluster.inject('node2', 'node0', encodeEnvelope({ type: 'sealed', ...body }))
    await cluster.until(() => (cluster.counts.get('messages_malformed') ?? 0) >= 1, 'malformed')
    await cluster.until(() => (cluster.counts.get('messages_unexpected') ?? 0) >= 1, 'unexpected')
    await approved('tx')
    await cluster.signed('tx')
  })
})

describe('a faulty peer', () => {
  it('that breaks a check is quarantined until the admin releases it; the operation fails with the check, for good', async () => {
    await start()
    await cluster.connected()
    let changed = 0
    cluster.tamper = (node, _to, message) => {
      const isThird = message.type === 'frame' && message.frame[0] === 3 && message.frame[2] === 3
      if (node !== 2 || !isThird) return message
      changed++
      // In the salt of the opening: a changed point would fail S3.1 or S3.2, as chance has it.
      return { ...message, frame: message.frame.with(90, (message.frame[90] ?? 0) ^ 1) }
    }
    const [first, second] = cluster.quarantines
    if (first === undefined || second === undefined) throw new Error('unreachable')
    first.failure = new Error('disk full')
    const statements = (node: number) =>
      cluster.events.flatMap(one => (one.node === node && one.event.type === 'failed' ? [one.event] : []))
    const quarantined = () => ([0, 1] as const).map(node => cluster.node(node).status().quarantined)
    const ask = (node: Index) =>
      cluster.query(node, { type: 'signature', operationId: 'tx', part: 0, variant: 0 }).then(answer => {
        if (answer.type !== 'signature') throw new Error('a signature answer')
        return answer
      })

    // In memory at once; the statement is told when quarantine and statement are durable.
    await approved('tx')
    await cluster.until(() => statements(1).length === 1, 'statement of node 1')
    await cluster.until(() => cluster.has('quarantine could not be stored', 0) !== undefined, 'log line')
    expect(quarantined()).toEqual([[2], [2]])
    expect(cluster.has('protocol check failed: accusation', 0)?.fields).toMatchObject({ check: 'S3.1', suspects: '2' })
    expect(statements(0)).toEqual([])
    expect(cluster.records[0]?.tables.get('failure')?.size ?? 0).toBe(0)
    first.failure = undefined
    await cluster.until(() => statements(0).length === 1, 'statement of node 0')
    for (const { held } of [first, second])
      expect(JSON.parse(fromUtf8(held.get(2) ?? new Uint8Array(0)))).toMatchObject({
        ...{ check: 'S3.1', kind: 'accusation', where: 'sign/tx/0/0' },
      })
    expect(await ask(0)).toMatchObject({ signature: undefined, failure: 'check S3.1 failed (accusation)' })

    // Restarts of accuser and accused change nothing.
    const before = changed
    for (const node of [0, 2] as const) await cluster.boot(node)
    await cluster.until(() => statements(0).length === 2, 'statement told again')
    await wait(1500)
    expect(changed).toBe(before)
    expect(quarantined()).toEqual([[2], [2]])
    expect(cluster.node(0).status()).toMatchObject({ peers: [1], openSessions: 0 })
    expect(cluster.has('peer is quarantined', 0)?.fields).toMatchObject({ peer: 2 })
    const { failed } = await ask(0)
    const [told] = statements(0)
    if (failed === undefined || told === undefined) throw new Error('a statement')
    expect({ ...failed, type: 'failed' }).toEqual(told)
    expect(signedFailure(cluster.genesis, cluster.state.vaultId, failed)).toBe(true)

    // Released by the admins of both accusers, the three could sign; what failed is not tried again.
    cluster.tamper = (_node, _to, message) => message
    for (const [node, { held }] of [first, second].entries()) {
      held.clear()
      await cluster.boot(node as Index)
    }
    await cluster.connected()
    await wait(1000)
    expect(cluster.signatures('tx')).toEqual([])

    await cluster.submit({ ...failed, type: 'signingFailed' })
    expect(cluster.state.operations.get('tx')).toMatchObject({ phase: 'failed', failure: { code: 'signing-failed' } })
    expect(cluster.state.operations.get('tx')?.failure?.reason).toContain('check S3.1 failed at node 0 (accusation)')
    const isIdle = (node: Index) => cluster.node(node).status().openSessions === 0
    await cluster.until(() => ([0, 1, 2] as const).every(isIdle), 'tasks dropped')
    await approved('next')
    await cluster.signed('next')
    expect(cluster.state.operations.get('tx')?.phase).toBe('failed')
  })

  it('with absurd attempt numbers is followed in steps or ignored', async () => {
    await start()
    await cluster.connected()
    let jumps = 0
    cluster.tamper = (node, _to, message) => {
      if (node !== 2 || message.type !== 'join' || !message.task.startsWith('sign/') || jumps > 1) return message
      jumps++
      return { ...message, attempt: jumps === 1 ? 0xffff_ffff : 5_000 }
    }
    await approved('tx')
    await cluster.signed('tx')
    expect(jumps).toBe(2)
    expect(cluster.node(0).status().quarantined).toEqual([])
  })

  it('that is silent, or talks of unknown sessions, is not accused', async () => {
    await start()
    await cluster.connected()
    cluster.tamper = (node, _to, message) =>
      node === 2 && message.type === 'frame' ? { ...message, session: new Uint8Array(32).fill(3) } : message
    await approved('tx')
    await wait(1500)
    expect(cluster.signatures('tx')).toEqual([])
    expect(cluster.node(0).status().quarantined).toEqual([])
    cluster.tamper = (_node, _to, message) => message
    await cluster.signed('tx')
  })
})
