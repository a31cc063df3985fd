/** What somebody does wrong before a step: the deployer must stop, with this exit code and words that help. */
export interface Mistake {
  readonly before: number
  readonly who: string
  readonly script: string
  readonly code: number
  readonly says: RegExp
}

const deployer = (command: string): string => `trivault-deployer ${command}`

export const mistakes: readonly Mistake[] = [
  // Variables.
  {
    before: 5,
    who: 'everyone',
    script: `SIGNING_KEY_FINGERPRINT=sha256:${'0'.repeat(64)} ${deployer('pull-customer-assets')}`,
    code: 3,
    says: /fingerprint|signing key/i,
  },
  {
    before: 9,
    who: 'infrastructure-admin',
    script: `NAMESPACE=other ${deployer('deploy-baseline')}`,
    code: 1,
    says: /other[\s\S]*acme-custody|acme-custody[\s\S]*other/,
  },
  {
    before: 9,
    who: 'infrastructure-admin',
    script: `ENV_PREFIX= ${deployer('generate-conf-files')}`,
    code: 2,
    says: /ENV_PREFIX is not set[\s\S]*export ENV_PREFIX=/,
  },
  // Order.
  { before: 9, who: 'infrastructure-admin', script: deployer('deploy-wallet'), code: 1, says: /make \S+/ },
  {
    before: 12,
    who: 'infrastructure-admin',
    script: deployer('populate-secrets-wallet --yes'),
    code: 1,
    says: /make generate-secret-file/,
  },
  { before: 13, who: 'infrastructure-admin', script: deployer('start-wallet'), code: 1, says: /make deploy-wallet/ },
  // Somebody else's step.
  {
    before: 12,
    who: 'policy-node2-admin',
    script: deployer('populate-secrets-wallet'),
    code: 3,
    says: /infrastructure admin/,
  },
  {
    before: 12,
    who: 'policy-node2-admin',
    script: deployer('populate-secrets-policy-node1'),
    code: 3,
    says: /Policy Node 1 admin/,
  },
  {
    before: 13,
    who: 'policy-node2-admin',
    script: deployer('deploy-nitro-nodes'),
    code: 3,
    says: /infrastructure admin/,
  },
  // A second run.
  { before: 14, who: 'infrastructure-admin', script: deployer('start-wallet'), code: 0, says: /nothing to start/ },
  {
    before: 14,
    who: 'policy-node2-admin',
    script: deployer('populate-secrets-policy-node2'),
    code: 0,
    says: /stays as it is/,
  },
  {
    before: 17,
    who: 'infrastructure-admin',
    script: deployer('bootstrap-policies-and-users'),
    code: 0,
    says: /already populated/,
  },
]
