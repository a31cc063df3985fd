import type { Deployment, NodeIndex } from '../../model.ts'
import { adminKeyAlias } from '../../names.ts'
import type { Invariant } from './invariant.ts'
import { keyBehind, ofNode } from './node-key.ts'
import { grants, type PolicyStatement, type StackTemplate, statementsOf } from './template.ts'

/** What makes the admin's signature, or lets somebody else make it. */
export const signingActions = ['kms:Sign', 'kms:CreateGrant'] as const

const adminKeyOf = (stack: StackTemplate, deployment: Deployment, node: NodeIndex) =>
  keyBehind(stack, adminKeyAlias(deployment, node))

/** Of the key policy alone. */
export function adminKeyStatements(stack: StackTemplate, deployment: Deployment, node: NodeIndex): PolicyStatement[] {
  const key = adminKeyOf(stack, deployment, node)
  return statementsOf(stack).filter(({ resource, property }) => resource === key && property === 'KeyPolicy')
}

const isOnlyAccount = ({ principals }: PolicyStatement, account: string): boolean =>
  principals.length > 0 &&
  principals.every(({ kind, value }) => kind === 'AWS' && value === `arn:aws:iam::${account}:root`)

const signsOnlyDigests = ({ conditions }: PolicyStatement): boolean => {
  const equal = conditions.StringEquals ?? {}
  const only = (key: string, value: string) => equal[key]?.length === 1 && equal[key][0] === value
  return only('kms:messagetype', 'DIGEST') && only('kms:signingalgorithm', 'ECDSA_SHA_256')
}

export const adminKeyInvariants: readonly Invariant[] = [
  ofNode('admin-key-signs', (stack, deployment, node) => {
    const id = adminKeyOf(stack, deployment, node)
    const properties = id === undefined ? undefined : stack.template.Resources[id]?.Properties
    if (properties === undefined) return [`${adminKeyAlias(deployment, node)}: leads to no key of the stack`]
    const { KeySpec, KeyUsage, MultiRegion, Origin } = properties
    return [
      ...(KeySpec === 'ECC_NIST_P256' && KeyUsage === 'SIGN_VERIFY' ? [] : [`${id}: no key that signs with P-256`]),
      ...((MultiRegion ?? false) === false ? [] : [`${id}: other regions can have a copy with another policy`]),
      ...((Origin ?? 'AWS_KMS') === 'AWS_KMS' ? [] : [`${id}: its key material comes from elsewhere`]),
    ]
  }),
  ofNode('admin-key-only-its-account', (stack, deployment, node) => {
    const account = deployment.accounts.policyNodes[node]
    return adminKeyStatements(stack, deployment, node)
      .filter(statement => statement.effect === 'Allow' && !isOnlyAccount(statement, account))
      .map(({ resource, sid }) => `${resource} ${sid}: not only for account ${account}`)
  }),
  ofNode('admin-key-only-digests', (stack, deployment, node) =>
    adminKeyStatements(stack, deployment, node)
      .filter(statement => grants(statement, signingActions) && !signsOnlyDigests(statement))
      .map(({ resource, sid }) => `${resource} ${sid}: signs other than digests, or by a grant`),
  ),
  {
    name: 'no-role-signs',
    check: stack =>
      statementsOf(stack)
        .filter(statement => statement.type.startsWith('AWS::IAM::') && grants(statement, signingActions))
        .map(({ resource, sid }) => `${resource} ${sid}: may sign as a node's admin`),
  },
]
