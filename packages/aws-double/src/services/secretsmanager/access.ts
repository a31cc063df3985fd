import { authorize, type Call, through } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { authorizeKeyUse } from '../kms/access.ts'
import { decryptUnder, encryptUnder } from '../kms/crypto.ts'
import type { Secret, SecretVersion } from './store.ts'

const suffix = /-[A-Za-z0-9]{6}$/

export const secretArn = ({ account, region }: Call, name: string): string =>
  `arn:aws:secretsmanager:${region}:${account}:secret:${name}`

const notFound = () => new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.")

/** By name, ARN, or ARN without its six random characters; of another account only by an ARN. */
export function findSecret(call: Call, id: string): Secret | undefined {
  const arn = id.startsWith('arn:') ? id : secretArn(call, id)
  const { secrets } = call.world.secrets
  const exact = secrets.get(arn)
  const found = exact ?? [...secrets.values()].find(secret => secret.arn.replace(suffix, '') === arn)
  return found?.region === call.region ? found : undefined
}

/** @throws AwsError `AccessDenied`, `ResourceNotFoundException`, `InvalidRequestException` for one that is being deleted. */
export function secretFor(
  call: Call,
  id: string,
  action: string,
  options: {
    readonly context?: Readonly<Record<string, string | undefined>>
    readonly deleted?: boolean
    readonly requestTags?: ReadonlyMap<string, string>
  } = {},
): Secret {
  const secret = findSecret(call, id)
  const arn = id.startsWith('arn:') ? id : secretArn(call, id)
  authorize(call, {
    action,
    resource: secret?.arn ?? `${arn}-??????`,
    resourceAccount: arn.split(':')[4] ?? '',
    policy: secret?.policy?.policy,
    context: { 'secretsmanager:SecretId': secret?.arn, ...options.context },
    ...(secret ? { resourceTags: secret.tags } : {}),
    ...(options.requestTags ? { requestTags: options.requestTags } : {}),
  })
  if (!secret) throw notFound()
  if (secret.deletion && !options.deleted) {
    throw new AwsError('InvalidRequestException', 'the secret was marked for deletion: restore it first')
  }
  return secret
}

const contextOf = ({ arn }: Secret, versionId: string) => ({ SecretARN: arn, SecretVersionId: versionId })

/** The account's own key `aws/secretsmanager` admits only callers of the account. */
function checkOwnKey(call: Call, secret: Secret): void {
  const { requester } = call.caller
  if (!('account' in requester) || requester.account !== secret.account) {
    throw new AwsError('AccessDeniedException', 'the key aws/secretsmanager cannot be used by another account', 400)
  }
}

/** Encrypts a value as Secrets Manager does: with the caller's own permission on the secret's key. */
export function sealVersion(call: Call, secret: Secret, versionId: string, value: Uint8Array): Uint8Array {
  const context = contextOf(secret, versionId)
  if (secret.kmsKey === undefined) {
    checkOwnKey(call, secret)
    return value
  }
  const own = through(call, 'secretsmanager')
  authorizeKeyUse(own, secret.kmsKey, 'kms:GenerateDataKey', context)
  const key = authorizeKeyUse(own, secret.kmsKey, 'kms:Decrypt', context)
  // A data key in AWS; here the key itself, so the value is limited by the double to what fits.
  const chunks: Uint8Array[] = []
  for (let at = 0; at < value.length; at += chunkSize) {
    chunks.push(encryptUnder(key, value.subarray(at, at + chunkSize), context, call.world.random))
  }
  return joinChunks(chunks)
}

/** Decrypts with the caller's own permission on the secret's key. */
export function openVersion(call: Call, secret: Secret, version: SecretVersion): Uint8Array {
  if (secret.kmsKey === undefined) {
    checkOwnKey(call, secret)
    return version.ciphertext
  }
  const context = contextOf(secret, version.id)
  const key = authorizeKeyUse(through(call, 'secretsmanager'), secret.kmsKey, 'kms:Decrypt', context)
  return new Uint8Array(Buffer.concat(splitChunks(version.ciphertext).map(chunk => decryptUnder(key, chunk, context))))
}

const chunkSize = 4096

function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      chunks.flatMap(chunk => {
        const length = Buffer.alloc(4)
        length.writeUInt32BE(chunk.length)
        return [length, chunk]
      }),
    ),
  )
}

function splitChunks(joined: Uint8Array): readonly Uint8Array[] {
  const buffer = Buffer.from(joined)
  const chunks: Uint8Array[] = []
  for (let at = 0; at < buffer.length; ) {
    const length = buffer.readUInt32BE(at)
    chunks.push(new Uint8Array(buffer.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return chunks
}
