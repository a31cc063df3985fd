import { anchorTableName, anchorUserName } from '../../names.ts'
import { anchorActions, anchorTableArn, anchorUserArn, rowWrites } from '../anchor-rights.ts'
import type { Invariant } from './invariant.ts'
import { nodeOf, ofNode } from './node-key.ts'
import { covers, list, type PolicyStatement, type Resource, type StackTemplate, statementsOf } from './template.ts'

const ofType = ({ template }: Pick<StackTemplate, 'template'>, ...types: readonly string[]): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => types.includes(Type))

const at = ({ resource, sid }: PolicyStatement) => `${resource} ${sid}`

/** What gives a user rights, a password or a key from somewhere else in a template. */
const userGrants = ['AWS::IAM::AccessKey', 'AWS::IAM::Group', 'AWS::IAM::UserPolicy', 'AWS::IAM::UserToGroupAddition']
const userProperties = ['Groups', 'LoginProfile', 'ManagedPolicyArns']

/** A statement that keeps every write of a row from all but one user. */
function deniesOthers(statement: PolicyStatement, user: string): boolean {
  const { effect, principals, actions, conditions, negated } = statement
  const except = conditions.ArnNotEquals?.['aws:principalarn'] ?? []
  return (
    effect === 'Deny' &&
    !negated &&
    principals.some(({ value }) => value === '*') &&
    rowWrites.every(action => actions.some(pattern => covers(pattern, action))) &&
    JSON.stringify(Object.entries(conditions).map(([operator, keys]) => [operator, Object.keys(keys)])) ===
      '[["ArnNotEquals",["aws:principalarn"]]]' &&
    except.length === 1 &&
    except[0] === user
  )
}

export const anchorInvariants: readonly Invariant[] = [
  ofNode('anchor-only-its-user', (stack, deployment, node) => {
    const name = anchorTableName(deployment, node)
    const tables = ofType(stack, 'AWS::DynamoDB::Table').filter(([, { Properties }]) => Properties?.TableName === name)
    const policy = statementsOf(stack).filter(({ type }) => type === 'AWS::DynamoDB::Table')
    const table = anchorTableArn(deployment, node)
    const user = anchorUserArn(deployment, node)
    const kept = policy.some(s => deniesOthers(s, user) && s.resources.includes(table))
    return [
      ...(tables.length === 1 ? [] : [`${name}: ${tables.length} tables`]),
      ...policy.filter(({ effect }) => effect !== 'Deny').map(statement => `${at(statement)}: lets somebody in`),
      ...(kept ? [] : [`${name}: its rows are not kept from all but ${user}`]),
    ]
  }),
  ofNode('anchor-user-only-rows', (stack, deployment, node) => {
    const name = anchorUserName(deployment, node)
    const users = ofType(stack, 'AWS::IAM::User').filter(([, { Properties }]) => Properties?.UserName === name)
    const table = anchorTableArn(deployment, node)
    const more = statementsOf(stack).filter(
      ({ type, effect, actions, resources, negated }) =>
        type === 'AWS::IAM::User' &&
        effect === 'Allow' &&
        (negated || !actions.every(action => anchorActions.includes(action)) || resources.some(r => r !== table)),
    )
    return [
      ...(users.length === 1 ? [] : [`${name}: ${users.length} users`]),
      ...more.map(statement => `${at(statement)}: more than the rows of ${table}`),
    ]
  }),
  {
    name: 'no-other-user',
    check: (stack, deployment) => {
      const node = nodeOf(stack, deployment)
      const name = node === undefined ? undefined : anchorUserName(deployment, node)
      return [
        ...ofType(stack, 'AWS::IAM::User')
          .filter(([, { Properties }]) => name === undefined || Properties?.UserName !== name)
          .map(([id]) => `${id}: a user, whose access keys last`),
        ...ofType(stack, ...userGrants).map(
          ([id, { Type }]) => `${id} (${Type}): gives a user more than is written there`,
        ),
        ...ofType(stack, 'AWS::IAM::User', 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy')
          .filter(
            ([, { Properties = {} }]) => list(Properties.Users).length > 0 || userProperties.some(p => p in Properties),
          )
          .map(([id]) => `${id}: gives a user more than is written there`),
      ]
    },
  },
  {
    name: 'no-role-on-anchor',
    check: stack =>
      statementsOf(stack)
        .filter(({ type, effect }) => type.startsWith('AWS::IAM::') && type !== 'AWS::IAM::User' && effect === 'Allow')
        .filter(
          ({ actions, negated }) => negated || actions.some(action => action === '*' || /^dynamodb:/i.test(action)),
        )
        .map(statement => `${at(statement)}: reaches a table`),
  },
]
