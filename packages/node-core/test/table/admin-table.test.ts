import { firstAnchorItem, firstAnchorRow } from '@trivault/node-core'
import { anchorContract } from '@trivault/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Identity, identity, wireOf } from './stand-in.ts'
import { key, random, record, row, startWorld, type World } from './world.ts'

let own: Identity
let world: World
const others: World[] = []

beforeAll(async () => {
  own = await identity()
})
beforeEach(async () => {
  world = await startWorld(own)
})
afterEach(() => world.close())
afterAll(() => Promise.all(others.map(other => other.close())))

anchorContract('table anchor', async () => {
  const other = await startWorld(own)
  others.push(other)
  return { anchor: other.open().votes, again: async () => other.open().votes }
})

describe('an anchor in a table', () => {
  it('shows no row where none was made, and makes none for votes', async () => {
    world.table.items.clear()
    const { votes } = world.open()
    expect(await votes.load()).toBeUndefined()
    expect(await votes.compareAndSet(0, row(1, 'x'))).toBe(false)
    expect(world.table.items.size).toBe(0)
  })

  it('asks for consistent reads of its one table, signed, by its own name, on one connection', async () => {
    const { votes } = world.open()
    await votes.load()
    await votes.compareAndSet(0, row(1, 'a'))
    await votes.load()
    expect(world.table.connections).toBe(1)
    expect(world.table.requests.map(({ operation }) => operation)).toEqual(['GetItem', 'PutItem', 'GetItem'])
    for (const { body, headers } of world.table.requests) {
      expect(headers).toMatchObject({ host: world.table.access.host, 'content-type': 'application/x-amz-json-1.0' })
      expect(headers.authorization).toMatch(
        /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/\d{8}\/eu-central-1\/dynamodb\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=[0-9a-f]{64}$/,
      )
      expect(JSON.parse(body)).toMatchObject({ TableName: 'anchor' })
      expect(JSON.stringify(headers) + body).not.toContain(world.table.access.secretAccessKey)
    }
  })

  it('lets exactly one of two processes write each version', async () => {
    const processes = [world.open(), world.open()]
    for (let version = 1; version <= 25; version++) {
      const wins = await Promise.all(
        processes.map(({ votes }, i) => votes.compareAndSet(version - 1, row(version, `by ${i}`))),
      )
      expect(wins.filter(Boolean)).toHaveLength(1)
      const winner = wins.indexOf(true)
      for (const { votes } of processes) expect(await votes.load()).toEqual(row(version, `by ${winner}`))
    }
  })

  it('lets only one process win with the same bytes: whose row it is is told by more than the content', async () => {
    const processes = [world.open(), world.open()]
    for (let version = 1; version <= 10; version++) {
      const wins = await Promise.all(
        processes.map(({ votes }) => votes.compareAndSet(version - 1, row(version, 'same'))),
      )
      expect(wins.filter(Boolean)).toHaveLength(1)
    }
  })

  it('replaces a row that is lost, foreign or older above every version there, for the node admin only', async () => {
    const { votes } = world.open()
    await votes.replace(500, async version => row(version, 'over version 0'))
    expect(await votes.load()).toEqual(row(500, 'over version 0'))
    world.table.items.clear()
    const second = world.open().votes
    await second.replace(700, async version => row(version, 'lost'))
    expect(await second.load()).toEqual(row(700, 'lost'))
    const foreign = world.open({ key: new Uint8Array(32) }).votes
    await expect(foreign.load()).rejects.toMatchObject({ code: 'anchor' })
    await foreign.replace(3, async version => row(version, 'foreign'))
    expect(await foreign.load()).toEqual(row(701, 'foreign'))
  })

  it('does not replace what another process moves meanwhile', async () => {
    const { votes } = world.open()
    const other = world.direct().votes
    const replaced = votes.replace(9, async version => {
      await other.compareAndSet(0, row(1, 'meanwhile'))
      return row(version, 'x')
    })
    await expect(replaced).rejects.toMatchObject({ code: 'anchor', message: /another process/ })
    expect(await other.load()).toEqual(row(1, 'meanwhile'))
  })

  it('does not replace what it cannot ask for', async () => {
    world.middle.up = () => 'hold'
    const asked: number[] = []
    const replaced = world.open({ attempt: 100, patience: 200 }).votes.replace(9, async version => {
      asked.push(version)
      return row(version, 'x')
    })
    await expect(replaced).rejects.toMatchObject({ code: 'anchor-unreachable' })
    expect(asked).toEqual([])
  })

  it('writes a vote in a few milliseconds on the connection that is there', async () => {
    const { votes } = world.direct()
    await votes.load()
    const times: number[] = []
    for (let version = 1; version <= 60; version++) {
      const before = performance.now()
      expect(await votes.compareAndSet(version - 1, row(version, 'x'.repeat(250)))).toBe(true)
      times.push(performance.now() - before)
    }
    // Below 1 ms on an idle machine; a delayed acknowledgement would be 40.
    expect(times.sort((a, b) => a - b)[30]).toBeLessThan(25)
    expect(world.table.connections).toBe(1)
  })

  it('writes a record of the largest size', async () => {
    const { votes } = world.open()
    const largest = { version: 1, record: random(65_536) }
    expect(await votes.compareAndSet(0, largest)).toBe(true)
    expect(await world.open().votes.load()).toEqual(largest)
  })
})

