import { setImmediate } from 'node:timers/promises'
import type { PeerMessage } from '@trivault/protocol'
import { expect, it } from 'vitest'
import { PeerOutbox } from './peer-outbox.ts'

const frame = (length: number): PeerMessage => ({
  type: 'frame',
  session: new Uint8Array(32),
  frame: new Uint8Array(length),
})

it('puts what is said in one turn into one envelope per peer, in order', async () => {
  const posted: [number, readonly PeerMessage[]][] = []
  const outbox = new PeerOutbox((to, messages) => posted.push([to, messages]))
  const [a, b, c, d] = [frame(1), frame(2), frame(3), frame(4)] as const
  outbox.send(1, a)
  outbox.send(2, b)
  outbox.send(1, c)
  expect(posted).toEqual([])
  await setImmediate()
  expect(posted).toEqual([
    [1, [a, c]],
    [2, [b]],
  ])
  outbox.send(1, d)
  await setImmediate()
  expect(posted[2]).toEqual([1, [d]])
  expect(posted).toHaveLength(3)
})

it('lets no envelope grow without bound', async () => {
  const sizes: number[] = []
  const outbox = new PeerOutbox((_to, messages) => sizes.push(messages.length))
  for (let i = 0; i < 600; i++) outbox.send(1, frame(1))
  for (let i = 0; i < 3; i++) outbox.send(1, frame(40 << 10))
  await setImmediate()
  expect(sizes).toEqual([256, 256, 90, 1])
})
