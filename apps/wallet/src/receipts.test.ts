import { makeReceipt } from '@trivault/client'
import { verdictsOf } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { byAlice, quarter, TestWallet } from '../test/reads.ts'
import { receiptOf } from './receipts.ts'

/** The vault as whoever replayed its log has it; the hashes of its entries play no part here. */
const replicaOf = ({ vault: { state, seq } }: TestWallet) => ({ state, seq, hashAt: () => '00'.repeat(32) })

describe('the receipt that the wallet hands out', () => {
  it('is the one made of the whole log', async () => {
    const wallet = new TestWallet()
    wallet.signedTransfer()
    const id = wallet.signedTransfer()
    wallet.signedTransfer()
    const replica = replicaOf(wallet)
    const verdicts = verdictsOf(replica, id)
    const whole = makeReceipt(replica.state, await wallet.vault.certified(), id, verdicts, 0, undefined)
    expect(await receiptOf(await wallet.certifiedView(), verdicts, id, 0)).toEqual(whole)
  })

  it('is refused for what is not signed, and while a node is silent', async () => {
    const wallet = new TestWallet()
    const open = wallet.vault.start(wallet.vault.transferIntent(quarter, byAlice))
    const id = wallet.signedTransfer()
    const replica = replicaOf(wallet)
    const view = await wallet.certifiedView()
    await expect(receiptOf(view, verdictsOf(replica, open), open, 0)).rejects.toMatchObject({ code: 'conflict' })
    await expect(receiptOf(view, verdictsOf(replica, id), id, 1)).rejects.toMatchObject({ code: 'conflict' })
    const { Verdicts, ...rest } = verdictsOf(replica, id)
    const two = { ...rest, Verdicts: Verdicts.slice(0, 2) }
    await expect(receiptOf(view, two, id, 0)).rejects.toMatchObject({ code: 'unavailable' })
  })
})
