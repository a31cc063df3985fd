import type { Deployment } from '../../model.ts'
import { stackNames } from '../../names.ts'
import { stateful } from '../vault-stack.ts'
import type { Invariant } from './invariant.ts'
import { isObject, list, type Resource, type StackTemplate } from './template.ts'

type Check = (properties: Readonly<Record<string, unknown>>, resource: Resource) => string | undefined | false

/** An invariant of all resources of some types; the check says what is wrong. */
const ofTypes = (name: string, types: readonly string[], check: Check): Invariant => ({
  name,
  check: ({ template }) =>
    Object.entries(template.Resources)
      .filter(([, { Type }]) => types.includes(Type))
      .flatMap(([id, resource]) => {
        const wrong = check(resource.Properties ?? {}, resource)
        return wrong ? [`${id}: ${wrong}`] : []
      }),
})

/** A nested property. */
const at = (value: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner) && typeof key === 'number') return inner[key]
    return isObject(inner) ? inner[key] : undefined
  }, value)

const isLongLived = ({ stack }: StackTemplate, deployment: Deployment) =>
  stack.endsWith('-long-lived') || stack === stackNames.baseline(deployment)

/** Of AWS: these have no tags of their own in CloudFormation. */
const untaggable = new Set([
  'AWS::CloudFront::OriginAccessControl',
  'AWS::CloudFront::ResponseHeadersPolicy',
  'AWS::EC2::Route',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::EC2::SubnetRouteTableAssociation',
  'AWS::EC2::VPCGatewayAttachment',
  'AWS::ElasticLoadBalancingV2::Listener',
  'AWS::IAM::InstanceProfile',
  'AWS::KMS::Alias',
  'AWS::Route53::RecordSet',
  'AWS::S3::BucketPolicy',
  'AWS::SecretsManager::ResourcePolicy',
])

/** Tags in the four shapes that CloudFormation has. */
function tagsOf({ Properties = {} }: Resource): Record<string, unknown> {
  const lists = [Properties.Tags, Properties.HostedZoneTags, at(Properties.TagSpecifications, 0, 'Tags')].filter(
    Boolean,
  )
  if (isObject(Properties.Tags)) return Properties.Tags
  return Object.fromEntries(lists.flatMap(list).map(tag => [String(at(tag, 'Key')), at(tag, 'Value')]))
}

/** Ports that a rule opens; -1 as protocol means all. */
const opens = (rule: unknown, port: number) =>
  at(rule, 'IpProtocol') === '-1' || (Number(at(rule, 'FromPort')) <= port && port <= Number(at(rule, 'ToPort')))

const isAnywhere = (rule: unknown) => at(rule, 'CidrIp') === '0.0.0.0/0' || at(rule, 'CidrIpv6') === '::/0'

const ingressOf = ({ Type, Properties = {} }: Resource) =>
  Type === 'AWS::EC2::SecurityGroupIngress' ? [Properties] : list(Properties.SecurityGroupIngress)

const MAX_INLINE_BYTES = 51_200
const CURRENT_TLS = 'ELBSecurityPolicy-TLS13-1-2-2021-06'

