import { type App, Validations } from 'aws-cdk-lib/core'
import type { IConstruct } from 'constructs'

/** Rules of CloudFormation's validation and of cdk-nag's AWS Solutions pack that these stacks leave unmet on purpose, and why. */
const reasons: Readonly<Record<string, string>> = {
  'CloudFormation-Validate::W3010': 'Zones are part of the configuration: no deployment may move a subnet by itself.',
  'AwsSolutions-AS3':
    'Hosts are watched by what they do: a node that is away shows in the wallet, in status and in its log group.',
  'AwsSolutions-CFR1': 'Who may use the vault is decided by sign-in and device keys, not by country.',
  'AwsSolutions-CFR2':
    'Static files without a query or a body: there is nothing for a firewall of requests to look at.',
  'AwsSolutions-CFR3':
    'Public static files; who replaces one is in the audit trail, who signs in is at the identity provider and the API.',
  'AwsSolutions-EC23': 'The public API: HTTPS on the load balancer only (invariant only-api-from-internet).',
  'AwsSolutions-ECS2':
    'Names, addresses and hashes; what is secret comes by valueFrom (invariant environment-not-secret).',
  'AwsSolutions-RDS11': 'A port is no secret; only the wallet and the Nitro hosts reach it.',
  'AwsSolutions-RDS3': 'database.multiAz of customer-config.yml decides; a test environment may do without.',
  'AwsSolutions-S1':
    'Writes to the web apps are in the audit trail; conf files are named by their hash; a log bucket does not log itself.',
  'AwsSolutions-SMG4':
    'A node secret seals data and must never change by itself; pins are changed by their admin (populate-secrets-policy-node, pin-peers-policy-node).',
}

export function acknowledgeReasons(app: App): void {
  for (const [id, reason] of Object.entries(reasons)) Validations.of(app).acknowledge({ id, reason })
}

const ONLY_AWS_KNOWS =
  'Stands for what only AWS knows, or has no narrower form: log streams, key ids, hashes in object keys, actions without a resource ' +
  '(invariants no-wildcard-resource, no-wildcard-action and no-escalation refuse the rest).'

/** Acknowledges each open resource of a role's policy by itself, so that another one is a finding. */
export function acknowledgeOpenResources(role: IConstruct, resources: readonly unknown[]): void {
  const open = resources.flat().filter(one => typeof one === 'string' && one.includes('*'))
  for (const resource of new Set(open))
    Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason: ONLY_AWS_KNOWS })
}
