import { expect, test } from 'vitest'
import { parsePolicy } from './document.ts'

const statement = (fields: object) => ({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*', ...fields })
const document = (fields: object) => ({ Version: '2012-10-17', Statement: [statement(fields)] })
const identity = (fields: object) => () => parsePolicy(document(fields), 'identity')
const resource = (fields: object) => () => parsePolicy(document({ Principal: '*', ...fields }), 'resource')

test('a policy as CDK writes it is taken', () => {
  const fields = {
    Sid: 'One',
    Principal: {
      AWS: ['arn:aws:iam::111111111111:root', 'arn:aws:iam::111111111111:role/a/b'],
      Service: 'ecs.amazonaws.com',
    },
    Action: ['kms:Decrypt', 'kms:Re*'],
    Condition: { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/x' }, Bool: { 'aws:SecureTransport': false } },
  }
  const { statements } = parsePolicy(document(fields), 'resource')
  expect(statements[0]?.principals).toEqual([
    { kind: 'account', account: '111111111111' },
    { kind: 'arn', arn: 'arn:aws:iam::111111111111:role/a/b' },
    { kind: 'service', service: 'ecs.amazonaws.com' },
  ])
  expect(statements[0]?.conditions[1]).toMatchObject({ key: 'aws:securetransport', values: ['false'] })
})

test.each<[string, () => unknown]>([
  ['not JSON', () => parsePolicy('{', 'identity')],
  ['a list', () => parsePolicy([], 'identity')],
  ['no version', () => parsePolicy({ Statement: [statement({})] }, 'identity')],
  ['the old version', () => parsePolicy({ Version: '2008-10-17', Statement: [statement({})] }, 'identity')],
  ['no statement', () => parsePolicy({ Version: '2012-10-17', Statement: [] }, 'identity')],
  ['an unknown field of the policy', () => parsePolicy({ ...document({}), Extra: 1 }, 'identity')],
  ['an unknown field of a statement', identity({ Actions: 's3:*' })],
  ['another effect', identity({ Effect: 'allow' })],
  ['an empty list of actions', identity({ Action: [] })],
  ['an action without a service', identity({ Action: 'GetObject' })],
  ['Action and NotAction', identity({ NotAction: 's3:PutObject' })],
  ['neither Resource nor NotResource', identity({ Resource: undefined })],
  ['Resource and NotResource', identity({ NotResource: '*' })],
  ['a resource that is no ARN', identity({ Resource: 'bucket/*' })],
  ['a principal in an identity policy', identity({ Principal: '*' })],
  ['no principal in a resource policy', () => parsePolicy(document({}), 'resource')],
  ['a resource in a trust policy', () => parsePolicy(document({ Principal: '*' }), 'trust')],
  ['a wildcard within a principal', resource({ Principal: { AWS: 'arn:aws:iam::111111111111:role/*' } })],
  ['a short account', resource({ Principal: { AWS: '11111111111' } })],
  ['a federated principal', resource({ Principal: { Federated: 'example.com' } })],
  ['NotPrincipal', resource({ NotPrincipal: '*' })],
  ['an unknown operator', identity({ Condition: { StringEqual: { 'aws:PrincipalArn': 'x' } } })],
  ['an operator in another case', identity({ Condition: { stringEquals: { 'aws:PrincipalArn': 'x' } } })],
  ['NullIfExists', identity({ Condition: { NullIfExists: { 'aws:PrincipalArn': 'true' } } })],
  ['an unknown key', identity({ Condition: { StringEquals: { 'aws:PrincipalOrgId': 'o-1' } } })],
  ['a key with a typing error', identity({ Condition: { StringEquals: { 'kms:RecipientAttestation:PRC0': 'x' } } })],
  ['PCR32', identity({ Condition: { StringEquals: { 'kms:RecipientAttestation:PCR32': 'x' } } })],
  ['no values', identity({ Condition: { StringEquals: { 'aws:PrincipalArn': [] } } })],
  ['a value that is an object', identity({ Condition: { StringEquals: { 'aws:PrincipalArn': {} } } })],
  ['a key of many values without a quantifier', identity({ Condition: { StringEquals: { 'aws:TagKeys': 'a' } } })],
  ['an unknown policy variable', identity({ Resource: `arn:aws:s3:::b/\${aws:Unknown}` })],
  [
    'two statements of one Sid',
    () =>
      parsePolicy({ Version: '2012-10-17', Statement: [statement({ Sid: 'A' }), statement({ Sid: 'A' })] }, 'identity'),
  ],
])('refused: %s', (_, parse) => {
  expect(parse).toThrow(/policy:/)
})
