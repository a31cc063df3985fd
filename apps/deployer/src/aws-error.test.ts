import { describe, expect, it } from 'vitest'
import { awsError, unknownCaller } from './aws-error.ts'

const error = (name: string, more: object = { $metadata: {} }): Error =>
  Object.assign(new Error('said so'), { name }, more)

describe('awsError', () => {
  it.each([
    ['ExpiredTokenException', undefined, 'no-credentials', /aws sso login/],
    ['CredentialsProviderError', {}, 'no-credentials', /LOCAL_AWS_PROFILE_MODE/],
    ['AccessDeniedException', undefined, 'aws', /ask who administers/],
    ['Error', { code: 'ENOTFOUND' }, 'unreachable', /AWS_REGION/],
    ['TimeoutError', undefined, 'unreachable', /goes on where it stopped/],
    ['RequestTimeTooSkewed', undefined, 'failed', /NTP/],
    ['ValidationError', undefined, 'aws', /mend what AWS names/],
  ])('tells %s with what to do', (name, more, code, remedy) => {
    const told = awsError(error(name, more))
    expect(told).toMatchObject({ code, remedy: expect.stringMatching(remedy) })
    expect(told?.message).toContain('said so')
  })

  it('leaves alone what is not of AWS', () => {
    expect(awsError(new TypeError('x is undefined'))).toBeUndefined()
    expect(awsError('words')).toBeUndefined()
    expect(unknownCaller(new TypeError('x')).code).toBe('no-credentials')
  })
})
