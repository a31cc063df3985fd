import { formatHex, recoverSigner } from '@trivault/chains'
import { fromBase64, toBase64 } from '@trivault/codec'
import { encodeIntent } from '@trivault/protocol'
import { operationOf } from '@trivault/vault-state'
import { Transaction } from 'ethers'
import { describe, expect, it } from 'vitest'
import { byAlice, quarter, TestWallet, to, valid } from '../../test/reads.ts'
import type { Caller } from '../service.ts'

const caller = (id: string): Caller => ({ id, name: id, role: 'Viewer', kind: 'user' })
const status = async (wallet: TestWallet, id: string) =>
  valid('cwpgetOperationStatus', await wallet.reads().operationStatus(id))

describe('status', () => {
  it('of what nobody started is unknown', async () => {
    const reads = new TestWallet().reads()
    const unknown = { code: 'not-found', message: expect.stringContaining('none') }
    await expect(reads.operationStatus('none')).rejects.toMatchObject(unknown)
    await expect(reads.approvalStatus('none')).rejects.toMatchObject(unknown)
    await expect(reads.intent('none')).rejects.toMatchObject(unknown)
  })

  it('of what waits for the nodes is initialization, or why they refused', async () => {
    const wallet = new TestWallet()
    const intent = wallet.vault.transferIntent(quarter, { id: 'early' })
    const operation = { id: 'early', type: 'make transaction', intent, createdAt: 5, refused: undefined } as const
    wallet.waiting.push(operation)
    expect(await status(wallet, 'early')).toEqual({ Status: 'Pending initialization' })
    expect(valid('cwpgetOperationApprovalStatus', await wallet.reads().approvalStatus('early'))).toEqual({
      ApprovedBy: [],
      RejectedBy: [],
      PendingApprovals: [],
    })
    expect(await wallet.reads().intent('early')).toBe(new TextDecoder().decode(encodeIntent(intent)))
    wallet.waiting[0] = { ...operation, refused: { code: 'unknown-account', message: 'no account', at: 7 } }
    expect(await status(wallet, 'early')).toEqual({
      Status: 'Failed',
      ErrorDetails: {
        Status: 'Failed',
        ErrorCode: 'M0133',
        Properties: { Reason: 'no account' },
        Timestamp: '1970-01-01T00:00:00.007Z',
      },
    })
    wallet.vault.start(intent)
    expect((await status(wallet, 'early')).Status).toBe('Pending approval')
  })

  it('of a transfer goes on until the chain has every part', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const id = vault.start(vault.transferIntent([...quarter, { Address: to, Amount: '1' }], byAlice))
    expect((await status(wallet, id)).Status).toBe('Pending confirmation')
    vault.approve(id, wallet.alice)
    expect((await status(wallet, id)).Status).toBe('Pending execution')
    vault.execute(id)
    expect((await status(wallet, id)).Status).toBe('Pending signature')
    vault.apply(vault.signature(id))
    vault.execute(id, { part: 1 })
    vault.apply(vault.signature(id, { part: 1 }))
    expect(await status(wallet, id)).toEqual({ Status: 'Executing' })
    wallet.deliver(id, 'sent')
    wallet.deliver(id, 'waiting', { part: 1 })
    expect(await status(wallet, id)).toEqual({ Status: 'Executing' })
    wallet.deliver(id, 'confirmed')
    wallet.deliver(id, 'sent', { part: 1 })
    const done = await status(wallet, id)
    expect(done.Status).toBe('Succeeded')
    const parsed = Transaction.from(done.Result?.Transaction?.SignedTransaction ?? '')
    expect(parsed.hash).toBe(done.Result?.Transaction?.ID)
    expect(parsed.from).toBe(vault.state.addresses.values()[0]?.address)
    expect([parsed.to, parsed.value]).toEqual([to, 250_000_000_000_000_000n])
  })

  it('of a transfer that its chain refused says that it is signed', async () => {
    const wallet = new TestWallet()
    const id = wallet.signedTransfer()
    wallet.deliver(id, 'rejected', { error: 'insufficient funds', updatedAt: 9 })
    const answer = await status(wallet, id)
    expect(answer).toMatchObject({ Status: 'Failed', ErrorDetails: { ErrorCode: 'M0191' } })
    expect(answer.ErrorDetails?.Properties).toEqual({ Reason: 'signed, may still land: insufficient funds' })
    expect(answer.Result?.Transaction?.SignedTransaction).toMatch(/^0x02/)
  })

  it('shows the variant that was sent', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const id = vault.start(vault.transferIntent(quarter, byAlice))
    vault.approve(id, wallet.alice)
    vault.execute(id, {}, vault.unsigned(id, { maxFeePerGas: 1_000_000_000n }))
    vault.execute(id, { variant: 1 })
    for (const variant of [0, 1]) vault.apply(vault.signature(id, { variant }))
    wallet.deliver(id, 'sent')
    const newest = (await status(wallet, id)).Result?.Transaction
    const [first] = operationOf(vault.state, id).executions
    const older = Transaction.from(formatHex(first?.transaction ?? new Uint8Array(0)))
    older.signature = {
      r: formatHex(first?.signature?.slice(0, 32) ?? new Uint8Array(0)),
      s: formatHex(first?.signature?.slice(32, 64) ?? new Uint8Array(0)),
      v: first?.signature?.[64] ?? 0,
    }
    wallet.deliver(id, 'sent', { transactionHash: older.hash ?? '' })
    expect((await status(wallet, id)).Result?.Transaction?.ID).toBe(older.hash)
    expect(newest?.ID).not.toBe(older.hash)
  })

  it('of a raw transaction ends with the signature: nobody sends it', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const unsigned = vault.unsigned(vault.start(vault.transferIntent(quarter)))
    const { EVM: _, ...fields } = vault.transferIntent([], byAlice) as ReturnType<typeof vault.transferIntent> & {
      EVM?: unknown
    }
    const id = vault.start({ ...fields, RawTransaction: formatHex(unsigned) } as typeof fields)
    vault.approve(id, wallet.alice)
    vault.finish(id)
    const answer = await status(wallet, id)
    expect(answer.Status).toBe('Succeeded')
    expect(Transaction.from(answer.Result?.Transaction?.SignedTransaction ?? '').unsignedSerialized).toBe(
      formatHex(unsigned),
    )
  })

  it('of a signed message holds r, s and v', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const id = vault.start(vault.messageIntent('hello', byAlice))
    vault.approve(id, wallet.alice)
    vault.finish(id)
    const { Status, Result } = await status(wallet, id)
    expect([Status, Result?.GenericSignature?.Message]).toEqual(['Succeeded', 'hello'])
    const signature = fromBase64(Result?.GenericSignature?.Signature ?? '')
    const digest = operationOf(vault.state, id).executions[0]?.digest ?? new Uint8Array(0)
    expect(signature).toHaveLength(65)
    const recovery = (signature[64] ?? 0) - 27
    expect([0, 1]).toContain(recovery)
    const parts = { r: signature.slice(0, 32), s: signature.slice(32, 64), recovery: recovery === 1 ? 1 : 0 } as const
    expect(recoverSigner(digest, parts)).toBe(vault.state.addresses.values()[0]?.address)
  })

  it('of a backup holds the blob', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const id = vault.start(vault.intent('backup master key', { Name: 'Default' }))
    expect((await status(wallet, id)).Result).toBeUndefined()
    vault.approve(id, wallet.bob)
    vault.execute(id)
    expect((await status(wallet, id)).Result).toEqual({
      Backup: ['ECDSA_SECP256K1', 'EdDSA_Ed25519'].map(Type => ({
        Type,
        Backup: toBase64(new TextEncoder().encode(`backup of Default on ${Type}`)),
      })),
    })
  })
})

