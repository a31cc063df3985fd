import { matchesPattern } from './patterns.ts'

/**
 * Condition keys that the double fills whenever AWS would. A key that is not here is refused when a policy is stored: it
 * would never be present, and a condition on it would quietly mean something else than in AWS.
 */
const single = [
  'aws:CurrentTime',
  'aws:EpochTime',
  'aws:PrincipalAccount',
  'aws:PrincipalArn',
  'aws:PrincipalIsAWSService',
  'aws:PrincipalTag/*',
  'aws:PrincipalType',
  'aws:RequestedRegion',
  'aws:RequestTag/*',
  'aws:ResourceAccount',
  'aws:ResourceTag/*',
  'aws:SecureTransport',
  'aws:SourceAccount',
  'aws:SourceArn',
  'aws:SourceIp',
  'aws:userid',
  'aws:username',
  'aws:ViaAWSService',
  'cloudformation:StackSetARN',
  'ec2:ResourceTag/*',
  'ecs:cluster',
  'iam:AWSServiceName',
  'iam:PassedToService',
  'iam:PermissionsBoundary',
  'iam:PolicyARN',
  'kms:CallerAccount',
  'kms:EncryptionContext:*',
  'kms:GrantIsForAWSResource',
  'kms:KeySpec',
  'kms:KeyUsage',
  'kms:MessageType',
  'kms:RecipientAttestation:ImageSha384',
  ...Array.from({ length: 32 }, (_, index) => `kms:RecipientAttestation:PCR${index}`),
  'kms:RequestAlias',
  'kms:SigningAlgorithm',
  'kms:ViaService',
  's3:delimiter',
  's3:max-keys',
  's3:prefix',
  's3:ResourceAccount',
  's3:TlsVersion',
  's3:VersionId',
  's3:x-amz-acl',
  's3:x-amz-server-side-encryption',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  'secretsmanager:Name',
  'secretsmanager:ResourceTag/*',
  'secretsmanager:SecretId',
  'secretsmanager:VersionId',
  'secretsmanager:VersionStage',
  'sts:ExternalId',
  'sts:RoleSessionName',
]
const multiple = ['aws:TagKeys', 'kms:EncryptionContextKeys', 'kms:ResourceAliases']

const includes = (keys: readonly string[], key: string): boolean => keys.some(known => matchesPattern(known, key, true))

export const isKnownKey = (key: string): boolean => includes(single, key) || includes(multiple, key)

/** Keys with many values need ForAllValues or ForAnyValue. */
export const isMultivalued = (key: string): boolean => includes(multiple, key)
