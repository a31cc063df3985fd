import { decodeEntry, decodeMessage, encodeMessage } from '@trivault/ledger'
import { decodeCommand, type SignedHold } from '@trivault/protocol'
import { startCommand, TestVault, testGenesis } from '@trivault/testkit'
import { operationOf } from '@trivault/vault-state'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Cluster, type Index, type Snapshot, sealedVault, wait } from './cluster.ts'

let sealed: Snapshot
let cluster: Cluster

beforeAll(async () => {
  sealed = await sealedVault()
})
afterEach(() => cluster.close())

const start = async () => {
  cluster = await Cluster.start({ from: sealed })
  await cluster.connected()
}
const statement = (counter: number, operationId = ''): SignedHold => {
  const { type: _, ...hold } = cluster.vault.hold(cluster.vault.person('alice'), counter, operationId)
  return hold
}
const bring = (index: Index, hold: SignedHold) => cluster.query(index, { type: 'hold', ...hold })
/** What one node is brought, all know a moment later. */
const spread = () => cluster.until(() => cluster.holds.every(({ held }) => held.size > 0), 'all nodes have it')
const reason = (index: Index) => cluster.node(index).status().reason
/** What an honest wallet does when a node tells it of a hold. */
const log = (hold: SignedHold) => cluster.submit({ type: 'hold', ...hold })
const unfreeze = async (number: number) => {
  const { vault } = cluster
  const intent = vault.intent(
    'unfreeze',
    { Freeze: number },
    { id: `unfreeze-${number}`, timestamp: new Date().toISOString() },
  )
  await cluster.submit(startCommand(intent))
  await cluster.submit(cluster.vault.approval(intent.OperationID, cluster.vault.person('alice')))
  await cluster.submit(cluster.vault.execution(intent.OperationID, {}, new Uint8Array()))
}

describe('a freeze brought to one node alone', () => {
  it('is logged before anything else, and then no node signs until the owners unfreeze', async () => {
    await start()
    await cluster.prepare('tx')
    const hold = statement(1)
    expect(await bring(1, hold)).toEqual({ type: 'held' })
    expect(reason(1)).toBe('a freeze waits for the log')
    await spread()
    expect(cluster.events.some(({ node, event }) => node === 1 && event.type === 'held')).toBe(true)
    await expect(cluster.execute('tx')).rejects.toThrow('frozen')
    await cluster.until(() => cluster.state.freeze !== undefined, 'the freeze is certified')
    expect(cluster.state.freeze).toMatchObject({ number: 1, by: 'Alice@example.com' })
    await cluster.until(() => cluster.holds[1]?.held.size === 0, 'the pending hold is forgotten')
    for (const node of [0, 1, 2] as const) expect(reason(node)).toBe('frozen by Alice@example.com')
    await unfreeze(1)
    await cluster.execute('tx')
    await cluster.signed('tx')
  })

  it('stops what is certified and not signed, at once and over restarts, while the log knows nothing of it', async () => {
    await start()
    await cluster.prepare('tx')
    cluster.hub.disconnect('node2')
    const executed = cluster.execute('tx')
    await wait(50)
    const hold = statement(1)
    expect(await bring(1, hold)).toEqual({ type: 'held' })
    cluster.hub.connect('node2')
    await executed.catch(() => undefined)
    await cluster.boot(1)
    await cluster.until(() => reason(1) !== '', 'the hold is read again')
    await wait(1500)
    expect(cluster.signatures('tx')).toEqual([])
  })

  it('stops signing even where the other nodes never hear of it', async () => {
    await start()
    await cluster.prepare('tx')
    cluster.tamper = (_node, _to, message) => (message.type === 'hold' ? undefined : message)
    expect(await bring(1, statement(1))).toEqual({ type: 'held' })
    // Two nodes that know nothing may vote for an entry without it: it is kept then, and not signed.
    await cluster.execute('tx').catch(() => undefined)
    await wait(1500)
    expect(cluster.signatures('tx')).toEqual([])
    await cluster.submit({ type: 'createGroup', by: 'alice@example.com', name: 'any' })
    await cluster.until(() => cluster.state.freeze !== undefined, 'the wallet logs it')
  })

  it('stops a signing session that is under way', async () => {
    await start()
    await cluster.prepare('tx')
    let frames = 0
    cluster.tamper = (node, _to, message) => {
      if (message.type === 'frame' && node === 1 && ++frames === 2) void bring(1, statement(1))
      return message
    }
    await cluster.execute('tx')
    await cluster.until(() => frames >= 2, 'a session')
    await wait(1500)
    expect(cluster.signatures('tx').filter(({ node }) => node === 1)).toEqual([])
    cluster.tamper = (_node, _to, message) => message
    await log(statement(1))
    await unfreeze(1)
    await cluster.signed('tx', [0, 1, 2], 60_000)
  }, 90_000)

  it('is in force before it is durable, and acknowledged only after', async () => {
    await start()
    const store = cluster.holds[1]
    if (store === undefined) throw new Error('no store')
    store.failure = new Error('disk full')
    expect(await bring(1, statement(1))).toMatchObject({ type: 'refused', code: 'internal-error' })
    expect([reason(1), store.held.size]).toEqual(['a freeze waits for the log', 0])
    store.failure = undefined
    expect(await bring(1, statement(1))).toMatchObject({ type: 'held' })
    expect(store.held.size).toBe(1)
  })
})

