import { entryStoreContract } from '@trivault/ledger/testing'
import { describe, it } from 'vitest'
import { openEntryStore } from './entry-store.ts'
import { SealedRecords } from './sealed-records.ts'
import { memoryRecords } from './testing/memory.ts'

describe('entry store contract, over sealed records', () => {
  it.each(entryStoreContract)('$name', async ({ run }) => {
    const records = memoryRecords()
    let nonce = 0
    const reopen = () =>
      openEntryStore(
        new SealedRecords({
          records,
          encryptorMasterPassword: new Uint8Array(32).fill(1),
          vaultId: new Uint8Array(32).fill(2),
          node: 0,
          random: length => new Uint8Array(length).fill(++nonce),
        }),
      )
    await run({ store: await reopen(), reopen })
  })
})