export const resourceInvariants: readonly Invariant[] = [
  {
    name: 'tagged',
    check: ({ template }, { tags }) =>
      Object.entries(template.Resources)
        .filter(([, { Type }]) => !untaggable.has(Type))
        .flatMap(([id, resource]) => {
          const found = tagsOf(resource)
          const missing = Object.entries(tags).filter(([key, value]) => found[key] !== value)
          return missing.length === 0
            ? []
            : [`${id} (${resource.Type}): without ${missing.map(([key]) => key).join(', ')}`]
        }),
  },
  {
    name: 'termination-protected',
    check: (stack, deployment) =>
      isLongLived(stack, deployment) && !stack.terminationProtection ? ['the stack can be deleted by one call'] : [],
  },
  {
    name: 'state-retained',
    check: (stack, deployment) =>
      !isLongLived(stack, deployment)
        ? []
        : Object.entries(stack.template.Resources)
            .filter(([, { Type }]) => stateful.has(Type))
            .filter(
              ([, { DeletionPolicy, UpdateReplacePolicy }]) =>
                !DeletionPolicy?.startsWith('Retain') || UpdateReplacePolicy !== 'Retain',
            )
            .map(([id, { Type }]) => `${id} (${Type}): goes with its stack`),
  },
  {
    name: 'no-ssh',
    check: ({ template }) =>
      Object.entries(template.Resources).flatMap(([id, resource]) => [
        ...ingressOf(resource)
          .filter(rule => opens(rule, 22) || opens(rule, 3389))
          .map(() => `${id}: lets SSH or RDP in`),
        ...(JSON.stringify(resource.Properties ?? {}).includes('"KeyName":') && resource.Type.startsWith('AWS::EC2::')
          ? [`${id}: has a key pair`]
          : []),
      ]),
  },
  {
    name: 'only-api-from-internet',
    check: ({ template }) =>
      Object.entries(template.Resources).flatMap(([id, resource]) =>
        ingressOf(resource)
          .filter(isAnywhere)
          .filter(rule => id !== 'LoadBalancerGroup' || at(rule, 'FromPort') !== 443 || at(rule, 'ToPort') !== 443)
          .map(() => `${id}: is open to the internet`),
      ),
  },
  ofTypes('bucket-private', ['AWS::S3::Bucket'], ({ PublicAccessBlockConfiguration: block, AccessControl }) => {
    const flags = ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets']
    return (AccessControl !== undefined || flags.some(flag => at(block, flag) !== true)) && 'could be made public'
  }),
  ofTypes(
    'bucket-encrypted',
    ['AWS::S3::Bucket'],
    ({ BucketEncryption: encryption }) =>
      at(encryption, 'ServerSideEncryptionConfiguration', 0, 'ServerSideEncryptionByDefault', 'SSEAlgorithm') ===
        undefined && 'is not encrypted',
  ),
  {
    name: 'bucket-tls-only',
    check: ({ template }) => {
      const resources = Object.entries(template.Resources)
      const safe = resources
        .filter(
          ([, { Type, Properties }]) =>
            Type === 'AWS::S3::BucketPolicy' && JSON.stringify(Properties).includes('"aws:SecureTransport":"false"'),
        )
        .map(([, { Properties }]) => Properties?.Bucket)
      return resources
        .filter(([, { Type, Properties }]) => Type === 'AWS::S3::Bucket' && !safe.includes(Properties?.BucketName))
        .map(([id]) => `${id}: answers without TLS`)
    },
  },
  ofTypes(
    'database-encrypted',
    ['AWS::RDS::DBInstance'],
    p => (p.StorageEncrypted !== true || p.KmsKeyId === undefined) && 'is not encrypted',
  ),
  ofTypes(
    'database-private',
    ['AWS::RDS::DBInstance'],
    p => p.PubliclyAccessible !== false && 'is reachable from the internet',
  ),
  ofTypes(
    'database-protected',
    ['AWS::RDS::DBInstance'],
    p => p.DeletionProtection !== true && 'can be deleted by one call',
  ),
  ofTypes(
    'database-backed-up',
    ['AWS::RDS::DBInstance'],
    p => !(Number(p.BackupRetentionPeriod) >= 7) && 'keeps less than 7 days of backups',
  ),
  ofTypes(
    'no-password-in-template',
    ['AWS::RDS::DBInstance', 'AWS::SecretsManager::Secret'],
    p =>
      (p.MasterUserPassword !== undefined || p.SecretString !== undefined || p.GenerateSecretString !== undefined) &&
      'has a secret in the template',
  ),
  ofTypes(
    'database-tls',
    ['AWS::RDS::DBParameterGroup'],
    p => at(p.Parameters, 'rds.force_ssl') !== '1' && 'accepts connections without TLS',
  ),
  ofTypes(
    'table-protected',
    ['AWS::DynamoDB::Table'],
    p =>
      (p.DeletionProtectionEnabled !== true ||
        at(p.PointInTimeRecoverySpecification, 'PointInTimeRecoveryEnabled') !== true) &&
      'can be deleted, or not be brought back',
  ),
  ofTypes(
    'key-rotates',
    ['AWS::KMS::Key'],
    // KMS rotates no key that signs.
    p => p.EnableKeyRotation !== true && p.KeyUsage !== 'SIGN_VERIFY' && 'keeps its key material for ever',
  ),
  ofTypes('imdsv2', ['AWS::EC2::LaunchTemplate'], ({ LaunchTemplateData: data }) => {
    const options = at(data, 'MetadataOptions')
    return (
      (at(options, 'HttpTokens') !== 'required' || at(options, 'HttpPutResponseHopLimit') !== 1) &&
      'gives the role to whoever can make the host send a request'
    )
  }),
  ofTypes('no-bare-instance', ['AWS::EC2::Instance'], () => 'is no host of a launch template'),
  ofTypes(
    'enclave',
    ['AWS::EC2::LaunchTemplate'],
    p => at(p.LaunchTemplateData, 'EnclaveOptions', 'Enabled') !== true && 'cannot run an enclave',
  ),
  ofTypes(
    'volumes-encrypted',
    ['AWS::EC2::LaunchTemplate'],
    ({ LaunchTemplateData: data }) =>
      (list(at(data, 'BlockDeviceMappings')).length === 0 ||
        list(at(data, 'BlockDeviceMappings')).some(mapping => at(mapping, 'Ebs', 'Encrypted') !== true)) &&
      'has a volume that is not encrypted',
  ),
  ofTypes('images-immutable', ['AWS::ECR::Repository'], p => p.ImageTagMutability !== 'IMMUTABLE' && 'lets tags move'),
  ofTypes('images-by-digest', ['AWS::ECS::TaskDefinition'], p => {
    const moving = list(p.ContainerDefinitions).filter(c => !/@sha256:[0-9a-f]{64}$/.test(String(at(c, 'Image'))))
    return moving.length > 0 && `runs ${moving.map(c => String(at(c, 'Image'))).join(', ')}`
  }),
  ofTypes('containers-confined', ['AWS::ECS::TaskDefinition'], p => {
    const loose = list(p.ContainerDefinitions).filter(
      c =>
        at(c, 'ReadonlyRootFilesystem') !== true ||
        at(c, 'User') === undefined ||
        /^(root|0)(:|$)/.test(String(at(c, 'User'))) ||
        at(c, 'Privileged') === true,
    )
    return loose.length > 0 && 'runs as root, or may change its own files'
  }),
  ofTypes('secret-names', ['AWS::ECS::TaskDefinition'], p => {
    const arns = list(p.ContainerDefinitions).flatMap(c => list(at(c, 'Secrets')).map(s => at(s, 'ValueFrom')))
    const misread = arns.filter(arn => typeof arn === 'string' && /-[A-Za-z0-9]{6}$/.test(arn))
    return misread.length > 0 && `${misread.join(', ')} would be read as a name with its suffix`
  }),
  ofTypes('environment-not-secret', ['AWS::ECS::TaskDefinition'], p => {
    const names = list(p.ContainerDefinitions).flatMap(c => list(at(c, 'Environment')).map(e => String(at(e, 'Name'))))
    const secret = names.filter(name => /PASSWORD|SECRET$|TOKEN|PRIVATE|DB_INFO|BROKER_TLS/.test(name))
    return secret.length > 0 && `${secret.join(', ')} is a plain variable`
  }),
  ofTypes(
    'tls-listener',
    ['AWS::ElasticLoadBalancingV2::Listener'],
    p => (p.Protocol !== 'HTTPS' || p.SslPolicy !== CURRENT_TLS) && 'accepts old TLS or none',
  ),
  ofTypes('tls-site', ['AWS::CloudFront::Distribution'], ({ DistributionConfig: config }) => {
    const policies = [at(config, 'DefaultCacheBehavior'), ...list(at(config, 'CacheBehaviors'))].map(b =>
      at(b, 'ViewerProtocolPolicy'),
    )
    const old = at(config, 'ViewerCertificate', 'MinimumProtocolVersion') !== 'TLSv1.2_2021'
    return (
      (old || policies.some(policy => policy !== 'redirect-to-https' && policy !== 'https-only')) &&
      'accepts old TLS or none'
    )
  }),
  ofTypes(
    'trail-on',
    ['AWS::CloudTrail::Trail'],
    p =>
      (p.IsLogging !== true || p.EnableLogFileValidation !== true || p.IsMultiRegionTrail !== true) &&
      'does not record everything',
  ),
  {
    name: 'template-fits-inline',
    check: ({ template }) => {
      const bytes = Buffer.byteLength(JSON.stringify(template, null, 1))
      return bytes > MAX_INLINE_BYTES
        ? [`${bytes} bytes; CloudFormation takes ${MAX_INLINE_BYTES} without a bucket`]
        : []
    },
  },
]