describe('a wallet that withholds a freeze', () => {
  it('gets nothing certified any more, with that node up or down', async () => {
    await start()
    await cluster.prepare('tx')
    const refusals: string[] = []
    cluster.hears = (node, body) => {
      const message = decodeMessage(body)
      if (message.type !== 'refuse' || message.code !== 'hold') return body
      refusals.push(`${node}: ${message.message}`)
      return encodeMessage({ ...message, code: 'busy', required: undefined })
    }
    const head = cluster.status?.head.seq
    expect(await bring(1, statement(1))).toEqual({ type: 'held' })
    await spread()
    const execution = cluster.execute('tx')
    execution.catch(() => undefined)
    await wait(1500)
    expect(refusals).toContain('1: a hold must be logged first')
    expect(cluster.status?.head.seq).toBe(head)
    cluster.kill(1)
    await wait(500)
    await cluster.boot(1)
    await wait(1000)
    expect(cluster.status?.head.seq).toBe(head)
    expect(cluster.signatures('tx')).toEqual([])
    cluster.hears = (_node, body) => body
    await expect(execution).rejects.toThrow('frozen')
  })

  it('cannot put other commands before it', async () => {
    await start()
    await cluster.prepare('tx')
    const hold = statement(1)
    await bring(1, hold)
    await spread()
    await Promise.allSettled([cluster.execute('tx'), log(hold)])
    const last = cluster
      .snapshot()
      .log.map(({ entry }) => decodeEntry(entry).commands.map(raw => decodeCommand(raw).type))
    expect(last.find(commands => commands.includes('hold'))?.[0]).toBe('hold')
    expect(operationOf(cluster.state, 'tx').phase).toBe('pending')
    expect(cluster.state.freeze?.number).toBe(1)
  })
})

describe('holds of several owners at several nodes', () => {
  it('are all logged before the rest', async () => {
    await start()
    await cluster.pair('bob').catch(() => undefined)
    await cluster.prepare('a')
    await cluster.prepare('b')
    await bring(0, statement(1, 'a'))
    await bring(2, statement(2, 'b'))
    await cluster.until(() => cluster.holds.every(({ held }) => held.size === 2), 'all nodes have both')
    await Promise.allSettled([cluster.execute('a'), cluster.execute('b')])
    await cluster.until(
      () => ['a', 'b'].every(id => cluster.state.operations.get(id)?.phase === 'failed'),
      'both are vetoed',
    )
    expect(operationOf(cluster.state, 'a').failure?.code).toBe('vetoed')
    await wait(300)
    expect([...cluster.signatures('a'), ...cluster.signatures('b')]).toEqual([])
  })
})

