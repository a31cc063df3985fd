import { authorize } from '../call.ts'
import { AwsError } from '../errors.ts'
import { serviceMay } from '../service-roles.ts'
import { generatedName, type ResourceCall } from '../services/cloudformation/provider.ts'
import type { Properties } from '../services/cloudformation/store.ts'
import { needServiceLinkedRole } from '../services/iam/roles.ts'
import { type InertType, named } from './inert.ts'

const elb = (...names: string[]): readonly string[] => names.map(name => `elasticloadbalancing:${name}`)
const cloudfront = (...names: string[]): readonly string[] => names.map(name => `cloudfront:${name}`)

const hex = (call: ResourceCall, length: number): string =>
  Buffer.from(call.world.random(length)).toString('hex').slice(0, length)

const distributionId = (_: Properties, call: ResourceCall): string => `E${hex(call, 13).toUpperCase()}`

type KeyValue = { readonly Key: string; readonly Value: string }

/** ELB writes a test file when access logs are switched on. */
function checkAccessLogs({ LoadBalancerAttributes: list = [] }: Properties, call: ResourceCall): void {
  const attributes = new Map((list as readonly KeyValue[]).map(({ Key, Value }) => [Key, Value]))
  if (attributes.get('access_logs.s3.enabled') !== 'true') return
  const name = attributes.get('access_logs.s3.bucket') ?? ''
  const prefix = attributes.get('access_logs.s3.prefix')
  const bucket = call.world.s3.buckets.get(name)
  const { account, region, world } = call
  const key = `${prefix ? `${prefix}/` : ''}AWSLogs/${account}/ELBAccessLogTestFile`
  const use = { service: 'logdelivery.elasticloadbalancing.amazonaws.com', account, region }
  const may = serviceMay(world, use, {
    action: 's3:PutObject',
    resource: `arn:aws:s3:::${name}/${key}`,
    policy: bucket?.policy?.policy,
  })
  if (!bucket || bucket.region !== region || !may) {
    throw new AwsError(
      'InvalidConfigurationRequest',
      `Access Denied for bucket: ${name}. Please check S3bucket permission`,
    )
  }
}

/** The certificate stands in the region where it is used; CloudFront takes those of us-east-1 only. */
function checkCertificate(arn: unknown, region: string, call: ResourceCall): void {
  const found = [...call.world.inert.values()].some(
    ({ type, id, region: place }) => type === 'AWS::CertificateManager::Certificate' && id === arn && place === region,
  )
  if (!found) throw new AwsError('CertificateNotFound', `Certificate '${String(arn)}' not found in ${region}`)
}

function checkZones(properties: Properties, call: ResourceCall): void {
  const options = (properties.DomainValidationOptions ?? []) as readonly {
    readonly HostedZoneId?: string
    readonly DomainName: string
  }[]
  for (const { HostedZoneId: id, DomainName: name } of options) {
    const zone = call.world.route53.zones.get(id ?? '')
    authorize(call, {
      action: 'route53:ChangeResourceRecordSets',
      resource: `arn:aws:route53:::hostedzone/${id ?? ''}`,
    })
    // Without the record in the zone the certificate is never issued, and the deployment waits for it in vain.
    if (zone?.account !== call.account || !`${name}.`.endsWith(`.${zone.name}`)) {
      throw new AwsError(
        'ValidationTimeout',
        `no DNS validation for ${name}: zone ${id ?? '(none)'} of this account does not hold it`,
      )
    }
  }
}

const arnPath = (id: string): string => id.split(':').slice(5).join(':')

