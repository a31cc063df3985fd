import { nodeAdmin, type Role, roles } from './roles.ts'
import type { VariableName } from './settings.ts'

/**
 * What is checked before a command: `nothing`; `files` NAMESPACE, ENV_PREFIX and AWS_REGION against the YAML files that are there;
 * `caller` that AWS knows the caller and it is not root; `account` all of it, and the caller's account against the step's roles.
 */
export type Needs = 'nothing' | 'files' | 'caller' | 'account'

export interface Target {
  /** Step of the guide, or what it is for. */
  readonly step: string
  readonly purpose: string
  /** Who runs it. */
  readonly roles: readonly Role[]
  readonly needs: Needs
  /** Variables without which it makes no sense. */
  readonly variables?: readonly VariableName[]
  /** A wrapper: these targets in this order. */
  readonly sequence?: readonly string[]
}

const everyone = roles
const infrastructure: readonly Role[] = ['infrastructure-admin']
const nodeAdmins: readonly Role[] = [nodeAdmin(0), nodeAdmin(1), nodeAdmin(2)]
const app: readonly Role[] = ['app-admin']
const installers: readonly Role[] = [...infrastructure, ...nodeAdmins]

const perNode = (name: (node: number) => string, make: (node: 0 | 1 | 2) => Target): Record<string, Target> =>
  Object.fromEntries(([0, 1, 2] as const).map(node => [name(node), make(node)]))

