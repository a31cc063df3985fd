import { beforeEach, describe, expect, it } from 'vitest'
import { eachAtADesk, type FakeWallet } from './support.ts'

const start = '/api/cwp/operations/start/refreshMasterKey'
let wallet: FakeWallet
const { cli } = eachAtADesk(desk => {
  wallet = desk.wallet
})
const refresh = (...args: string[]) => cli('master-key', 'refresh', ...args)
const status = (answer: object): void => {
  wallet.answers['GET /api/cwp/operations/id/op-9/status'] = () => answer
}

beforeEach(() => {
  wallet.answers[`POST ${start}`] = () => ({ OperationID: 'op-9' })
})

describe('master-key refresh', () => {
  it('starts the refresh of the key that is named, under the given id and initiator', async () => {
    status({ Status: 'Succeeded' })
    const { code, out } = await refresh('Default', '--initiator', 'alice@example.com', '--id', 'op-9', '--wait')
    expect([code, out]).toEqual([0, expect.stringContaining('op-9')])
    expect(wallet.posted).toEqual([
      { path: start, body: { Name: 'Default', OperationID: 'op-9', InitiatorID: 'alice@example.com' } },
    ])
  })

  it('tells whose approval it waits for: nothing is refreshed by starting it', async () => {
    status({ Status: 'Pending approval' })
    wallet.answers['GET /api/cwp/operations/id/op-9/approvalstatus'] = () => ({ PendingApprovals: ['bob@example.com'] })
    const { code, out } = await refresh('Default')
    expect(code).toBe(0)
    for (const part of ['Pending approval', 'Waits for bob@example.com']) expect(out).toContain(part)
    expect(wallet.posted).toEqual([{ path: start, body: { Name: 'Default' } }])
  })

  it('fails where the refresh fails, and where the wallet takes none', async () => {
    status({ Status: 'Failed', ErrorDetails: { ErrorCode: 'M0180', Properties: { Reason: 'not in time' } } })
    expect(await refresh('Default', '--wait')).toMatchObject({
      code: 1,
      err: expect.stringContaining('op-9 failed: not in time'),
    })
    delete wallet.answers[`POST ${start}`]
    expect(await refresh('Default')).toMatchObject({ code: 1, err: expect.stringContaining('not found') })
  })

  it('is wrong usage without a name, with two, with an odd timeout', async () => {
    for (const args of [[], ['Default', 'Other'], ['Default', '--timeout', '0'], ['Default', '--epoch', '1']])
      expect((await refresh(...args)).code, args.join(' ')).toBe(2)
    expect(wallet.posted).toEqual([])
  })
})
