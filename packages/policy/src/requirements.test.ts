import { describe, expect, it } from 'vitest'
import { describeRequirement, mergeRequirements, type Requirement, unmet } from './index.ts'

const initiator: Requirement = { kind: 'initiator', user: 'ann@example.com' }
const group = (groups: string[], count: number, because = 'x'): Requirement => ({
  kind: 'groups',
  groups,
  count,
  because,
})
const by = (user: string, ...groups: string[]) => ({ user, groups })

describe('unmet', () => {
  it('accepts distinct members over all listed groups', () => {
    const needs = [group(['a', 'b'], 2)]
    expect(unmet(needs, [by('ann@x', 'a'), by('bob@x', 'b')])).toEqual([])
    expect(unmet(needs, [by('ann@x', 'a', 'b'), by('bob@x', 'a', 'c')])).toEqual([])
  })

  it('counts one approval for every requirement that it fits', () => {
    const needs = [initiator, group(['a'], 1), group(['b'], 1)]
    expect(unmet(needs, [by('ann@example.com', 'a', 'b')])).toEqual([])
  })

  it('rejects the same person twice', () => {
    const needs = [group(['a', 'b'], 2)]
    expect(unmet(needs, [by('ann@x', 'a'), by('ann@x', 'b')])).toEqual(needs)
    expect(unmet(needs, [by('ann@x', 'a'), by('Ann@X', 'b')])).toEqual(needs)
  })

  it('rejects approvals from elsewhere, too few, or none', () => {
    expect(unmet([group(['a'], 1)], [by('ann@x', 'b'), by('bob@x')])).toHaveLength(1)
    expect(unmet([group(['a'], 3)], [by('ann@x', 'a'), by('bob@x', 'a')])).toHaveLength(1)
    expect(unmet([initiator], [by('bob@example.com', 'a')])).toEqual([initiator])
    expect(unmet([initiator, group(['a'], 1)], [])).toHaveLength(2)
  })

  it('counts a weak approval only for restrictions', () => {
    const bot = { ...by('bot@x', 'a'), weak: true }
    const restriction: Requirement = { kind: 'groups', groups: ['a'], count: 1, because: 'x', byRestriction: true }
    expect(unmet([restriction], [bot])).toEqual([])
    expect(unmet([group(['a'], 1)], [bot])).toHaveLength(1)
    expect(unmet([group(['a'], 2)], [bot, by('ann@x', 'a')])).toHaveLength(1)
    expect(unmet([{ ...restriction, groups: ['b'] }], [bot])).toHaveLength(1)
  })

  it('rejects requirements that would ask nobody', () => {
    for (const count of [0, -1, Number.NaN]) expect(unmet([group(['a'], count)], [by('ann@x', 'a')])).toHaveLength(1)
    expect(unmet([group([], 1)], [by('ann@x', 'a')])).toHaveLength(1)
  })

  it('knows the initiator whatever the letter case', () => {
    expect(unmet([initiator], [by('Ann@Example.com')])).toEqual([])
  })
})

describe('mergeRequirements', () => {
  it('is a union in canonical order', () => {
    const a = [group(['b', 'a', 'b'], 1), initiator]
    const b = [initiator, group(['a', 'b'], 1), group(['a'], 2)]
    const merged = [initiator, group(['a', 'b'], 1), group(['a'], 2)]
    expect(mergeRequirements(a, b)).toEqual(merged)
    expect(mergeRequirements(b, a)).toEqual(merged)
    expect(mergeRequirements(merged, merged)).toEqual(merged)
    expect(mergeRequirements([], [])).toEqual([])
  })

  it('keeps what differs in count or reason', () => {
    expect(mergeRequirements([group(['a'], 1)], [group(['a'], 2)])).toHaveLength(2)
    expect(mergeRequirements([group(['a'], 1)], [group(['a'], 1, 'y')])).toHaveLength(2)
  })
})

describe('describeRequirement', () => {
  it('tells one group of several words from several groups', () => {
    const asked = (groups: string[]): string => describeRequirement({ kind: 'groups', groups, count: 1, because: '' })
    expect(asked(['risk', 'owner'])).toBe('1 approval from risk or owner')
    expect(asked(['risk or owner'])).toBe('1 approval from "risk or owner"')
  })

  it('speaks to people', () => {
    expect(describeRequirement(initiator)).toBe('the approval of ann@example.com')
    expect(describeRequirement(group(['owner'], 2))).toBe('2 approvals from owner')
    expect(describeRequirement(group(['cfo', 'risk'], 1))).toBe('1 approval from cfo or risk')
  })
})
