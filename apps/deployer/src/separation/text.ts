import type { Deployment } from '../model.ts'
import { tableText } from '../output.ts'
import type { KeyReport, SeparationReport } from './report.ts'

type Statement = KeyReport['statements'][number]

/** The report as a page of text. */
export function separationText(report: SeparationReport, { accounts }: Deployment): string {
  const people = report.people.map(({ person, accounts: theirs, roles, shares, reaches }) => [
    person,
    theirs.join(', '),
    roles.join(', ') || '–',
    shares.length === 0 ? 'none' : shares.map(node => `Policy Node ${node}`).join(', '),
    reaches
      .filter(({ node, ciphertext }) => ciphertext.length > 0 && !shares.includes(node))
      .map(({ node }) => `${node}`)
      .join(', ') || '–',
  ])
  const keys = report.keys.map(({ node, account, statements, changeableBy, ...by }) => [
    `Policy Node ${node}`,
    account,
    statements.map(statement => `${statement.sid}: ${conditionText(statement, report)}`).join('; ') || 'none',
    changeableBy.join(', ') || 'nobody',
    by.anchorWritableBy.join(', ') || 'nobody',
    by.pinsWritableBy.join(', ') || 'nobody',
    by.signedBy.join(', ') || 'nobody',
  ])
  const single = new Set([accounts.wallet, ...accounts.policyNodes]).size === 1
  const verdict = report.holds
    ? 'Separation holds: nobody reaches two key shares.'
    : single
      ? 'SEPARATION IS ABSENT: all Policy Nodes are in one account, and who administers it reaches every key share.'
      : 'SEPARATION DOES NOT HOLD.'
  return [
    tableText([['who', 'accounts', 'as', 'reaches key shares', 'only ciphertext of'], ...people]),
    tableText([
      [
        'key of',
        'account',
        'plaintext goes to',
        'policy changed by',
        'anchor written by',
        'pins written by',
        'admin’s signature by',
      ],
      ...keys,
    ]),
    [verdict, ...report.violations.map(line => `- ${line}`)].join('\n'),
    [...(report.compared ? [] : [notCompared]), ...limits].map(line => `* ${line}`).join('\n'),
  ].join('\n\n')
}

const conditionText = ({ measured, known }: Statement, { compared }: SeparationReport): string =>
  measured ? (compared && !known ? 'PCRs OF NO CHECKED RELEASE' : 'PCR0, 1, 2') : 'NO PCR CONDITION'

const notCompared =
  'Which enclave image the keys answer was NOT compared: no checked release is here. `make fetch-enclave-artifacts`, then prove it again.'

/** What no template can show. */
const limits = [
  'An administrator counts as everybody that their account could become. Two accounts of one person: --administrator ACCOUNT=NAME.',
  'Whoever changes a key policy reaches that one share: CloudTrail of the account and prove-separation --deployed show it.',
  'The infrastructure admin runs all three hosts: they can stop the vault, or cut a node off from its anchor; both show, and both end.',
  'Who administers a node’s account can set its anchor back (an older table, another policy, another key of its user): its node then meets its own later votes, and stops.',
  'Whoever builds the enclave image chooses what the measured enclaves do: verify the release before its PCRs go into a key policy.',
]