describe('approvals', () => {
  it('are shown as they stand', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const id = vault.start(vault.transferIntent(quarter))
    const show = async () => valid('cwpgetOperationApprovalStatus', await wallet.reads().approvalStatus(id))
    const pending = async (who: string) =>
      valid('cwplistPendingApprovals', await wallet.reads().pendingApprovals(caller(who)))
    const everybody = ['Alice@example.com', 'bob@example.com']
    expect(await show()).toEqual({ ApprovedBy: [], RejectedBy: [], PendingApprovals: everybody })
    expect(await pending('alice@EXAMPLE.com')).toEqual([
      {
        OperationID: id,
        OperationType: 'make transaction',
        Intent: toBase64(operationOf(vault.state, id).intentBytes),
      },
    ])
    expect(await pending('carol@example.com')).toEqual([])
    expect(await pending('nobody@example.com')).toEqual([])
    vault.approve(id, wallet.alice)
    expect(await show()).toEqual({ ApprovedBy: ['Alice@example.com'], RejectedBy: [], PendingApprovals: [] })
    expect(await pending('alice@example.com')).toEqual([])
    vault.pair(vault.person('alice', 2), wallet.bob)
    expect(await show()).toEqual({ ApprovedBy: [], RejectedBy: [], PendingApprovals: everybody })
    expect(await pending('alice@example.com')).toHaveLength(1)
    vault.apply({ type: 'reject', operationId: id, userId: 'alice@example.com', reason: 'not ours' })
    expect(await show()).toMatchObject({ RejectedBy: ['Alice@example.com'], PendingApprovals: [] })
    expect(await status(wallet, id)).toMatchObject({ Status: 'Failed', ErrorDetails: { ErrorCode: 'M0181' } })
    expect(await pending('bob@example.com')).toEqual([])
  })

  it('are asked for with the exact bytes that the intent route shows', async () => {
    const wallet = new TestWallet()
    const id = wallet.vault.start(wallet.vault.transferIntent(quarter, byAlice))
    const text = await wallet.reads().intent(id)
    valid('cwpgetOperationIntent', JSON.parse(text))
    const [pending] = await wallet.reads().pendingApprovals(caller('alice@example.com'))
    expect(Buffer.from(pending?.Intent ?? '', 'base64').toString()).toBe(text)
  })
})

