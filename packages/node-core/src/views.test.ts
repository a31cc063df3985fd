import { viewDigest } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { describe, expect, it } from 'vitest'
import { viewOf } from './views.ts'

const head = { seq: 1, hash: new Uint8Array(32) }
const groupName = (index: number) => `approvers ${index} ${'x'.repeat(80)}`

describe('a view', () => {
  it('holds the longest requirements that a restriction can have, and many of them', () => {
    const vault = TestVault.founded()
    const Groups = Array.from({ length: 50 }, (_, index) => groupName(index))
    for (const name of Groups) vault.apply({ type: 'createGroup', by: '', name })
    for (let i = 0; i < 5; i++) {
      const Approvers = Array.from({ length: 50 }, (_, n) => ({ Groups, RequiredApprovers: 1 + n + 50 * i }))
      const id = vault.start(
        vault.intent('update transaction restriction', { Add: { RestrictionID: `r${i}`, Approvers } }),
      )
      vault.approve(id, vault.person('alice'))
      vault.execute(id)
    }
    const id = vault.start(vault.messageIntent('hello'))
    const view = viewOf(vault.state, 0, id, head)
    expect(view.needs).toHaveLength(251)
    expect(viewDigest(view)).toHaveLength(32)
  })
})
