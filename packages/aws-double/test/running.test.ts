import { createHash } from 'node:crypto'
import { DeleteStackCommand } from '@aws-sdk/client-cloudformation'
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr'
import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  RunTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs'
import { CreateDBSnapshotCommand, DescribeDBSnapshotsCommand, RDSClient } from '@aws-sdk/client-rds'
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AwsDouble, InstanceToRun, Running, TaskToRun } from '../src/index.ts'
import { clientsOf, other, own, region, startTwoAccounts } from './start.ts'
import { arn, deployStack, role } from './templates.ts'

const started: TaskToRun[] = []
const stopped: string[] = []
const hosts: InstanceToRun[] = []
let exit: PromiseWithResolvers<{ exitCode: number }> = Promise.withResolvers()
const runTask = async (task: TaskToRun): Promise<Running> => {
  started.push(task)
  return {
    stop: async () => {
      stopped.push(task.taskArn)
    },
    exited: exit.promise,
  }
}
const runInstance = async (host: InstanceToRun): Promise<Running> => {
  hosts.push(host)
  return { stop: async () => undefined }
}

let aws: AwsDouble
beforeAll(async () => {
  const attributes = (type: string) =>
    type === 'AWS::RDS::DBInstance' ? { 'Endpoint.Address': '127.0.0.1', 'Endpoint.Port': '5433' } : undefined
  aws = await startTwoAccounts({ hooks: { runTask, runInstance, attributes, masterPassword: () => 'postgres' } })
})
afterAll(() => aws.stop())

const config = () => clientsOf(aws, own, 'admin').config
const deploy = (name: string, resources: object, outputs?: object) => deployStack(aws, name, resources, outputs)
const registryOf = (account: string) => aws.registry(account, region)

async function login(account: string, name: string): Promise<string> {
  const ecr = new ECRClient(clientsOf(aws, account, name).config)
  const { authorizationData: [data] = [] } = await ecr.send(new GetAuthorizationTokenCommand({}))
  return `Basic ${data?.authorizationToken}`
}

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const repository = `vault/wallet`

async function push(authorization: string, manifest: string, tag: string): Promise<Response> {
  const base = `${await registryOf(own)}/v2/${repository}`
  const opened = await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers: { authorization } })
  const location = `${await registryOf(own)}${opened.headers.get('location')}`
  await fetch(`${location}?digest=${digestOf('layer')}`, { method: 'PUT', body: 'layer', headers: { authorization } })
  const headers = { authorization, 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
  return fetch(`${base}/manifests/${tag}`, { method: 'PUT', body: manifest, headers })
}

const manifest = JSON.stringify({ schemaVersion: 2, layers: [{ digest: digestOf('layer') }] })
const execution = [
  'ecr:GetAuthorizationToken',
  'ecr:BatchGetImage',
  'ecr:GetDownloadUrlForLayer',
  'logs:CreateLogStream',
]
const service = (executionActions: readonly string[], count: number) => ({
  Cluster: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: 'main' } },
  Logs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: 'vault' } },
  Task: role('ecs-tasks.amazonaws.com', ['s3:GetObject']),
  Execution: role('ecs-tasks.amazonaws.com', executionActions),
  Definition: {
    Type: 'AWS::ECS::TaskDefinition',
    DependsOn: 'Logs',
    Properties: {
      Family: 'wallet',
      RequiresCompatibilities: ['FARGATE'],
      NetworkMode: 'awsvpc',
      Cpu: '256',
      Memory: '512',
      TaskRoleArn: arn('Task'),
      ExecutionRoleArn: arn('Execution'),
      ContainerDefinitions: [
        {
          Name: 'wallet',
          Image: `${own}.dkr.ecr.${region}.amazonaws.com/${repository}@${digestOf(manifest)}`,
          Environment: [{ Name: 'COLOUR', Value: 'red' }],
          Secrets: [
            { Name: 'DB_INFO', ValueFrom: `arn:aws:secretsmanager:${region}:${own}:secret:db-info:password::` },
          ],
          LogConfiguration: {
            LogDriver: 'awslogs',
            Options: { 'awslogs-group': 'vault', 'awslogs-region': region, 'awslogs-stream-prefix': 'w' },
          },
        },
      ],
    },
  },
  Service: {
    Type: 'AWS::ECS::Service',
    Properties: {
      ServiceName: 'wallet',
      Cluster: { Ref: 'Cluster' },
      TaskDefinition: { Ref: 'Definition' },
      DesiredCount: count,
      LaunchType: 'FARGATE',
    },
  },
})

