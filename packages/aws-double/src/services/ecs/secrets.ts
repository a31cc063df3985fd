import type { ContainerDefinition } from '@aws-sdk/client-ecs'
import { authorize, type Call } from '../../call.ts'
import { AwsError } from '../../errors.ts'
import { getSecretValue } from '../secretsmanager/values.ts'

const failed = (message: string, cause: unknown) => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new AwsError('ResourceInitializationError', `${message}: ${reason}`)
}

/**
 * Values of a container's `secrets`, read by the execution role.
 * @throws AwsError `ResourceInitializationError` with the reason for which one could not be read.
 */
export function readSecrets(call: Call, { secrets = [] }: ContainerDefinition): Readonly<Record<string, string>> {
  return Object.fromEntries(
    secrets.map(({ name = '', valueFrom = '' }) => {
      try {
        return [name, readSecret(call, valueFrom)]
      } catch (error) {
        throw failed(
          `ResourceInitializationError: unable to pull secrets or registry auth: secret ${valueFrom} of ${name}`,
          error,
        )
      }
    }),
  )
}

/** `valueFrom` is the ARN, whole or without its random end, and may go on with `:json-key:version-stage:version-id`. */
function readSecret(call: Call, valueFrom: string): string {
  const parts = valueFrom.split(':')
  if (parts[2] !== 'secretsmanager' || parts.length < 7) {
    throw new AwsError('NotInAwsDouble', `secrets from ${valueFrom} are not part of the double`, 501)
  }
  const [key = '', stage = '', version = ''] = parts.slice(7)
  const { SecretString: text } = getSecretValue(
    {
      SecretId: parts.slice(0, 7).join(':'),
      ...(stage === '' ? {} : { VersionStage: stage }),
      ...(version === '' ? {} : { VersionId: version }),
    },
    call,
  )
  if (text === undefined) throw new AwsError('ValidationException', 'the secret is binary')
  if (key === '') return text
  const found: unknown = (JSON.parse(text) as Readonly<Record<string, unknown>>)[key]
  if (typeof found !== 'string') throw new AwsError('ValidationException', `the secret has no text at ${key}`)
  return found
}

const ecrImage = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([^@:]+)(?:@(sha256:[0-9a-f]{64})|:([\w.-]+))$/

/** The execution role must be able to pull the image, and the image must be there. */
export function pullImage(call: Call, image: string): void {
  const [, account = '', region = '', name = '', digest, tag = ''] = ecrImage.exec(image) ?? []
  if (account === '') throw failed('CannotPullContainerError', new Error(`${image} is not an image of ECR`))
  const arn = `arn:aws:ecr:${region}:${account}:repository/${name}`
  const repository = call.world.ecr.repositories.get(arn)
  try {
    authorize(call, { action: 'ecr:GetAuthorizationToken', resource: '*' })
    for (const action of ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']) {
      authorize(call, { action, resource: arn, resourceAccount: account, policy: repository?.policy?.policy })
    }
  } catch (error) {
    throw failed('CannotPullContainerError', error)
  }
  const found = repository?.manifests.has(digest ?? repository.imageTags.get(tag) ?? '')
  if (!found) throw failed('CannotPullContainerError', new Error(`${image}: not found`))
}

/** The execution role opens the log stream. */
export function openLog(call: Call, { name = '', logConfiguration: log }: ContainerDefinition, taskId: string): void {
  if (log?.logDriver !== 'awslogs') return
  const group = log.options?.['awslogs-group'] ?? ''
  const region = log.options?.['awslogs-region'] ?? call.region
  const stream = `${log.options?.['awslogs-stream-prefix'] ?? ''}/${name}/${taskId}`
  try {
    authorize(call, {
      action: 'logs:CreateLogStream',
      resource: `arn:aws:logs:${region}:${call.account}:log-group:${group}:log-stream:${stream}`,
    })
    if (!call.world.inert.has(`${call.account} ${region} AWS::Logs::LogGroup ${group}`)) {
      throw new AwsError('ResourceNotFoundException', `the log group ${group} does not exist`)
    }
  } catch (error) {
    throw failed('ResourceInitializationError: failed to validate logger args', error)
  }
}
