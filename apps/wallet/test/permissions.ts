import { writeFileSync } from 'node:fs'
import { type Route, routes } from '@trivault/api-contract'
import { decide, describeRequirement, type PolicyView, type Subject } from '@trivault/policy'
import {
  type MoneyDefault,
  type OperationClass,
  type OperationType,
  operationTypeNames,
  operationTypes,
} from '@trivault/protocol'
import { allowed } from '../src/http/auth.ts'
import type { Role } from '../src/service.ts'

// Writes docs/permissions.md from the code that decides: `node apps/wallet/test/permissions.ts`. A test holds the page to it.

const roles: readonly Role[] = ['Admin', 'MarketOps', 'Viewer', 'Auditor', 'AutomatedApprover']
const page = new URL('../../../docs/permissions.md', import.meta.url)

const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`
const table = (head: string[], rows: string[][]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows.map(cells => row(...cells))].join('\n')

function needs(
  kind: OperationClass,
  profile: PolicyView['profile'],
  type: OperationType,
  moneyDefault: MoneyDefault,
): string {
  const subject: Subject = {
    type,
    class: kind,
    initiator: { userId: 'the initiator', hasKey: true, automated: false },
    ...(kind === 'money' && {
      transaction: {
        function: 'transfer',
        grade: 'decoded',
        testNetwork: false,
        source: { masterKey: '', account: '' },
        movements: [],
        fee: { caip19: '', symbol: '', decimals: 0, amount: 0n },
      },
    }),
  }
  const decision = decide(subject, {
    profile,
    ownerGroup: 'owner',
    ownersRequired: 2,
    moneyDefault,
    restrictions: [],
    configRestrictions: [],
    policyRestrictions: [],
    rate: () => undefined,
  })
  if (decision.kind === 'blocked') throw new Error(decision.reason)
  return decision.requirements.map(describeRequirement).join(', ') || 'nothing'
}

const examples: Readonly<Record<OperationClass, OperationType>> = {
  free: 'create account',
  money: 'make transaction',
  config: 'create master key',
  authority: 'update group',
}

export function permissionsPage(): string {
  const classes = Object.entries(examples) as [OperationClass, OperationType][]
  return `# Permissions

Two different things. *Authority* is what the three nodes ask for before anything changes or is signed: approvals signed by people's
devices. *Roles* are what the wallet lets a caller ask for. They are a convenience: no node looks at them, and a wallet that ignored them
would gain no power.

These tables are made from the code; a test fails when they differ.

## Authority

What an operation needs by its class in a fresh vault, with an initiator who has a device and an owner quorum of two. Every restriction that applies adds
its approvers; one without approvers blocks.

${table(
  ['class', 'local', 'enclave'],
  classes.map(([kind, type]) => [
    kind,
    needs(kind, 'local', type, 'initiator'),
    needs(kind, 'enclave', type, 'owner quorum'),
  ]),
)}

Owners choose what money needs, in either profile: [settings](policy.md#settings). In \`local\`, registering and unregistering tokens and chains needs nothing. \`seal\` and \`found again\` have rules of their own
([founding](operations.md#founding)). A spot rate between approved bounds is free. Restrictions of kind \`policy\` govern every change of
restrictions, their own included; what is free is governed by none.

${table(
  ['operation', 'class', 'restrictions that govern it'],
  operationTypeNames.map(type => {
    const { class: kind, governedBy } = operationTypes[type]
    return [type, kind, governedBy ?? 'none']
  }),
)}

## Roles

Members of the owner group are Admin. Members of a group named \`auditor\` read everything and change nothing, not even by an approval or
a rejection; in answers, whose list of roles is closed, they are shown as Viewer. Members of a group named \`viewer\` read, and approve where
they are asked. Members of a group named \`automated approver\` approve and no more. Other people are MarketOps. A system user has the role that it was made with; a key that is made for a person has that
person's role. Deleting a user ends the API keys, resetting one ends those that were made before.

${table(
  ['call', ...roles],
  Object.values<Route>(routes).map(({ method, path, access }) => [
    `\`${method} ${path}\``,
    ...roles.map(role => (access === 'public' ? 'anybody' : allowed[access].includes(role) ? 'yes' : '')),
  ]),
)}
`
}

if (process.argv[1] === import.meta.filename) writeFileSync(page, permissionsPage())
