import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { DeviceKey } from '@trivault/client'
import { fromBase64, toBase64 } from '@trivault/codec'
import { encodeIntent } from '@trivault/protocol'
import { type TestVault, verdictsOf } from '@trivault/testkit'
import { addressOf, operationOf, verifyApproval } from '@trivault/vault-state'
import { describe, expect, it } from 'vitest'
import { eachAtADesk, type FakeWallet, replicaOf, run } from './support.ts'

const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const another = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'
let wallet: FakeWallet
let vault: TestVault
const { path, cli, makeDevice } = eachAtADesk(desk => {
  ;({ wallet, vault } = desk)
})

/** Dave, whose device the command line made, and an operation that he started. */
async function pending() {
  const key = await makeDevice()
  const user = vault.start(vault.intent('register user', { UserID: 'dave@example.com', UserName: 'Dave' }))
  vault.execute(user)
  const pair = vault.intent('set user public key', { UserID: 'dave@example.com', PublicKey: key.publicKey })
  vault.start(pair)
  vault.approve(pair.OperationID, vault.person('alice'))
  vault.execute(pair.OperationID)
  const id = vault.start(vault.transferIntent([{ Address: to, Amount: '0.25' }], { initiator: 'dave@example.com' }))
  const replica = await replicaOf(vault)
  wallet.serveLog(await vault.certified())
  wallet.answers[`GET /api/trivault/operations/${id}/verdicts`] = () => verdictsOf(replica, id)
  wallet.answers['POST /api/cwp/approvals/approve'] = () => ({})
  wallet.answers[`GET /api/cwp/operations/id/${id}/status`] = () => ({ Status: 'Succeeded' })
  return { id, key, replica }
}
const approve = (id: string, ...more: string[]) => cli('approver', 'approve', id, '--key-file', path('device'), ...more)

describe('address', () => {
  it('is derived here, and refused when the wallet names another', async () => {
    wallet.serveLog(await vault.certified())
    const own = addressOf(vault.state, 'Default', 'treasury', 60, 0).address
    wallet.answers['POST /api/cwp/addresses/get'] = () => ({ Address: own })
    expect(await cli('address', 'treasury')).toMatchObject({ code: 0, out: `${own}\n` })
    wallet.answers['POST /api/cwp/addresses/get'] = () => ({ Address: another })
    const refused = await cli('address', 'treasury', '--json')
    expect(refused).toMatchObject({ code: 1, err: '' })
    expect(JSON.parse(refused.out).error).toMatchObject({
      code: 'untrusted',
      message: expect.stringContaining('not proof'),
    })
  })

  it('is refused on a log that the pinned nodes did not certify', async () => {
    wallet.serveLog((await vault.certified()).toSpliced(1, 1))
    const { code, err } = await cli('address', 'list')
    expect(code).toBe(1)
    expect(err).toContain('entry 2')
  })
})

