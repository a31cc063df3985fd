import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync, renameSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPool } from '@trivault/storage'
import { verifyMessage } from 'ethers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, type Api, DEV, ETHER, OWNERS, type Person, RECIPIENT, Site, until } from './site.ts'

// Processes are killed in the middle of everything. What was acknowledged is done in the end, and done once.

const nodes = ['node0', 'node1', 'node2'] as const
const treasury = { MasterKeyName: 'first', AccountName: 'treasury' }
const amount = '0.001'
const wei = 10n ** 15n
const tenant = {
  Users: OWNERS.map(ID => ({ ID, Name: ID })),
  Group: 'owner',
  ApprovalsRequired: 1,
  MasterKeysAndAccounts: { first: ['treasury'], second: ['treasury'] },
  Assets: { CAIP2s: [DEV] },
}

let site: Site
let admin: Api
let alice: Person
let address: string

beforeAll(async () => {
  site = await Site.start('crash', { empty: true })
  admin = site.admin
})

afterAll(() => site?.end())

const fresh = () => `crash-${randomBytes(6).toString('hex')}`
const kill = (name: string) => site.vault.kill(name, 'SIGKILL')

/** A call whose server may die under it. */
const tried = async (work: Promise<Answer>): Promise<Answer | undefined> => work.catch(() => undefined)

/** Sends it until somebody answers: the same request may be repeated. */
async function insist(work: () => Promise<Answer>): Promise<Answer> {
  for (const deadline = Date.now() + 60_000; ; await sleep(200)) {
    const answer = await tried(work())
    if (answer !== undefined && answer.status < 500) return answer
    if (Date.now() > deadline) throw new Error(`no answer but ${answer?.text}`)
  }
}

const start = (OperationID: string) =>
  alice.api.send('cwpstartMakeTransaction', {
    body: { OperationID, Source: treasury, Destination: [{ Address: RECIPIENT, Amount: amount }], CAIP19: ETHER },
  })

/** Started and approved as often as it takes; resolves when the wallet said 200 to both. */
async function acknowledged(id: string): Promise<void> {
  const started = await insist(() => start(id))
  expect([started.status, started.text]).toEqual([200, JSON.stringify({ OperationID: id })])
  await insist(async () => {
    const list = (await alice.api.ok('cwplistPendingApprovals')) ?? []
    const item = list.find(({ OperationID }) => OperationID === id)
    const status = await alice.api.ok('cwpgetOperationStatus', { params: { operationID: id } })
    // Its approval was taken just before the wallet died.
    if (item === undefined && !status.Status.startsWith('Pending ')) return { status: 200, body: '', text: '' }
    if (item === undefined) throw new Error('not in the log yet')
    const IntentSignature = alice.device.sign(Buffer.from(item.Intent, 'base64'))
    return alice.api.send('cwpapproveOperation', { body: { OperationID: id, IntentSignature } })
  })
}

/** Runs transfers while `disturb` does its worst: each lands exactly once. */
async function transfers(count: number, disturb: () => Promise<unknown>): Promise<void> {
  const [balance, nonce] = [await site.chain.balance(RECIPIENT), await site.chain.nonce(address)]
  const ids = Array.from({ length: count }, fresh)
  const all = Promise.all(ids.map(acknowledged))
  all.catch(() => undefined)
  await disturb()
  await all
  for (const id of ids) await site.succeeded(id)
  await until('receipts', async () => (await site.chain.nonce(address)) === nonce + BigInt(count))
  expect((await site.chain.balance(RECIPIENT)) - balance).toBe(BigInt(count) * wei)
}

/** Sooner or later, while operations are under way. */
const soon = () => sleep(randomInt(20, 400))

describe('tenant set-up', () => {
  it('is killed after any step and finished by the same call', async () => {
    const setUp = () => admin.send('setupDefaultTenant', { body: tenant })
    for (const [delay, name] of [
      [0, 'wallet'],
      [60, 'node0'],
      [150, 'wallet'],
      [300, 'node2'],
      [500, 'wallet'],
    ] as const) {
      const call = tried(setUp())
      await sleep(delay)
      await kill(name)
      await site.vault.up()
      const answer = await call
      if (answer?.status === 200) break
    }
    const last = await insist(setUp)
    if (last.status !== 200) expect(last.text).toMatch(/already populated/)
    const again = await admin.refused('setupDefaultTenant', 400, { body: tenant })
    expect(again.message).toMatch(/already populated/)
    expect((await admin.ok('cwplistAccounts')).length).toBe(2)
    expect(await admin.ok('cwpgetAllGroupMembers')).toEqual({ owner: [...OWNERS] })
  })

  it('leads to a vault that works', async () => {
    alice = await site.person(OWNERS[0])
    const pair = { UserID: alice.id, PublicKey: alice.device.publicKey }
    const { OperationID } = (await admin.ok('cwpstartSetUserPublicKey', { body: pair } as never)) as never
    await site.succeeded(OperationID)
    const get = { MasterKey: 'first', Account: 'treasury', CAIP2: DEV }
    address = (await admin.ok('cwpgetAddressCAIP2', { body: get })).Address
    await site.chain.fund(address, 10n ** 19n)
    await transfers(1, async () => undefined)
  })
})

