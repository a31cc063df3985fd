import {
  CfnFlowLog,
  CfnSecurityGroup,
  CfnSecurityGroupEgress,
  CfnSecurityGroupIngress,
  CfnVPCEndpoint,
  IpAddresses,
  type ISubnet,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs'
import { Fn, type Stack } from 'aws-cdk-lib/core'
import type { Deployment } from '../model.ts'
import { logGroupName, roleNames } from '../names.ts'
import { serviceRole, writeLogs } from './statements.ts'
import { exportValue } from './vault-stack.ts'

export const ports = { https: 443, wallet: 8080, broker: 4222, database: 5432 } as const

const groups = {
  LoadBalancer: 'Public API: HTTPS from anywhere',
  Wallet: 'Wallet tasks',
  Broker: 'Broker tasks',
  Node: 'Nitro hosts of the Policy Nodes',
  Database: 'PostgreSQL',
  Endpoint: 'Endpoints of AWS services',
} as const
type Group = keyof typeof groups

/** Who opens a connection to whom. What is not here cannot connect; `internet` stands for any address. */
const flows: readonly { from: Group | 'internet'; to: Group | 'internet'; port: number }[] = [
  { from: 'internet', to: 'LoadBalancer', port: ports.https },
  { from: 'LoadBalancer', to: 'Wallet', port: ports.wallet },
  { from: 'Wallet', to: 'Database', port: ports.database },
  { from: 'Wallet', to: 'Broker', port: ports.broker },
  { from: 'Wallet', to: 'Endpoint', port: ports.https },
  // Chains, data provider and identity provider.
  { from: 'Wallet', to: 'internet', port: ports.https },
  { from: 'Broker', to: 'Endpoint', port: ports.https },
  // S3 and DynamoDB answer under public addresses; isolated subnets have a route to these two and to nothing else.
  { from: 'Broker', to: 'internet', port: ports.https },
  { from: 'Node', to: 'internet', port: ports.https },
  { from: 'Node', to: 'Database', port: ports.database },
  { from: 'Node', to: 'Broker', port: ports.broker },
  { from: 'Node', to: 'Endpoint', port: ports.https },
]

/** AWS services that tasks and hosts call without the internet. */
const endpointServices = ['ecr.api', 'ecr.dkr', 'kms', 'logs', 'secretsmanager', 'ssm', 'ssmmessages'] as const
/** By an entry in the route table. */
const gatewayServices = ['s3', 'dynamodb'] as const

export interface Network {
  readonly isolatedSubnets: readonly string[]
  readonly databaseGroup: string
  readonly vpcId: string
}

/**
 * Three kinds of subnets in two zones: public (load balancer, NAT), wallet (out through NAT), isolated (hosts, database, broker:
 * AWS endpoints only).
 */
export function buildNetwork(stack: Stack, deployment: Deployment): Network {
  const vpc = new Vpc(stack, 'Vpc', {
    ipAddresses: IpAddresses.cidr(deployment.network.cidr),
    availabilityZones: [...deployment.network.availabilityZones],
    natGateways: 1,
    restrictDefaultSecurityGroup: false,
    subnetConfiguration: [
      { name: 'public', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false, cidrMask: 24 },
      { name: 'wallet', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 },
      { name: 'isolated', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
    ],
  })
  flowLog(stack, deployment, vpc.vpcId)
  const ids = securityGroups(stack, deployment, vpc.vpcId)
  const subnets = {
    PublicSubnets: vpc.publicSubnets,
    WalletSubnets: vpc.privateSubnets,
    IsolatedSubnets: vpc.isolatedSubnets,
  } as const
  endpoints(stack, deployment, vpc, ids.Endpoint)
  exportValue(stack, deployment, 'VpcId', vpc.vpcId)
  for (const [name, list] of Object.entries(subnets) as [keyof typeof subnets, ISubnet[]][])
    exportValue(
      stack,
      deployment,
      name,
      Fn.join(
        ',',
        list.map(subnet => subnet.subnetId),
      ),
    )
  for (const name of ['LoadBalancer', 'Wallet', 'Broker', 'Node'] as const)
    exportValue(stack, deployment, `${name}Group`, ids[name])
  return {
    vpcId: vpc.vpcId,
    isolatedSubnets: vpc.isolatedSubnets.map(subnet => subnet.subnetId),
    databaseGroup: ids.Database,
  }
}

function flowLog(stack: Stack, deployment: Deployment, vpcId: string): void {
  const logGroup = logGroupName(deployment, 'network')
  const group = new CfnLogGroup(stack, 'FlowLogGroup', { logGroupName: logGroup, retentionInDays: 90 })
  const role = serviceRole(stack, 'FlowLogRole', {
    name: roleNames.flowLog(deployment),
    service: 'vpc-flow-logs.amazonaws.com',
    description: 'Writes who spoke to whom in the VPC',
    statements: [writeLogs(deployment, logGroup)],
  })
  new CfnFlowLog(stack, 'FlowLog', {
    resourceId: vpcId,
    resourceType: 'VPC',
    trafficType: 'ALL',
    logDestinationType: 'cloud-watch-logs',
    logGroupName: group.ref,
    deliverLogsPermissionArn: role.attrArn,
  })
}

function securityGroups(stack: Stack, deployment: Deployment, vpcId: string): Record<Group, string> {
  const entries = (Object.keys(groups) as Group[]).map(name => {
    const out = flows.filter(flow => flow.from === name && flow.to === 'internet').map(flow => anywhere(flow.port))
    const into = flows.filter(flow => flow.to === name && flow.from === 'internet').map(flow => anywhere(flow.port))
    const group = new CfnSecurityGroup(stack, `${name}Group`, {
      vpcId,
      groupDescription: `${deployment.namespace} ${deployment.environment}: ${groups[name]}`,
      // Without a rule EC2 would allow everything out.
      securityGroupEgress: out.length > 0 ? out : [nowhere],
      ...(into.length > 0 && { securityGroupIngress: into }),
    })
    return [name, group.attrGroupId] as const
  })
  const ids = Object.fromEntries(entries) as Record<Group, string>
  for (const { from, to, port } of flows) {
    if (from === 'internet' || to === 'internet') continue
    const rule = { ipProtocol: 'tcp', fromPort: port, toPort: port, description: `${from} to ${to}` }
    new CfnSecurityGroupIngress(stack, `${to}From${from}`, {
      ...rule,
      groupId: ids[to],
      sourceSecurityGroupId: ids[from],
    })
    new CfnSecurityGroupEgress(stack, `${from}To${to}`, {
      ...rule,
      groupId: ids[from],
      destinationSecurityGroupId: ids[to],
    })
  }
  return ids
}

const anywhere = (port: number) => ({
  ipProtocol: 'tcp',
  fromPort: port,
  toPort: port,
  cidrIp: '0.0.0.0/0',
  description: `any address, port ${port}`,
})

const nowhere = { ipProtocol: 'icmp', fromPort: 252, toPort: 86, cidrIp: '255.255.255.255/32', description: 'nothing' }

function endpoints(stack: Stack, deployment: Deployment, vpc: Vpc, group: string): void {
  const service = (name: string) => `com.amazonaws.${deployment.region}.${name}`
  const id = (name: string) => `Endpoint${name.replaceAll('.', '')}`
  for (const name of endpointServices)
    new CfnVPCEndpoint(stack, id(name), {
      vpcEndpointType: 'Interface',
      serviceName: service(name),
      vpcId: vpc.vpcId,
      privateDnsEnabled: true,
      securityGroupIds: [group],
      subnetIds: vpc.isolatedSubnets.map(subnet => subnet.subnetId),
    })
  const routeTableIds = [...vpc.privateSubnets, ...vpc.isolatedSubnets].map(subnet => subnet.routeTable.routeTableId)
  for (const name of gatewayServices)
    new CfnVPCEndpoint(stack, id(name), {
      vpcEndpointType: 'Gateway',
      serviceName: service(name),
      vpcId: vpc.vpcId,
      routeTableIds,
    })
}
