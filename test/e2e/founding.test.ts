import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DeviceKey } from '@trivault/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../../apps/cli/src/run.ts'
import { signInAt } from './browser.ts'
import { DEV, ETHER, RECIPIENT, Site } from './site.ts'

// Founds whole vaults the way docs/operations.md tells it: with the command line, a browser and the local identity provider.

const FOUNDERS = ['alice@example.com', 'bob@example.com', 'carol@example.com']

type Run = { code: number; out: string; err: string }

/** Runs the command line as `user`; whatever address it asks to open is signed in at by `browserUser`. */
async function cli(site: Site, user: string, args: string[], browserUser = user): Promise<Run> {
  const text = { out: '', err: '' }
  const visits: Promise<void>[] = []
  const code = await runCli([...args, '--home', site.home, '--as', user], {
    out: part => {
      text.out += part
    },
    err: part => {
      text.err += part
      const url = /https?:\S+\/auth\?\S+/.exec(part)?.[0]
      const person = site.vault.endpoints.users.find(({ id }) => id === browserUser)
      if (url && person) visits.push(signInAt(url, person.id, person.password))
    },
    confirm: async () => true,
    readInput: async () => '',
  })
  await Promise.all(visits)
  return { code, ...text }
}

const setUp = (site: Site) =>
  site.admin.ok('setupDefaultTenant', {
    body: {
      Users: FOUNDERS.map(ID => ({ ID, Name: ID.split('@')[0] ?? ID })),
      Group: 'owner',
      ApprovalsRequired: 2,
      MasterKeysAndAccounts: { main: ['treasury'] },
      Assets: { CAIP2s: [DEV] },
    },
  })
const address = (site: Site) =>
  site.admin.ok('cwpgetAddressCAIP2', { body: { MasterKey: 'main', Account: 'treasury', CAIP2: DEV } })
const ownersOf = (document: string) =>
  (JSON.parse(document) as { Owners: { UserID: string; Words?: string; Channel?: string }[] }).Owners
const fund = async (site: Site) => {
  const { Address } = await address(site)
  await site.chain.fund(Address, 10n ** 18n)
}
const transfer = (site: Site, OperationID: string) =>
  site.admin.send('cwpstartMakeTransaction', {
    body: {
      OperationID,
      InitiatorID: FOUNDERS[0],
      CAIP19: ETHER,
      Source: { MasterKeyName: 'main', AccountName: 'treasury' },
      Destination: [{ Address: RECIPIENT, Amount: '0.1' }],
    },
  })

