import { utf8 } from '@trivault/codec'
import { describe, expect, it } from 'vitest'
import { createVoteRecord, Proposer, Voter } from './index.ts'
import { nodeIndexes } from './signed.ts'
import { MemoryAnchor, MemoryStore } from './testing/memory.ts'
import { fakeCommittee, type Toy, toyMachine } from './testing/toy.ts'

describe('certified log', () => {
  it('certifies batches at three nodes', async () => {
    const { committee, signer } = fakeCommittee()
    const voters = await Promise.all(
      nodeIndexes.map(node =>
        Voter.open({
          committee,
          machine: toyMachine,
          store: new MemoryStore(),
          anchor: new MemoryAnchor(createVoteRecord(committee, node)),
          signer: signer(node),
          clock: () => 1000,
        }),
      ),
    )
    let proposer: Proposer<Toy> | undefined
    const send = (node: number, message: Uint8Array) => {
      const v = voters[node]
      setImmediate(
        () =>
          void v?.handle(message, output => {
            setImmediate(() => void proposer?.receive(node as 0, output.message))
            if (output.to === 'all') for (const other of nodeIndexes) if (other !== node) send(other, output.message)
          }),
      )
    }
    proposer = await Proposer.open({
      committee,
      machine: toyMachine,
      store: new MemoryStore(),
      clock: () => 1000,
      random: Math.random,
      schedule: (ms, task) => {
        const t = setTimeout(task, ms)
        return () => clearTimeout(t)
      },
      transport: {
        send,
        broadcast: m =>
          nodeIndexes.forEach(n => {
            send(n, m)
          }),
      },
    })
    const r = await proposer?.submit([utf8('a'), utf8('bad'), utf8('b')])
    const r2 = await proposer?.submit([utf8('c')])
    expect(r?.map(x => x.ok)).toEqual([true, false, true])
    expect(r2?.[0]).toMatchObject({ ok: true, seq: 2 })
    await new Promise(r => setTimeout(r, 50))
    for (const v of voters) expect(v.status().head.seq).toBe(2)
  })
})