export const webTypes: Readonly<Record<string, InertType>> = {
  'AWS::CertificateManager::Certificate': {
    create: ['acm:RequestCertificate', 'acm:DescribeCertificate', 'acm:AddTagsToCertificate'],
    update: ['acm:AddTagsToCertificate'],
    remove: ['acm:DeleteCertificate'],
    id: (_, call) => `arn:aws:acm:${call.region}:${call.account}:certificate/${crypto.randomUUID()}`,
    path: arnPath,
    arn: () => '*',
    attributes: id => ({ CertificateArn: id }),
    check: checkZones,
  },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    create: elb('CreateLoadBalancer', 'ModifyLoadBalancerAttributes', 'DescribeLoadBalancers', 'AddTags'),
    update: elb('ModifyLoadBalancerAttributes', 'SetSecurityGroups', 'SetSubnets', 'AddTags'),
    remove: elb('DeleteLoadBalancer'),
    id: (properties, call) => {
      const name = String(properties.Name ?? generatedName(call, 32))
      return `arn:aws:elasticloadbalancing:${call.region}:${call.account}:loadbalancer/app/${name}/${hex(call, 16)}`
    },
    path: arnPath,
    check: (properties, call) => {
      needServiceLinkedRole(call, 'elasticloadbalancing.amazonaws.com')
      checkAccessLogs(properties, call)
    },
    attributes: (id, _, { region }) => {
      const [, , name = '', suffix = ''] = arnPath(id).split('/')
      return {
        LoadBalancerArn: id,
        LoadBalancerName: name,
        LoadBalancerFullName: `app/${name}/${suffix}`,
        DNSName: `${name}-${suffix.slice(0, 9)}.${region}.elb.amazonaws.com`.toLowerCase(),
        CanonicalHostedZoneID: 'Z32O12XQLNTSW2',
      }
    },
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': {
    create: elb('CreateTargetGroup', 'ModifyTargetGroupAttributes', 'AddTags'),
    update: elb('ModifyTargetGroup', 'ModifyTargetGroupAttributes', 'AddTags'),
    remove: elb('DeleteTargetGroup'),
    id: (properties, call) => {
      const name = String(properties.Name ?? generatedName(call, 32))
      return `arn:aws:elasticloadbalancing:${call.region}:${call.account}:targetgroup/${name}/${hex(call, 16)}`
    },
    path: arnPath,
    attributes: id => ({
      TargetGroupArn: id,
      TargetGroupFullName: arnPath(id),
      TargetGroupName: id.split('/')[1] ?? '',
    }),
  },
  'AWS::ElasticLoadBalancingV2::Listener': {
    create: elb('CreateListener', 'AddTags'),
    update: elb('ModifyListener'),
    remove: elb('DeleteListener'),
    id: (properties, call) =>
      `${String(properties.LoadBalancerArn).replace(':loadbalancer/', ':listener/')}/${hex(call, 16)}`,
    path: arnPath,
    attributes: id => ({ ListenerArn: id }),
    check: ({ Certificates: list = [] }, call) => {
      for (const { CertificateArn: arn } of list as readonly { CertificateArn: string }[]) {
        checkCertificate(arn, call.region, call)
      }
    },
  },
  'AWS::CloudFront::OriginAccessControl': {
    create: cloudfront('CreateOriginAccessControl'),
    update: cloudfront('UpdateOriginAccessControl'),
    remove: cloudfront('DeleteOriginAccessControl'),
    id: distributionId,
    path: id => `origin-access-control/${id}`,
    arn: (id, { account }) => `arn:aws:cloudfront::${account}:origin-access-control/${id}`,
    attributes: id => ({ Id: id }),
  },
  'AWS::CloudFront::ResponseHeadersPolicy': {
    create: cloudfront('CreateResponseHeadersPolicy'),
    update: cloudfront('UpdateResponseHeadersPolicy'),
    remove: cloudfront('DeleteResponseHeadersPolicy'),
    id: () => crypto.randomUUID(),
    path: id => `response-headers-policy/${id}`,
    arn: (id, { account }) => `arn:aws:cloudfront::${account}:response-headers-policy/${id}`,
    attributes: id => ({ Id: id }),
  },
  'AWS::CloudFront::Distribution': {
    create: cloudfront('CreateDistribution', 'TagResource'),
    update: cloudfront('UpdateDistribution', 'TagResource'),
    remove: cloudfront('UpdateDistribution', 'DeleteDistribution'),
    id: distributionId,
    path: id => `distribution/${id}`,
    arn: (id, { account }) => `arn:aws:cloudfront::${account}:distribution/${id}`,
    attributes: id => ({ Id: id, DomainName: `${id.toLowerCase()}.cloudfront.net` }),
    check: ({ DistributionConfig: config }, call) => {
      const { ViewerCertificate: viewer } = config as { ViewerCertificate?: { AcmCertificateArn?: string } }
      if (viewer?.AcmCertificateArn !== undefined) checkCertificate(viewer.AcmCertificateArn, 'us-east-1', call)
    },
  },
  'AWS::CloudTrail::Trail': {
    create: ['cloudtrail:CreateTrail', 'cloudtrail:StartLogging', 'cloudtrail:PutEventSelectors', 'cloudtrail:AddTags'],
    update: ['cloudtrail:UpdateTrail', 'cloudtrail:PutEventSelectors', 'cloudtrail:AddTags'],
    remove: ['cloudtrail:DeleteTrail'],
    id: named('TrailName', 128),
    path: id => `trail/${id}`,
    attributes: (id, _, { account, region }) => ({ Arn: `arn:aws:cloudtrail:${region}:${account}:trail/${id}` }),
    check: checkTrailBucket,
  },
}

function checkTrailBucket({ S3BucketName: bucketName, TrailName: trail }: Properties, call: ResourceCall): void {
  const { account, region, world } = call
  const bucket = world.s3.buckets.get(String(bucketName))
  const sourceArn = `arn:aws:cloudtrail:${region}:${account}:trail/${String(trail)}`
  const use = { service: 'cloudtrail.amazonaws.com', account, region, sourceArn }
  const policy = bucket?.policy?.policy
  const arn = `arn:aws:s3:::${String(bucketName)}`
  const may =
    serviceMay(world, use, { action: 's3:GetBucketAcl', resource: arn, policy }) &&
    serviceMay(world, use, { action: 's3:PutObject', resource: `${arn}/AWSLogs/${account}/CloudTrail`, policy })
  if (!may) {
    throw new AwsError(
      'InsufficientS3BucketPolicyException',
      `Incorrect S3 bucket policy is detected for bucket: ${String(bucketName)}`,
    )
  }
}
