import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Workplace } from '../../test/run.ts'
import { layouts } from './customer-config.ts'

let place: Workplace
beforeEach(() => {
  place = new Workplace('recommended')
})
afterEach(() => place.remove())

const CONF = ['wallet.json', 'node0.json', 'node1.json', 'node2.json', 'nats.conf']

describe('generate-customer-assets', () => {
  it.each(layouts)('makes the same bytes from the same %s input, with the conf files that follow', async layout => {
    const [one, other] = [new Workplace(layout), new Workplace(layout)]
    for (const each of [one, other]) {
      expect(await each.run(['generate-customer-assets'])).toMatchObject({ code: 0, err: '' })
      expect(await each.run(['generate-conf-files'])).toMatchObject({ code: 0 })
    }
    for (const name of ['bd-wallet.yml', 'tenant-setup.json', ...CONF.map(file => `conf/${file}`)])
      expect(one.read(name)).toBe(other.read(name))
    one.remove()
    other.remove()
  })

  it('says at every later run that one account has no separation', async () => {
    const solo = new Workplace('one-account')
    await solo.run(['generate-customer-assets'])
    for (const command of ['generate-conf-files', 'oidc-urls', 'generate-conf-files'])
      expect((await solo.run([command])).err).toContain('separation of duties is absent')
    expect((await place.run(['generate-customer-assets'])).err).toBe('')
    expect((await place.run(['oidc-urls'])).err).toBe('')
    solo.remove()
  })

  it('takes far less than 3 s, like the conf files', async () => {
    for (const command of ['generate-customer-assets', 'generate-conf-files']) {
      // Of the processor: it does not count what else the machine does.
      const before = process.cpuUsage()
      expect(await place.run([command])).toMatchObject({ code: 0 })
      const { user, system } = process.cpuUsage(before)
      expect((user + system) / 1e6).toBeLessThan(3)
    }
  })

  it('changes nothing the second time', async () => {
    await place.run(['generate-customer-assets'])
    const before = place.read('bd-wallet.yml')
    const { out } = await place.run(['generate-customer-assets'])
    expect(out).toBe('bd-wallet.yml is up to date\n')
    expect(place.read('bd-wallet.yml')).toBe(before)
  })

  it('writes nothing with --dry-run', async () => {
    const { code, out } = await place.run(['generate-customer-assets', '--dry-run'])
    expect([code, out]).toEqual([0, expect.stringContaining('would be made')])
    expect(() => place.read('bd-wallet.yml')).toThrow()
  })

  it('keeps an edit and shows what changes beside it', async () => {
    await place.run(['generate-customer-assets'])
    place.edit('bd-wallet.yml', 'multiAz: false', 'multiAz: true # asked for by audit')
    place.edit('customer-config.yml', 'cost-center: treasury', 'cost-center: bank')
    const { code, out } = await place.run(['generate-customer-assets'])
    expect(code).toBe(0)
    expect(out).toContain('tags.cost-center: "treasury" → "bank"')
    expect(out).toContain('your edits that stay (generated → yours):\n  database.multiAz: false → true')
    expect(place.read('bd-wallet.yml')).toContain('multiAz: true # asked for by audit')
  })

  it('stops at a conflict, writes nothing, and goes on once both say the same', async () => {
    await place.run(['generate-customer-assets'])
    place.edit('bd-wallet.yml', 'approvalsRequired: 2', 'approvalsRequired: 3')
    place.edit('customer-config.yml', 'approvalsRequired: 2', 'approvalsRequired: 1')
    const before = place.read('bd-wallet.yml')
    const { code, err } = await place.run(['generate-customer-assets'])
    expect(code).toBe(3)
    expect(err).toContain('founding.approvalsRequired: you wrote 3, customer-config.yml now says 1')
    expect(place.read('bd-wallet.yml')).toBe(before)
    place.edit('customer-config.yml', 'approvalsRequired: 1', 'approvalsRequired: 3')
    expect(await place.run(['generate-customer-assets'])).toMatchObject({ code: 0 })
  })

  it('leaves a tenant-setup.json that a person edited, and updates one that nobody did', async () => {
    await place.run(['generate-customer-assets'])
    place.edit('customer-config.yml', 'name: Bob', 'name: Robert')
    expect((await place.run(['generate-customer-assets'])).out).toContain('tenant-setup.json filled in')
    expect(place.read('tenant-setup.json')).toContain('"Robert"')
    place.edit('tenant-setup.json', 'treasury', 'payments')
    place.edit('customer-config.yml', 'name: Robert', 'name: Bob')
    expect((await place.run(['generate-customer-assets'])).out).not.toContain('tenant-setup.json')
    expect(place.read('tenant-setup.json')).toContain('payments')
  })

  it('says when regeneration is due', async () => {
    await place.run(['generate-customer-assets'])
    place.edit('customer-config.yml', 'Z0WALLET00000000001', 'Z0WALLET00000000009')
    const { err } = await place.run(['generate-conf-files'])
    expect(err).toContain('customer-config.yml has changed since bd-wallet.yml was made from it (zones.wallet.id)')
    expect(err).toContain('make generate-customer-assets')
  })

  it('needs a customer-config.yml and names the step that brings it', async () => {
    const { rmSync } = await import('node:fs')
    rmSync(place.path('customer-config.yml'))
    const { code, err } = await place.run(['generate-customer-assets'])
    expect([code, err]).toEqual([1, expect.stringContaining('make pull-customer-assets')])
  })
})

