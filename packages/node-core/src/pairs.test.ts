import { randomBytes } from 'node:crypto'
import type { PeerMessage } from '@trivault/protocol'
import { describe, expect, it } from 'vitest'
import { JointSessions } from './joint-sessions.ts'
import { Pairs } from './pairs.ts'
import type { Quarantine } from './quarantine.ts'

const random = (length: number) => new Uint8Array(randomBytes(length))
const boots = [random(16), random(16)]
const quiet = {
  log: () => undefined,
  metrics: { count: () => undefined, gauge: () => undefined, observe: () => undefined },
}

/** Two nodes whose messages arrive when `deliver` is called. */
function twoNodes(quarantined: readonly number[] = []) {
  const mail: (() => void)[] = []
  const nodes = [0, 1].map(self => {
    const send = (to: number, message: PeerMessage) => {
      mail.push(() => {
        const { sessions } = nodes[to] ?? {}
        if (message.type === 'join') sessions?.receiveJoin(self, message)
        else if (message.type === 'frame') sessions?.receiveFrame(self, message.session, message.frame)
      })
    }
    const sessions = new JointSessions({ self, vaultId: new Uint8Array(32), random, now: () => 0, send, ...quiet })
    const quarantine = {
      has: (peer: number) => quarantined.includes(peer),
      peers: quarantined,
    } as unknown as Quarantine
    const pairs = new Pairs({
      ...{ self, sessions, random, quarantine, log: quiet.log },
      bootOf: node => boots[node],
      ownBoot: boots[self] ?? new Uint8Array(16),
      clock: () => 0,
      onReady: () => undefined,
    })
    return { sessions, pairs }
  })
  const deliver = () => {
    for (let next = mail.shift(); next !== undefined; next = mail.shift()) next()
  }
  const [a, b] = nodes
  if (a === undefined || b === undefined) throw new Error('two nodes')
  return { a: a.pairs, b: b.pairs, deliver }
}

describe('oblivious transfer epochs', () => {
  it('are the same at both nodes', () => {
    const { a, b, deliver } = twoNodes()
    a.connect(1)
    b.connect(0)
    deliver()
    expect(a.epoch(1)?.id).toBeDefined()
    expect(a.epoch(1)?.id).toEqual(b.epoch(0)?.id)
  })

  it('that are used up at one node or both are followed by new ones', () => {
    const { a, b, deliver } = twoNodes()
    a.connect(1)
    b.connect(0)
    deliver()
    for (const both of [false, true]) {
      const first = a.epoch(1)
      const usedUp = both ? [first, b.epoch(0)] : [first]
      for (const epoch of usedUp) epoch?.state.destroy()
      expect(a.epoch(1)).toBeUndefined()
      a.tick()
      b.tick()
      deliver()
      expect(a.epoch(1)?.id).toBeDefined()
      expect(a.epoch(1)?.id).not.toEqual(first?.id)
      expect(a.epoch(1)?.id).toEqual(b.epoch(0)?.id)
    }
  })

  it('are not made with a peer in quarantine', () => {
    const { a, b, deliver } = twoNodes([0, 1])
    a.connect(1)
    b.connect(0)
    a.tick()
    deliver()
    expect(a.epoch(1)).toBeUndefined()
  })
})
