import { CfnAutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling'
import { CfnLaunchTemplate } from 'aws-cdk-lib/aws-ec2'
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs'
import { CfnParameter, Fn, type Stack } from 'aws-cdk-lib/core'
import { type Deployment, NODE_INDEXES, type NodeIndex } from '../model.ts'
import { logGroupName, nodeKeyAlias, roleNames, secretNames, stackNames } from '../names.ts'
import { policyNodeServiceSecrets } from '../secrets/wiring.ts'
import type { StackBuilder, StackRequest } from './inputs.ts'
import {
  instanceProfile,
  pullImage,
  readConf,
  readSecrets,
  type Statement,
  secretArn,
  secretPattern,
  serviceRole,
  writeLogs,
} from './statements.ts'
import { confEnvironment, databaseEnvironment, imageUri } from './tasks.ts'
import { userData } from './user-data.ts'
import { importList, importValue, tagsOf, vaultStack } from './vault-stack.ts'

/** Name of the parameter with the hosts' system image: chosen by the first deployment and kept by later ones. */
export const HOST_IMAGE_PARAMETER = 'HostImageId'

/** From the launch of a host until its node votes, with time to spare: packages, image, enclave, catching up. */
const HOST_STARTS_WITHIN = 'PT5M'

type Request = Extract<StackRequest, { kind: 'nitro-nodes' }>

/**
 * Three hosts with a Nitro enclave each, in groups of one that replace a host that fails. Nothing that lasts is on a host: the
 * database and the anchor's table are elsewhere.
 */
export const buildNitroNodes: StackBuilder<'nitro-nodes'> = (app, deployment, request) => {
  const stack = vaultStack(app, deployment, {
    name: stackNames.nitroNodes(deployment),
    account: deployment.accounts.wallet,
    region: deployment.region,
    description: 'Trivault: Nitro hosts of the three Policy Nodes',
    longLived: false,
  })
  const image = new CfnParameter(stack, HOST_IMAGE_PARAMETER, {
    type: 'AWS::EC2::Image::Id',
    description: 'Amazon Linux 2023 of the hosts',
  })
  const logs = new CfnLogGroup(stack, 'HostLogs', {
    logGroupName: logGroupName(deployment, 'policy-nodes'),
    retentionInDays: 400,
  })
  // One after the other: while a host is replaced, the other two serve.
  NODE_INDEXES.map(node => nitroHost(stack, deployment, request, { node, image, logs })).reduce((before, group) => {
    group.addResourceDependency(before)
    return group
  })
  return stack
}

interface Host {
  readonly node: NodeIndex
  readonly image: CfnParameter
  readonly logs: CfnLogGroup
}

function nitroHost(stack: Stack, deployment: Deployment, request: Request, { node, image, logs }: Host) {
  const role = serviceRole(stack, `Host${node}Role`, {
    name: roleNames.nitroHost(deployment, node),
    service: 'ec2.amazonaws.com',
    description: `Nitro host of Policy Node ${node}`,
    statements: hostStatements(deployment, node),
  })
  const profile = instanceProfile(stack, `Host${node}Profile`, role)
  const script = userData({
    region: deployment.region,
    registry: `${deployment.accounts.wallet}.dkr.ecr.${deployment.region}.amazonaws.com`,
    image: imageUri(deployment, 'policy-node', request.images['policy-node']),
    logGroup: logGroupName(deployment, 'policy-nodes'),
    logStream: `node${node}`,
    enclave: { memoryMiB: deployment.nitro.enclaveMemoryMiB, cpus: deployment.nitro.enclaveCpus },
    environment: hostEnvironment(deployment, request, node),
  })
  const tags = Object.entries(tagsOf(deployment)).map(([key, value]) => ({ key, value }))
  const template = new CfnLaunchTemplate(stack, `Host${node}Template`, {
    tagSpecifications: [{ resourceType: 'launch-template', tags }],
    launchTemplateData: {
      imageId: image.valueAsString,
      instanceType: deployment.nitro.instanceType,
      enclaveOptions: { enabled: true },
      metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
      monitoring: { enabled: true },
      iamInstanceProfile: { arn: profile.attrArn },
      securityGroupIds: [importValue(deployment, 'NodeGroup')],
      tagSpecifications: [{ resourceType: 'volume', tags }],
      blockDeviceMappings: [
        {
          deviceName: '/dev/xvda',
          ebs: { encrypted: true, volumeType: 'gp3', volumeSize: 30, deleteOnTermination: true },
        },
      ],
      userData: Fn.base64(script),
    },
  })
  const group = new CfnAutoScalingGroup(stack, `Host${node}`, {
    launchTemplate: { launchTemplateId: template.ref, version: template.attrLatestVersionNumber },
    vpcZoneIdentifier: [importList(deployment, 'IsolatedSubnets', 2)[node % 2] ?? ''],
    minSize: '0',
    maxSize: '1',
    desiredCapacity: '1',
    healthCheckType: 'EC2',
    tags: [{ key: 'Name', value: `${stack.stackName}-node${node}`, propagateAtLaunch: true }],
  })
  // One node never runs twice: its old host ends before the new one begins, and has time to come up before the next node's goes.
  group.cfnOptions.updatePolicy = {
    autoScalingRollingUpdate: {
      minInstancesInService: 0,
      maxBatchSize: 1,
      pauseTime: HOST_STARTS_WITHIN,
      suspendProcesses: ['AZRebalance'],
    },
  }
  group.addResourceDependency(logs)
  return group
}

/**
 * The node's own secrets and key in its admin's account; in the wallet account what the bus and the database ask for. Nothing of
 * its anchor: the core goes there itself, through a connection of which the host is the pipe.
 */
function hostStatements(deployment: Deployment, node: NodeIndex): Statement[] {
  const { region, accounts } = deployment
  const account = accounts.policyNodes[node]
  const keys = `arn:aws:kms:${region}:${account}:key/*`
  const secrets = policyNodeServiceSecrets(node)
  return [
    readConf(deployment, [`node${node}`, 'enclave']),
    readSecrets(
      deployment,
      accounts.wallet,
      secrets.filter(secret => secret.account === 'wallet').map(({ secret }) => secret),
    ),
    {
      Sid: 'ReadSealedSecret',
      Effect: 'Allow',
      Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
      Resource: [secretNames.policyNode(node), secretNames.policyNodePins(node)].map(name =>
        secretPattern(deployment, account, name),
      ),
    },
    // Which keys of that account answer is for their own policies to say; the condition keeps the role from all but the node's.
    {
      Sid: 'UnsealInEnclave',
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: keys,
      Condition: { StringEquals: { 'kms:RequestAlias': nodeKeyAlias(deployment, node) } },
    },
    {
      Sid: 'ReadThroughSecretsManager',
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: keys,
      Condition: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` } },
    },
    ...pullImage(deployment, 'policy-node'),
    writeLogs(deployment, logGroupName(deployment, 'policy-nodes'), `node${node}`),
    // Session Manager instead of SSH.
    {
      Sid: 'SessionManager',
      Effect: 'Allow',
      Action: [
        'ssm:UpdateInstanceInformation',
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
      ],
      Resource: '*',
    },
  ]
}

function hostEnvironment(deployment: Deployment, { conf, eif }: Request, node: NodeIndex): Record<string, string> {
  const account = { wallet: deployment.accounts.wallet, node: deployment.accounts.policyNodes[node] }
  const { region } = deployment
  return {
    TRIVAULT_COMPONENT: `node${node}`,
    AWS_REGION: region,
    ...confEnvironment(deployment, conf[`node${node}`]),
    ...databaseEnvironment(deployment),
    EIF_KEY: eif.key,
    EIF_SHA256: eif.sha256,
    ...Object.fromEntries(
      policyNodeServiceSecrets(node).map(({ env, secret, account: of }) => [
        `${env}_ARN`,
        secretArn(deployment, account[of], secret),
      ]),
    ),
  }
}
