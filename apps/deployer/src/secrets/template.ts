import { providerFacts, providerKeys, providers, secretKeys } from './keys.ts'

const rule = '# Never commit this file, never mail it. `make shred-secrets` destroys it after use.'

const keyLines = (names: (name: string) => boolean): string[] =>
  secretKeys
    .filter(({ name }) => names(name))
    .flatMap(({ name, purpose, required, form }) => {
      const about = `# ${purpose[0]?.toUpperCase()}${purpose.slice(1)}.${required ? '' : ' Optional.'}`
      if (form === 'rpc-urls') return ['', about, `# ${name}:`, '#   "eip155:1": https://rpc.example.com/key']
      return ['', about, required ? `${name}: ""` : `# ${name}: ""`]
    })

const identityLines = (): string[] => [
  '',
  '# Identity provider: fill in exactly one block.',
  ...providers.flatMap((provider, i) => {
    const mark = i === 0 ? '' : '# '
    return [
      ...(i === 0 ? [] : ['#', `# ${providerFacts[provider].title}:`]),
      `${mark}${provider}:`,
      ...providerKeys
        .filter(({ required }) => required || i === 0)
        .map(({ name, purpose, required }) => {
          const entry = `${name}: ""`
          return required || i > 0 ? `${mark}  ${entry} # ${purpose}` : `  # ${entry} # ${purpose}`
        }),
    ]
  }),
]

/** The file of the infrastructure admin: exactly the guide's keys. */
export const secretTemplate = (): string =>
  [
    '# Secrets of this environment, for `make populate-secrets-wallet`.',
    rule,
    ...keyLines(() => true),
    ...identityLines(),
    '',
  ].join('\n')

const pinned = new Set(secretKeys.filter(key => key.pinned).map(({ name }) => name))

/** The file of a Policy Node admin: what they pin, which is public. Get it from its source, not from the infrastructure admin. */
export const publicTemplate = (): string =>
  [
    '# What you pin at your Policy Node (`make pin-peers-policy-node…`). Nothing in this file is secret.',
    '# Take the ERS key from its ceremony and the client ids from the identity provider, not from whoever runs the wallet.',
    ...keyLines(name => pinned.has(name)),
    ...identityLines(),
    '',
  ].join('\n')
