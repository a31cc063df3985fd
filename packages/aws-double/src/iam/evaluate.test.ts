import { describe, expect, test } from 'vitest'
import type { Context } from './conditions.ts'
import { parsePolicy } from './document.ts'
import { type AccessRequest, decide, type Policies, type Requester } from './evaluate.ts'

const own = '111111111111'
const other = '222222222222'
const user: Requester = { kind: 'user', account: own, arn: `arn:aws:iam::${own}:user/alice` }
const session: Requester = {
  kind: 'session',
  account: own,
  arn: `arn:aws:sts::${own}:assumed-role/host/i-1`,
  roleArn: `arn:aws:iam::${own}:role/host`,
}
const root: Requester = { kind: 'root', account: own, arn: `arn:aws:iam::${own}:root` }
const stranger: Requester = { kind: 'user', account: other, arn: `arn:aws:iam::${other}:user/mallory` }
const key = `arn:aws:kms:eu-west-1:${own}:key/1`

type Fields = Readonly<Record<string, unknown>>
const policy = (kind: 'identity' | 'resource', ...statements: Fields[]) =>
  parsePolicy(
    {
      Version: '2012-10-17',
      Statement: statements.map(s => ({ Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*', ...s })),
    },
    kind,
  )
const identity = (...statements: Fields[]) => policy('identity', ...statements)
const resource = (...statements: Fields[]) => policy('resource', ...statements)
const account = (id: string) => ({ Principal: { AWS: `arn:aws:iam::${id}:root` } })

function may(given: {
  readonly who?: Requester
  readonly action?: string
  readonly resource?: string
  readonly context?: Readonly<Record<string, readonly string[]>>
  readonly policies: Partial<Policies>
}): boolean {
  const { who = user, action = 'kms:Decrypt', resource: target = key, context = {}, policies } = given
  const lower: Context = new Map(Object.entries(context).map(([name, values]) => [name.toLowerCase(), values]))
  const request: AccessRequest = { requester: who, action, resource: target, context: lower }
  return decide(request, { identity: [], resourceAccount: own, rule: 'union', ...policies }).allowed
}

describe('within one account', () => {
  test.each<[string, boolean, Parameters<typeof may>[0]]>([
    ['no policy at all', false, { policies: {} }],
    ['an identity policy', true, { policies: { identity: [identity({})] } }],
    ['another action', false, { policies: { identity: [identity({ Action: 'kms:Encrypt' })] } }],
    ['the action in another case', true, { policies: { identity: [identity({ Action: 'kms:decrypt' })] } }],
    ['a wildcard of actions', true, { policies: { identity: [identity({ Action: 'kms:De*' })] } }],
    ['a wildcard of another service', false, { policies: { identity: [identity({ Action: 's3:*' })] } }],
    ['one unknown character', true, { policies: { identity: [identity({ Action: 'kms:Decryp?' })] } }],
    [
      'NotAction of something else',
      true,
      { policies: { identity: [identity({ Action: undefined, NotAction: 'kms:Encrypt' })] } },
    ],
    ['NotAction of this', false, { policies: { identity: [identity({ Action: undefined, NotAction: 'kms:*' })] } }],
    ['another resource', false, { policies: { identity: [identity({ Resource: `${key}0` })] } }],
    ['a shorter resource', false, { policies: { identity: [identity({ Resource: key.slice(0, -1) })] } }],
    [
      'NotResource of something else',
      true,
      { policies: { identity: [identity({ Resource: undefined, NotResource: `${key}0` })] } },
    ],
    ['NotResource of this', false, { policies: { identity: [identity({ Resource: undefined, NotResource: key })] } }],
    ['an allow and a deny', false, { policies: { identity: [identity({}), identity({ Effect: 'Deny' })] } }],
    [
      'a deny of something else',
      true,
      { policies: { identity: [identity({}, { Effect: 'Deny', Action: 'kms:Encrypt' })] } },
    ],
    [
      'a resource policy that names the user',
      true,
      { policies: { resource: resource({ Principal: { AWS: user.arn } }) } },
    ],
    ['a resource policy that names the account only', false, { policies: { resource: resource(account(own)) } }],
    [
      'a resource policy that names another user',
      false,
      { policies: { resource: resource({ Principal: { AWS: `${user.arn}2` } }) } },
    ],
    [
      'a resource policy that denies',
      false,
      { policies: { identity: [identity({})], resource: resource({ Effect: 'Deny', Principal: '*' }) } },
    ],
    [
      'a resource policy that denies the account',
      false,
      { policies: { identity: [identity({})], resource: resource({ Effect: 'Deny', ...account(own) }) } },
    ],
    [
      'a role by its role ARN',
      true,
      { who: session, policies: { resource: resource({ Principal: { AWS: session.roleArn } }) } },
    ],
    [
      'a role by its session',
      true,
      { who: session, policies: { resource: resource({ Principal: { AWS: session.arn } }) } },
    ],
    [
      'a role by another session',
      false,
      { who: session, policies: { resource: resource({ Principal: { AWS: `${session.arn}2` } }) } },
    ],
    ['root without any policy', true, { who: root, policies: {} }],
    [
      'root under a deny of the resource',
      false,
      { who: root, policies: { resource: resource({ Effect: 'Deny', Principal: '*' }) } },
    ],
    [
      'a boundary that does not allow it',
      false,
      { policies: { identity: [identity({})], boundary: identity({ Action: 's3:*' }) } },
    ],
    ['a boundary that allows it', true, { policies: { identity: [identity({})], boundary: identity({}) } }],
    ['a boundary alone', false, { policies: { boundary: identity({}) } }],
    [
      'a boundary that denies it',
      false,
      { policies: { identity: [identity({})], boundary: identity({}, { Effect: 'Deny' }) } },
    ],
  ])('%s: %s', (_, allowed, given) => {
    expect(may(given)).toBe(allowed)
  })
})

describe('where the resource policy comes first (KMS)', () => {
  const primary = (policies: Partial<Policies>, who: Requester = user) =>
    may({ who, policies: { rule: 'resource-primary', ...policies } })
  test.each<[string, boolean, boolean]>([
    ['an identity policy alone', false, primary({ identity: [identity({})] })],
    ['an administrator alone', false, primary({ identity: [identity({ Action: '*' })] })],
    [
      'root, whom the key policy does not name',
      false,
      primary({ resource: resource({ Principal: { AWS: user.arn } }) }, root),
    ],
    ['root, whose account the key policy names', true, primary({ resource: resource(account(own)) }, root)],
    ['the account, without an identity policy', false, primary({ resource: resource(account(own)) })],
    [
      'the account and an identity policy',
      true,
      primary({ resource: resource(account(own)), identity: [identity({})] }),
    ],
    [
      'the account for another action',
      false,
      primary({ resource: resource({ ...account(own), Action: 'kms:Encrypt' }), identity: [identity({})] }),
    ],
    ['the user by name', true, primary({ resource: resource({ Principal: { AWS: user.arn } }) })],
  ])('%s: %s', (_, allowed, outcome) => {
    expect(outcome).toBe(allowed)
  })
})

describe('across accounts', () => {
  test.each<[string, boolean, Partial<Policies>]>([
    ['only the own side', false, { identity: [identity({})] }],
    [
      'only the own side, with a policy that names another account',
      false,
      { identity: [identity({})], resource: resource(account('333333333333')) },
    ],
    ['only the other side, by account', false, { resource: resource(account(other)) }],
    [
      'only the other side, by name',
      false,
      { resource: resource({ Principal: { AWS: stranger.kind === 'user' ? stranger.arn : '' } }) },
    ],
    ['only the other side, for everybody', false, { resource: resource({ Principal: '*' }) }],
    ['both sides', true, { identity: [identity({})], resource: resource(account(other)) }],
    [
      'both sides, of which one denies',
      false,
      { identity: [identity({}, { Effect: 'Deny' })], resource: resource(account(other)) },
    ],
    [
      'the account of the resource does not stand for others',
      false,
      { identity: [identity({})], resource: resource(account(own)) },
    ],
  ])('%s: %s', (_, allowed, policies) => {
    expect(may({ who: stranger, policies })).toBe(allowed)
    expect(may({ who: stranger, policies: { ...policies, rule: 'resource-primary' } })).toBe(allowed)
  })
})

describe('services and nobody', () => {
  const service: Requester = { kind: 'service', service: 'ec2.amazonaws.com' }
  test.each<[string, boolean, Requester, Partial<Policies>]>([
    ['a service that is named', true, service, { resource: resource({ Principal: { Service: 'ec2.amazonaws.com' } }) }],
    ['another service', false, service, { resource: resource({ Principal: { Service: 'ecs.amazonaws.com' } }) }],
    ['a service and an account', false, service, { resource: resource(account(own)) }],
    ['nobody and an account', false, { kind: 'anonymous' }, { resource: resource(account(own)) }],
    ['nobody where everybody may', true, { kind: 'anonymous' }, { resource: resource({ Principal: '*' }) }],
  ])('%s: %s', (_, allowed, who, policies) => {
    expect(may({ who, policies })).toBe(allowed)
  })
})

describe('conditions', () => {
  const pcr = 'kms:RecipientAttestation:PCR0'
  const under = (Condition: object, context: Readonly<Record<string, readonly string[]>> = {}) =>
    may({ context, policies: { identity: [identity({ Condition })] } })
  test.each<[string, boolean, boolean]>([
    ['an equal value', true, under({ StringEquals: { [pcr]: 'ab' } }, { [pcr]: ['ab'] })],
    ['another value', false, under({ StringEquals: { [pcr]: 'ab' } }, { [pcr]: ['cd'] })],
    ['another case', false, under({ StringEquals: { [pcr]: 'AB' } }, { [pcr]: ['ab'] })],
    ['another case, ignored', true, under({ StringEqualsIgnoreCase: { [pcr]: 'AB' } }, { [pcr]: ['ab'] })],
    ['an absent key', false, under({ StringEquals: { [pcr]: 'ab' } })],
    ['an absent key, if it exists', true, under({ StringEqualsIfExists: { [pcr]: 'ab' } })],
    ['another value, if it exists', false, under({ StringEqualsIfExists: { [pcr]: 'ab' } }, { [pcr]: ['cd'] })],
    ['a negated operator and an absent key', true, under({ StringNotEquals: { [pcr]: 'ab' } })],
    ['a negated operator and the value', false, under({ StringNotEquals: { [pcr]: ['x', 'ab'] } }, { [pcr]: ['ab'] })],
    ['one of several values', true, under({ StringEquals: { [pcr]: ['x', 'ab'] } }, { [pcr]: ['ab'] })],
    ['one of two keys', false, under({ StringEquals: { [pcr]: 'ab', 'aws:username': 'bob' } }, { [pcr]: ['ab'] })],
    [
      'one of two operators',
      false,
      under({ StringEquals: { [pcr]: 'ab' }, Bool: { 'aws:SecureTransport': 'true' } }, { [pcr]: ['ab'] }),
    ],
    ['a wildcard under StringEquals', false, under({ StringEquals: { [pcr]: 'a*' } }, { [pcr]: ['ab'] })],
    ['a wildcard under StringLike', true, under({ StringLike: { [pcr]: 'a*' } }, { [pcr]: ['ab'] })],
    [
      'ArnLike over the colons',
      false,
      under({ ArnLike: { 'aws:PrincipalArn': 'arn:*:role/x' } }, { 'aws:PrincipalArn': ['arn:aws:iam::1:role/x'] }),
    ],
    [
      'ArnLike part by part',
      true,
      under(
        { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/x' } },
        { 'aws:PrincipalArn': ['arn:aws:iam::1:role/x'] },
      ),
    ],
    [
      'ArnEquals of another role',
      false,
      under(
        { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::1:role/x' } },
        { 'aws:PrincipalArn': ['arn:aws:iam::1:role/xy'] },
      ),
    ],
    ['Null true and absent', true, under({ Null: { [pcr]: 'true' } })],
    ['Null true and there', false, under({ Null: { [pcr]: 'true' } }, { [pcr]: ['ab'] })],
    ['Null false and absent', false, under({ Null: { [pcr]: 'false' } })],
    ['Bool', false, under({ Bool: { 'aws:SecureTransport': 'true' } }, { 'aws:SecureTransport': ['false'] })],
    ['a number', true, under({ NumericLessThan: { 's3:TlsVersion': '1.3' } }, { 's3:TlsVersion': ['1.2'] })],
    ['no number', false, under({ NumericLessThan: { 's3:TlsVersion': '1.3' } }, { 's3:TlsVersion': ['old'] })],
    [
      'a later time',
      false,
      under(
        { DateLessThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } },
        { 'aws:CurrentTime': ['2026-02-01T00:00:00Z'] },
      ),
    ],
    [
      'an address within',
      true,
      under({ IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }, { 'aws:SourceIp': ['127.0.0.1'] }),
    ],
    [
      'an address outside',
      false,
      under({ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { 'aws:SourceIp': ['127.0.0.1'] }),
    ],
    [
      'ForAllValues with a foreign one',
      false,
      under({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a'] } }, { 'aws:TagKeys': ['a', 'b'] }),
    ],
    ['ForAllValues with none', true, under({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a'] } })],
    [
      'ForAnyValue with one',
      true,
      under({ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a'] } }, { 'aws:TagKeys': ['a', 'b'] }),
    ],
    ['ForAnyValue with none', false, under({ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a'] } })],
  ])('%s: %s', (_, allowed, outcome) => {
    expect(outcome).toBe(allowed)
  })

  test('a policy variable is filled, and without a value matches nothing', () => {
    const variable = identity({ Resource: `arn:aws:s3:::b/\${aws:username}/*`, Action: 's3:GetObject' })
    const read = (context: Readonly<Record<string, readonly string[]>>) =>
      may({ action: 's3:GetObject', resource: 'arn:aws:s3:::b/alice/x', context, policies: { identity: [variable] } })
    expect(read({ 'aws:username': ['alice'] })).toBe(true)
    expect(read({ 'aws:username': ['bob'] })).toBe(false)
    expect(read({})).toBe(false)
  })

  test('a deny without its condition does not deny', () => {
    const policies = {
      identity: [identity({}, { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
    }
    expect(may({ policies, context: { 'aws:SecureTransport': ['true'] } })).toBe(true)
    expect(may({ policies, context: { 'aws:SecureTransport': ['false'] } })).toBe(false)
  })
})
