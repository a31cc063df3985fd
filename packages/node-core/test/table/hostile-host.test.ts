import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Identity, identity } from './stand-in.ts'
import { row, startWorld, type World } from './world.ts'

let own: Identity
let world: World
beforeAll(async () => {
  own = await identity()
})
beforeEach(async () => {
  world = await startWorld(own)
})
afterEach(() => world.close())

/** A few places in each part of a connection: greeting, certificate, the end of the handshake, request and answer. */
const places = [0, 4, 60, 500, 900, 1_100, 1_300, 1_500, 1_700, 2_000]

describe.each(['up', 'down'] as const)('a host that meddles with what goes %s', way => {
  it('by cutting at any byte only delays: every write is done once, and is known', async () => {
    let version = 0
    for (const place of places) {
      const { votes } = world.open()
      const first = world.middle.connections + 1
      world.middle[way] = (chunk, offset, connection) => {
        const left = place - offset
        return connection === first && left < chunk.length ? { last: chunk.subarray(0, Math.max(left, 0)) } : chunk
      }
      version += 1
      expect(await votes.compareAndSet(version - 1, row(version, `cut at ${place}`))).toBe(true)
      expect(await world.direct().votes.load()).toEqual(row(version, `cut at ${place}`))
    }
    expect(world.middle.connections).toBeGreaterThan(places.length)
  })

  it('by changing any byte only delays', async () => {
    let version = 0
    for (const place of places.slice(0, -2)) {
      const { votes } = world.open({ attempt: 400, patience: 8_000 })
      const first = world.middle.connections + 1
      world.middle[way] = (chunk, offset, connection) => {
        const at = place - offset
        if (connection !== first || at < 0 || at >= chunk.length) return chunk
        const changed = Buffer.from(chunk)
        changed[at] = (changed[at] ?? 0) ^ 0x41
        return changed
      }
      version += 1
      expect(await votes.compareAndSet(version - 1, row(version, `changed at ${place}`))).toBe(true)
      expect(await world.direct().votes.load()).toEqual(row(version, `changed at ${place}`))
    }
  })
})

describe('a host that', () => {
  it('keeps everything back: the node says so in time and goes on when the way is open', async () => {
    const { votes } = world.open({ attempt: 800, patience: 0 })
    await votes.load()
    world.middle.up = () => 'hold'
    const before = performance.now()
    await expect(votes.compareAndSet(0, row(1, 'a'))).rejects.toMatchObject({
      code: 'anchor-unreachable',
      message: /does not answer in time/,
    })
    expect(performance.now() - before).toBeLessThan(4_000)
    world.middle.up = undefined
    expect(await votes.compareAndSet(0, row(1, 'b'))).toBe(true)
  })

  it('connects nobody: the node says so', async () => {
    await world.middle.close()
    await expect(world.open({ patience: 0 }).votes.load()).rejects.toMatchObject({
      code: 'anchor-unreachable',
      message: /ECONNREFUSED/,
    })
  })

  it('repeats what it heard or says it to another connection, gets nothing done', async () => {
    const heard: Buffer[] = []
    world.middle.up = chunk => {
      heard.push(chunk)
      return chunk
    }
    const { votes } = world.open()
    await votes.compareAndSet(0, row(1, 'a'))
    const done = world.table.requests.length
    world.middle.up = chunk => Buffer.concat([chunk, ...heard])
    await world
      .open({ attempt: 200, patience: 0 })
      .votes.compareAndSet(1, row(2, 'b'))
      .catch(() => undefined)
    expect(world.table.requests).toHaveLength(done)
    expect(await world.direct().votes.load()).toEqual(row(1, 'a'))
  })

  /** From now on what the node sends on its present connection is held, the end of its side too: for the service it stays. */
  const holdUp = (): { slow: number; held: Buffer[] } => {
    const held: Buffer[] = []
    const slow = world.middle.connections
    world.middle.up = (chunk, _, connection) => {
      if (connection !== slow) return chunk
      held.push(chunk)
      return 'hold'
    }
    return { slow, held }
  }

  it('delivers a held request late, gets nothing done once another one was', async () => {
    const { votes } = world.open({ attempt: 1_000, patience: 0 })
    await votes.load()
    const { slow, held } = holdUp()
    await expect(votes.compareAndSet(0, row(1, 'late'))).rejects.toMatchObject({ code: 'anchor-unreachable' })
    expect(held.length).toBeGreaterThan(0)
    expect(await votes.compareAndSet(0, row(1, 'in time'))).toBe(true)
    world.middle.release(slow, held)
    await sleep(50)
    expect(world.table.requests.filter(({ operation }) => operation === 'PutItem')).toHaveLength(2)
    expect(await votes.load()).toEqual(row(1, 'in time'))
  })

  it('delivers a held request before the next one: it counts, and the next one does not', async () => {
    const { votes } = world.open({ attempt: 1_000, patience: 0 })
    await votes.load()
    const { slow, held } = holdUp()
    await expect(votes.compareAndSet(0, row(1, 'late'))).rejects.toMatchObject({ code: 'anchor-unreachable' })
    world.middle.release(slow, held)
    await sleep(50)
    expect(await votes.compareAndSet(0, row(1, 'next'))).toBe(false)
    expect(await votes.load()).toEqual(row(1, 'late'))
  })
})

describe('a core that dies', () => {
  it('between request and answer leaves the old row or the new one, and its next process reads which', async () => {
    for (const isDelivered of [false, true]) {
      const { version = 0 } = (await world.direct().votes.load()) ?? {}
      const dying = world.open({ attempt: 1_000, patience: 0 })
      await dying.votes.load()
      if (isDelivered) world.table.answering = () => 'silence'
      else world.middle.up = () => 'hold'
      await dying.votes.compareAndSet(version, row(version + 1, 'dying')).catch(() => undefined)
      world.table.answering = undefined
      world.middle.up = undefined
      const next = world.open().votes
      expect(await next.load()).toMatchObject({ version: isDelivered ? version + 1 : version })
    }
  })
})
