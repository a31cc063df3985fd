import type { CommandOf, FoundingEpoch, NodeEvent } from '@trivault/protocol'
import { TestVault } from '@trivault/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import { Endorsements } from './endorsements.ts'

const epoch: FoundingEpoch = {
  epoch: 1,
  owners: [{ id: 'dave@example.com', name: 'Dave', key: undefined }],
  required: 1,
}
let vault: TestVault
let submitted: CommandOf<'endorse'>[]
let endorsements: Endorsements

beforeEach(() => {
  vault = TestVault.founded()
  submitted = []
  endorsements = new Endorsements({
    state: () => vault.state,
    submit: async command => void submitted.push(command),
    onError: error => expect.fail(String(error)),
  })
})

const told = (node: number, value = epoch): Extract<NodeEvent, { type: 'endorsed' }> => ({
  type: 'endorsed',
  ...value,
  signature: vault.endorsement(value).signatures[node] ?? new Uint8Array(64),
})

describe('what the nodes say of a new founding', () => {
  it('goes into the log once all three have said the same', () => {
    endorsements.receive(2, told(2))
    endorsements.receive(0, told(0))
    endorsements.receive(0, told(0))
    expect(submitted).toEqual([])
    endorsements.receive(1, told(1))
    expect(submitted).toHaveLength(1)
    for (const command of submitted) vault.apply(command)
    expect(vault.state.endorsed).toEqual(epoch)
    for (const node of [0, 1, 2] as const) endorsements.receive(node, told(node))
    expect(submitted).toHaveLength(1)
  })

  it('does not go there while one of them says something else', () => {
    const other = { ...epoch, owners: [{ id: 'eve@example.com', name: 'Eve', key: undefined }] }
    for (const node of [0, 1] as const) endorsements.receive(node, told(node))
    endorsements.receive(2, told(2, other))
    endorsements.receive(2, told(2, { ...epoch, required: 2 }))
    expect(submitted).toEqual([])
  })
})