describe('a statement that counts for nothing', () => {
  it('is refused by every node and kept by none: forged, of another vault, replayed', async () => {
    await start()
    const hold = statement(2)
    const other = new TestVault(testGenesis({ deploymentId: 'another' }))
    const { type: _, ...foreign } = other.hold(other.person('alice'), 3)
    const refused: [SignedHold, string][] = [
      [{ ...hold, counter: 3 }, 'bad-hold'],
      [{ ...hold, signature: hold.signature.with(10, (hold.signature[10] ?? 0) ^ 1) }, 'bad-hold'],
      [{ ...hold, keyId: new Uint8Array(32) }, 'bad-hold'],
      [foreign, 'bad-hold'],
      [statement(3, 'nothing'), 'unknown-operation'],
    ]
    for (const [bad, code] of refused)
      for (const node of [0, 1, 2] as const) expect(await bring(node, bad)).toMatchObject({ type: 'refused', code })
    for (const { held } of cluster.holds) expect(held.size).toBe(0)
    await log(hold)
    await unfreeze(1)
    for (const replayed of [hold, statement(1)])
      for (const node of [0, 1, 2] as const)
        expect(await bring(node, replayed)).toMatchObject({ type: 'refused', code: 'hold-replayed' })
    await cluster.prepare('tx')
    await cluster.execute('tx')
    await cluster.signed('tx')
  })

  it('is forgotten when an old file of it comes back', async () => {
    await start()
    const hold = statement(1)
    await bring(1, hold)
    const [file] = [...(cluster.holds[1]?.held ?? [])]
    await log(hold)
    await unfreeze(1)
    if (file !== undefined) cluster.holds[1]?.held.set(...file)
    await cluster.boot(1)
    await cluster.until(() => cluster.holds[1]?.held.size === 0, 'the old hold is dropped')
    expect(reason(1)).toBe('')
  })

  it('keeps the node from starting when its file is damaged', async () => {
    await start()
    cluster.holds[1]?.held.set('x', Uint8Array.of(1, 2, 3))
    await expect(cluster.boot(1)).rejects.toMatchObject({ code: 'hold-unreadable' })
    cluster.holds[1]?.held.clear()
    await cluster.boot(1)
  })
})

it('a verdict leaves a node only after the entry that it stands on is durable', async () => {
  await start()
  await cluster.prepare('tx')
  const records = cluster.records[1]
  if (records === undefined) throw new Error('no records')
  const { put } = records
  const gate = Promise.withResolvers<void>()
  records.put = async rows => {
    if (rows.some(({ table }) => table === 'entry')) await gate.promise
    return put(rows)
  }
  const before = cluster.node(1).status().seq
  await cluster.execute('tx')
  const view = async () => {
    const answer = await cluster.query(1, { type: 'view', operationId: 'tx' })
    if (answer.type !== 'view') throw new Error(answer.type)
    return answer.view
  }
  expect(cluster.node(0).status().seq).toBe(before + 1)
  expect(await view()).toMatchObject({ headSeq: before, status: 'Pending execution', executions: [] })
  await wait(300)
  expect(cluster.signatures('tx')).toEqual([])
  gate.resolve()
  await cluster.signed('tx')
  await cluster.until(() => cluster.node(1).status().seq > before + 1, 'node 1 has both entries')
  const { executions, approvals } = await view()
  expect(approvals).toHaveLength(1)
  expect(executions[0]?.signature).toEqual(cluster.signatures('tx')[0]?.signature)
})

describe("holds that get in each other's way", () => {
  const goesOn = async () => {
    await cluster.submit({ type: 'createGroup', by: 'alice@example.com', name: 'any' })
    await cluster.until(() => cluster.holds.every(({ held }) => held.size === 0), 'no hold waits any more')
  }
  const allHave = (size: number) =>
    cluster.until(() => cluster.holds.every(({ held }) => held.size === size), `all nodes have ${size}`)

  it('two vetoes of one operation: one ends it, and the log goes on', async () => {
    await start()
    await cluster.prepare('tx')
    await Promise.all([bring(0, statement(1, 'tx')), bring(2, statement(2, 'tx'))])
    await allHave(2)
    await goesOn()
    expect(operationOf(cluster.state, 'tx').failure?.code).toBe('vetoed')
  }, 20_000)

  it('of one owner, brought in another order than they were signed: both are logged', async () => {
    await start()
    await cluster.prepare('tx')
    await bring(2, statement(2))
    await bring(0, statement(1, 'tx'))
    await bring(1, statement(3))
    await allHave(3)
    await goesOn()
    expect(operationOf(cluster.state, 'tx').failure?.code).toBe('vetoed')
    expect(cluster.state.freeze?.number).toBe(2)
  }, 20_000)

  it('of one device, sixteen: an owner cannot use up the room of another', async () => {
    await start()
    cluster.hears = () => undefined
    for (let counter = 1; counter <= 16; counter++) expect(await bring(0, statement(counter))).toEqual({ type: 'held' })
    expect(await bring(0, statement(17))).toMatchObject({ type: 'refused', code: 'too-many-operations' })
  }, 20_000)
})
