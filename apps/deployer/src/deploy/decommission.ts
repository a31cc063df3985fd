import type { Context } from '../context.ts'
import { NODE_INDEXES } from '../model.ts'
import {
  anchorTableName,
  anchorUserName,
  confBucketName,
  databaseIdentifier,
  logBucketName,
  nodeKeyAlias,
  stackNames,
} from '../names.ts'

/** How an environment ends. Nothing here deletes: every step is one that a person takes deliberately. */
export function decommission(context: Context): void {
  const deployment = context.deployment()
  const { accounts, hosts } = deployment
  const steps = [
    `Move every asset off the vault's addresses, and wait for finality. What stays there is lost with the keys.`,
    'Take and check a last master key backup (step 17); keep it with the ERS private key as long as an address may receive.',
    `Export the audit log (trivault audit export) and take a last snapshot of ${databaseIdentifier(deployment)}.`,
    `Approver App account ${accounts.approverApp}: delete the stack ${stackNames.approverApp(deployment)} (us-east-1).`,
    `Wallet account ${accounts.wallet}: delete ${stackNames.nitroNodes(deployment)}, ${stackNames.wallet(deployment)} (first turn off deletion ` +
      `protection of its load balancer) and ${stackNames.console(deployment)} (us-east-1; empty its bucket first).`,
    ...NODE_INDEXES.map(
      node =>
        `Policy Node ${node} admin, account ${accounts.policyNodes[node]}: turn off termination protection of ` +
        `${stackNames.policyNodeLongLived(deployment, node)} and delete it; secrets, keys, the table ${anchorTableName(deployment, node)} and the user ${anchorUserName(deployment, node)} stay. Delete the access key of that user. ` +
        `Then schedule the deletion of the key ${nodeKeyAlias(deployment, node)} (30 days in which it can be taken back): ` +
        'from its end on this share exists in backups only.',
    ),
    `Wallet account: turn off termination protection of ${stackNames.walletLongLived(deployment)} and delete it; the database stays ` +
      'until its deletion protection is turned off and it is deleted.',
    `Every account: the same with ${stackNames.baseline(deployment)}; the buckets ${logBucketName(deployment, '<account>')} and ` +
      `${confBucketName(deployment, accounts.wallet)} stay until they are emptied and deleted.`,
    `Remove the records of ${hosts.api}, ${hosts.console} and ${hosts.approverApp} that certificates left in the zones, and the clients at your identity provider.`,
  ]
  context.out.result(
    { steps },
    [
      'This deletes nothing. To end the environment, in this order:',
      ...steps.map((step, index) => `${index + 1}. ${step}`),
    ].join('\n'),
  )
}
