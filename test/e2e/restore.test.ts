import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { createPool } from '@trivault/storage'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../../apps/cli/src/run.ts'
import { ETHER, OWNERS, type Person, RECIPIENT, Site, until } from './site.ts'

// Databases that come back older, and an anchor that does not come back, in a vault of real processes.

const amount = '0.001'
const wei = 10n ** 15n
const Source = { MasterKeyName: 'main', AccountName: 'treasury' }

let site: Site
let alice: Person
let before: bigint
let made = 0

beforeAll(async () => {
  site = await Site.start('restore')
  alice = await site.person(OWNERS[0])
  before = await site.chain.balance(RECIPIENT)
})
afterAll(() => site?.end())

/** A transfer from start to receipt; all so far together have landed exactly once. */
async function transfer(): Promise<void> {
  const OperationID = `restore-${randomBytes(6).toString('hex')}`
  const body = { OperationID, Source, Destination: [{ Address: RECIPIENT, Amount: amount }], CAIP19: ETHER }
  await alice.api.ok('cwpstartMakeTransaction', { body } as never)
  await until('the intent', async () =>
    (await alice.api.ok('cwplistPendingApprovals')).some(one => one.OperationID === OperationID),
  )
  await alice.approve(OperationID)
  await site.succeeded(OperationID)
  made++
  await until('the receipt', async () => (await site.chain.balance(RECIPIENT)) - before >= BigInt(made) * wei)
  expect((await site.chain.balance(RECIPIENT)) - before).toBe(BigInt(made) * wei)
}

type Tables = Map<string, { columns: string[]; rows: unknown[][] }>
const urlOf = (name: string): string => readFileSync(`${site.home}/${name}/database-url`, 'utf8').trim()

async function onDatabase<T>(name: string, work: (pool: ReturnType<typeof createPool>) => Promise<T>): Promise<T> {
  const pool = createPool(urlOf(name), { name: 'test' })
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}

/** A node's whole database. */
const copyOf = (name: string): Promise<Tables> =>
  onDatabase(name, async pool => {
    const { rows } = await pool.query<Record<string, unknown>>('select * from records')
    const columns = Object.keys(rows[0] ?? {})
    return new Map([['records', { columns, rows: rows.map(row => columns.map(column => row[column])) }]])
  })

const putBack = (name: string, tables: Tables): Promise<void> =>
  onDatabase(name, async pool => {
    for (const [table, { columns, rows }] of tables) {
      await pool.query(`truncate ${table}`)
      const places = columns.map((_, index) => `$${index + 1}`).join(', ')
      for (const row of rows) await pool.query(`insert into ${table} (${columns.join(', ')}) values (${places})`, row)
    }
  })

const nodes = ['node0', 'node1', 'node2'] as const

describe('with the anchors kept', () => {
  it.each([[['node1']], [['node0', 'node2']], [[...nodes]]] as (typeof nodes)[number][][][])(
    'the databases of %j come back older: the vault goes on and repeats nothing',
    async names => {
      const copies = await Promise.all(names.map(copyOf))
      await transfer()
      for (const [index, name] of names.entries()) {
        await site.vault.kill(name, 'SIGKILL')
        await putBack(name, copies[index] ?? new Map())
      }
      await site.vault.up()
      await transfer()
    },
  )
})

const trivault = async (...args: string[]): Promise<string> => {
  const said: string[] = []
  const out = (text: string) => void said.push(text)
  const terminal = { out, err: out, confirm: async () => true, readInput: async () => '' }
  const code = await runCli(['--home', site.home, ...args], terminal)
  expect([code, code === 0 ? '' : said.join('')]).toEqual([0, ''])
  return said.join('')
}
const stateOf = async (index: number) => (await site.admin.ok('trivaultNodes')).Nodes[index]?.State
const anchor = () => `${site.home}/node2/anchor`
const log = () => readFileSync(`${site.home}/logs/node2.log`, 'utf8')
const request = ['node', 'recreate-vote-record', '--index', '2', '--yes', '--head']

describe('with an anchor lost', () => {
  it('its node refuses to vote until its admin has the record re-created from the peers; nothing is repeated', async () => {
    await site.vault.kill('node2', 'SIGKILL')
    rmSync(anchor(), { recursive: true })
    await site.vault.up()
    await until('no-anchor', async () => (await stateOf(2))?.startsWith('no-anchor') === true)
    const head = /entry (\d+), ([0-9a-f]{64})/.exec(await trivault('status')) ?? expect.fail('no head')

    await site.vault.kill('node2', 'SIGKILL')
    expect(await trivault(...request, `${head[1]}:${head[2]}`)).toContain('start node 2 now')
    await site.vault.up()
    await until('voting', async () => (await stateOf(2)) === 'voting')
    await transfer()
    expect(log()).toContain('vote record re-created from both peers')

    // The same order lies there still: whoever starts the node again has nothing re-created with it.
    await site.vault.kill('node2', 'SIGKILL')
    await site.vault.up()
    await until('voting', async () => (await stateOf(2)) === 'voting')
    expect(log()).toContain('the request for a new vote record is older than the record: nothing to do')
    expect(log().match(/vote record re-created/g)).toHaveLength(1)
  })

  it('a request for another head starts nothing and says where the peers are', async () => {
    await site.vault.kill('node2', 'SIGKILL')
    rmSync(anchor(), { recursive: true })
    await trivault(...request, `1:${'ab'.repeat(32)}`)
    await site.vault.up().catch(() => undefined)
    await until('the reason', () => /cannot be re-created at entry 1: node 0 is at entry \d+/.test(log()))
  })
})
