import type { Deployment, NodeIndex } from '../model.ts'
import { anchorTableArn, anchorUserArn, rowWrites } from '../stacks/anchor-rights.ts'
import type { PolicyStatement } from '../stacks/checks/template.ts'
import { may, type Principal, type Target } from './principals.ts'

/** A node's table, and the user who writes it. */
export interface AnchorTargets {
  readonly table: Target
  readonly user: Target
}

/** What sets rows back, or lets somebody else do so. */
export const anchorWrites = [
  ...rowWrites,
  // A table made anew, restored or replicated elsewhere has no policy that denies.
  'dynamodb:CreateTable',
  'dynamodb:CreateTableReplica',
  'dynamodb:DeleteResourcePolicy',
  'dynamodb:DeleteTable',
  'dynamodb:ImportTable',
  'dynamodb:PutResourcePolicy',
  'dynamodb:RestoreTableFromAwsBackup',
  'dynamodb:RestoreTableFromBackup',
  'dynamodb:RestoreTableToPointInTime',
  'dynamodb:UpdateTable',
  'dynamodb:UpdateTimeToLive',
]

const anchorReads = ['BatchGetItem', 'ExportTableToPointInTime', 'GetItem', 'PartiQLSelect', 'Query', 'Scan'].map(
  name => `dynamodb:${name}`,
)

/** What makes somebody speak as a user, or the user more powerful. */
const userChanges = [
  'AddUserToGroup',
  'AttachUserPolicy',
  'CreateAccessKey',
  'CreateLoginProfile',
  // One made again under the same name is the same to the table's policy.
  'CreateUser',
  'DeleteAccessKey',
  'DeleteUser',
  'DeleteUserPolicy',
  'PutUserPermissionsBoundary',
  'PutUserPolicy',
  'UpdateAccessKey',
  'UpdateLoginProfile',
  'UpdateUser',
].map(name => `iam:${name}`)

export const anchorTargets = (
  deployment: Deployment,
  node: NodeIndex,
  statements: readonly PolicyStatement[],
): AnchorTargets => {
  const account = deployment.accounts.policyNodes[node]
  const target = { account, policyDecides: false }
  return {
    table: {
      ...target,
      arn: anchorTableArn(deployment, node),
      statements: statements.filter(({ type }) => type === 'AWS::DynamoDB::Table'),
    },
    // IAM users have no policies that speak to others.
    user: { ...target, arn: anchorUserArn(deployment, node), statements: [] },
  }
}

/** How a principal who is not the account's administrator comes to a node's anchor; its own user does so by right. */
export function anchorWays(principal: Principal, { table, user }: AnchorTargets): string[] {
  return [
    ...(principal.arn !== user.arn && may(principal, anchorWrites, table) ? ['writes the anchor'] : []),
    ...(principal.arn !== user.arn && may(principal, anchorReads, table) ? ['reads the anchor'] : []),
    ...(may(principal, userChanges, user) ? ['takes the anchor’s user'] : []),
  ].map(way => `${principal.name} ${way}`)
}