describe('approver', () => {
  it('makes a key that only its owner can read, once', async () => {
    const made = await run(['approver', 'init', '--user', 'dave@example.com', '--key-file', path('device')])
    expect(fromBase64(made.out.trim())).toHaveLength(65)
    expect(statSync(path('device')).mode & 0o777).toBe(0o600)
    const again = await run(['approver', 'init', '--user', 'dave@example.com', '--key-file', path('device')])
    expect(again).toMatchObject({ code: 1, out: '' })
  })

  it('shows what it decoded, asks, and signs the certified bytes', async () => {
    const { id, key } = await pending()
    expect(await approve(id)).toMatchObject({ code: 1, err: expect.stringContaining('nothing was signed') })
    expect(wallet.posted).toEqual([])
    const args = ['approver', 'approve', id, '--key-file', path('device'), '--api', wallet.url]
    const yes = await run([...args, '--api-key-file', path('key'), '--pins', path('pins')], { yes: true })
    expect(yes.code).toBe(0)
    expect(yes.err).toContain(`Send 0.25 ETH to ${to}`)
    const { IntentSignature } = wallet.posted.map(({ body }) => body as Record<string, string>)[0] ?? {}
    const { intentBytes } = operationOf(vault.state, id)
    expect(verifyApproval(fromBase64(key.publicKey), intentBytes, fromBase64(IntentSignature ?? ''))).toBe(true)
  })

  it('signs nothing when a node sees something else', async () => {
    const { id, replica } = await pending()
    wallet.answers[`GET /api/trivault/operations/${id}/verdicts`] = () =>
      verdictsOf(replica, id, (view, node) => (node === 1 ? { ...view, intentHash: new Uint8Array(32) } : view))
    expect(await approve(id, '--yes')).toMatchObject({
      code: 1,
      err: expect.stringContaining('node 1 sees another intent'),
    })
    expect(wallet.posted).toEqual([])
  })

  it('refuses an older log than it has seen, and another one', async () => {
    const { id } = await pending()
    expect((await approve(id, '--yes')).code).toBe(0)
    const { seq } = vault
    const heads = `${path('device')}.heads.json`
    expect(statSync(heads).mode & 0o777).toBe(0o600)
    const text = readFileSync(heads, 'utf8')
    expect(text).toContain(`"seq": ${seq}`)
    writeFileSync(heads, text.replace(`"seq": ${seq}`, `"seq": ${seq + 1}`))
    expect(await approve(id, '--yes')).toMatchObject({ code: 1, err: expect.stringContaining('old log') })
    writeFileSync(heads, text.replace(/"hash": "[0-9a-f]{64}"/, `"hash": "${'0'.repeat(64)}"`))
    expect(await approve(id, '--yes')).toMatchObject({ code: 1, err: expect.stringContaining('forked') })
    expect(wallet.posted).toHaveLength(1)
  })

  it('refuses with a device that is not paired, and for what no longer waits', async () => {
    const { id } = await pending()
    writeFileSync(path('stranger'), DeviceKey.generate().export())
    const stranger = await cli('approver', 'approve', id, '--key-file', path('stranger'), '--yes')
    expect(stranger).toMatchObject({ code: 1, err: expect.stringContaining('not paired') })
    vault.apply({ type: 'cancel', operationId: id, by: 'alice@example.com' })
    const later = await replicaOf(vault)
    wallet.serveLog(await vault.certified())
    wallet.answers[`GET /api/trivault/operations/${id}/verdicts`] = () => verdictsOf(later, id)
    expect(await approve(id, '--yes')).toMatchObject({ code: 1, err: expect.stringContaining('waits for nothing') })
    expect(wallet.posted).toEqual([])
  })

  it('lists only what is certified', async () => {
    const { id } = await pending()
    const { intent, intentBytes } = operationOf(vault.state, id)
    const item = (bytes: Uint8Array) => [
      { OperationID: id, OperationType: intent.OperationType, Intent: toBase64(bytes) },
    ]
    wallet.answers['GET /api/cwp/approvals/list'] = () => item(intentBytes)
    expect((await cli('approver', 'list')).out).toContain(`Send 0.25 ETH to ${to}`)
    const forged = encodeIntent({ ...intent, InitiatorName: 'Mallory' })
    wallet.answers['GET /api/cwp/approvals/list'] = () => item(forged)
    expect(await cli('approver', 'list')).toMatchObject({ code: 1, out: '' })
  })
})

describe('transfer', () => {
  it('sends the request that was typed', async () => {
    wallet.serveLog(await vault.certified())
    wallet.answers['POST /api/cwp/operations/start/makeTransaction'] = () => ({ OperationID: 'op-9' })
    wallet.answers['GET /api/cwp/operations/id/op-9/status'] = () => ({ Status: 'Succeeded' })
    const { code } = await cli(
      'transfer',
      '--from',
      'treasury',
      '--to',
      to,
      '--amount',
      '0.25',
      '--asset',
      'eth',
      '--id',
      'op-9',
    )
    expect(code).toBe(0)
    expect(wallet.posted[0]?.body).toEqual({
      OperationID: 'op-9',
      CAIP19: 'eip155:31337/slip44:60',
      Source: { MasterKeyName: 'Default', AccountName: 'treasury', AddressIndex: 0 },
      Destination: [{ Address: to, Amount: '0.25' }],
    })
  })

  it('refuses before it sends: unknown accounts and assets, mistyped addresses, wrong amounts', async () => {
    wallet.serveLog(await vault.certified())
    const good = { from: 'treasury', to, amount: '1', asset: 'ETH' }
    const wrong: Partial<typeof good>[] = [
      { from: 'savings' },
      { to: 'savings' },
      { to: to.replace('0x70', '0x71') },
      { asset: 'DOGE' },
      { asset: 'eip155:x' },
      { amount: '-1' },
      { amount: '1e3' },
    ]
    for (const change of wrong) {
      const args = Object.entries({ ...good, ...change }).map(([name, value]) => `--${name}=${value}`)
      expect((await cli('transfer', ...args)).code, JSON.stringify(change)).toBeGreaterThan(0)
    }
    expect(wallet.posted).toEqual([])
  })

  it('ends with 1 and the reason when the operation failed', async () => {
    wallet.serveLog(await vault.certified())
    wallet.answers['POST /api/cwp/operations/start/createAccount'] = () => ({ OperationID: 'op-9' })
    wallet.answers['GET /api/cwp/operations/id/op-9/status'] = () => ({
      Status: 'Failed',
      ErrorDetails: { Status: 'Failed', ErrorCode: 'M0025', Properties: { Reason: 'the rules say no' } },
    })
    const { code, out } = await cli('account', 'create', 'savings', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out).error).toEqual({
      code: 'failed',
      message: expect.stringContaining('the rules say no (M0025)'),
    })
  })
})