describe('search', () => {
  const ids = async (
    wallet: TestWallet,
    request: Parameters<ReturnType<TestWallet['reads']>['searchOperations']>[0],
  ) => {
    const answer = valid('cwpsearchOperationInfos', await wallet.reads().searchOperations(request))
    return {
      ids: answer.Infos.map(({ OperationID }) => OperationID),
      token: answer.PaginationToken,
      infos: answer.Infos,
    }
  }

  it('finds what is not final, newest first, unless statuses are named', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const done = vault.start(vault.intent('register user', { UserID: 'd@example.com', UserName: 'D' }, { id: 'done' }))
    vault.execute(done)
    vault.start(vault.transferIntent(quarter, { id: 'one' }))
    const unsent = wallet.signedTransfer()
    const intent = vault.transferIntent(quarter, { id: 'early' })
    const createdAt = vault.time + 5000
    wallet.waiting.push({ id: 'early', type: 'make transaction', intent, createdAt, refused: undefined })
    expect((await ids(wallet, {})).ids).toEqual(['early', unsent, 'one'])
    wallet.deliver(unsent, 'sent')
    expect((await ids(wallet, {})).ids).toEqual(['early', 'one'])
    const succeeded = await ids(wallet, { Filter: { Statuses: ['Succeeded'], OperationTypes: ['register user'] } })
    expect(succeeded.infos).toEqual([
      {
        OperationID: 'done',
        OperationType: 'register user',
        Status: 'Succeeded',
        CreatedTime: expect.stringMatching(/^2026-01-02T.*Z$/),
      },
    ])
    const byId = await ids(wallet, { Filter: { OperationIDs: ['one', 'done'], Statuses: [] } })
    expect(byId.ids).toEqual(['one'])
    vault.apply({ type: 'cancel', operationId: 'one', by: 'x' })
    const failed = await ids(wallet, { Filter: { Statuses: ['Failed'] } })
    expect(failed.infos).toMatchObject([{ OperationID: 'one', ErrorCode: 'M0182' }])
  })

  it('pages stay in place while operations come', async () => {
    const wallet = new TestWallet()
    const { vault } = wallet
    const start = (id: string) => vault.intent('create account', { Name: id, MasterKey: 'Default' }, { id })
    const names = ['a', 'b', 'c', 'd', 'e']
    const commands = names.map(id => ({ type: 'start' as const, operationId: id, intent: encodeIntent(start(id)) }))
    vault.apply(...commands)
    const first = await ids(wallet, { Pagination: { Size: 2 } })
    expect(first.ids).toEqual(['e', 'd'])
    vault.start(start('f'))
    const second = await ids(wallet, { Pagination: { Size: 2, Token: first.token } })
    expect(second.ids).toEqual(['c', 'b'])
    const third = await ids(wallet, { Pagination: { Size: 2, Token: second.token } })
    expect(third).toMatchObject({ ids: ['a'], token: '' })
    expect(await ids(wallet, { Pagination: { Size: 0 } })).toMatchObject({
      ids: ['f', 'e', 'd', 'c', 'b', 'a'],
      token: '',
    })
    expect(await ids(wallet, { Pagination: { Size: 6 } })).toMatchObject({ token: '' })
    for (const Token of [
      'x',
      '!!',
      `${first.token}=`,
      Buffer.from('1.a b').toString('base64url'),
      Buffer.from('01').toString('base64url'),
    ])
      await expect(wallet.reads().searchOperations({ Pagination: { Token } })).rejects.toMatchObject({
        code: 'bad-request',
      })
  })
})
