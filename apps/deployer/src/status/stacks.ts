import type { Finding } from '../findings.ts'
import { type Deployment, NODE_INDEXES } from '../model.ts'
import { stackNames } from '../names.ts'
import { fail, ok, warn } from './findings.ts'

/** A stack of this environment in one account. */
export interface ExpectedStack {
  readonly name: string
  readonly region: string
  /** The target that deploys it. */
  readonly target: string
}

/** CloudFront takes certificates of this region only. */
const CDN_REGION = 'us-east-1'

/** All that an account should have when the installation is complete. */
export function expectedStacks(deployment: Deployment, account: string): ExpectedStack[] {
  const { accounts, region } = deployment
  const at = (name: string, target: string, where = region): ExpectedStack => ({ name, target, region: where })
  return [
    at(stackNames.baseline(deployment), 'deploy-baseline'),
    ...(account === accounts.wallet ? [at(stackNames.walletLongLived(deployment), 'deploy-wallet-long-lived')] : []),
    ...NODE_INDEXES.filter(node => accounts.policyNodes[node] === account).map(node =>
      at(stackNames.policyNodeLongLived(deployment, node), `deploy-policy-node${node}-long-lived`),
    ),
    ...(account === accounts.wallet
      ? [
          at(stackNames.wallet(deployment), 'deploy-wallet'),
          at(stackNames.console(deployment), 'deploy-wallet', CDN_REGION),
          at(stackNames.nitroNodes(deployment), 'deploy-nitro-nodes'),
        ]
      : []),
    ...(account === accounts.approverApp
      ? [at(stackNames.approverApp(deployment), 'deploy-approver-app', CDN_REGION)]
      : []),
  ]
}

/** @param status of CloudFormation; undefined when there is no such stack */
export function stackFinding({ name, target, region }: ExpectedStack, status: string | undefined): Finding {
  const check = `stack ${name}`
  if (status === undefined) return fail(check, `is not in ${region}`, `make ${target}`)
  if (status.endsWith('_IN_PROGRESS')) return warn(check, `is at work (${status})`, 'wait, then run this again')
  // A rolled back update left the state before it, which works; a rolled back creation left nothing.
  if (status === 'UPDATE_ROLLBACK_COMPLETE')
    return warn(check, 'its last update was rolled back', `see its events in CloudFormation, then make ${target}`)
  if (status.endsWith('_COMPLETE') && status !== 'ROLLBACK_COMPLETE' && status !== 'DELETE_COMPLETE')
    return ok(check, status)
  return fail(check, status, `see its events in CloudFormation, then make ${target}`)
}
