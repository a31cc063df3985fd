import { CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs'
import type { Stack } from 'aws-cdk-lib/core'
import type { Deployment } from '../model.ts'
import { confBucketName, logGroupName, repositoryName, roleNames, taskFamily } from '../names.ts'
import type { ServiceSecret } from '../secrets/wiring.ts'
import type { ImageName, StoredFile } from './inputs.ts'
import { pullImage, readSecrets, type Statement, secretArn, serviceRole, writeLogs } from './statements.ts'
import { importValue } from './vault-stack.ts'

/** Where a service finds its conf file, and the hash without which it does not start. */
export const confEnvironment = (deployment: Deployment, { key, sha256 }: StoredFile) => ({
  CONF_BUCKET: confBucketName(deployment, deployment.accounts.wallet),
  CONF_KEY: key,
  CONF_SHA256: sha256,
})

export const databaseEnvironment = (deployment: Deployment) => ({
  DATABASE_HOST: importValue(deployment, 'DatabaseHost'),
  DATABASE_PORT: importValue(deployment, 'DatabasePort'),
})

export const imageUri = (deployment: Deployment, image: ImageName, digest: string) =>
  `${deployment.accounts.wallet}.dkr.ecr.${deployment.region}.amazonaws.com/${repositoryName(deployment, image)}@${digest}`

export interface ServiceTask {
  readonly task: 'wallet' | 'broker' | 'database-setup'
  readonly image: { readonly name: ImageName; readonly digest: string }
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: readonly ServiceSecret[]
  /** Secrets that are not ours by name: variable to ARN. */
  readonly foreignSecrets?: Readonly<Record<string, string>>
  readonly port?: number
  readonly cpu: number
  readonly memory: number
  /** What the service itself may do. */
  readonly statements: readonly Statement[]
  /** What ECS needs beyond image, logs and secrets to start it. */
  readonly executionStatements?: readonly Statement[]
}

const roleNamesOf = {
  wallet: { task: roleNames.walletTask, execution: roleNames.walletExecution },
  broker: { task: roleNames.brokerTask, execution: roleNames.brokerExecution },
  'database-setup': { task: roleNames.databaseSetupTask, execution: roleNames.databaseSetupExecution },
} as const

/** A Fargate task of one container: no root, no writable root file system, its own two roles. */
export function serviceTask(stack: Stack, deployment: Deployment, options: ServiceTask): CfnTaskDefinition {
  const { task, image, environment, secrets, port } = options
  const account = deployment.accounts.wallet
  const id = task.replace(/(^|-)(\w)/g, (_match, _dash, letter: string) => letter.toUpperCase())
  const logGroup = logGroupName(deployment, 'services')
  const own = serviceRole(stack, `${id}TaskRole`, {
    name: roleNamesOf[task].task(deployment),
    service: 'ecs-tasks.amazonaws.com',
    description: `What ${task} may do`,
    statements: options.statements,
  })
  const execution = serviceRole(stack, `${id}ExecutionRole`, {
    name: roleNamesOf[task].execution(deployment),
    service: 'ecs-tasks.amazonaws.com',
    description: `What ECS needs to start ${task}`,
    statements: [
      ...pullImage(deployment, image.name),
      writeLogs(deployment, logGroup, `${task}/*`),
      readSecrets(
        deployment,
        account,
        secrets.map(({ secret }) => secret),
      ),
      ...(options.executionStatements ?? []),
    ],
  })
  return new CfnTaskDefinition(stack, `${id}Task`, {
    family: taskFamily(deployment, task),
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    runtimePlatform: { cpuArchitecture: 'X86_64', operatingSystemFamily: 'LINUX' },
    cpu: String(options.cpu),
    memory: String(options.memory),
    taskRoleArn: own.attrArn,
    executionRoleArn: execution.attrArn,
    volumes: volumes.map(({ name }) => ({ name })),
    containerDefinitions: [
      {
        name: task,
        image: imageUri(deployment, image.name, image.digest),
        command: ['node', '/app/apps/entrypoint/src/main.ts'],
        essential: true,
        user: '1000:1000',
        readonlyRootFilesystem: true,
        linuxParameters: { initProcessEnabled: true },
        mountPoints: volumes.map(({ name, path }) => ({ sourceVolume: name, containerPath: path, readOnly: false })),
        environment: Object.entries({ TRIVAULT_COMPONENT: task, AWS_REGION: deployment.region, ...environment }).map(
          ([name, value]) => ({ name, value }),
        ),
        secrets: [
          ...secrets.map(({ env, secret }) => ({ name: env, valueFrom: secretArn(deployment, account, secret) })),
          ...Object.entries(options.foreignSecrets ?? {}).map(([name, valueFrom]) => ({ name, valueFrom })),
        ],
        stopTimeout: 30,
        ...(port !== undefined && { portMappings: [{ containerPort: port, protocol: 'tcp' }] }),
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-group': logGroup, 'awslogs-region': deployment.region, 'awslogs-stream-prefix': task },
        },
      },
    ],
  })
}

/** Writable places, which end with the task. */
const volumes = [
  { name: 'run', path: '/run/trivault' },
  { name: 'tmp', path: '/tmp' },
] as const
