import { sha256 } from '@trivault/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { Channels } from './channel.ts'
import { EarlyMessages } from './early-messages.ts'
import { identityKeyOf } from './secret.ts'

const seedOf = (node: number) => sha256(Uint8Array.of(node))
const secret = (node: number) => ({ identitySeed: seedOf(node) })
const identityKeys = [0, 1, 2].map(node => identityKeyOf(secret(node)))
let drawn = 0
const random = (length: number) => sha256(Uint8Array.of(++drawn)).slice(0, length)
const open = (self: number, bootTime: number, vault = 1, versions = { protocol: 3, version: '1.0' }) =>
  new Channels({
    ...versions,
    self,
    vaultId: new Uint8Array(32).fill(vault),
    identityKeys,
    identitySeed: seedOf(self),
    bootTime,
    random,
  })
const ask = (fill: number) =>
  ({ type: 'needBackup', keyId: new Uint8Array(32).fill(fill), transcriptHash: new Uint8Array(32) }) as const

let a: Channels
let b: Channels
beforeEach(() => {
  a = open(0, 100)
  b = open(1, 100)
  expect(a.receiveHello(1, b.hello())).toBe('new')
  expect(b.receiveHello(0, a.hello())).toBe('new')
})
const seal = (fill: number) => {
  const sealed = a.seal(1, [ask(fill)])
  if (sealed === undefined) throw new Error('no channel')
  return sealed
}

describe('channel', () => {
  it('opens each message once, in any order, up to the window', () => {
    const sent = Array.from({ length: 1100 }, (_, i) => seal(i % 250))
    const last = sent.at(-1) ?? seal(0)
    expect(b.open(0, last)).toEqual([ask(1099 % 250)])
    for (const envelope of sent.slice(500, 600).reverse()) expect(b.open(0, envelope)).toBeDefined()
    for (const envelope of [...sent.slice(500, 600), last]) expect(b.open(0, envelope)).toBeUndefined()
    for (const envelope of sent.slice(0, 76)) expect(b.open(0, envelope)).toBeUndefined()
    expect(b.open(0, sent[76] ?? last)).toBeDefined()
  })

  it('drops what was changed, turned round, or numbered otherwise, and goes on', () => {
    const sealed = seal(1)
    const flipped = sealed.body.with(0, (sealed.body[0] ?? 0) ^ 1)
    expect(b.open(0, { ...sealed, body: flipped })).toBeUndefined()
    expect(b.open(0, { ...sealed, body: sealed.body.slice(0, 10) })).toBeUndefined()
    for (const counter of [0, 2, Number.MAX_SAFE_INTEGER]) expect(b.open(0, { ...sealed, counter })).toBeUndefined()
    expect(b.open(2, sealed)).toBeUndefined()
    expect(a.open(1, sealed)).toBeUndefined()
    expect(b.open(0, sealed)).toEqual([ask(1)])
  })

  it('takes a later boot only, and nothing sealed before it', () => {
    const old = a.hello()
    const before = seal(1)
    const again = open(0, 200)
    expect(b.receiveHello(0, again.hello())).toBe('new')
    expect(b.open(0, before)).toBeUndefined()
    expect(b.receiveHello(0, old)).toBe('refused')
    expect(b.receiveHello(0, again.hello())).toBe('known')
    expect(b.receiveHello(0, open(0, 200).hello())).toBe('refused')
  })

  it('opens none to a peer of another version, and drops the one it had, until the peer is of the own again', () => {
    const sealed = seal(1)
    let time = 200
    for (const versions of [
      { protocol: 4, version: '1.0' },
      { protocol: 3, version: '1.1' },
    ]) {
      const other = open(0, ++time, 1, versions)
      expect(b.receiveHello(0, other.hello())).toBe('other-version')
      expect(b.receiveHello(0, other.hello())).toBe('known')
      expect(b.otherVersionOf(0)).toMatchObject(versions)
      expect(b.bootOf(0)).toBeUndefined()
      expect(b.seal(0, [ask(1)])).toBeUndefined()
      expect(b.open(0, sealed)).toBeUndefined()
      expect(other.receiveHello(1, open(1, 100).hello())).toBe('other-version')
      // An older boot, replayed, does not bring the channel back.
      expect(b.receiveHello(0, a.hello())).toBe('refused')
      // What a broker changes is not the node's word.
      expect(b.receiveHello(0, { ...open(0, time + 1).hello(), version: '1.2' })).toBe('refused')
    }
    expect(b.receiveHello(0, open(0, ++time).hello())).toBe('new')
    expect(b.otherVersionOf(0)).toBeUndefined()
  })

  it('refuses greetings that are changed, of another node or vault, or with a point of small order', () => {
    const fresh = () => open(1, 300).hello()
    expect(a.receiveHello(2, fresh())).toBe('refused')
    expect(a.receiveHello(1, { ...fresh(), bootTime: 301 })).toBe('refused')
    expect(a.receiveHello(1, { ...fresh(), exchangeKey: new Uint8Array(32) })).toBe('refused')
    expect(a.receiveHello(1, { ...fresh(), known: [] })).toBe('refused')
    expect(a.receiveHello(1, open(1, 300, 2).hello())).toBe('refused')
    expect(a.receiveHello(0, a.hello())).toBe('refused')
    expect(a.receiveHello(1, fresh())).toBe('new')
  })
})

describe('early messages', () => {
  it('are bounded for each peer by itself', () => {
    const early = new EarlyMessages()
    const session = new Uint8Array(32)
    const joined = { attempt: 1, nonce: session, epochs: [] }
    early.keepFrame(1, session, Uint8Array.of(1))
    early.keepJoin(1, 'task', joined)
    for (let i = 0; i < 300; i++) {
      early.keepFrame(2, session, new Uint8Array(1 << 20))
      early.keepJoin(2, `task-${i}`, joined)
    }
    const frames = early.takeFrames(session)
    expect(frames.filter(({ from }) => from === 1)).toHaveLength(1)
    expect(frames.filter(({ from }) => from === 2)).toHaveLength(4)
    expect(early.takeFrames(session)).toEqual([])
    expect(early.takeJoins('task')).toEqual(new Map([[1, joined]]))
    expect(early.takeJoins('task-0').size).toBe(0)
    expect(early.takeJoins('task-299').size).toBe(1)
  })
})
