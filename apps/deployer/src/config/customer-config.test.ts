import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pinnedKeys } from '../../test/config-faults/fault.ts'
import { faultsOfForm } from '../../test/config-faults/form.ts'
import { faultsOfSense } from '../../test/config-faults/sense.ts'
import { fixtureText, loadFixture } from '../../test/fixtures/index.ts'
import { readBdWallet, writeBdWallet } from './bd-wallet.ts'
import { layouts, readCustomerConfig } from './customer-config.ts'
import { separated } from './rules.ts'

const recommended = fixtureText('recommended')

describe('readCustomerConfig', () => {
  it.each(layouts)('accepts the layout %s', layout => {
    expect(readCustomerConfig(fixtureText(layout)).problems).toEqual([])
  })

  it('fills in what was left out', () => {
    expect(loadFixture('recommended')).toMatchObject({
      testnet: true,
      hosts: {
        api: 'api.testnet.wallet.example.com',
        console: 'console.testnet.wallet.example.com',
        approverApp: 'app.testnet.approver.example.org',
      },
      network: { availabilityZones: ['us-east-1a', 'us-east-1b'] },
      founding: { mode: 'identity', founders: ['ann@example.com', 'bob@example.com', 'cleo@example.com'] },
    })
    expect(loadFixture('four-accounts')).toMatchObject({
      testnet: false,
      region: 'eu-central-1',
      database: { multiAz: true, backupDays: 35 },
      hosts: { console: 'vault.wallet.example.com' },
    })
  })

  it('has the key of each founder where the node admins pin them', () => {
    const { environment, problems } = readCustomerConfig(pinnedKeys('a', 'b', 'c')(recommended))
    expect(problems).toEqual([])
    expect(environment).toMatchObject({
      founding: { mode: 'pinned' },
      adminUsers: [{ keyFingerprint: 'a'.repeat(64) }, {}, {}],
    })
    expect(environment && readBdWallet(writeBdWallet(environment))).toEqual({ environment, problems: [] })
  })

  it('takes account ids without quotes as they are written, leading zeros too', () => {
    const text = recommended.replaceAll('"111111111111"', '012345670123').replaceAll('"222222222222"', '222222222222')
    const { environment, problems } = readCustomerConfig(text)
    expect(problems).toEqual([])
    expect(environment?.accounts.wallet).toBe('012345670123')
    expect(environment?.accounts.policyNodes).toEqual(['012345670123', '222222222222', '333333333333'])
  })

  it('knows where separation is absent', () => {
    expect(layouts.map(layout => separated(loadFixture(layout)))).toEqual([true, true, false])
  })

  it('has testnet and mainnet of one customer side by side', () => {
    const text = recommended
      .replace('environment: testnet', 'environment: mainnet')
      .replace('eip155:11155111', 'eip155:1')
    const { environment, problems } = readCustomerConfig(text)
    expect(problems).toEqual([])
    expect(environment).toMatchObject({ testnet: false, hosts: { api: 'api.mainnet.wallet.example.com' } })
  })
})

describe('a broken customer-config.yml is told by file, line, field and remedy', () => {
  it.each([...faultsOfForm, ...faultsOfSense])('%s', (_what, change, { rule, at, field, message, remedy }) => {
    const text = change(recommended)
    expect(text).not.toBe(recommended)
    const { environment, problems } = readCustomerConfig(text)
    expect(environment).toBeUndefined()
    const start = text.indexOf(at) + at.lastIndexOf('\n') + 1
    expect(problems).toContainEqual({
      file: 'customer-config.yml',
      line: text.slice(0, start).split('\n').length,
      rule,
      field,
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    })
  })

  it('tells all of several faults', () => {
    const { problems } = readCustomerConfig(
      recommended.replace('us-east-1', 'us-eats-1').replace('bob@example.com', 'bob').replace('tags:', 'tag:'),
    )
    expect(problems.map(({ field }) => field).sort()).toEqual(['adminUsers[1].email', 'region', 'tag'])
  })

  it('refuses an empty file and one that is a list', () => {
    expect(readCustomerConfig('').problems.length).toBeGreaterThan(0)
    expect(readCustomerConfig('- a\n').problems[0]).toMatchObject({ rule: 'type', line: 1 })
  })

  it('resolves no YAML trick: aliases of a billion laughs, merge keys, tags', () => {
    const alias = recommended.replace('name: Ann', 'name: &n Ann').replace('name: Bob', 'name: *n')
    expect(readCustomerConfig(alias).problems).toMatchObject([
      { rule: 'syntax', line: 23, remedy: expect.stringContaining('written out') },
    ])
    const laughs =
      'a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c]\n'
    expect(readCustomerConfig(laughs).problems.length).toBeGreaterThan(0)
    expect(readCustomerConfig(`${recommended}\n<<: {region: eu-west-1}\n`).problems.length).toBeGreaterThan(0)
  })

  it('never fails otherwise: whatever is done to the file, each problem has a line of it and a remedy', () => {
    const lines = recommended.split('\n')
    const line = fc.nat(lines.length - 1)
    const odd = fc.constantFrom(
      '"',
      ':',
      '- ',
      '{',
      '[',
      '&a ',
      '*a',
      '!!x ',
      '|',
      '>',
      '\t',
      '\u0000',
      '? ',
      '#',
      "'",
      '%',
      '  ',
    )
    const edit = fc.oneof(
      fc.tuple(fc.constant('cut'), line, fc.constant('')),
      fc.tuple(fc.constant('double'), line, fc.constant('')),
      fc.tuple(fc.constant('insert'), line, odd),
      fc.tuple(fc.constant('indent'), line, fc.constantFrom('  ', ' ')),
    )
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), edits => {
        const changed = [...lines]
        for (const [what, at, text] of edits) {
          const old = changed[at] ?? ''
          changed[at] =
            what === 'cut'
              ? ''
              : what === 'double'
                ? `${old}\n${old}`
                : what === 'indent'
                  ? text + old
                  : old.replace(/: ?/, `: ${text}`)
        }
        const read = readCustomerConfig(changed.join('\r\n'))
        expect(read.environment === undefined).toBe(read.problems.length > 0)
        for (const problem of read.problems) {
          expect(problem.remedy).not.toBe('')
          expect(problem.line ?? 1).toBeLessThanOrEqual(changed.join('\n').split('\n').length + 1)
        }
      }),
      { numRuns: 300 },
    )
  })
})
