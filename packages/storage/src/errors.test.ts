import { describe, expect, it } from 'vitest'
import { isUnavailable } from './index.ts'

describe('isUnavailable', () => {
  it.each([
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), true],
    [Object.assign(new Error('the database system is starting up'), { code: '57P03' }), true],
    [new Error('Connection terminated unexpectedly'), true],
    [Object.assign(new Error('duplicate key'), { code: '23505' }), false],
    [Object.assign(new Error('canceling statement'), { code: '57014' }), false],
    [new Error('something else'), false],
    ['Connection terminated', false],
  ])('%s: %s', (error, expected) => {
    expect(isUnavailable(error)).toBe(expected)
  })
})