describe('the registry of an account', () => {
  beforeAll(async () => {
    await deploy('images', {
      Images: {
        Type: 'AWS::ECR::Repository',
        Properties: { RepositoryName: repository, ImageTagMutability: 'IMMUTABLE' },
      },
    })
  })

  test('takes an image once for each tag, and only whole ones', async () => {
    const authorization = await login(own, 'admin')
    const missing = JSON.stringify({ layers: [{ digest: digestOf('nowhere') }] })
    expect((await push(authorization, missing, 'v0')).status).toBe(400)
    expect((await push(authorization, manifest, 'v1')).status).toBe(201)
    expect((await push(authorization, manifest, 'v1')).status).toBe(201)
    expect((await push(authorization, `${manifest} `, 'v1')).status).toBe(400)
    const base = `${await registryOf(own)}/v2/${repository}`
    const pulled = await fetch(`${base}/manifests/v1`, { headers: { authorization } })
    expect(pulled.headers.get('docker-content-digest')).toBe(digestOf(manifest))
    const part = await fetch(`${base}/blobs/${digestOf('layer')}`, { headers: { authorization, range: 'bytes=1-2' } })
    expect([part.status, await part.text()]).toEqual([206, 'ay'])
  })

  test('nobody without a token, without permission, or of another account', async () => {
    const address = `${await registryOf(own)}/v2/${repository}/manifests/v1`
    expect((await fetch(address)).status).toBe(401)
    expect((await fetch(address, { headers: { authorization: 'Basic QVdTOng=' } })).status).toBe(401)
    expect((await fetch(address, { headers: { authorization: await login(other, 'admin') } })).status).toBe(403)
    await expect(login(own, 'nobody')).rejects.toMatchObject({ name: 'AccessDeniedException' })
    const elsewhere = `${await registryOf(other)}/v2/${repository}/manifests/v1`
    expect((await fetch(elsewhere, { headers: { authorization: await login(other, 'admin') } })).status).toBe(404)
  })
})

