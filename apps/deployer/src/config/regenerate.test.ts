import { describe, expect, it } from 'vitest'
import { loadFixture } from '../../test/fixtures/index.ts'
import { readBdWallet, writeBdWallet } from './bd-wallet.ts'
import { type Regenerated, regenerate } from './regenerate.ts'
import type { Environment } from './rules.ts'

const { release: _release, delivery: _delivery, ...base } = loadFixture('recommended')
const baseText = writeBdWallet(base)

function merge(edit: (text: string) => string, change: Partial<Environment>, known = true): Regenerated {
  const text = edit(baseText)
  const { environment, problems } = readBdWallet(text)
  if (environment === undefined) expect.fail(JSON.stringify(problems))
  return regenerate({ base: known ? base : undefined, mine: { text, environment }, generated: { ...base, ...change } })
}
const same = (text: string): string => text
const days = (text: string): string => text.replace('backupDays: 7', 'backupDays: 21 # auditors ask for it')

describe('writeBdWallet', () => {
  it('gives the same bytes for the same environment, and reads back', () => {
    expect(writeBdWallet(structuredClone(base))).toBe(baseText)
    expect(readBdWallet(baseText)).toEqual({ environment: base, problems: [] })
  })

  it('keeps account ids and everything else that looks like a number as text', () => {
    const odd = { ...base, accounts: { ...base.accounts, wallet: '012345678901' }, tags: { year: '2026', on: 'yes' } }
    expect(readBdWallet(writeBdWallet(odd)).environment).toEqual(odd)
  })
})

describe('readBdWallet', () => {
  it.each([
    ['a field left out', 'backupDays: 7', 'multAz: false', 'unknown-key'],
    ['a host outside its zone', 'api.testnet.wallet.example.com', 'api.example.net', 'host'],
    ['an account with 13 digits', '"333333333333"', '"3333333333333"', 'form'],
    ['more founders needed than there are', 'approvalsRequired: 2', 'approvalsRequired: 9', 'founding'],
    ['founders who are not the admin users', '    - bob@example.com', '    - eve@example.com', 'founding'],
    ['an enclave with an odd number of vCPUs', 'enclaveCpus: 2', 'enclaveCpus: 3', 'form'],
  ])('refuses %s', (_what, from, to, rule) => {
    const text = baseText.replace(from, to)
    const { environment, problems } = readBdWallet(text)
    expect(environment).toBeUndefined()
    expect(problems.map(problem => problem.rule)).toContain(rule)
    expect(problems.every(({ line, remedy }) => line !== undefined && remedy !== '')).toBe(true)
  })
})

describe('regenerate', () => {
  it('changes nothing when nothing has changed', () => {
    expect(merge(same, {})).toEqual({ text: baseText, changed: [], kept: [], conflicts: [] })
  })

  it('brings in what customer-config.yml changes', () => {
    const { text, changed } = merge(same, { chains: ['eip155:11155111', 'eip155:80002'] })
    expect(changed).toEqual([{ field: 'chains', from: base.chains, to: ['eip155:11155111', 'eip155:80002'] }])
    expect(readBdWallet(text).environment?.chains).toEqual(['eip155:11155111', 'eip155:80002'])
  })

  it('keeps an edit with its comment, and tells it', () => {
    const { text, changed, kept, conflicts } = merge(days, { tags: { team: 'x' } })
    expect(text).toContain('backupDays: 21 # auditors ask for it')
    expect(kept).toEqual([{ field: 'database.backupDays', from: 7, to: 21 }])
    expect(conflicts).toEqual([])
    expect(changed.map(({ field }) => field).sort()).toEqual(['tags.cost-center', 'tags.owner', 'tags.team'])
    expect(readBdWallet(text).environment?.tags).toEqual({ team: 'x' })
  })

  it('stops where both changed one field', () => {
    const { conflicts } = merge(days, { database: { ...base.database, backupDays: 30 } })
    expect(conflicts).toEqual([{ field: 'database.backupDays', mine: 21, generated: 30, fixed: false }])
  })

  it('does not stop where both made the same change', () => {
    const { conflicts, kept, changed } = merge(days, { database: { ...base.database, backupDays: 21 } })
    expect([conflicts, kept, changed]).toEqual([[], [], []])
  })

  it.each([
    ['namespace', 'namespace: acme-custody', 'namespace: acme'],
    ['accounts.wallet', 'wallet: "111111111111"', 'wallet: "123456789012"'],
    ['zones.wallet.id', 'Z0WALLET00000000001', 'Z0WALLET00000000002'],
    ['region', 'region: us-east-1', 'region: us-east-2'],
  ])('does not keep an edit of %s: it is changed in customer-config.yml only', (field, from, to) => {
    const edited = (text: string): string =>
      text.replace(from, to).replaceAll(/us-east-1(?=[ab])/g, to.slice(-9) === 'us-east-2' ? 'us-east-2' : 'us-east-1')
    const { conflicts } = merge(edited, {})
    expect(conflicts).toContainEqual(expect.objectContaining({ field, fixed: true }))
  })

  it('takes a new namespace, account and zone from customer-config.yml', () => {
    const { changed, conflicts } = merge(days, {
      namespace: 'acme',
      accounts: { ...base.accounts, policyNodes: ['111111111111', '222222222222', '555555555555'] },
    })
    expect(conflicts).toEqual([])
    expect(changed.map(({ field }) => field)).toEqual(['namespace', 'accounts.policyNodes'])
  })

  it('loses nothing when it does not know what it generated before: every difference is a conflict', () => {
    const { conflicts } = merge(days, {}, false)
    expect(conflicts).toEqual([{ field: 'database.backupDays', mine: 21, generated: 7, fixed: false }])
  })
})
