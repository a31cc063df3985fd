import type { ResourceCall } from '../services/cloudformation/provider.ts'
import { passRole } from '../services/iam/roles.ts'
import { type InertType, named } from './inert.ts'

const ec2 = (...names: string[]): readonly string[] => names.map(name => `ec2:${name}`)

/** Parts of a network that have an id of their own. */
const part = (prefix: string, kind: string, name: string, attribute: string): InertType => ({
  create: ec2(`Create${name}`, 'CreateTags'),
  update: ec2('CreateTags', 'DeleteTags'),
  remove: ec2(`Delete${name}`),
  id: `${prefix}-`,
  path: id => `${kind}/${id}`,
  attributes: id => ({ [attribute]: id }),
})

const address = (call: ResourceCall): string => `203.0.113.${(call.world.random(1)[0] ?? 0) % 254}`

export const networkTypes: Readonly<Record<string, InertType>> = {
  'AWS::EC2::VPC': {
    ...part('vpc', 'vpc', 'Vpc', 'VpcId'),
    create: ec2('CreateVpc', 'ModifyVpcAttribute', 'CreateTags', 'DescribeVpcs'),
    update: ec2('ModifyVpcAttribute', 'CreateTags'),
    attributes: (id, properties) => ({
      VpcId: id,
      CidrBlock: String(properties.CidrBlock),
      DefaultSecurityGroup: `sg-${id.slice(4)}`,
      DefaultNetworkAcl: `acl-${id.slice(4)}`,
    }),
  },
  'AWS::EC2::Subnet': {
    ...part('subnet', 'subnet', 'Subnet', 'SubnetId'),
    attributes: (id, properties) => ({
      SubnetId: id,
      AvailabilityZone: String(properties.AvailabilityZone ?? ''),
      CidrBlock: String(properties.CidrBlock ?? ''),
      VpcId: String(properties.VpcId),
    }),
  },
  'AWS::EC2::RouteTable': part('rtb', 'route-table', 'RouteTable', 'RouteTableId'),
  'AWS::EC2::InternetGateway': part('igw', 'internet-gateway', 'InternetGateway', 'InternetGatewayId'),
  'AWS::EC2::NatGateway': part('nat', 'natgateway', 'NatGateway', 'NatGatewayId'),
  'AWS::EC2::SubnetRouteTableAssociation': {
    create: ec2('AssociateRouteTable'),
    remove: ec2('DisassociateRouteTable'),
    id: 'rtbassoc-',
    path: (_, properties) => `route-table/${String(properties.RouteTableId)}`,
    attributes: id => ({ Id: id }),
  },
  'AWS::EC2::Route': {
    create: ec2('CreateRoute'),
    update: ec2('ReplaceRoute'),
    remove: ec2('DeleteRoute'),
    id: properties => `${String(properties.RouteTableId)}|${String(properties.DestinationCidrBlock)}`,
    path: (_, properties) => `route-table/${String(properties.RouteTableId)}`,
  },
  'AWS::EC2::VPCGatewayAttachment': {
    create: ec2('AttachInternetGateway'),
    remove: ec2('DetachInternetGateway'),
    id: properties => `IGW|${String(properties.VpcId)}`,
    path: (_, properties) => `internet-gateway/${String(properties.InternetGatewayId)}`,
  },
  'AWS::EC2::EIP': {
    create: ec2('AllocateAddress', 'CreateTags'),
    update: ec2('CreateTags'),
    remove: ec2('ReleaseAddress'),
    id: 'eipalloc-',
    path: id => `elastic-ip/${id}`,
    attributes: (id, _, call) => ({ AllocationId: id, PublicIp: address(call) }),
  },
  'AWS::EC2::VPCEndpoint': {
    ...part('vpce', 'vpc-endpoint', 'VpcEndpoint', 'Id'),
    update: ec2('ModifyVpcEndpoint'),
    remove: ec2('DeleteVpcEndpoints'),
  },
  'AWS::EC2::SecurityGroup': {
    ...part('sg', 'security-group', 'SecurityGroup', 'GroupId'),
    create: ec2(
      'CreateSecurityGroup',
      'AuthorizeSecurityGroupIngress',
      'AuthorizeSecurityGroupEgress',
      'RevokeSecurityGroupEgress',
      'CreateTags',
    ),
    attributes: (id, properties) => ({ GroupId: id, Id: id, VpcId: String(properties.VpcId ?? '') }),
  },
  'AWS::EC2::SecurityGroupIngress': {
    create: ec2('AuthorizeSecurityGroupIngress'),
    remove: ec2('RevokeSecurityGroupIngress'),
    id: 'sgr-',
    path: (_, properties) => `security-group/${String(properties.GroupId)}`,
    attributes: id => ({ Id: id }),
  },
  'AWS::EC2::SecurityGroupEgress': {
    create: ec2('AuthorizeSecurityGroupEgress'),
    remove: ec2('RevokeSecurityGroupEgress'),
    id: 'sgr-',
    path: (_, properties) => `security-group/${String(properties.GroupId)}`,
    attributes: id => ({ Id: id }),
  },
  'AWS::EC2::FlowLog': {
    create: ec2('CreateFlowLogs', 'CreateTags'),
    update: ec2('CreateTags'),
    remove: ec2('DeleteFlowLogs'),
    id: 'fl-',
    path: id => `vpc-flow-log/${id}`,
    attributes: id => ({ Id: id }),
    check: ({ DeliverLogsPermissionArn: role }, call) => {
      if (role !== undefined) passRole(call, String(role), 'vpc-flow-logs.amazonaws.com')
    },
  },
  'AWS::Logs::LogGroup': {
    create: ['logs:CreateLogGroup', 'logs:PutRetentionPolicy', 'logs:TagResource'],
    update: ['logs:PutRetentionPolicy', 'logs:TagResource'],
    remove: ['logs:DeleteLogGroup'],
    id: named('LogGroupName', 512),
    path: id => `log-group:${id}`,
    attributes: (id, _, { account, region }) => ({ Arn: `arn:aws:logs:${region}:${account}:log-group:${id}:*` }),
  },
  'AWS::ServiceDiscovery::PrivateDnsNamespace': {
    create: [
      'servicediscovery:CreatePrivateDnsNamespace',
      'servicediscovery:GetOperation',
      'servicediscovery:TagResource',
    ],
    update: ['servicediscovery:TagResource'],
    remove: ['servicediscovery:DeleteNamespace'],
    id: 'ns-',
    path: id => `namespace/${id}`,
    attributes: (id, _, { account, region }) => ({
      Id: id,
      Arn: `arn:aws:servicediscovery:${region}:${account}:namespace/${id}`,
      HostedZoneId: `Z${id.slice(3).toUpperCase()}`,
    }),
  },
  'AWS::ServiceDiscovery::Service': {
    create: ['servicediscovery:CreateService', 'servicediscovery:TagResource'],
    update: ['servicediscovery:UpdateService', 'servicediscovery:TagResource'],
    remove: ['servicediscovery:DeleteService'],
    id: 'srv-',
    path: id => `service/${id}`,
    attributes: (id, properties, { account, region }) => ({
      Id: id,
      Name: String(properties.Name ?? ''),
      Arn: `arn:aws:servicediscovery:${region}:${account}:service/${id}`,
    }),
  },
}
