import { describe, it } from 'vitest'
import { anchorContract, entryStoreContract } from './testing/contracts.ts'
import { MemoryAnchor, MemoryStore } from './testing/memory.ts'

const first = { version: 1, record: new Uint8Array([1, 2, 3]) }

describe('anchor contract, in memory', () => {
  it.each(anchorContract)('$name', async ({ run }) => {
    const anchor = new MemoryAnchor(first)
    await run({ first, anchor, reopen: async () => anchor, empty: new MemoryAnchor(undefined) })
  })
})

describe('entry store contract, in memory', () => {
  it.each(entryStoreContract)('$name', async ({ run }) => {
    const store = new MemoryStore()
    await run({ store, reopen: async () => store })
  })
})
