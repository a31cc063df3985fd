import { append, type Fault, replace } from './fault.ts'

/** Files that say what no such file can say. */
export const faultsOfForm: readonly Fault[] = [
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
    'a fingerprint in words',
    replace('name: Bob', 'name: Bob\n    keyFingerprint: apple river stone'),
    {
      rule: 'form',
      at: 'keyFingerprint:',
      field: 'adminUsers[1].keyFingerprint',
      message: /64 lower-case hex digits/,
      remedy: /approver init/,
    },
  ],
  [
    'an unknown founding mode',
    replace('founding:', 'founding:\n  mode: open'),
    { rule: 'form', at: 'mode: open', field: 'founding.mode', message: /one of identity, pinned/, remedy: /./ },
  ],
  [
    'a letter of another alphabet in an address',
    replace('ann@example.com', '\u0430nn@example.com'),
    { rule: 'form', at: 'nn@example.com', field: 'adminUsers[0].email', message: /e-mail/, remedy: /ann@example.com/ },
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
