import { anchorContract, recordsContract } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { mailboxHub, memoryAnchor, memoryRecords } from './memory.ts'

recordsContract('memory', async () => {
  const records = memoryRecords()
  return { records, again: async () => records }
})

anchorContract('memory', async () => {
  const anchor = memoryAnchor({ version: 0, record: new Uint8Array(0) })
  return { anchor, again: async () => anchor }
})

const settled = async (hub: { inFlight: number }) => {
  while (hub.inFlight > 0) await new Promise(resolve => setTimeout(resolve, 1))
}

describe('mailbox hub', () => {
  it('delivers in order, to the receiver only, with the sender', async () => {
    const hub = mailboxHub()
    const got: string[] = []
    hub.mailbox('node1').onMessage((from, message) => got.push(`${from} ${message[0]}`))
    hub.mailbox('wallet').onMessage(() => got.push('wrong'))
    for (let i = 0; i < 5; i++) hub.mailbox('node0').send('node1', Uint8Array.of(i))
    await settled(hub)
    expect(got).toEqual([0, 1, 2, 3, 4].map(i => `node0 ${i}`))
  })

  it('loses, delays and cuts off as it is told', async () => {
    let seed = 1
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed / 2_147_483_647
    }
    const hub = mailboxHub({ loss: 0.5, delay: 5, random })
    const got: number[] = []
    hub.mailbox('node1').onMessage((_, message) => got.push(message[0] ?? -1))
    for (let i = 0; i < 100; i++) hub.mailbox('node0').send('node1', Uint8Array.of(i))
    await settled(hub)
    expect(got.length).toBeGreaterThan(20)
    expect(got.length).toBeLessThan(80)
    expect(got).not.toEqual([...got].sort((a, b) => a - b))
    hub.disconnect('node1')
    const before = got.length
    for (let i = 0; i < 100; i++) hub.mailbox('node0').send('node1', Uint8Array.of(i))
    await settled(hub)
    expect(got).toHaveLength(before)
  })
})
