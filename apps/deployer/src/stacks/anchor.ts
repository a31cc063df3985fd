import { CfnTable } from 'aws-cdk-lib/aws-dynamodb'
import { CfnUser } from 'aws-cdk-lib/aws-iam'
import type { Stack } from 'aws-cdk-lib/core'
import type { Deployment, NodeIndex } from '../model.ts'
import { anchorTableName, anchorUserName } from '../names.ts'
import { anchorActions, anchorTableArn, anchorUserArn, rowWrites } from './anchor-rights.ts'
import { document, type Statement } from './statements.ts'

/**
 * The node's votes, quarantines and holds: rows that the core authenticates and writes by compare-and-set, through TLS that begins
 * in the core. The host is only the pipe, so neither it nor the account that runs it has a right here. Whoever writes rows is one
 * user, whose access key is in the node's secret; the account itself reads, keeps backups and deletes, and writes no row before it
 * changes this policy or makes another key of that user.
 */
export function anchor(stack: Stack, deployment: Deployment, node: NodeIndex): void {
  const tableArn = anchorTableArn(deployment, node)
  const own: Statement = { Sid: 'OwnRows', Effect: 'Allow', Action: anchorActions, Resource: tableArn }
  new CfnUser(stack, 'AnchorUser', {
    userName: anchorUserName(deployment, node),
    policies: [{ policyName: 'own', policyDocument: document([own]) }],
  })
  new CfnTable(stack, 'Anchor', {
    tableName: anchorTableName(deployment, node),
    attributeDefinitions: [{ attributeName: 'record', attributeType: 'S' }],
    keySchema: [{ attributeName: 'record', keyType: 'HASH' }],
    billingMode: 'PAY_PER_REQUEST',
    deletionProtectionEnabled: true,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    resourcePolicy: {
      policyDocument: document([
        {
          Sid: 'OnlyItsUserWrites',
          Effect: 'Deny',
          Principal: '*',
          Action: rowWrites,
          Resource: tableArn,
          Condition: { ArnNotEquals: { 'aws:PrincipalArn': anchorUserArn(deployment, node) } },
        },
      ]),
    },
  })
}
