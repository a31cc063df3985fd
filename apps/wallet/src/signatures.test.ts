import type { Answer, Command, NodeEvent } from '@trivault/protocol'
import { signingFailureCommand, TestVault } from '@trivault/testkit'
import { operationOf, statusOf } from '@trivault/vault-state'
import { describe, expect, it } from 'vitest'
import type { Outcome } from './log.ts'
import { NodeLink } from './node-link.ts'
import { operationStatusOf } from './reads/operations.ts'
import { Signatures } from './signatures.ts'
import type { WalletView } from './view.ts'

type Failed = Extract<NodeEvent, { type: 'failed' }>

/** A transfer in execution, and a wallet that submits to the real fold. */
function executing() {
  const vault = TestVault.founded()
  const to = '0x00000000000000000000000000000000000000AA'
  const id = vault.start(vault.transferIntent([{ Address: to, Amount: '0.25' }], { initiator: 'alice@example.com' }))
  vault.approve(id, vault.person('alice'))
  vault.execute(id)
  const submitted: Command[] = []
  const errors: unknown[] = []
  const answers: (Answer | undefined)[] = [undefined, undefined, undefined]
  const link = new NodeLink({ send: () => true, onMessage: () => undefined }, handlers)
  link.queryAll = async () => answers as never
  const signatures = new Signatures({
    link,
    state: () => vault.state,
    submit: async (...commands): Promise<Outcome[]> => {
      submitted.push(...commands)
      await Promise.resolve()
      vault.apply(...commands)
      return commands.map(() => ({ ok: true, seq: vault.seq }))
    },
    onError: error => errors.push(error),
  })
  const told = (changes: Parameters<typeof signingFailureCommand>[2] = {}, signer?: number): Failed => ({
    ...signingFailureCommand(vault.state, id, changes, signer),
    type: 'failed',
  })
  return { vault, id, signatures, submitted, errors, answers, told }
}

const handlers = { ledger: () => undefined, event: () => undefined, malformed: () => undefined }
const settled = () => new Promise(resolve => setTimeout(resolve, 5))

describe('a failed signing session', () => {
  it('is submitted once, however often it is told and by whomever', async () => {
    const { vault, id, signatures, submitted, errors, told } = executing()
    const [first, second] = [told({ node: 0 }), told({ node: 1 })]
    for (const event of [first, first, second]) signatures.receive(0, event)
    await settled()
    for (const event of [first, second]) signatures.receive(1, event)
    await settled()
    expect(submitted).toEqual([{ ...first, type: 'signingFailed' }])
    expect(errors).toEqual([])
    expect(statusOf(vault.state, operationOf(vault.state, id))).toBe('Failed')
    const view = { state: () => vault.state } as WalletView
    expect(await operationStatusOf(view, id)).toMatchObject({
      Status: 'Failed',
      ErrorDetails: {
        Status: 'Failed',
        ErrorCode: 'M0190',
        Properties: {
          Reason: expect.stringMatching(/^check S3\.1 failed at node 0 \(accusation\); may still land, slot /),
        },
      },
    })
  })

  it('is found by the sweep when its message was lost, and a signature is preferred', async () => {
    const { signatures, submitted, answers, id, vault, told } = executing()
    const { type: _, ...failed } = told()
    const place = { type: 'signature', operationId: id, part: 0, variant: 0 } as const
    answers[1] = { ...place, signature: undefined, failure: 'check S3.1 failed (accusation)', failed }
    await signatures.sweep(0)
    expect(submitted).toEqual([])
    await signatures.sweep(2_000)
    await settled()
    expect(submitted).toEqual([{ ...failed, type: 'signingFailed' }])

    const other = executing()
    const signed = other.vault.signature(other.id)
    if (signed.type !== 'signed') throw new Error('a signature')
    other.answers[0] = { ...place, signature: undefined, failure: undefined, failed }
    other.answers[2] = { ...place, signature: signed.signature, failure: undefined, failed: undefined }
    await other.signatures.sweep(0)
    await other.signatures.sweep(2_000)
    await settled()
    expect(other.submitted).toEqual([signed])
    expect(vault.state.unsigned.size).toBe(0)
  })

  it('that no node signed, or that comes too late, is not submitted', async () => {
    const { signatures, submitted, vault, id, told } = executing()
    for (const event of [
      told({ node: 0 }, 2),
      told({ node: 7 }, 0),
      told({ variant: 1 }),
      told({ operationId: 'other' }),
    ])
      signatures.receive(0, event)
    await settled()
    const late = told()
    vault.apply(vault.signature(id))
    signatures.receive(1, late)
    await settled()
    expect(submitted).toEqual([])
  })

  it('leaves room for the signature that comes after it', async () => {
    const { signatures, submitted, vault, id, told } = executing()
    const signed = vault.signature(id)
    if (signed.type !== 'signed') throw new Error('a signature')
    signatures.receive(1, told())
    await settled()
    signatures.receive(0, { ...signed, type: 'signed' })
    await settled()
    expect(submitted.map(({ type }) => type)).toEqual(['signingFailed', 'signed'])
    expect(operationOf(vault.state, id)).toMatchObject({ phase: 'failed', failure: { code: 'signing-failed' } })
  })
})
