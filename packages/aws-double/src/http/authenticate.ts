import { timingSafeEqual } from 'node:crypto'
import { AwsError } from '../errors.ts'
import type { Credential, World } from '../world.ts'
import type { Request } from './message.ts'
import { type Claim, parseClaim, verifySignature } from './sigv4.ts'

const refused = (code: string, message: string) => new AwsError(code, message, 403)

/** Whose request it is, and which service and region it is signed for. @throws AwsError when that cannot be proven. */
export function authenticate(
  world: World,
  request: Request,
): { readonly claim: Claim; readonly credential: Credential } {
  const claim = parseClaim(request.headers.authorization)
  const credential = world.credentials.get(claim.accessKeyId)
  if (!credential) throw refused('InvalidClientTokenId', 'the access key id does not exist')
  verifySignature(request, claim, credential.secretAccessKey, world.clock())
  checkToken(credential, request.headers['x-amz-security-token'])
  if (credential.expires !== undefined && credential.expires <= world.clock()) {
    throw refused('ExpiredToken', 'the security token is expired')
  }
  if (!credential.caller.exists()) throw refused('InvalidClientTokenId', 'the user or role is gone')
  return { claim, credential }
}

function checkToken({ sessionToken }: Credential, given: string | undefined): void {
  const equal =
    sessionToken !== undefined &&
    given !== undefined &&
    given.length === sessionToken.length &&
    timingSafeEqual(Buffer.from(given), Buffer.from(sessionToken))
  if (!equal && (sessionToken !== undefined || given !== undefined)) {
    throw refused('InvalidClientTokenId', 'the security token is not that of the access key')
  }
}
