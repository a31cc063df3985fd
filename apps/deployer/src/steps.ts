import { BD_WALLET, readBdWallet } from './config/bd-wallet.ts'
import { readIfThere } from './config/index.ts'
import type { Context } from './context.ts'
import { tableText } from './output.ts'
import { accountOf, nodeAdmin, type Role, roles, rolesOf, roleTitles } from './roles.ts'
import { targets } from './targets.ts'

const all: readonly Role[] = roles
const infrastructure: readonly Role[] = ['infrastructure-admin']
const nodes: readonly Role[] = [nodeAdmin(0), nodeAdmin(1), nodeAdmin(2)]

/** What a person does by hand, between the targets. */
const byHand: readonly {
  readonly step: string
  readonly before: string
  readonly what: string
  readonly roles: readonly Role[]
}[] = [
  {
    step: '1',
    before: 'registry-login',
    what: 'Set up your host: Docker, make, AWS CLI, cosign; your own AWS credentials',
    roles: all,
  },
  {
    step: '2',
    before: 'registry-login',
    what: 'Hold the ERS key ceremony, or check the key of an earlier one',
    roles: [...infrastructure, ...nodes],
  },
  {
    step: '3',
    before: 'registry-login',
    what: 'Receive the delivery note: versions, tags, signing key fingerprint',
    roles: all,
  },
  { step: '6', before: 'pull-deployer', what: 'Export the Makefile variables (make help)', roles: all },
  {
    step: '7',
    before: 'generate-customer-assets',
    what: 'Edit customer-config.yml; all admins use the same file',
    roles: all,
  },
  { step: '12', before: 'populate-secrets-wallet', what: 'Edit customer-secrets.yml', roles: infrastructure },
  {
    step: '14',
    before: 'backup-rds-snapshot',
    what: 'After each change of bd-wallet.yml: make generate-conf-files, which names the targets that are due',
    roles: infrastructure,
  },
  { step: '17', before: 'prove-separation', what: 'First sign-in, pairing, master key backup', roles: infrastructure },
]

export interface MyStep {
  readonly step: string
  /** A make target; absent for what is done by hand. */
  readonly target?: string
  readonly purpose: string
}

/** The steps of a role, in the order of the guide. */
export function stepsOf(role: Role): MyStep[] {
  return Object.entries(targets).flatMap(([target, { step, purpose, roles, sequence }]) => {
    const manual = byHand.filter(one => one.before === target && one.roles.includes(role))
    const lines: MyStep[] = manual.map(one => ({ step: one.step, purpose: one.what }))
    if (step === 'any' || !roles.includes(role) || isPartOfStage(target, role)) return lines
    const parts = sequence === undefined ? '' : `: ${sequence.join(', ')}`
    return [...lines, { step, target, purpose: `${purpose}${parts}` }]
  })
}

/** The infrastructure admin runs the two stages as a whole, or their parts one by one. */
function isPartOfStage(target: string, role: Role): boolean {
  return role === 'infrastructure-admin' && Object.values(targets).some(({ sequence }) => sequence?.includes(target))
}

export function mySteps({ out, file }: Context, role: Role): void {
  const steps = stepsOf(role)
  const rows = steps.map(({ step, target, purpose }) => [step, target ? `make ${target}` : 'by hand', purpose])
  const environment = readBdWallet(readIfThere(file(BD_WALLET)) ?? '').environment
  const others =
    environment === undefined ? [] : rolesOf(environment, accountOf(environment, role)).filter(one => one !== role)
  const lines = [
    `Steps of the ${roleTitles[role]}`,
    tableText([['step', 'what', ''], ...rows]),
    'At any time: make whoami, make preflight, make status, make doctor, make prove-separation',
    ...others.map(other => `Your account is also that of the ${roleTitles[other]}: make my-steps ROLE=${other}`),
  ]
  out.result({ role, steps, sameAccount: others }, lines.join('\n'))
}