describe('NAMESPACE, ENV_PREFIX, AWS_REGION and BACKEND_API_PATH', () => {
  beforeEach(() => place.run(['generate-customer-assets']))

  it.each([
    ['NAMESPACE', 'acme', /NAMESPACE=acme, but customer-config.yml says namespace: acme-custody/],
    ['ENV_PREFIX', 'mainnet', /ENV_PREFIX=mainnet, but bd-wallet.yml says environment: testnet/],
    [
      'AWS_REGION',
      'eu-west-1',
      /bd-wallet.yml:7 region: AWS_REGION=eu-west-1, but bd-wallet.yml says region: us-east-1/,
    ],
    ['BACKEND_API_PATH', 'https://api.example.com', /the API will be at api.testnet.wallet.example.com/],
  ])('stop every target when %s names another environment', async (name, value, message) => {
    for (const command of ['generate-conf-files', 'oidc-urls']) {
      const { code, err } = await place.run([command], { [name]: value })
      expect([code, err]).toEqual([1, expect.stringMatching(message)])
      expect(err).toMatch(new RegExp(`→ export ${name}=`))
    }
  })

  it.each([
    ['NAMESPACE', 'acme-custody'],
    ['ENV_PREFIX', 'testnet'],
    ['AWS_REGION', 'us-east-1'],
  ])('are named with purpose and example: %s', async (name, example) => {
    const { code, err } = await place.run(['generate-conf-files'], { [name]: '' })
    expect([code, err]).toEqual([2, expect.stringContaining(`${name} is not set`)])
    expect(err).toContain(`export ${name}=${example}`)
  })

  it('name a file that is wrong by its line', async () => {
    place.edit('bd-wallet.yml', 'backupDays: 7', 'backupDays: 99')
    const { code, out } = await place.run(['generate-conf-files', '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      error: { code: 'bad-config', file: 'bd-wallet.yml', line: 34, field: 'database.backupDays' },
    })
  })
})

describe('generate-conf-files', () => {
  it('tells what changed and which targets are due', async () => {
    await place.run(['generate-customer-assets'])
    const first = JSON.parse((await place.run(['generate-conf-files', '--json'])).out) as { changed: string[] }
    expect(first.changed.sort()).toEqual(CONF.map(name => `conf/${name}`).sort())
    expect((await place.run(['generate-conf-files'])).out).toBe('conf/ is up to date\n')
    place.edit('bd-wallet.yml', '- eip155:11155111', '- eip155:80002')
    const later = JSON.parse((await place.run(['generate-conf-files', '--json'])).out) as object
    expect(later).toEqual({ changed: ['conf/wallet.json'], next: ['deploy-wallet'] })
  })
})

describe('oidc-urls', () => {
  it('prints what to register, from the deployed host names', async () => {
    await place.run(['generate-customer-assets'])
    const { clients } = JSON.parse((await place.run(['oidc-urls', '--json'])).out) as { clients: object[] }
    expect(clients).toMatchObject([
      {
        client: 'CLIENT_ID_SPA',
        redirectUris: ['https://console.testnet.wallet.example.com/callback'],
        logoutUris: ['https://console.testnet.wallet.example.com/'],
        origins: ['https://console.testnet.wallet.example.com'],
      },
      {
        client: 'CLIENT_ID_NATIVE',
        redirectUris: ['https://app.testnet.approver.example.org/callback', 'http://127.0.0.1:8910/callback'],
      },
    ])
  })
})
