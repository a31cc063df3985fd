import { CfnCertificate } from 'aws-cdk-lib/aws-certificatemanager'
import { CfnDistribution, CfnOriginAccessControl, CfnResponseHeadersPolicy } from 'aws-cdk-lib/aws-cloudfront'
import { CfnRecordSet } from 'aws-cdk-lib/aws-route53'
import { CfnOutput, type Stack } from 'aws-cdk-lib/core'
import type { Deployment, HostedZone } from '../model.ts'
import { siteBucketName, stackNames } from '../names.ts'
import { privateBucket } from './baseline.ts'
import { EDGE_REGION, type SiteHeaders, type StackBuilder } from './inputs.ts'
import { vaultStack } from './vault-stack.ts'

/** The console, in the wallet account. */
export const buildConsole: StackBuilder<'console'> = (app, deployment, { headers }) => {
  const { accounts, hosts, zones } = deployment
  const stack = vaultStack(app, deployment, {
    name: stackNames.console(deployment),
    account: accounts.wallet,
    region: EDGE_REGION,
    description: 'Trivault: web console',
    longLived: false,
  })
  staticSite(stack, deployment, { site: 'console', host: hosts.console, zone: zones.wallet, headers })
  return stack
}

/** The Approver App, in an account that the infrastructure admin does not control: whoever replaces its files signs for its users. */
export const buildApproverApp: StackBuilder<'approver-app'> = (app, deployment, { headers }) => {
  const { accounts, hosts, zones } = deployment
  const stack = vaultStack(app, deployment, {
    name: stackNames.approverApp(deployment),
    account: accounts.approverApp,
    region: EDGE_REGION,
    description: 'Trivault: Approver App',
    longLived: false,
  })
  staticSite(stack, deployment, { site: 'approver-app', host: hosts.approverApp, zone: zones.approverApp, headers })
  return stack
}

interface Site {
  readonly site: 'console' | 'approver-app'
  readonly host: string
  readonly zone: HostedZone
  readonly headers: SiteHeaders
}

/** CloudFront's zone for alias records. */
const CLOUDFRONT_ZONE = 'Z2FDTNDATAQYW2'
/** AWS's managed policy CachingOptimized; how long is told by each file's own Cache-Control. */
const CACHING = '658327ea-f89d-4fab-a63d-7e88639e58f6'

/** Files in a private bucket, served by CloudFront at a host name of its own. Unknown paths answer with the app. */
function staticSite(stack: Stack, deployment: Deployment, { site, host, zone, headers }: Site): void {
  const name = siteBucketName(deployment, site, stack.account)
  const certificate = new CfnCertificate(stack, 'Certificate', {
    domainName: host,
    validationMethod: 'DNS',
    domainValidationOptions: [{ domainName: host, hostedZoneId: zone.id }],
  })
  const access = new CfnOriginAccessControl(stack, 'Access', {
    originAccessControlConfig: {
      name: `${stack.stackName}-access`,
      originAccessControlOriginType: 's3',
      signingBehavior: 'always',
      signingProtocol: 'sigv4',
    },
  })
  const sent = new CfnResponseHeadersPolicy(stack, 'Headers', {
    responseHeadersPolicyConfig: { name: `${stack.stackName}-headers`, ...responseHeaders(headers) },
  })
  const origin = 'files'
  const distribution = new CfnDistribution(stack, 'Distribution', {
    distributionConfig: {
      enabled: true,
      comment: stack.stackName,
      aliases: [host],
      defaultRootObject: 'index.html',
      httpVersion: 'http2and3',
      ipv6Enabled: true,
      origins: [
        {
          id: origin,
          domainName: `${name}.s3.${EDGE_REGION}.amazonaws.com`,
          originAccessControlId: access.attrId,
          s3OriginConfig: { originAccessIdentity: '' },
        },
      ],
      defaultCacheBehavior: {
        targetOriginId: origin,
        viewerProtocolPolicy: 'redirect-to-https',
        allowedMethods: ['GET', 'HEAD'],
        cachePolicyId: CACHING,
        responseHeadersPolicyId: sent.attrId,
        compress: true,
      },
      // The bucket's policy allows no listing, so a missing file is a 403.
      customErrorResponses: [403, 404].map(errorCode => ({
        errorCode,
        responseCode: 200,
        responsePagePath: '/index.html',
        errorCachingMinTtl: 10,
      })),
      viewerCertificate: {
        acmCertificateArn: certificate.ref,
        minimumProtocolVersion: 'TLSv1.2_2021',
        sslSupportMethod: 'sni-only',
      },
    },
  })
  privateBucket(stack, 'Files', {
    name,
    statements: [
      {
        Sid: 'CloudFrontReads',
        Effect: 'Allow',
        Principal: { Service: 'cloudfront.amazonaws.com' },
        Action: ['s3:GetObject'],
        Resource: `arn:aws:s3:::${name}/*`,
        Condition: {
          StringEquals: {
            'aws:SourceArn': `arn:aws:cloudfront::${stack.account}:distribution/${distribution.attrId}`,
          },
        },
      },
    ],
  })
  for (const type of ['A', 'AAAA'])
    new CfnRecordSet(stack, `Record${type}`, {
      hostedZoneId: zone.id,
      name: `${host}.`,
      type,
      aliasTarget: { dnsName: distribution.attrDomainName, hostedZoneId: CLOUDFRONT_ZONE },
    })
  new CfnOutput(stack, 'DistributionId', { value: distribution.attrId })
}

/** CloudFront wants the well-known security headers in fields of their own and takes the rest by name. */
function responseHeaders(headers: SiteHeaders) {
  const { 'content-security-policy': contentSecurityPolicy, 'strict-transport-security': transport, ...rest } = headers
  const {
    'x-content-type-options': nosniff,
    'referrer-policy': referrerPolicy,
    'x-frame-options': frameOption,
    ...custom
  } = rest
  const maxAge = /max-age=(\d+)/.exec(transport ?? '')?.[1]
  return {
    securityHeadersConfig: {
      ...(contentSecurityPolicy && { contentSecurityPolicy: { contentSecurityPolicy, override: true } }),
      ...(maxAge && {
        strictTransportSecurity: {
          accessControlMaxAgeSec: Number(maxAge),
          includeSubdomains: transport?.includes('includeSubDomains') ?? false,
          override: true,
        },
      }),
      ...(nosniff && { contentTypeOptions: { override: true } }),
      ...(referrerPolicy && { referrerPolicy: { referrerPolicy, override: true } }),
      ...(frameOption && { frameOptions: { frameOption, override: true } }),
    },
    customHeadersConfig: {
      items: Object.entries(custom).map(([header, value]) => ({ header, value, override: true })),
    },
  }
}
