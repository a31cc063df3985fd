import { describe, expect, it } from 'vitest'
import { loadFixture } from '../../test/fixtures/index.ts'
import { tenantSetupText } from './tenant-setup.ts'
import { tenantSetupProblems } from './tenant-setup-check.ts'

const environment = loadFixture('recommended')
const good = tenantSetupText(environment)
const check = (text: string) => tenantSetupProblems(text, 'tenant-setup.json', environment)

describe('tenantSetupProblems', () => {
  it('has none for what generate-customer-assets writes', () => {
    expect(check(good)).toEqual([])
  })

  it.each([
    ['a comma too many', good.replace('"Group": "owner",', '"Group": "owner",,'), 'syntax', '', /not JSON/],
    [
      'an unsupported chain',
      good.replace('eip155:11155111', 'cosmos:cosmoshub-4'),
      'chain',
      'Assets.CAIP2s[0]',
      /cosmos:cosmoshub-4/,
    ],
    ['an unknown field', good.replace('"Group"', '"Groups"'), 'form', 'Groups', /not a known field/],
    [
      'a master key name that the API refuses',
      good.replace('"hot"', '"hot-key"'),
      'form',
      'MasterKeysAndAccounts.hot-key',
      /documented form/,
    ],
    [
      'a person who is no founder',
      good.replace('bob@', 'eve@'),
      'founding',
      'Users',
      /not a founder: eve@example.com; missing: bob@example.com/,
    ],
    [
      'another quorum than the nodes pin',
      good.replace('"ApprovalsRequired": 2', '"ApprovalsRequired": 1'),
      'founding',
      'ApprovalsRequired',
      /is 1, the Policy Nodes pin 2/,
    ],
  ])('names %s', (_what, text, rule, field, message) => {
    expect(text).not.toBe(good)
    const problem = check(text).find(one => one.field.startsWith(field) && one.rule === rule)
    expect(problem?.message).toMatch(message)
    expect(problem?.remedy).not.toBe('')
    if (field !== '')
      expect(text.split('\n')[(problem?.line ?? 0) - 1]).toContain(`"${field.replace(/\[.*/, '').split('.').at(-1)}"`)
  })
})
