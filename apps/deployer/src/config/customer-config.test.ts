import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixtureText, loadFixture } from '../../test/fixtures/index.ts'
import { layouts, readCustomerConfig } from './customer-config.ts'
import type { ConfigRule } from './problem.ts'
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

type Fault = readonly [
  what: string,
  change: (text: string) => string,
  expected: { rule: ConfigRule; at: string; field: string; message: RegExp; remedy: RegExp },
]
const replace = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to)
const append = (more: string) => (text: string) => `${text}${more}\n`

const faults: readonly Fault[] = [
  [
    'an account id of 11 digits',
    replace('wallet: "111111111111"', 'wallet: "11111111111"'),
    {
      rule: 'form',
      at: 'wallet: "11111111111"',
      field: 'accounts.wallet',
      message: /12 digits/,
      remedy: /get-caller-identity/,
    },
  ],
  [
    'an account id with a letter',
    replace('"333333333333"', '"33333333333O"'),
    {
      rule: 'form',
      at: '33333333333O',
      field: 'accounts.policyNode2',
      message: /12 digits/,
      remedy: /get-caller-identity/,
    },
  ],
  [
    'two node accounts that are one',
    replace('"333333333333"', '"222222222222"'),
    {
      rule: 'layout',
      at: 'policyNode2:',
      field: 'accounts.policyNode2',
      message: /also the account of policyNode1/,
      remedy: /account of its own/,
    },
  ],
  [
    'a node account that is the wallet account',
    replace('policyNode1: "222222222222"', 'policyNode1: "111111111111"'),
    {
      rule: 'layout',
      at: 'policyNode1:',
      field: 'accounts.policyNode1',
      message: /also the account of wallet/,
      remedy: /account of its own/,
    },
  ],
  [
    'node 0 elsewhere than the recommended layout has it',
    replace('policyNode0: "111111111111"', 'policyNode0: "444444444444"'),
    {
      rule: 'layout',
      at: 'policyNode0:',
      field: 'accounts.policyNode0',
      message: /wallet account 111111111111/,
      remedy: /four-accounts/,
    },
  ],
  [
    'one account that is two',
    replace('layout: recommended', 'layout: one-account'),
    {
      rule: 'layout',
      at: 'policyNode1:',
      field: 'accounts.policyNode1',
      message: /one account/,
      remedy: /recommended/,
    },
  ],
  [
    'the Approver App in the wallet account',
    replace('approverApp: "222222222222"', 'approverApp: "111111111111"'),
    {
      rule: 'layout',
      at: 'approverApp: "111111111111"',
      field: 'accounts.approverApp',
      message: /infrastructure admin/,
      remedy: /another account/,
    },
  ],
  [
    "the Approver App's zone within the wallet's",
    replace('approver.example.org', 'approver.wallet.example.com'),
    {
      rule: 'zone',
      at: 'name: approver.wallet',
      field: 'hostedZones.approverApp.name',
      message: /lies within/,
      remedy: /zone of its own/,
    },
  ],
  [
    'one zone for two accounts',
    replace('Z0APPROVER000000001', 'Z0WALLET00000000001'),
    {
      rule: 'zone',
      at: 'name: approver.example.org\n    id:',
      field: 'hostedZones.approverApp.id',
      message: /two accounts/,
      remedy: /222222222222/,
    },
  ],
  [
    'a zone id with the path before it',
    replace('Z0WALLET00000000001', '/hostedzone/Z0WALLET00000000001'),
    {
      rule: 'form',
      at: '/hostedzone/',
      field: 'hostedZones.wallet.id',
      message: /id of the hosted zone/,
      remedy: /list-hosted-zones/,
    },
  ],
  [
    'a host outside its zone',
    append('hosts:\n  api: api.example.net'),
    {
      rule: 'host',
      at: 'api: api.example.net',
      field: 'hosts.api',
      message: /not in the hosted zone wallet.example.com/,
      remedy: /\.wallet\.example\.com/,
    },
  ],
  [
    'two hosts of one name',
    append('hosts:\n  api: x.wallet.example.com\n  console: x.wallet.example.com'),
    { rule: 'host', at: 'hosts:', field: 'hosts', message: /of their own/, remedy: /leave hosts out/ },
  ],
  [
    'an unknown key',
    replace('adminUsers:', 'adminUser:'),
    {
      rule: 'unknown-key',
      at: 'adminUser:',
      field: 'adminUser',
      message: /no such key/,
      remedy: /did you mean adminUsers/,
    },
  ],
  [
    'an unknown key with nothing near',
    append('payments: true'),
    {
      rule: 'unknown-key',
      at: 'payments:',
      field: 'payments',
      message: /no such key/,
      remedy: /known here are: namespace/,
    },
  ],
  [
    'a tab',
    replace('  wallet: "1', '\twallet: "1'),
    { rule: 'tab', at: '\twallet', field: '', message: /tab/, remedy: /spaces/ },
  ],
  [
    'a key twice',
    append('region: eu-west-1'),
    { rule: 'duplicate-key', at: 'region: eu-west-1', field: '', message: /twice/, remedy: /keep one/ },
  ],
  [
    'no YAML',
    replace('layout: recommended', 'layout: "recommended'),
    { rule: 'syntax', at: 'layout:', field: '', message: /not YAML/, remedy: /quotes/ },
  ],
  [
    'a mistyped region',
    replace('us-east-1', 'us-eats-1'),
    { rule: 'form', at: 'region:', field: 'region', message: /must be one of/, remedy: /did you mean us-east-1/ },
  ],
  [
    'a region of another partition',
    replace('us-east-1', 'cn-north-1'),
    { rule: 'form', at: 'region:', field: 'region', message: /must be one of/, remedy: /./ },
  ],
  [
    'no admin user',
    replace(/adminUsers:[\s\S]*founding:/, 'adminUsers: []\nfounding:'),
    { rule: 'form', at: 'adminUsers:', field: 'adminUsers', message: /at least 1/, remedy: /at least one person/ },
  ],
  [
    'an admin user without a name',
    replace('    name: Bob\n', ''),
    {
      rule: 'missing-key',
      at: '- email: bob',
      field: 'adminUsers[1].name',
      message: /is missing/,
      remedy: /add name, such as "Ann"/,
    },
  ],
  [
    'a bad e-mail address',
    replace('bob@example.com', 'bob.example.com'),
    { rule: 'form', at: 'bob.example.com', field: 'adminUsers[1].email', message: /e-mail/, remedy: /ann@example.com/ },
  ],
  [
    'an admin user twice',
    replace('bob@example.com', 'Ann@example.com'),
    { rule: 'person', at: 'Ann@example.com', field: 'adminUsers[1].email', message: /there twice/, remedy: /keep one/ },
  ],
  [
    'more approvals than founders',
    replace('approvalsRequired: 2', 'approvalsRequired: 4'),
    {
      rule: 'founding',
      at: 'approvalsRequired: 4',
      field: 'founding.approvalsRequired',
      message: /can never be had/,
      remedy: /1 to 3/,
    },
  ],
  [
    'an unsupported chain',
    replace('eip155:11155111', 'cosmos:cosmoshub-4'),
    {
      rule: 'chain',
      at: 'cosmos:cosmoshub-4',
      field: 'chains[0]',
      message: /cosmos:cosmoshub-4 is not supported/,
      remedy: /remove it/,
    },
  ],
  [
    'a main network on a testnet',
    replace('eip155:11155111', 'eip155:1'),
    {
      rule: 'chain',
      at: 'eip155:1',
      field: 'chains[0]',
      message: /Ethereum\) is a main network/,
      remedy: /test networks only/,
    },
  ],
  [
    'a test network on mainnet',
    replace('environment: testnet', 'environment: mainnet'),
    {
      rule: 'chain',
      at: '- eip155:11155111',
      field: 'chains[0]',
      message: /Sepolia\) is a test network/,
      remedy: /testnet: true/,
    },
  ],
  [
    'a testnet that is none',
    replace('region:', 'testnet: false\nregion:'),
    { rule: 'testnet', at: 'testnet: false', field: 'testnet', message: /called testnet/, remedy: /leave testnet out/ },
  ],
  [
    "a tag of AWS's own",
    replace('cost-center:', 'aws:cost:'),
    { rule: 'tag', at: 'aws:cost', field: 'tags.aws:cost', message: /belong to AWS/, remedy: /another key/ },
  ],
  [
    'a tag with a character that AWS refuses',
    replace('custody team', 'custody & team'),
    { rule: 'tag', at: 'custody & team', field: 'tags.owner', message: /letters, digits/, remedy: /replace/ },
  ],
  [
    'a tag value that is too long',
    replace('treasury', 'x'.repeat(257)),
    { rule: 'form', at: 'cost-center', field: 'tags.cost-center', message: /256/, remedy: /./ },
  ],
  [
    'more tags than AWS leaves room for',
    append(Array.from({ length: 40 }, (_, i) => `  tag-${i}: x`).join('\n')),
    { rule: 'form', at: 'tags:', field: 'tags', message: /40|taggable/, remedy: /./ },
  ],
  [
    'a namespace that no bucket can have',
    replace('acme-custody', 'Acme_Custody'),
    { rule: 'form', at: 'namespace:', field: 'namespace', message: /lower-case/, remedy: /acme-custody/ },
  ],
  [
    'a public network',
    append('network:\n  cidr: 8.8.0.0/16'),
    { rule: 'network', at: 'cidr: 8', field: 'network.cidr', message: /private range/, remedy: /10\.20/ },
  ],
  [
    'a zone of another region',
    append('network:\n  availabilityZones:\n    - us-east-1a\n    - eu-west-1a'),
    {
      rule: 'network',
      at: '- eu-west-1a',
      field: 'network.availabilityZones[1]',
      message: /not in us-east-1/,
      remedy: /us-east-1a/,
    },
  ],
  [
    'a host that cannot run enclaves',
    append('nitro:\n  instanceType: t3.xlarge'),
    { rule: 'form', at: 'instanceType:', field: 'nitro.instanceType', message: /cannot run/, remedy: /c6a.xlarge/ },
  ],
  [
    'an enclave that leaves the host no core',
    append('nitro:\n  enclaveCpus: 4'),
    {
      rule: 'form',
      at: 'enclaveCpus:',
      field: 'nitro.enclaveCpus',
      message: /leaves one core of c6a.xlarge/,
      remedy: /from 2 to 2/,
    },
  ],
  [
    'an enclave larger than its host',
    append('nitro:\n  enclaveMemoryMiB: 8192'),
    {
      rule: 'form',
      at: 'enclaveMemoryMiB:',
      field: 'nitro.enclaveMemoryMiB',
      message: /has 8192 MiB/,
      remedy: /at most 6144/,
    },
  ],
  [
    'a letter of another alphabet in an address',
    replace('ann@example.com', '\u0430nn@example.com'),
    { rule: 'form', at: 'nn@example.com', field: 'adminUsers[0].email', message: /e-mail/, remedy: /ann@example.com/ },
  ],
  [
    'a host name that no certificate can have',
    append(`hosts:\n  api: ${'a'.repeat(50)}.wallet.example.com`),
    { rule: 'host', at: 'api: aaa', field: 'hosts.api', message: /69 characters/, remedy: /shorter/ },
  ],
  [
    'Canton',
    append('canton:\n  enabled: true'),
    {
      rule: 'not-in-this-release',
      at: 'enabled: true',
      field: 'canton.enabled',
      message: /not in this release/,
      remedy: /remove canton/,
    },
  ],
  [
    'a missing region',
    replace('region: us-east-1\n', ''),
    {
      rule: 'missing-key',
      at: 'namespace:',
      field: 'region',
      message: /is missing/,
      remedy: /add region, such as "us-east-1"/,
    },
  ],
]

describe('a broken customer-config.yml is told by file, line, field and remedy', () => {
  it.each(faults)('%s', (_what, change, { rule, at, field, message, remedy }) => {
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
