import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fromHex, fromUtf8 } from '@trivault/codec'
import { encodeIntent, type SignedHold } from '@trivault/protocol'
import type { TestVault } from '@trivault/testkit'
import { checkHold } from '@trivault/vault-state'
import { describe, expect, it } from 'vitest'
import { readHold } from '../src/hold.ts'
import { eachAtADesk, type FakeWallet, run } from './support.ts'

const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
let wallet: FakeWallet
let vault: TestVault
const { path, cli, makeDevice } = eachAtADesk(desk => {
  ;({ wallet, vault } = desk)
})

/** Dave, an owner whose device the command line made. */
async function owner(): Promise<void> {
  const { publicKey } = await makeDevice()
  const alice = vault.person('alice')
  const approved = (id: string): void => {
    vault.approve(id, alice)
    vault.execute(id)
  }
  vault.execute(vault.start(vault.intent('register user', { UserID: 'dave@example.com', UserName: 'Dave' })))
  approved(
    vault.start(vault.intent('update group', { Group: 'owner', AddUsers: ['dave@example.com'], RemoveUsers: [] })),
  )
  approved(vault.start(vault.intent('set user public key', { UserID: 'dave@example.com', PublicKey: publicKey })))
}
const signed = (...args: string[]) => cli('hold', ...args, '--key-file', path('device'))