/** Every command that is a make target, in the order of the guide. The Makefile and its help are generated from this. */
export const targets: Readonly<Record<string, Target>> = {
  preflight: {
    step: 'any',
    purpose: 'Check host, caller, variables and files; change nothing',
    roles: everyone,
    needs: 'nothing',
  },
  whoami: { step: 'any', purpose: 'Show account, caller, roles and environment', roles: everyone, needs: 'caller' },
  'my-steps': { step: 'any', purpose: 'List the steps of ROLE', roles: everyone, needs: 'nothing' },
  'registry-login': { step: '4', purpose: 'Sign Docker in to the delivery registry', roles: everyone, needs: 'caller' },
  'verify-deployer': {
    step: '4',
    purpose: 'Verify the deployer image by digest with the signing key',
    roles: everyone,
    needs: 'caller',
    variables: ['DEPLOYER_VERSION', 'SIGNING_KEY_FINGERPRINT'],
  },
  'pull-customer-assets': {
    step: '5',
    purpose: 'Fetch and verify the installer bundle; keeps what you edited',
    roles: everyone,
    needs: 'caller',
    variables: ['CUSTOMER_SHARED_SEGMENT', 'SIGNING_KEY_FINGERPRINT'],
  },
  'pull-deployer': {
    step: '7',
    purpose: 'Pull the verified deployer image',
    roles: everyone,
    needs: 'caller',
    variables: ['DEPLOYER_VERSION', 'SIGNING_KEY_FINGERPRINT'],
  },
  'generate-customer-assets': {
    step: '7',
    purpose: 'Make bd-wallet.yml from customer-config.yml; keeps your edits of bd-wallet.yml',
    roles: everyone,
    needs: 'nothing',
    variables: ['NAMESPACE', 'ENV_PREFIX', 'AWS_REGION'],
  },
  'oidc-urls': {
    step: '7',
    purpose: 'Print redirect URIs, logout URIs and origins for your identity provider',
    roles: [...infrastructure, ...app],
    needs: 'files',
  },
  'check-data-api': { step: '7', purpose: 'Not in this release', roles: infrastructure, needs: 'nothing' },
  'generate-cold-wallet-bundle': { step: '8', purpose: 'Not in this release', roles: infrastructure, needs: 'nothing' },
  'deploy-stage-1': {
    step: '9',
    purpose: 'The six targets of stage 1 in order',
    roles: infrastructure,
    needs: 'account',
    variables: ['MPA_IMAGE_TAG', 'CUSTOMER_SHARED_SEGMENT'],
    sequence: [
      'deploy-baseline',
      'deploy-service-images',
      'generate-conf-files',
      'fetch-enclave-artifacts',
      'deploy-wallet-long-lived',
      'deploy-all-policy-nodes-long-lived',
    ],
  },
  'deploy-baseline': { step: '9', purpose: 'Baseline of this account', roles: everyone, needs: 'account' },
  'deploy-service-images': {
    step: '9',
    purpose: 'Service images into your ECR, by digest',
    roles: infrastructure,
    needs: 'account',
  },
  'generate-conf-files': {
    step: '9',
    purpose: 'conf/ of every service from bd-wallet.yml',
    roles: infrastructure,
    needs: 'files',
  },
  'fetch-enclave-artifacts': {
    step: '9',
    purpose: 'enclave.eif and pcr.json of MPA_IMAGE_TAG, verified',
    roles: installers,
    needs: 'caller',
    variables: ['MPA_IMAGE_TAG'],
  },
  'deploy-wallet-long-lived': {
    step: '9',
    purpose: 'Network, database, buckets, zone records, certificates',
    roles: infrastructure,
    needs: 'account',
  },
  'deploy-all-policy-nodes-long-lived': {
    step: '9',
    purpose: 'Every Policy Node partition of this account; skips the others',
    roles: infrastructure,
    needs: 'account',
  },
  ...perNode(
    node => `deploy-policy-node${node}-long-lived`,
    node => ({
      step: '10',
      purpose: `Keys, secret and anchor of Policy Node ${node}`,
      roles: [nodeAdmin(node)],
      needs: 'account',
    }),
  ),
  'broker-ca': { step: '12', purpose: "Make the broker's root certificate", roles: infrastructure, needs: 'files' },
  'generate-secret-file': {
    step: '12',
    purpose: 'Template of customer-secrets.yml; never overwrites',
    roles: installers,
    needs: 'files',
  },
  'populate-secrets-wallet': {
    step: '12',
    purpose: 'Secrets of the wallet partition; shows a plan first',
    roles: infrastructure,
    needs: 'account',
  },
  ...perNode(
    node => `populate-secrets-policy-node${node}`,
    node => ({
      step: '12',
      purpose: `Secrets of Policy Node ${node}, and its node card`,
      roles: [nodeAdmin(node)],
      needs: 'account',
    }),
  ),
  ...perNode(
    node => `pin-peers-policy-node${node}`,
    node => ({
      step: '12',
      purpose: `Pin the other nodes' cards at Policy Node ${node}, signed by its admin`,
      roles: [nodeAdmin(node)],
      needs: 'account',
    }),
  ),
  'pin-peers-wallet': {
    step: '12',
    purpose: "The wallet's copy of what the node admins pinned",
    roles: infrastructure,
    needs: 'account',
  },
  'shred-secrets': {
    step: '12',
    purpose: 'Destroy customer-secrets.yml after use',
    roles: infrastructure,
    needs: 'files',
  },
  'deploy-stage-2': {
    step: '13',
    purpose: 'The four targets of stage 2 in order',
    roles: infrastructure,
    needs: 'account',
    variables: ['BACKEND_API_PATH', 'MPA_IMAGE_TAG', 'CUSTOMER_SHARED_SEGMENT'],
    sequence: ['generate-fe-env', 'deploy-wallet', 'deploy-nitro-nodes', 'start-wallet'],
  },
  'generate-fe-env': {
    step: '13',
    purpose: 'env-config.js and frontend.zip for BACKEND_API_PATH',
    roles: [...infrastructure, ...app],
    needs: 'files',
    variables: ['BACKEND_API_PATH'],
  },
  'deploy-wallet': {
    step: '13',
    purpose: 'Wallet services; the first time with count 0, later it keeps the count',
    roles: infrastructure,
    needs: 'account',
  },
  'deploy-nitro-nodes': {
    step: '13',
    purpose: 'Nitro hosts of the three Policy Nodes',
    roles: infrastructure,
    needs: 'account',
    variables: ['MPA_IMAGE_TAG'],
  },
  'start-wallet': {
    step: '13',
    purpose: 'WalletServiceCount=1, only from 0; waits until healthy',
    roles: infrastructure,
    needs: 'account',
  },
  'deploy-approver-app': { step: '13', purpose: 'The Approver App in its own account', roles: app, needs: 'account' },
  'ecr-public-login': { step: 'any', purpose: 'Sign Docker in to public.ecr.aws', roles: everyone, needs: 'nothing' },
  'backup-rds-snapshot': {
    step: '15',
    purpose: 'Snapshot of the database before an upgrade',
    roles: infrastructure,
    needs: 'account',
    variables: ['RDS_DB_INSTANCE_IDENTIFIER'],
  },
  'bootstrap-policies-and-users': {
    step: '16',
    purpose: 'Set up the tenant from tenant-setup.json, once',
    roles: infrastructure,
    needs: 'files',
    variables: ['BACKEND_API_PATH', 'WALLET_API_KEY'],
  },
  ...perNode(
    node => `order-policy-node${node}`,
    node => ({
      step: 'any',
      purpose: `Sign an order to Policy Node ${node}: founding epoch, lost vote record, release of a peer`,
      roles: [nodeAdmin(node)],
      needs: 'account',
    }),
  ),
  'prove-separation': {
    step: 'any',
    purpose: 'Prove from the templates that nobody reaches two key shares',
    roles: everyone,
    needs: 'files',
  },
  'admin-policy': {
    step: 'any',
    purpose: 'Print the IAM policy that suffices for the steps of ROLE',
    roles: everyone,
    needs: 'files',
    variables: ['ROLE'],
  },
  status: { step: 'any', purpose: 'State of stacks, services and nodes', roles: everyone, needs: 'account' },
  decommission: {
    step: 'any',
    purpose: 'How to end an environment deliberately; deletes nothing',
    roles: everyone,
    needs: 'files',
  },
  doctor: { step: 'any', purpose: 'What is wrong and what to do', roles: everyone, needs: 'nothing' },
}
