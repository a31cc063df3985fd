import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PolicyDocument } from '../../src/separation/admin-policy.ts'
import { Workplace } from '../run.ts'

const place = new Workplace('four-accounts')
beforeAll(() => place.run(['generate-customer-assets']))
afterAll(() => place.remove())

const policyOf = async (ROLE: string, more: Record<string, string> = {}) => {
  const { code, out, err } = await place.run(['admin-policy', '--json'], { ROLE, ...more })
  expect([code, err]).toEqual([0, ''])
  return JSON.parse(out) as PolicyDocument
}
const allowed = ({ Statement }: PolicyDocument, action: string) =>
  Statement.filter(({ Action }) => Action.includes(action)).flatMap(({ Resource }) => Resource)

const roles = ['infrastructure-admin', 'policy-node0-admin', 'policy-node1-admin', 'policy-node2-admin', 'app-admin']
const own: Readonly<Record<string, string>> = {
  'infrastructure-admin': '111111111111',
  'policy-node0-admin': '444444444444',
  'policy-node1-admin': '222222222222',
  'policy-node2-admin': '333333333333',
  'app-admin': '222222222222',
}

describe.each(roles)('the policy of %s', role => {
  it('reads the publisher’s releases and changes nothing of them', async () => {
    const delivery = {
      DELIVERY_BUCKET: 'releases',
      DELIVERY_REGISTRY: '999999999999.dkr.ecr.us-east-1.amazonaws.com',
    }
    const policy = await policyOf(role, delivery)
    expect(allowed(policy, 's3:GetObject')).toEqual(['arn:aws:s3:::releases', 'arn:aws:s3:::releases/*'])
    expect(allowed(policy, 'ecr:BatchGetImage')).toEqual(['arn:aws:ecr:us-east-1:999999999999:repository/trivault/*'])
    expect(allowed(policy, 'ecr:GetAuthorizationToken')).toEqual(['*'])
    const text = JSON.stringify(policy)
    const strangers = Object.values(own).filter(account => account !== own[role])
    expect(strangers.filter(account => text.includes(account))).toEqual([])
  })

  it('asks AWS for nothing where releases come from a folder and a mirror', async () => {
    const policy = await policyOf(role, { DELIVERY_BUCKET: '/srv/releases', DELIVERY_REGISTRY: 'mirror.example.com' })
    expect(policy.Statement.filter(({ Sid }) => /Releases/.test(Sid))).toEqual([])
  })
})

describe('the anchor of a node', () => {
  const keys = 'iam:CreateAccessKey'
  it('has a user, for whom its own admin makes the access key, and no other admin', async () => {
    for (const role of roles) {
      const node = /^policy-node(\d)-admin$/.exec(role)?.[1]
      const user = `arn:aws:iam::${own[role]}:user/acme-custody-mainnet-policy-node${node}-anchor`
      expect(allowed(await policyOf(role), keys)).toEqual(node === undefined ? [] : [user])
    }
  })
})
