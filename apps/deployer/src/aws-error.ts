import { DeployerError } from './errors.ts'

const SIGN_IN =
  'sign in to the account of your role (`aws sso login`, AWS_PROFILE and LOCAL_AWS_PROFILE_MODE=true; or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), then `make whoami`'

const nobody =
  /^(ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|CredentialsProviderError|InvalidAccessKeyId|IncompleteSignature|TokenRefreshRequired)/
const forbidden = /^(AccessDenied|UnauthorizedOperation|AuthorizationError)/
const absent = /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|TimeoutError)/
const skewed = /^(RequestTimeTooSkewed|RequestExpired)/

/** What an error of an AWS SDK client means to a person; undefined when it is none. */
export function awsError(error: unknown): DeployerError | undefined {
  if (!(error instanceof Error)) return undefined
  const { name, message } = error
  const code = String(Reflect.get(error, 'code') ?? '')
  const options = { cause: error }
  if (nobody.test(name))
    return new DeployerError('no-credentials', `AWS does not know the caller: ${message}`, SIGN_IN, options)
  if (!('$metadata' in error) && !absent.test(code)) return undefined
  if (absent.test(code) || absent.test(name))
    return new DeployerError(
      'unreachable',
      `AWS does not answer: ${message || code}`,
      'check AWS_REGION and your network; the same command goes on where it stopped',
      options,
    )
  if (skewed.test(name))
    return new DeployerError('failed', `AWS refused the time of this host: ${message}`, 'set the clock by NTP', options)
  if (forbidden.test(name))
    return new DeployerError(
      'aws',
      `AWS refused: ${message}`,
      'ask who administers the account for this right, or sign in with the role for this step',
      options,
    )
  return new DeployerError(
    'aws',
    `AWS refused: ${name}: ${message}`,
    'mend what AWS names and run the command again',
    options,
  )
}

/** For a caller whom AWS could not name. */
export const unknownCaller = (cause: unknown): DeployerError =>
  awsError(cause) ??
  new DeployerError(
    'no-credentials',
    `AWS does not know the caller: ${cause instanceof Error ? cause.message : 'no answer'}`,
    SIGN_IN,
    { cause },
  )