describe('tasks', () => {
  test('a secret that the execution role may not read stops the deployment, and all of it goes', async () => {
    await new SecretsManagerClient(config()).send(
      new CreateSecretCommand({ Name: 'db-info', SecretString: '{"password":"pw"}' }),
    )
    const { status, reason, client } = await deploy('refused', service(execution, 1))
    expect(status).toBe('ROLLBACK_COMPLETE')
    expect(reason).toMatch(/ResourceInitializationError: unable to pull secrets.*secretsmanager:GetSecretValue/)
    expect(aws.world.ecs.services.size + aws.world.ecs.clusters.size).toBe(0)
    expect(started).toEqual([])
    await client.send(new DeleteStackCommand({ StackName: 'refused' }))
  })

  test('an image that may not be pulled', async () => {
    const { reason, client } = await deploy('no-pull', service(['secretsmanager:GetSecretValue'], 1))
    expect(reason).toMatch(/CannotPullContainerError.*ecr:GetAuthorizationToken/)
    await client.send(new DeleteStackCommand({ StackName: 'no-pull' }))
  })

  test('a task runs with the secret and with credentials of its own role', async () => {
    const { status } = await deploy('running', service([...execution, 'secretsmanager:GetSecretValue'], 0))
    expect([status, started.length]).toEqual(['CREATE_COMPLETE', 0])
    const ecs = new ECSClient(config())
    await ecs.send(new UpdateServiceCommand({ cluster: 'main', service: 'wallet', desiredCount: 1 }))
    const { services: [wallet] = [] } = await ecs.send(
      new DescribeServicesCommand({ cluster: 'main', services: ['wallet'] }),
    )
    expect(wallet).toMatchObject({ desiredCount: 1, runningCount: 1 })
    const [container] = started[0]?.containers ?? []
    expect(container?.environment).toMatchObject({ COLOUR: 'red', DB_INFO: 'pw', AWS_REGION: region })
    const environment = container?.environment ?? {}
    const address = environment.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? ''
    expect((await fetch(address, { headers: { authorization: 'wrong' } })).status).toBe(403)
    const answer = await fetch(address, {
      headers: { authorization: environment.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? '' },
    })
    const keys = (await answer.json()) as Record<string, string>
    const credentials = {
      accessKeyId: keys.AccessKeyId ?? '',
      secretAccessKey: keys.SecretAccessKey ?? '',
      sessionToken: keys.Token ?? '',
    }
    const identity = await new STSClient({ ...config(), credentials }).send(new GetCallerIdentityCommand({}))
    expect(identity.Arn).toMatch(/assumed-role\/running-Task-/)
    const secrets = new SecretsManagerClient({ ...config(), credentials })
    await expect(secrets.send(new GetSecretValueCommand({ SecretId: 'db-info' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    await ecs.send(new UpdateServiceCommand({ cluster: 'main', service: 'wallet', desiredCount: 0 }))
    expect(stopped).toEqual([started[0]?.taskArn])
  })

  test('a task that ends tells its exit code; one that cannot start says why', async () => {
    const ecs = new ECSClient(config())
    const networkConfiguration = { awsvpcConfiguration: { subnets: ['subnet-1'] } }
    const run = new RunTaskCommand({
      cluster: 'main',
      taskDefinition: 'wallet',
      launchType: 'FARGATE',
      networkConfiguration,
    })
    exit = Promise.withResolvers()
    const { tasks: [task] = [] } = await ecs.send(run)
    expect(task?.lastStatus).toBe('RUNNING')
    exit.resolve({ exitCode: 3 })
    await exit.promise
    const describe = new DescribeTasksCommand({ cluster: 'main', tasks: [task?.taskArn ?? ''] })
    const { tasks: [ended] = [] } = await ecs.send(describe)
    expect([ended?.lastStatus, ended?.containers?.[0]?.exitCode]).toEqual(['STOPPED', 3])
    await new SecretsManagerClient(config()).send(new DeleteSecretCommand({ SecretId: 'db-info' }))
    const { tasks: [failed] = [] } = await ecs.send(run)
    expect(failed).toMatchObject({
      lastStatus: 'STOPPED',
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringMatching(/marked for deletion/),
    })
  })
})

test('a host starts with its user data and its own role; a database shows the address that the test gives', async () => {
  const userData = Buffer.from('#!/bin/sh\necho host').toString('base64')
  const launch = {
    ImageId: 'ami-0a1b2c3d4e5f60718',
    InstanceType: 'm6i.xlarge',
    EnclaveOptions: { Enabled: true },
    IamInstanceProfile: { Arn: arn('Profile') },
    UserData: userData,
  }
  const { status, reason, outputs } = await deploy(
    'hosts',
    {
      Host: role('ec2.amazonaws.com', ['s3:GetObject']),
      Profile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [{ Ref: 'Host' }] } },
      Template: { Type: 'AWS::EC2::LaunchTemplate', Properties: { LaunchTemplateData: launch } },
      Group: {
        Type: 'AWS::AutoScaling::AutoScalingGroup',
        Properties: {
          LaunchTemplate: {
            LaunchTemplateId: { Ref: 'Template' },
            Version: { 'Fn::GetAtt': ['Template', 'LatestVersionNumber'] },
          },
          MinSize: '0',
          MaxSize: '1',
          DesiredCapacity: '1',
        },
      },
      Database: {
        Type: 'AWS::RDS::DBInstance',
        Properties: {
          DBInstanceIdentifier: 'vault',
          Engine: 'postgres',
          DBInstanceClass: 'db.t4g.small',
          MasterUsername: 'admin',
          ManageMasterUserPassword: true,
        },
      },
    },
    {
      Address: { Value: { 'Fn::Sub': `\${Database.Endpoint.Address}:\${Database.Endpoint.Port}` } },
      Master: { Value: { 'Fn::GetAtt': ['Database', 'MasterUserSecret.SecretArn'] } },
    },
  )
  expect([status, reason]).toEqual(['CREATE_COMPLETE', undefined])
  expect(hosts).toMatchObject([{ enclave: true, userData: '#!/bin/sh\necho host', instanceType: 'm6i.xlarge' }])
  expect(outputs?.find(({ OutputKey }) => OutputKey === 'Address')?.OutputValue).toBe('127.0.0.1:5433')
  const SecretId = outputs?.find(({ OutputKey }) => OutputKey === 'Master')?.OutputValue ?? ''
  const { SecretString } = await new SecretsManagerClient(config()).send(new GetSecretValueCommand({ SecretId }))
  expect(JSON.parse(SecretString ?? '')).toEqual({ username: 'admin', password: 'postgres' })
  const rds = new RDSClient(config())
  const snapshot = new CreateDBSnapshotCommand({
    DBInstanceIdentifier: 'vault',
    DBSnapshotIdentifier: 'before-upgrade',
  })
  await rds.send(snapshot)
  await expect(rds.send(snapshot)).rejects.toMatchObject({ name: 'DBSnapshotAlreadyExistsFault' })
  const { DBSnapshots } = await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'before-upgrade' }))
  expect(DBSnapshots).toMatchObject([{ Status: 'available' }])
})