describe('a vault founded in mode identity', () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.start('identity', { founding: 'identity' })
    await setUp(site)
  }, 180_000)
  afterAll(() => site.end())

  it('shows addresses as not sealed, and signs nothing', async () => {
    expect(await address(site)).toMatchObject({ sealed: false })
    expect(await site.admin.ok('trivaultNodes')).toMatchObject({ Sealed: false })
    const refused = await transfer(site, 'early')
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('M0102')])
  })

  it('takes no key without an ID token of its owner', async () => {
    const { publicKey } = DeviceKey.generate()
    const body = { UserID: 'alice@example.com', PublicKey: publicKey }
    expect(await site.admin.refused('cwpstartSetUserPublicKey', 400, { body })).toMatchObject({ code: 'M0220' })
    await cli(site, 'alice@example.com', ['approver', 'init'])
    // Bob signs in at the browser: his token vouches for no key of Alice's.
    const pair = ['approver', 'pair', '--callback-port', '0', '--json']
    const wrong = await cli(site, 'alice@example.com', pair, 'bob@example.com')
    expect([wrong.code, wrong.out]).toEqual([1, expect.stringContaining('email is not alice@example.com')])
    const automated = await cli(site, 'alice@example.com', ['approver', 'pair', '--automated', '--json'])
    expect([automated.code, automated.out]).toEqual([1, expect.stringContaining('no ID token')])
    expect((await cli(site, 'alice@example.com', ['founding', 'seal', '--json'])).out).toContain('founding-incomplete')
  })

  it('enrols each founder by a sign-in of their own, from their own device', async () => {
    for (const founder of FOUNDERS) {
      if (founder !== 'alice@example.com') await cli(site, founder, ['approver', 'init'])
      const paired = await cli(site, founder, ['approver', 'pair', '--callback-port', '0', '--wait', '--json'])
      expect([founder, paired.code, paired.out]).toEqual([founder, 0, expect.stringContaining('Succeeded')])
    }
    const shown = await cli(site, 'bob@example.com', ['founding', 'show', '--json'])
    const owners = ownersOf(shown.out)
    expect(owners.map(({ UserID }) => UserID)).toEqual(FOUNDERS)
    for (const { Words, Channel } of owners) expect([Words?.split(' ').length, Channel]).toEqual([6, 'cli'])
    expect(new Set(owners.map(({ Words }) => Words)).size).toBe(3)
  })

  it('is sealed when all of them compared the record and approved it', async () => {
    const { out } = await cli(site, 'alice@example.com', ['founding', 'show', '--json'])
    const words = ownersOf(out).map(owner => owner.Words ?? '')
    expect((await cli(site, 'carol@example.com', ['founding', 'seal', '--id', 'seal'])).code).toBe(0)
    for (const founder of FOUNDERS) {
      expect((await transfer(site, `before-${founder.slice(0, 3)}`)).status).toBe(400)
      const approved = await cli(site, founder, ['approver', 'approve', 'seal'])
      expect([founder, approved.code, approved.err]).toEqual([
        founder,
        0,
        expect.stringContaining('Compare every line'),
      ])
      for (const spoken of words) expect(approved.err).toContain(spoken)
    }
    await site.succeeded('seal')
    expect(await address(site)).not.toHaveProperty('sealed')
  })

  it('signs, and gives no key without the owner quorum', async () => {
    await fund(site)
    expect((await transfer(site, 'first')).status).toBe(200)
    await site.status('first', 'Pending confirmation')
    expect((await cli(site, 'alice@example.com', ['approver', 'approve', 'first', '--yes'])).code).toBe(0)
    await site.succeeded('first')
    const key = join(site.home, 'second.key')
    await cli(site, 'carol@example.com', ['approver', 'init', '--key-file', key])
    const pair = ['approver', 'pair', '--key-file', key, '--callback-port', '0', '--id', 'second']
    // A lost device cannot confirm its own replacement: an owner does.
    const started = await cli(site, 'carol@example.com', [...pair, '--initiator', 'alice@example.com'])
    expect(started.out).toContain('Pending confirmation')
    const shown = await cli(site, 'bob@example.com', ['approver', 'show', 'second'])
    expect(shown.out).toContain('Vouched for by your identity provider: yes')
    await cli(site, 'bob@example.com', ['approver', 'approve', 'second', '--yes'])
    expect((await cli(site, 'alice@example.com', ['approver', 'approve', 'second', '--yes', '--wait'])).code).toBe(0)
    await site.succeeded('second')
  })

  it('keeps no token in a log', () => {
    for (const name of ['wallet', 'node0', 'node1', 'node2', 'services', 'supervisor'])
      expect(readFileSync(join(site.home, 'logs', `${name}.log`), 'utf8')).not.toMatch(/eyJ[\w-]{20,}\.[\w-]{20,}\./)
  })
})

describe('a vault founded in mode pinned', () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.start('pinned', { founding: 'pinned' })
    await setUp(site)
  }, 180_000)
  afterAll(() => site.end())

  it('takes the pinned keys only, and is sealed by the last of them', async () => {
    const { publicKey } = DeviceKey.generate()
    const body = { UserID: 'alice@example.com', PublicKey: publicKey }
    expect(await site.admin.refused('cwpstartSetUserPublicKey', 400, { body })).toMatchObject({ code: 'M0222' })
    for (const founder of FOUNDERS) {
      expect(await site.admin.ok('trivaultNodes')).toMatchObject({ Sealed: false })
      expect((await cli(site, founder, ['approver', 'pair', '--wait'])).code).toBe(0)
    }
    expect(await site.admin.ok('trivaultNodes')).toMatchObject({ Sealed: true })
    await fund(site)
    expect((await transfer(site, 'first')).status).toBe(200)
    await site.status('first', 'Pending confirmation')
    expect((await cli(site, 'alice@example.com', ['approver', 'approve', 'first', '--yes'])).code).toBe(0)
    await site.succeeded('first')
  })
})
