import type {
  GetSecretValueCommandInput,
  GetSecretValueCommandOutput,
  PutSecretValueCommandInput,
  UpdateSecretVersionStageCommandInput,
} from '@aws-sdk/client-secrets-manager'
import type { Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { type Output, only } from '../../service.ts'
import { openVersion, sealVersion, secretFor } from './access.ts'
import type { Secret, SecretVersion } from './store.ts'

type Given = { readonly SecretString?: string | undefined; readonly SecretBinary?: Uint8Array | undefined }
type Value = { readonly bytes: Uint8Array; readonly binary: boolean }

const current = 'AWSCURRENT'
const previous = 'AWSPREVIOUS'
const maxValue = 65_536

export function valueIn({ SecretString: text, SecretBinary: binary }: Given): Value | undefined {
  if (text !== undefined && binary !== undefined) {
    throw new AwsError('InvalidParameterException', 'give SecretString or SecretBinary, not both')
  }
  if (text === undefined && binary === undefined) return undefined
  const bytes = binary ?? new TextEncoder().encode(text)
  if (bytes.length === 0 || bytes.length > maxValue) {
    throw new AwsError('ValidationException', `a secret value has 1 to ${maxValue} bytes`)
  }
  return { bytes, binary: binary !== undefined }
}

/** Adds a version and moves the stages to it. A token that was used before must bring the same value. */
export function addVersion(
  call: Call,
  secret: Secret,
  value: Value,
  token: string | undefined,
  stages: readonly string[] = [current],
): SecretVersion {
  const id = token ?? crypto.randomUUID()
  const known = secret.versions.find(version => version.id === id)
  if (known) {
    if (Buffer.compare(openVersion(call, secret, known), value.bytes) === 0) return known
    throw new AwsError('ResourceExistsException', `the version ${id} exists with another value`)
  }
  const ciphertext = sealVersion(call, secret, id, value.bytes)
  const now = new Date(call.world.clock())
  for (const version of secret.versions) {
    const wasCurrent = version.stages.has(current) && stages.includes(current)
    const kept = [...version.stages].filter(
      stage => !stages.includes(stage) && !(stages.includes(current) && stage === previous),
    )
    version.stages = new Set(wasCurrent ? [...kept, previous] : kept)
  }
  const version: SecretVersion = { id, ciphertext, binary: value.binary, created: now, stages: new Set(stages) }
  secret.versions = [version, ...secret.versions]
  secret.changed = now
  return version
}

export function putSecretValue(input: PutSecretValueCommandInput, call: Call) {
  only(input, ['ClientRequestToken', 'SecretBinary', 'SecretId', 'SecretString', 'VersionStages'])
  const secret = secretFor(call, input.SecretId ?? '', 'secretsmanager:PutSecretValue')
  const value = valueIn(input)
  if (!value) throw new AwsError('InvalidParameterException', 'a value is needed')
  const version = addVersion(call, secret, value, input.ClientRequestToken, input.VersionStages)
  return { ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: [...version.stages] }
}

/** Takes a label of the caller's own off a version. What moves AWSCURRENT is not here. */
export function updateSecretVersionStage(input: UpdateSecretVersionStageCommandInput, call: Call) {
  only(input, ['RemoveFromVersionId', 'SecretId', 'VersionStage'])
  const { VersionStage: stage = '', RemoveFromVersionId: id } = input
  const secret = secretFor(call, input.SecretId ?? '', 'secretsmanager:UpdateSecretVersionStage', {
    context: { 'secretsmanager:VersionStage': stage },
  })
  const version = secret.versions.find(candidate => candidate.id === id)
  if (!version?.stages.has(stage) || [current, previous].includes(stage))
    throw new AwsError('InvalidParameterException', `the staging label ${stage} is not on version ${id ?? '(none)'}`)
  version.stages = new Set([...version.stages].filter(other => other !== stage))
  return { ARN: secret.arn, Name: secret.name }
}

export function getSecretValue(input: GetSecretValueCommandInput, call: Call): Output<GetSecretValueCommandOutput> {
  only(input, ['SecretId', 'VersionId', 'VersionStage'])
  const { SecretId: id = '', VersionId: versionId, VersionStage: stage = current } = input
  const secret = secretFor(call, id, 'secretsmanager:GetSecretValue', {
    context: { 'secretsmanager:VersionId': versionId, 'secretsmanager:VersionStage': stage },
  })
  const version = secret.versions.find(candidate =>
    versionId === undefined ? candidate.stages.has(stage) : candidate.id === versionId,
  )
  if (!version) {
    const missing = `Secrets Manager can't find the specified secret value for staging label: ${stage}`
    throw new AwsError('ResourceNotFoundException', missing)
  }
  const value = openVersion(call, secret, version)
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    VersionStages: [...version.stages],
    CreatedDate: version.created,
    ...(version.binary ? { SecretBinary: value } : { SecretString: new TextDecoder().decode(value) }),
  }
}
