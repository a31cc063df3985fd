import { CfnCluster, CfnService, type CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs'
import { CfnListener, CfnLoadBalancer, CfnTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs'
import { CfnRecordSet } from 'aws-cdk-lib/aws-route53'
import { CfnService as CfnNamedService } from 'aws-cdk-lib/aws-servicediscovery'
import { CfnParameter, type Stack } from 'aws-cdk-lib/core'
import type { Deployment } from '../model.ts'
import { clusterName, logBucketName, logGroupName, secretNames, serviceName, stackNames } from '../names.ts'
import { brokerServiceSecrets, databaseSetupSecrets, walletServiceSecrets } from '../secrets/wiring.ts'
import type { StackBuilder, StackRequest } from './inputs.ts'
import { ports } from './network.ts'
import { readConf, type Statement, secretPattern } from './statements.ts'
import { confEnvironment, databaseEnvironment, serviceTask } from './tasks.ts'
import { importList, importValue, vaultStack } from './vault-stack.ts'

/** Name of the parameter that start-wallet sets from 0 to 1, and that every later deployment keeps. */
export const COUNT_PARAMETER = 'WalletServiceCount'

type Request = Extract<StackRequest, { kind: 'wallet' }>

/** What runs in the wallet account beside the Nitro hosts: broker, wallet and the task that sets up the databases. */
export const buildWallet: StackBuilder<'wallet'> = (app, deployment, request) => {
  const stack = vaultStack(app, deployment, {
    name: stackNames.wallet(deployment),
    account: deployment.accounts.wallet,
    region: deployment.region,
    description: 'Trivault: wallet and broker on ECS Fargate, public API',
    longLived: false,
  })
  const count = new CfnParameter(stack, COUNT_PARAMETER, {
    type: 'Number',
    default: 0,
    minValue: 0,
    maxValue: 1,
    description: 'Wallet tasks: 0 until start-wallet sets 1',
  })
  const cluster = new CfnCluster(stack, 'Cluster', {
    clusterName: clusterName(deployment),
    clusterSettings: [{ name: 'containerInsights', value: 'enabled' }],
  })
  const logGroup = logGroupName(deployment, 'services')
  const logs = new CfnLogGroup(stack, 'ServiceLogs', { logGroupName: logGroup, retentionInDays: 400 })
  const tasks = walletTasks(stack, deployment, request)
  for (const task of Object.values(tasks)) task.addResourceDependency(logs)
  brokerService(stack, deployment, cluster, tasks.broker)
  const { listener, targets } = publicApi(stack, deployment)
  const wallet = new CfnService(stack, 'WalletService', {
    ...serviceDefaults(cluster, tasks.wallet),
    serviceName: serviceName(deployment, 'wallet'),
    desiredCount: count.valueAsNumber,
    healthCheckGracePeriodSeconds: 120,
    // Never two wallets at a time: one ends before the next begins.
    deploymentConfiguration: { ...rollback, minimumHealthyPercent: 0, maximumPercent: 100 },
    networkConfiguration: within(importList(deployment, 'WalletSubnets', 2), importValue(deployment, 'WalletGroup')),
    loadBalancers: [{ containerName: 'wallet', containerPort: ports.wallet, targetGroupArn: targets.ref }],
  })
  wallet.addResourceDependency(listener)
  return stack
}

function walletTasks(stack: Stack, deployment: Deployment, { images, conf }: Request) {
  const { wallet: account } = deployment.accounts
  const database = databaseEnvironment(deployment)
  const bootstrapKey: Statement = {
    Sid: 'KeepBootstrapKey',
    Effect: 'Allow',
    Action: [
      'secretsmanager:CreateSecret',
      'secretsmanager:DescribeSecret',
      'secretsmanager:PutSecretValue',
      'secretsmanager:TagResource',
    ],
    Resource: secretPattern(deployment, account, secretNames.bootstrapKey),
  }
  const masterSecret = importValue(deployment, 'DatabaseMasterSecret')
  const masterAccess: Statement[] = [
    { Sid: 'ReadMaster', Effect: 'Allow', Action: ['secretsmanager:GetSecretValue'], Resource: masterSecret },
    {
      Sid: 'DecryptMaster',
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: importValue(deployment, 'DataKey'),
      Condition: { StringEquals: { 'kms:ViaService': `secretsmanager.${deployment.region}.amazonaws.com` } },
    },
  ]
  return {
    wallet: serviceTask(stack, deployment, {
      task: 'wallet',
      image: { name: 'wallet', digest: images.wallet },
      environment: { ...confEnvironment(deployment, conf.wallet), ...database },
      secrets: walletServiceSecrets,
      port: ports.wallet,
      cpu: 2048,
      memory: 4096,
      statements: [readConf(deployment, ['wallet']), bootstrapKey],
    }),
    broker: serviceTask(stack, deployment, {
      task: 'broker',
      image: { name: 'broker', digest: images.broker },
      environment: confEnvironment(deployment, conf.broker),
      secrets: brokerServiceSecrets,
      port: ports.broker,
      cpu: 512,
      memory: 1024,
      statements: [readConf(deployment, ['broker'])],
    }),
    databaseSetup: serviceTask(stack, deployment, {
      task: 'database-setup',
      image: { name: 'wallet', digest: images.wallet },
      environment: database,
      secrets: databaseSetupSecrets,
      foreignSecrets: { DB_MASTER: masterSecret },
      executionStatements: masterAccess,
      cpu: 256,
      memory: 512,
      statements: [],
    }),
  }
}

const rollback = { deploymentCircuitBreaker: { enable: true, rollback: true } }

const within = (subnets: string[], group: string) => ({
  awsvpcConfiguration: { subnets, securityGroups: [group], assignPublicIp: 'DISABLED' },
})

const serviceDefaults = (cluster: CfnCluster, task: CfnTaskDefinition) => ({
  cluster: cluster.ref,
  taskDefinition: task.ref,
  launchType: 'FARGATE',
  platformVersion: '1.4.0',
  propagateTags: 'SERVICE',
  enableEcsManagedTags: true,
})

function brokerService(stack: Stack, deployment: Deployment, cluster: CfnCluster, task: CfnTaskDefinition): void {
  const name = new CfnNamedService(stack, 'BrokerName', {
    name: 'broker',
    namespaceId: importValue(deployment, 'InternalNamespace'),
    dnsConfig: { dnsRecords: [{ type: 'A', ttl: 10 }], routingPolicy: 'MULTIVALUE' },
    healthCheckCustomConfig: {},
  })
  new CfnService(stack, 'BrokerService', {
    ...serviceDefaults(cluster, task),
    serviceName: serviceName(deployment, 'broker'),
    desiredCount: 1,
    // Two brokers would not know each other's clients.
    deploymentConfiguration: { ...rollback, minimumHealthyPercent: 0, maximumPercent: 100 },
    networkConfiguration: within(importList(deployment, 'IsolatedSubnets', 2), importValue(deployment, 'BrokerGroup')),
    serviceRegistries: [{ registryArn: name.attrArn }],
  })
}

/** HTTPS at the API's host name; within the VPC the load balancer speaks HTTP to the wallet's group only. */
function publicApi(stack: Stack, deployment: Deployment) {
  const { accounts, hosts, zones } = deployment
  const attributes = {
    'access_logs.s3.enabled': 'true',
    'access_logs.s3.bucket': logBucketName(deployment, accounts.wallet),
    'access_logs.s3.prefix': 'api',
    'deletion_protection.enabled': 'true',
    'routing.http.drop_invalid_header_fields.enabled': 'true',
  }
  const balancer = new CfnLoadBalancer(stack, 'LoadBalancer', {
    type: 'application',
    scheme: 'internet-facing',
    ipAddressType: 'ipv4',
    subnets: importList(deployment, 'PublicSubnets', 2),
    securityGroups: [importValue(deployment, 'LoadBalancerGroup')],
    loadBalancerAttributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
  })
  const targets = new CfnTargetGroup(stack, 'WalletTargets', {
    targetType: 'ip',
    protocol: 'HTTP',
    port: ports.wallet,
    vpcId: importValue(deployment, 'VpcId'),
    healthCheckPath: HEALTH_PATH,
    healthCheckIntervalSeconds: 10,
    matcher: { httpCode: '200' },
    targetGroupAttributes: [{ key: 'deregistration_delay.timeout_seconds', value: '10' }],
  })
  const listener = new CfnListener(stack, 'Https', {
    loadBalancerArn: balancer.ref,
    protocol: 'HTTPS',
    port: ports.https,
    sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
    certificates: [{ certificateArn: importValue(deployment, 'ApiCertificate') }],
    defaultActions: [{ type: 'forward', targetGroupArn: targets.ref }],
  })
  new CfnRecordSet(stack, 'ApiRecord', {
    hostedZoneId: zones.wallet.id,
    name: `${hosts.api}.`,
    type: 'A',
    aliasTarget: { dnsName: balancer.attrDnsName, hostedZoneId: balancer.attrCanonicalHostedZoneId },
  })
  return { listener, targets }
}

/** Answers 200 as soon as the process serves. */
export const HEALTH_PATH = '/health'
