import { CfnTrail } from 'aws-cdk-lib/aws-cloudtrail'
import { CfnRepository } from 'aws-cdk-lib/aws-ecr'
import { CfnBucket, CfnBucketPolicy } from 'aws-cdk-lib/aws-s3'
import type { Stack } from 'aws-cdk-lib/core'
import { type Deployment, NODE_INDEXES } from '../model.ts'
import { anchorTableName, confBucketName, logBucketName, repositoryName, siteBucketName, stackNames } from '../names.ts'
import { imageNames, type StackBuilder } from './inputs.ts'
import { document, type Statement } from './statements.ts'
import { retainState, vaultStack } from './vault-stack.ts'

/** What every account has before anything else: an audit trail; in the wallet account also registry and conf bucket. */
export const buildBaseline: StackBuilder<'baseline'> = (app, deployment, { account }) => {
  const stack = vaultStack(app, deployment, {
    // Several accounts in one app: ids differ, names do not.
    name: stackNames.baseline(deployment),
    account,
    region: deployment.region,
    description: 'Trivault: audit trail of the account, and in the wallet account image registry and conf bucket',
    longLived: true,
  })
  auditTrail(stack, deployment, account)
  if (account === deployment.accounts.wallet) {
    for (const image of imageNames) {
      new CfnRepository(stack, `${pascal(image)}Repository`, {
        repositoryName: repositoryName(deployment, image),
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfiguration: { encryptionType: 'AES256' },
      })
    }
    privateBucket(stack, 'Conf', { name: confBucketName(deployment, account), statements: [] })
  }
  retainState(stack)
  return stack
}

function auditTrail(stack: Stack, deployment: Deployment, account: string): void {
  const name = `${stackNames.baseline(deployment)}-trail`
  const source = { 'aws:SourceArn': `arn:aws:cloudtrail:${deployment.region}:${account}:trail/${name}` }
  const bucketName = logBucketName(deployment, account)
  const { policy } = privateBucket(stack, 'Logs', {
    name: bucketName,
    expireDays: 400,
    statements: [
      {
        Sid: 'TrailChecksBucket',
        Effect: 'Allow',
        Principal: { Service: 'cloudtrail.amazonaws.com' },
        Action: ['s3:GetBucketAcl'],
        Resource: `arn:aws:s3:::${bucketName}`,
        Condition: { StringEquals: source },
      },
      {
        Sid: 'TrailWrites',
        Effect: 'Allow',
        Principal: { Service: 'cloudtrail.amazonaws.com' },
        Action: ['s3:PutObject'],
        Resource: `arn:aws:s3:::${bucketName}/AWSLogs/${account}/*`,
        Condition: { StringEquals: source },
      },
      ...(account === deployment.accounts.wallet
        ? [
            {
              Sid: 'LoadBalancerWrites',
              Effect: 'Allow',
              Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
              Action: ['s3:PutObject'],
              Resource: `arn:aws:s3:::${bucketName}/api/AWSLogs/${account}/*`,
              Condition: { StringEquals: { 'aws:SourceAccount': account } },
            } satisfies Statement,
          ]
        : []),
    ],
  })
  const trail = new CfnTrail(stack, 'Trail', {
    trailName: name,
    s3BucketName: bucketName,
    isLogging: true,
    isMultiRegionTrail: true,
    includeGlobalServiceEvents: true,
    enableLogFileValidation: true,
    advancedEventSelectors: [
      { name: 'Management', fieldSelectors: [{ field: 'eventCategory', equalTo: ['Management'] }] },
      ...writes('Files of the web apps', 'AWS::S3::Object', webFiles(deployment, account)),
      ...writes('Anchor tables', 'AWS::DynamoDB::Table', anchors(deployment, account)),
    ],
  })
  trail.addResourceDependency(policy)
}

/** Who replaces a file of a web app or writes a node's anchor is on record. */
function writes(name: string, type: string, startsWith: readonly string[]) {
  if (startsWith.length === 0) return []
  const fieldSelectors = [
    { field: 'eventCategory', equalTo: ['Data'] },
    { field: 'resources.type', equalTo: [type] },
    { field: 'readOnly', equalTo: ['false'] },
    { field: 'resources.ARN', startsWith: [...startsWith] },
  ]
  return [{ name, fieldSelectors }]
}

function webFiles(deployment: Deployment, account: string): string[] {
  const { wallet, approverApp } = deployment.accounts
  const sites = [
    ...(account === wallet ? ['console' as const] : []),
    ...(account === approverApp ? ['approver-app' as const] : []),
  ]
  return sites.map(site => `arn:aws:s3:::${siteBucketName(deployment, site, account)}/`)
}

function anchors(deployment: Deployment, account: string): string[] {
  const own = NODE_INDEXES.filter(node => deployment.accounts.policyNodes[node] === account)
  return own.map(node => `arn:aws:dynamodb:${deployment.region}:${account}:table/${anchorTableName(deployment, node)}`)
}

export interface PrivateBucketOptions {
  readonly name: string
  readonly statements: readonly Statement[]
  readonly expireDays?: number
}

/** A bucket that nobody outside its policy reaches, encrypted, versioned, over TLS only. */
export function privateBucket(stack: Stack, id: string, { name, statements, expireDays }: PrivateBucketOptions) {
  const bucket = new CfnBucket(stack, `${id}Bucket`, {
    bucketName: name,
    publicAccessBlockConfiguration: {
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    bucketEncryption: {
      serverSideEncryptionConfiguration: [{ serverSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
    },
    ownershipControls: { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] },
    versioningConfiguration: { status: 'Enabled' },
    ...(expireDays !== undefined && {
      lifecycleConfiguration: {
        rules: [
          {
            status: 'Enabled',
            expirationInDays: expireDays,
            noncurrentVersionExpiration: { noncurrentDays: 30 },
          },
        ],
      },
    }),
  })
  const policy = new CfnBucketPolicy(stack, `${id}BucketPolicy`, {
    bucket: name,
    policyDocument: document([
      {
        Sid: 'OnlyOverTls',
        Effect: 'Deny',
        Principal: '*',
        Action: ['s3:*'],
        Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
      ...statements,
    ]),
  })
  policy.addResourceDependency(bucket)
  return { bucket, policy }
}

const pascal = (name: string) => name.replace(/(^|-)(\w)/g, (_match, _dash, letter: string) => letter.toUpperCase())
