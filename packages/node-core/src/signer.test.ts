import { TestVault } from '@trivault/testkit'
import { expect, it } from 'vitest'
import type { JointSessions, Task } from './joint-sessions.ts'
import type { KeyShares } from './key-shares.ts'
import type { Pairs } from './pairs.ts'
import { SealedRecords } from './sealed-records.ts'
import { SigningCoordinator } from './signer.ts'
import { memoryRecords } from './testing/memory.ts'

it('S4: of two sessions that end while the database is slow, the first signature is stored and told, the second nowhere', async () => {
  const vault = TestVault.founded()
  const id = vault.start(
    vault.transferIntent([{ Address: '0x00000000000000000000000000000000000000AA', Amount: '0.25' }], {
      initiator: 'alice@example.com',
    }),
  )
  vault.approve(id, vault.person('alice'))
  vault.apply(vault.execution(id))
  const rows = memoryRecords()
  const { put } = rows
  const slow = Promise.withResolvers<void>()
  rows.put = async changes => {
    await slow.promise
    return put(changes)
  }
  const tasks: Task[] = []
  const told: Uint8Array[] = []
  const records = new SealedRecords({
    ...{ records: rows, vaultId: vault.state.vaultId, node: 0 },
    ...{ encryptorMasterPassword: new Uint8Array(32), random: length => new Uint8Array(length) },
  })
  const signer = new SigningCoordinator({
    ...{ self: 0, vaultId: vault.state.vaultId, sign: () => new Uint8Array(64), records, now: () => 0 },
    ...{ random: length => new Uint8Array(length), log: () => undefined, mayRun: () => true },
    sessions: {
      add: (task: Task) => void tasks.push(task),
      has: () => false,
      dropWhere: () => undefined,
    } as unknown as JointSessions,
    pairs: {} as Pairs,
    shares: { active: async () => ({ transcriptHash: new Uint8Array(32) }) } as unknown as KeyShares,
    metrics: { count: () => undefined, gauge: () => undefined, observe: () => undefined },
    release: (_id, _part, _variant, signature) => void told.push(signature),
    releaseFailure: () => undefined,
  })
  await signer.follow(vault.state)
  const [task] = tasks
  for (const made of [1, 2])
    task?.complete({ r: new Uint8Array(32).fill(made), s: new Uint8Array(32), recovery: 0 }, new Uint8Array(32))
  slow.resolve()
  await expect.poll(() => told.length).toBeGreaterThan(0)
  await new Promise(resolve => setTimeout(resolve, 50))
  const { signature } = await signer.result(id, 0, 0)
  expect(told.map(([first]) => first)).toEqual([1])
  expect(signature?.[0]).toBe(1)
})