describe('policy', () => {
  const rule = { RestrictionID: 'both', Approvers: [{ Groups: ['owner'], RequiredApprovers: 2 }] }

  it('lists and changes the rules of each kind', async () => {
    for (const [kind, Kind] of [
      ['config', 'Config'],
      ['policy', 'Policy'],
    ] as const) {
      const change = vault.start(vault.intent(`update ${kind} restriction`, { Add: rule }))
      vault.approve(change, vault.person('alice'))
      vault.execute(change)
      wallet.serveLog(await vault.certified())
      const { out } = await cli('policy', 'list', '--kind', kind)
      expect(out).toContain('Rule both')
      expect(out).toContain('2 approvals from owner')
      expect(JSON.parse((await cli('policy', 'list', '--kind', kind, '--json')).out)).toEqual([rule])
      wallet.answers[`POST /api/cwp/operations/start/update${Kind}Restriction`] = () => ({ OperationID: 'op-9' })
      wallet.answers['GET /api/cwp/operations/id/op-9/status'] = () => ({ Status: 'Succeeded' })
      writeFileSync(path('rule'), JSON.stringify({ Delete: rule }))
      expect((await cli('policy', 'set', '--kind', kind, '--file', path('rule'))).code).toBe(0)
      expect(wallet.posted.at(-1)?.body).toEqual({ Delete: rule })
    }
    expect((await cli('policy', 'list')).out).toContain('no transaction rules')
    expect((await cli('policy', 'list', '--kind', 'other')).code).toBe(2)
  })
})

describe('the command line', () => {
  it('exits with 2 for what it does not understand, and prints one JSON document with --json', async () => {
    const usage = [
      [],
      ['statuss'],
      ['status', 'now'],
      ['account'],
      ['account', 'list', '--fast'],
      ['transfer', '--from', 'treasury'],
      ['address', 'treasury', '--index', '-1'],
      ['operation', 'start', 'nothing', '--file', '-'],
      ['status', '--as', 'alice@example.com', '--token-file', path('key')],
    ]
    for (const args of usage) {
      const plain = await cli(...args)
      expect(plain.code, args.join(' ')).toBe(2)
      expect(plain.err).not.toMatch(/\bat .*:\d+:\d+/)
      const { out, err } = await cli(...args, '--json')
      expect(JSON.parse(out).error.code, args.join(' ')).toBe('usage')
      expect(err).toBe('')
    }
  })

  it('says what to do when there is no vault, no pins, no file or no answer', async () => {
    const none = await run(['status', '--home', path('nowhere')])
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining('npm start') })
    const unpinned = await run(['address', 'treasury', '--api', wallet.url, '--api-key-file', path('key')])
    expect(unpinned).toMatchObject({ code: 2, err: expect.stringContaining('--pins') })
    const missing = await run(['status', '--api', wallet.url, '--api-key-file', path('nothing')])
    expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('cannot be read') })
    const away = await run(['status', '--api', 'http://127.0.0.1:9', '--api-key-file', path('key')])
    expect(away).toMatchObject({ code: 1, err: expect.stringContaining('cannot be reached') })
  })

  it('starts any operation from the standard input', async () => {
    wallet.answers['POST /api/cwp/operations/start/registerUser'] = () => ({ OperationID: 'op-9' })
    wallet.answers['GET /api/cwp/operations/id/op-9/status'] = () => ({ Status: 'Succeeded' })
    const args = [
      'operation',
      'start',
      'registerUser',
      '--file',
      '-',
      '--api',
      wallet.url,
      '--api-key-file',
      path('key'),
    ]
    const body = { UserID: 'erin@example.com', UserName: 'Erin' }
    expect((await run(args, { input: JSON.stringify(body) })).code).toBe(0)
    expect(wallet.posted[0]?.body).toEqual(body)
    expect((await run(args, { input: '[1]' })).code).toBe(1)
    expect((await run(args, { input: '{' })).code).toBe(1)
  })
})
