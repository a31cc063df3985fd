import type { AdminUser, HostedZone, NodeIndex } from '../model.ts'
import type { ConfigProblem } from './problem.ts'
import { type Environment, type RuleProblem, ruleProblems } from './rules.ts'
import { customerConfigSchema } from './schema.ts'
import { fieldName, readYaml } from './yaml.ts'

export const CUSTOMER_CONFIG = 'customer-config.yml'
export const layouts = ['recommended', 'four-accounts', 'one-account'] as const
export type Layout = (typeof layouts)[number]

/** customer-config.yml as a person wrote it. */
export interface CustomerConfig {
  readonly namespace: string
  readonly environment: string
  readonly testnet?: boolean
  readonly region: string
  readonly layout: Layout
  readonly accounts: Readonly<Record<'wallet' | `policyNode${NodeIndex}` | 'approverApp', string>>
  readonly hostedZones: { readonly wallet: HostedZone; readonly approverApp: HostedZone }
  readonly hosts?: { readonly api?: string; readonly console?: string; readonly approverApp?: string }
  readonly adminUsers: readonly AdminUser[]
  readonly founding?: Partial<Omit<Environment['founding'], 'founders'>>
  readonly chains?: readonly string[]
  readonly network?: Partial<Environment['network']>
  readonly database?: Partial<Environment['database']>
  readonly nitro?: Partial<Environment['nitro']>
  readonly canton?: { readonly enabled?: boolean }
  readonly tags?: Readonly<Record<string, string>>
}

/** Parses and checks; `environment` is there only without problems. Pure. */
export function readCustomerConfig(
  text: string,
  file = CUSTOMER_CONFIG,
): { readonly environment?: Environment; readonly layout?: Layout; readonly problems: readonly ConfigProblem[] } {
  const { value, problems, lineOf } = readYaml<CustomerConfig>(file, text, customerConfigSchema)
  if (value === undefined) return { problems }
  const environment = environmentOf(value)
  const found = [
    ...layoutProblems(value),
    ...notInThisRelease(value),
    ...ruleProblems(environment).map(inCustomerConfig),
  ]
  if (found.length === 0) return { environment, layout: value.layout, problems: [] }
  return {
    problems: found.map(({ path, ...problem }) => {
      const line = lineOf(path)
      return { ...problem, file, ...(line !== undefined && { line }), field: fieldName(path) }
    }),
  }
}

/** What bd-wallet.yml will say: everything that was left out, filled in. Pure. */
export function environmentOf(config: CustomerConfig): Environment {
  const { namespace, environment, region, accounts, hostedZones, adminUsers } = config
  const testnet = config.testnet ?? environment === 'testnet'
  const founders = adminUsers.map(({ email }) => email)
  return {
    namespace,
    environment,
    testnet,
    region,
    accounts: {
      wallet: accounts.wallet,
      policyNodes: [accounts.policyNode0, accounts.policyNode1, accounts.policyNode2],
      approverApp: accounts.approverApp,
    },
    zones: {
      wallet: { name: hostedZones.wallet.name, id: hostedZones.wallet.id },
      approverApp: { name: hostedZones.approverApp.name, id: hostedZones.approverApp.id },
    },
    hosts: {
      api: config.hosts?.api ?? `api.${environment}.${hostedZones.wallet.name}`,
      console: config.hosts?.console ?? `console.${environment}.${hostedZones.wallet.name}`,
      approverApp: config.hosts?.approverApp ?? `app.${environment}.${hostedZones.approverApp.name}`,
    },
    network: {
      cidr: config.network?.cidr ?? '10.0.0.0/16',
      availabilityZones: config.network?.availabilityZones ?? [`${region}a`, `${region}b`],
    },
    database: {
      instanceClass: config.database?.instanceClass ?? 'db.t4g.medium',
      multiAz: config.database?.multiAz ?? !testnet,
      backupDays: config.database?.backupDays ?? (testnet ? 7 : 35),
    },
    nitro: {
      instanceType: config.nitro?.instanceType ?? 'c6a.xlarge',
      enclaveMemoryMiB: config.nitro?.enclaveMemoryMiB ?? 4096,
      enclaveCpus: config.nitro?.enclaveCpus ?? 2,
    },
    adminUsers: adminUsers.map(({ email, name, keyFingerprint }) => ({
      email,
      name,
      ...(keyFingerprint !== undefined && { keyFingerprint }),
    })),
    founding: {
      mode: config.founding?.mode ?? 'identity',
      founders,
      approvalsRequired: config.founding?.approvalsRequired ?? Math.min(2, founders.length),
    },
    chains: config.chains ?? [testnet ? 'eip155:11155111' : 'eip155:1'],
    tags: config.tags ?? {},
  }
}

/** Which accounts are the same account is what the layout says, or somebody mistyped one. */
function* layoutProblems({ layout, accounts }: CustomerConfig): Iterable<RuleProblem> {
  const wrong = (account: keyof CustomerConfig['accounts'], message: string, remedy: string): RuleProblem => ({
    rule: 'layout',
    path: ['accounts', account],
    message,
    remedy,
  })
  const nodes = ['policyNode0', 'policyNode1', 'policyNode2'] as const
  if (layout === 'one-account') {
    for (const name of [...nodes, 'approverApp'] as const)
      if (accounts[name] !== accounts.wallet)
        yield wrong(
          name,
          `the layout one-account has one account, ${accounts.wallet}`,
          'repeat it here, or choose layout: recommended',
        )
    return
  }
  if (layout === 'recommended' && accounts.policyNode0 !== accounts.wallet)
    yield wrong(
      'policyNode0',
      `in the layout recommended Policy Node 0 is in the wallet account ${accounts.wallet}`,
      'repeat the wallet account here, or choose layout: four-accounts',
    )
  const own = layout === 'recommended' ? nodes.slice(1) : nodes
  for (const [index, name] of own.entries()) {
    const twin = (['wallet', ...own.slice(0, index)] as const).find(other => accounts[other] === accounts[name])
    if (twin !== undefined)
      yield wrong(
        name,
        `${accounts[name]} is also the account of ${twin}: one party would hold what the layout ${layout} keeps apart`,
        `give ${name} an account of its own, or choose layout: one-account and do without separation`,
      )
  }
  if (accounts.approverApp === accounts.wallet)
    yield wrong(
      'approverApp',
      'the infrastructure admin would control the app with which people approve',
      "name another account, such as Policy Node 1's",
    )
}

function* notInThisRelease({ canton }: CustomerConfig): Iterable<RuleProblem> {
  if (canton?.enabled)
    yield {
      rule: 'not-in-this-release',
      path: ['canton', 'enabled'],
      message: 'Canton is not in this release',
      remedy: 'remove canton; the other chains work without it',
    }
}

/** The same field as it is called in customer-config.yml. */
function inCustomerConfig(problem: RuleProblem): RuleProblem {
  const [first, ...rest] = problem.path
  return first === 'zones' ? { ...problem, path: ['hostedZones', ...rest] } : problem
}
