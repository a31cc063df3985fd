import { append, type Fault, pinnedKeys, replace } from './fault.ts'

/** Files whose fields contradict each other, or what is possible. */
export const faultsOfSense: readonly Fault[] = [
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
    'founding mode pinned without the keys',
    replace('founding:', 'founding:\n  mode: pinned'),
    {
      rule: 'founding',
      at: '- email: bob',
      field: 'adminUsers[1].keyFingerprint',
      message: /is missing: .* no other key of bob@example.com/,
      remedy: /approver init/,
    },
  ],
  [
    'one key for two founders',
    pinnedKeys('a', 'b', 'a'),
    {
      rule: 'founding',
      at: 'name: Cleo\n    keyFingerprint:',
      field: 'adminUsers[2].keyFingerprint',
      message: /is the key of ann@example.com too/,
      remedy: /a key of their own/,
    },
  ],
  [
    'a pinned key in founding mode identity',
    replace('name: Bob', `name: Bob\n    keyFingerprint: "${'b'.repeat(64)}"`),
    {
      rule: 'founding',
      at: 'keyFingerprint:',
      field: 'adminUsers[1].keyFingerprint',
      message: /mode is identity/,
      remedy: /mode: pinned, or remove/,
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
]