describe.each(nodes)('kill -9 of %s', name => {
  it('during key generation: the key is made when it is back, and signs', async () => {
    const Name = `made with ${name}`
    const { OperationID } = (await alice.api.ok('cwpstartCreateMasterKey', { body: { Name } } as never)) as never
    await alice.approve(OperationID)
    await soon()
    if (name === 'node1') await killCore(1)
    else await kill(name)
    await site.vault.up()
    await site.succeeded(OperationID)
    const account = { Name: 'a', MasterKey: Name }
    const made = (await admin.ok('cwpstartCreateAccount', { body: account } as never)) as { OperationID: string }
    await site.succeeded(made.OperationID)
    const { Address } = await admin.ok('cwpgetAddressCAIP2', { body: { MasterKey: Name, Account: 'a', CAIP2: DEV } })
    const Source = { MasterKeyName: Name, AccountName: 'a' }
    const body = { Asset: 'ETH', CAIP19: ETHER, DataToSign: name, TypeOfSigning: 'personal_sign', Source }
    const signing = (await alice.api.ok('cwpstartGenericSigning', { body } as never)) as { OperationID: string }
    await alice.approve(signing.OperationID)
    const { Result } = await site.succeeded(signing.OperationID)
    const signature = Buffer.from(Result?.GenericSignature?.Signature ?? '', 'base64').toString('hex')
    expect(verifyMessage(name, `0x${signature}`)).toBe(Address)
  })

  it('during signing: everything in flight is signed when it is back', async () => {
    await transfers(6, async () => {
      await soon()
      await kill(name)
      await sleep(300)
      await site.vault.up()
    })
  })
})

describe('kill -9 of the wallet', () => {
  it.each([1, 2])('at a random moment of starts and approvals, round %i', async () => {
    await transfers(6, async () => {
      for (const _ of [1, 2]) {
        await soon()
        await kill('wallet')
        await site.vault.up()
      }
    })
  })
})

describe('kill -9 of what all of them need', () => {
  it.each(['postgres', 'nats'])('%s: goes on when it is back', async name => {
    await transfers(4, async () => {
      await soon()
      await kill(name)
      await sleep(500)
      await site.vault.up()
    })
    expect(site.seen.find(({ status }) => status === 500)).toBeUndefined()
  })

  it('all three nodes and the wallet at once', async () => {
    await transfers(4, async () => {
      await soon()
      await Promise.all([...nodes, 'wallet'].map(kill))
      await site.vault.up()
    })
  })
})

describe('what an operator does to a node', () => {
  it('a database rolled back behind the anchor: the node catches up and goes on', async () => {
    const url = readFileSync(`${site.home}/node1/database-url`, 'utf8').trim()
    const rowsOf = async () => {
      const pool = createPool(url, { name: 'test' })
      try {
        return (await pool.query<{ table_name: string; key: string; value: Buffer }>('select * from records')).rows
      } finally {
        await pool.end()
      }
    }
    const before = await rowsOf()
    await transfers(3, async () => undefined)
    await kill('node1')
    expect((await rowsOf()).length).toBeGreaterThan(before.length)
    const pool = createPool(url, { name: 'test' })
    await pool.query('truncate records')
    for (const { table_name, key, value } of before)
      await pool.query('insert into records (table_name, key, value) values ($1, $2, $3)', [table_name, key, value])
    await pool.end()
    await site.vault.up()
    await transfers(2, async () => undefined)
  })

  it('an anchor that is gone: the node refuses and says so, and works again with it', async () => {
    const anchor = `${site.home}/node2/anchor`
    await kill('node2')
    renameSync(anchor, `${anchor}.away`)
    const refused = await site.vault.up().then(
      () => 'started',
      error => String(error),
    )
    const said = `${refused}\n${JSON.stringify(await admin.ok('trivaultNodes'))}`
    expect(said).toMatch(/anchor/)
    const id = fresh()
    expect((await start(id)).status).toBe(200)
    expect((await site.status(id, 'Pending initialization')).Status).toBe('Pending initialization')
    await kill('node2').catch(() => undefined)
    renameSync(`${anchor}.away`, anchor)
    await site.vault.up()
    await acknowledged(id)
    await site.succeeded(id)
    await transfers(1, async () => undefined)
  })
})

/** The trusted half of a node dies alone; its host must not go on without it. */
async function killCore(index: number): Promise<void> {
  const host = site.vault.endpoints.nodes[index]?.pid ?? expect.fail()
  const [core] = readFileSync(`/proc/${host}/task/${host}/children`, 'utf8').trim().split(' ')
  process.kill(Number(core), 'SIGKILL')
  await until('host', () => site.vault.endpoints.nodes[index]?.pid === null)
}
