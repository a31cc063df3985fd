import type { Deployment, NodeIndex } from '../model.ts'
import { anchorTableName, anchorUserName } from '../names.ts'

/** What the measured core does with its anchor's rows, and nothing else does. */
export const anchorActions = ['dynamodb:GetItem', 'dynamodb:PutItem']

/** Everything that changes a row; transactions need the same actions. */
export const rowWrites = [
  'BatchWriteItem',
  'DeleteItem',
  'PartiQLDelete',
  'PartiQLInsert',
  'PartiQLUpdate',
  'PutItem',
  'UpdateItem',
].map(name => `dynamodb:${name}`)

export const anchorTableArn = (deployment: Deployment, node: NodeIndex) =>
  `arn:aws:dynamodb:${deployment.region}:${deployment.accounts.policyNodes[node]}:table/${anchorTableName(deployment, node)}`

export const anchorUserArn = (deployment: Deployment, node: NodeIndex) =>
  `arn:aws:iam::${deployment.accounts.policyNodes[node]}:user/${anchorUserName(deployment, node)}`