describe('a connection', () => {
  it('that the service ended while idle is made anew', async () => {
    const { votes } = world.open()
    await votes.load()
    world.table.hangUp()
    expect(await votes.compareAndSet(0, row(1, 'a'))).toBe(true)
    expect(world.table.connections).toBe(2)
  })
})

describe('the first row', () => {
  it('is one value of the key, version 0, without a record', async () => {
    const first = firstAnchorRow(key)
    expect(first).toEqual(firstAnchorRow(key))
    expect(first).toHaveLength(65)
    expect(first).not.toEqual(firstAnchorRow(new Uint8Array(32)))
    expect(world.table.items.get('votes')).toEqual(wireOf(firstAnchorItem(first)))
    expect(await world.open().votes.load()).toEqual({ version: 0, record: new Uint8Array(0) })
  })
})

describe('holds and quarantines in a table', () => {
  const id = (byte: number) => byte.toString(16).padStart(2, '0').repeat(32)

  it('stay over restarts, each by itself, until they are removed', async () => {
    const { holds, quarantine, votes } = world.open()
    expect([await holds.load(), await quarantine.load()]).toEqual([[], []])
    await holds.save(id(1), Uint8Array.of(1))
    await holds.save(id(2), Uint8Array.of(2))
    await holds.save(id(1), Uint8Array.of(1))
    await quarantine.save(2, record('{"check":"S3.1"}'))
    await quarantine.save(0, record('{}'))
    const again = world.open()
    expect(await again.holds.load()).toEqual([Uint8Array.of(2), Uint8Array.of(1)])
    expect(await again.quarantine.load()).toEqual([
      { peer: 2, record: record('{"check":"S3.1"}') },
      { peer: 0, record: record('{}') },
    ])
    await again.holds.remove(id(1))
    await again.holds.remove(id(1))
    expect(await world.open().holds.load()).toEqual([Uint8Array.of(2)])
    expect(await votes.load()).toMatchObject({ version: 0 })
  })

  it('release a peer only by the very record that is there', async () => {
    const { quarantine } = world.open()
    await quarantine.save(1, record('first'))
    await quarantine.remove(1, record('other'))
    await quarantine.remove(2, record('first'))
    expect(await quarantine.load()).toHaveLength(1)
    await quarantine.remove(1, record('first'))
    expect(await quarantine.load()).toEqual([])
  })

  it('are all kept when two processes add at once', async () => {
    const processes = [world.open(), world.open()]
    await Promise.all(
      processes.flatMap(({ holds }, i) => [0, 1, 2, 3].map(n => holds.save(id(4 * i + n), Uint8Array.of(4 * i + n)))),
    )
    expect((await world.open().holds.load()).map(([byte]) => byte).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('are not confirmed when the table cannot be written', async () => {
    const { holds } = world.open({ attempt: 1_000, patience: 0 })
    await holds.load()
    world.middle.up = () => 'hold'
    await expect(holds.save(id(1), Uint8Array.of(1))).rejects.toMatchObject({ code: 'anchor-unreachable' })
    world.middle.up = undefined
    expect(await holds.load()).toEqual([])
  })

  it('keep a node from starting when they are damaged, another record, or not a list', async () => {
    const { holds } = world.open()
    await holds.save(id(1), Uint8Array.of(1))
    const { items } = world.table
    const good = items.get('holds') ?? {}
    const damaged = { ...good, row: { B: Buffer.alloc(100).toString('base64') } }
    for (const bad of [damaged, { ...good, version: { N: '2' } }, { ...items.get('votes'), record: { S: 'holds' } }]) {
      items.set('holds', bad)
      await expect(world.open().holds.load()).rejects.toMatchObject({ code: 'anchor' })
    }
    items.set('quarantines', { ...good, record: { S: 'quarantines' } })
    await expect(world.open().quarantine.load()).rejects.toMatchObject({ code: 'anchor' })
  })
})
