import { providerFacts, providerKeys, providers, secretKeys } from './keys.ts'

const generated = [
  [
    '`db-info`, `db-info.node0` and so on',
    'role and password in the database, one secret for each party',
    'the party itself, database-setup',
    '`make deploy-wallet`; for a node also `make deploy-nitro-nodes`',
  ],
  ['`webhook-token`', 'for callers of the wallet’s webhooks', 'nothing in this release', 'nothing'],
  [
    '`broker-tls.broker`, `.wallet`, `.node0` and so on',
    'certificate and key on the bus, of the broker’s root; renewed in its last 30 days by the next populate',
    'the party itself',
    '`make deploy-wallet`; for a node `make deploy-nitro-nodes`',
  ],
  ['`pins`', 'copy of what the Policy Node admins pinned (`make pin-peers-wallet`)', 'wallet', '`make deploy-wallet`'],
  ['`bootstrap-key`', 'made by the wallet at its first start', 'the infrastructure admin, step 16', 'nothing'],
]
const partition = [
  [
    '`policy-node0` and so on',
    'Encryptor Master Password, identity seed and the public key of its admin, encrypted by the node’s key; never shown, never replaced',
    'that node’s host, for its enclave',
  ],
  [
    '`policy-node0.pins` and so on',
    'node card, pins, ERS public key, and the admin’s signatures under pins and [orders](node-orders.md)',
    'that node’s host, its admin',
  ],
]
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')

/** docs/guide/customer-secrets.md */
export const renderSecretsReference = (): string => `# customer-secrets.yml reference

This page is generated from the table that the template, the checks and the plan of \`make populate-secrets-wallet\` come from. Each key becomes one
secret \`bd-wallet.<NAMESPACE>.<ENV_PREFIX>.<key>\` in AWS Secrets Manager. Errors name line and field and never repeat a value.

${table(
  ['key', 'what it is', '', 'read by', 'when it changes'],
  secretKeys.map(({ name, purpose, required, readBy, restart }) => [
    `\`${name}\``,
    purpose,
    required ? 'required' : 'optional',
    readBy,
    restart,
  ]),
)}

## Identity provider

Exactly one of the blocks ${providers.map(name => `\`${name}\` (${providerFacts[name].title})`).join(', ')}; it becomes the secret \`auth0\`, whatever the provider. The wallet and
\`make generate-fe-env\` read it; after a change run both and \`make deploy-wallet\`. Set-up at the provider: [Auth0](../identity-auth0.md),
[Okta](../identity-okta.md), [Entra ID](../identity-entra.md).

${table(
  ['key', 'what it is', ''],
  providerKeys.map(({ name, purpose, required }) => [`\`${name}\``, purpose, required ? 'required' : 'optional']),
)}

## Generated

Made once by \`make populate-secrets-wallet\` and kept by every later run.

${table(['secret', 'what it is', 'read by', 'when it changes'], generated)}

In the accounts of the Policy Node admins:

${table(['secret', 'what it is', 'read by'], partition)}

## Changing one

Edit the file, then \`make populate-secrets-wallet ARGS="--rotate NAME"\`; several names are possible. The plan shows what would change as fingerprints that
mean something within that run only. Without \`--rotate\` a value that differs is shown and kept. For generated values the file need not be there.
Both halves of the broker's root go together; all certificates follow.
`
