import { App, type Stack } from 'aws-cdk-lib/core'
import { type Deployment, NODE_INDEXES, type PcrSet } from '../model.ts'
import { buildBaseline } from './baseline.ts'
import type { ConfFiles, ImageDigests, SiteHeaders, StackRequest, StoredFile } from './inputs.ts'
import { buildNitroNodes } from './nitro-nodes.ts'
import { buildPolicyNode } from './policy-node.ts'
import { acknowledgeReasons } from './reasons.ts'
import { buildApproverApp, buildConsole } from './static-site.ts'
import { buildWallet } from './wallet.ts'
import { buildWalletLongLived } from './wallet-long-lived.ts'

/**
 * An app of the requested stacks; what goes into each comes from the deployment and the request alone, so equal input makes equal
 * templates. CDK writes into `outdir`. Throws DeployerError bad-config.
 */
export function buildApp(deployment: Deployment, requests: readonly StackRequest[], outdir: string): App {
  const { accounts, region, network } = deployment
  const app = new App({
    analyticsReporting: false,
    treeMetadata: false,
    // Known from the configuration: nothing is to be looked up in the account while templates are made.
    context: { [`availability-zones:account=${accounts.wallet}:region=${region}`]: network.availabilityZones },
    outdir,
  })
  for (const request of requests) build(app, deployment, request)
  acknowledgeReasons(app)
  return app
}

function build(app: App, deployment: Deployment, request: StackRequest): Stack {
  switch (request.kind) {
    case 'baseline':
      return buildBaseline(app, deployment, request)
    case 'wallet-long-lived':
      return buildWalletLongLived(app, deployment, request)
    case 'policy-node-long-lived':
      return buildPolicyNode(app, deployment, request)
    case 'wallet':
      return buildWallet(app, deployment, request)
    case 'console':
      return buildConsole(app, deployment, request)
    case 'nitro-nodes':
      return buildNitroNodes(app, deployment, request)
    case 'approver-app':
      return buildApproverApp(app, deployment, request)
  }
}

export interface ReleaseInputs {
  readonly pcrs: readonly PcrSet[]
  readonly images: ImageDigests
  readonly conf: ConfFiles
  readonly eif: StoredFile
  readonly headers: SiteHeaders
}

/** Every stack of every account. */
export function everyStack(deployment: Deployment, inputs: ReleaseInputs): StackRequest[] {
  const { wallet, policyNodes, approverApp } = deployment.accounts
  const accounts = [...new Set([wallet, ...policyNodes, approverApp])]
  return [
    ...accounts.map(account => ({ kind: 'baseline', account }) as const),
    { kind: 'wallet-long-lived' },
    ...NODE_INDEXES.map(node => ({ kind: 'policy-node-long-lived', node, pcrs: inputs.pcrs }) as const),
    { kind: 'wallet', ...inputs },
    { kind: 'console', ...inputs },
    { kind: 'nitro-nodes', ...inputs },
    { kind: 'approver-app', ...inputs },
  ]
}