describe('hold', () => {
  it('signs what the nodes take: a freeze, by the time, and a veto, by a given counter', async () => {
    await owner()
    expect((await signed('freeze', '--out', path('freeze'))).code).toBe(0)
    expect(statSync(path('freeze')).mode & 0o777).toBe(0o600)
    const freeze = readHold(path('freeze'))
    expect(checkHold(vault.state, freeze)).toBe('dave@example.com')
    expect(Math.abs(freeze.counter - Date.now())).toBeLessThan(60_000)
    const id = vault.start(vault.transferIntent([{ Address: to, Amount: '1' }]))
    await signed('veto', id, '--counter', '7', '--out', path('veto'))
    expect(readHold(path('veto'))).toMatchObject({ kind: 'veto', operationId: id, counter: 7 })
    vault.apply({ type: 'hold', ...readHold(path('veto')) })
    expect((await signed('freeze', '--out', path('freeze'))).code).toBe(1)
  })

  it('goes to the wallet, which has it from all nodes what became of it', async () => {
    await owner()
    const Nodes = [
      { Node: 0, Held: true },
      { Node: 1, Held: false, Message: 'does not answer' },
    ]
    wallet.answers['POST /api/trivault/holds'] = () => ({ Nodes })
    const { code, out } = await signed('freeze')
    expect(code).toBe(0)
    expect(out).toContain('Node 1    did not take it: does not answer')
    const body = wallet.posted[0]?.body as { Counter: number; KeyID: string; Signature: string }
    const hold: SignedHold = {
      ...{ vaultId: vault.state.vaultId, kind: 'freeze', operationId: '', counter: body.Counter },
      ...{ keyId: fromHex(body.KeyID), signature: new Uint8Array(Buffer.from(body.Signature, 'base64')) },
    }
    expect(checkHold(vault.state, hold)).toBe('dave@example.com')
  })

  it('is brought to a node past the wallet, by whoever has the file; its refusal is told', async () => {
    await owner()
    const bodies: Buffer[] = []
    let refusal: object | undefined
    const node = createServer((request, response) => {
      request
        .on('data', chunk => bodies.push(chunk))
        .on('end', () => {
          response.writeHead(refusal === undefined ? 200 : 409, { 'content-type': 'application/json' })
          response.end(JSON.stringify(refusal ?? { Held: true }))
        })
    })
    await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(node.address() as AddressInfo).port}`
    try {
      await signed('freeze', '--out', path('freeze'))
      expect((await run(['hold', 'bring', path('freeze'), '--node-url', url])).code).toBe(0)
      expect(Buffer.concat(bodies)).toEqual(readFileSync(path('freeze')))
      refusal = { code: 'hold-replayed', message: 'the counter must be above 7' }
      const again = await run(['hold', 'bring', path('freeze'), '--node-url', url, '--json'])
      expect(JSON.parse(again.out).error).toMatchObject({
        code: 'refused',
        message: expect.stringContaining('above 7'),
      })
    } finally {
      node.close()
    }
    expect((await run(['hold', 'bring', path('freeze'), '--node-url', 'http://127.0.0.1:9'])).code).toBe(1)
    expect((await run(['hold', 'bring', path('pins'), '--node-url', url])).err).toContain('not a signed freeze')
  })

  it('is wrong usage with an odd counter, and with two ways', async () => {
    await owner()
    expect((await signed('freeze', '--counter', '-1')).code).toBe(2)
    expect((await signed('freeze', '--node', '1', '--node-url', 'http://127.0.0.1:9')).code).toBe(2)
  })
})

describe('unfreeze and settings', () => {
  it('name the freeze of the verified log, and start nothing where there is none', async () => {
    wallet.serveLog(await vault.certified())
    expect(await cli('unfreeze')).toMatchObject({ code: 1, err: expect.stringContaining('not frozen') })
    vault.apply(vault.hold(vault.person('bob'), 1))
    wallet.serveLog(await vault.certified())
    expect((await cli('settings', 'show')).out).toContain('FROZEN by bob@example.com')
    wallet.answers['POST /api/cwp/operations/start/unfreeze'] = () => ({ OperationID: 'op-9' })
    wallet.answers['GET /api/cwp/operations/id/op-9/status'] = () => ({ Status: 'Succeeded' })
    expect((await cli('unfreeze')).code).toBe(0)
    expect(wallet.posted[0]?.body).toEqual({ Freeze: 1 })
  })

  it('are given as times and words', async () => {
    wallet.answers['POST /api/cwp/operations/start/updateSettings'] = () => ({ OperationID: 'op-9' })
    wallet.answers['GET /api/cwp/operations/id/op-9/status'] = () => ({ Status: 'Succeeded' })
    const set = (...args: string[]) => cli('settings', 'set', ...args)
    await set('--pending-expiry', '2d', '--loosening-delay', '36h', '--self-approval', 'off')
    expect(wallet.posted[0]?.body).toEqual({
      PendingExpirySeconds: 172_800,
      LooseningDelaySeconds: 129_600,
      NoSelfApproval: true,
    })
    await set('--money-default', 'owner-quorum')
    await set('--money-default', 'initiator')
    expect(wallet.posted.slice(1).map(({ body }) => body)).toEqual([
      { MoneyDefault: 'owner quorum' },
      { MoneyDefault: 'initiator' },
    ])
    const wrong = [
      ['--pending-expiry', '2 days'],
      ['--self-approval', 'perhaps'],
      ['--money-default', 'nobody'],
    ]
    for (const args of [[], ...wrong, ['--money-default', 'owner quorum']])
      expect((await set(...args)).code, args.join(' ')).toBe(2)
  })
})

describe('settings show', () => {
  it('tells what money needs by the verified log, not by the wallet', async () => {
    wallet.answers['GET /api/trivault/settings'] = () => ({ MoneyDefault: 'initiator' })
    const change = (MoneyDefault: 'owner quorum' | 'initiator'): void => {
      const id = vault.start(vault.intent('update settings', { MoneyDefault }))
      vault.approve(id, vault.person('alice'))
      vault.execute(id)
    }
    for (const setting of ['owner quorum', 'initiator'] as const) {
      change(setting)
      wallet.serveLog(await vault.certified())
      expect(JSON.parse((await cli('settings', 'show', '--json')).out)).toMatchObject({ MoneyDefault: setting })
      const { out } = await cli('settings', 'show')
      expect(out.includes('initiator and owner quorum')).toBe(setting === 'owner quorum')
    }
  })
})

describe('policy test and diff', () => {
  const rule = { RestrictionID: 'two', Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }] }

  it('decides here, by the log or by a draft, whatever the wallet thinks', async () => {
    const intent = vault.transferIntent([{ Address: to, Amount: '1' }], { initiator: 'alice@example.com' })
    wallet.serveLog(await vault.certified())
    wallet.answers['POST /api/trivault/policy/test'] = () => ({
      Intent: fromUtf8(encodeIntent(intent)),
      Needs: ['nothing'],
    })
    writeFileSync(path('request'), '{}')
    writeFileSync(path('draft'), JSON.stringify([rule, { ...rule, RestrictionID: 'x', TestNetwork: false }]))
    const test = ['policy', 'test', 'makeTransaction', '--file', path('request'), '--approvals', 'alice@example.com']
    expect((await cli(...test)).out).toContain('Needs the approval of alice@example.com: given')
    const { out, code } = await cli(...test, '--draft', path('draft'), '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      Unmet: ['2 approvals from owner'],
      Restrictions: [
        { RestrictionID: 'two', Matches: true, FirstUnmet: '2 approvals from owner; 1 given' },
        { RestrictionID: 'x', Matches: false },
      ],
    })
    expect(wallet.posted[0]?.body).toEqual({ Segment: 'makeTransaction', Request: {} })
  })

  it('tells an operation that was started by its approvals', async () => {
    const id = vault.start(vault.transferIntent([{ Address: to, Amount: '1' }], { initiator: 'alice@example.com' }))
    vault.approve(id, vault.person('alice'))
    wallet.serveLog(await vault.certified())
    expect((await cli('policy', 'test', '--operation', id)).out).toContain('alice@example.com: given')
  })

  it('says in words what a draft changes, and refuses what is no draft', async () => {
    wallet.serveLog(await vault.certified())
    writeFileSync(path('a'), JSON.stringify([{ ...rule, Amount: { Above: 100.5, Currency: 'USD' } }]))
    writeFileSync(path('b'), JSON.stringify([{ ...rule, Amount: { Above: '99', Currency: 'USD' } }]))
    const { out } = await cli('policy', 'diff', path('a'), path('b'))
    expect(out).toContain('- It is about transactions with amount above 100.5 USD')
    expect(out).toContain('+ It is about transactions with amount above 99 USD')
    expect((await cli('policy', 'diff', 'current', 'current')).out).toBe('They say the same\n')
    for (const wrong of ['{}', '[{"RestrictionID":"a","Wrong":1}]', JSON.stringify([rule, rule]), '[']) {
      writeFileSync(path('wrong'), wrong)
      expect((await cli('policy', 'diff', 'current', path('wrong'))).code, wrong).toBe(1)
    }
    expect((await cli('policy', 'test', 'noSuchThing', '--file', path('a'))).code).toBe(2)
  })
})
