import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { NODE_INDEXES } from '../model.ts'
import type { NodeFlags } from './long-lived.ts'
import type { NitroFlags } from './nitro-nodes.ts'
import type { WalletFlags } from './wallet.ts'

/** Steps 9, 10, 13 to 15 as far as they deploy stacks. Deploying twice changes nothing the second time and says so. */
export function registerDeploy(program: Command, context: Context): void {
  program
    .command('deploy-baseline')
    .description('audit trail of this account; in the wallet account also registry and conf bucket')
    .action(async () => (await import('./long-lived.ts')).deployBaseline(context))
  program
    .command('deploy-wallet-long-lived')
    .description('network, database and certificate')
    .action(async () => (await import('./long-lived.ts')).deployWalletLongLived(context))
  for (const node of NODE_INDEXES)
    withDropPrevious(program.command(`deploy-policy-node${node}-long-lived`))
      .description(`key, secret and anchor of Policy Node ${node}`)
      .action(async (flags: NodeFlags) => (await import('./long-lived.ts')).deployPolicyNodes(context, [node], flags))
  withDropPrevious(program.command('deploy-all-policy-nodes-long-lived'))
    .description('every Policy Node partition of this account; skips the others')
    .action(async (flags: NodeFlags) => (await import('./long-lived.ts')).deployAllPolicyNodes(context, flags))
  program
    .command('deploy-wallet')
    .description('wallet, broker and console; the wallet’s count stays what it is')
    .option('--confirm-url-change', 'move the public API to another host name')
    .action(async (flags: WalletFlags) => (await import('./wallet.ts')).deployWallet(context, flags))
  program
    .command('deploy-nitro-nodes')
    .description('Nitro hosts of the three Policy Nodes')
    .option('--refresh-host-image', 'take the newest Amazon Linux; replaces the hosts')
    .action(async (flags: NitroFlags) => (await import('./nitro-nodes.ts')).deployNitroNodes(context, flags))
  program
    .command('start-wallet')
    .description('set WalletServiceCount from 0 to 1 and wait until the wallet is healthy')
    .action(async () => (await import('./start-wallet.ts')).startWallet(context))
  program
    .command('deploy-approver-app')
    .description('the Approver App, in its own account')
    .action(async () => (await import('./sites.ts')).deployApproverApp(context))
  program
    .command('backup-rds-snapshot')
    .description('snapshot of a database instance or cluster; waits for it')
    .action(async () => (await import('./snapshot.ts')).backupSnapshot(context))
  program
    .command('decommission')
    .description('how to end an environment deliberately; deletes nothing')
    .action(async () => (await import('./decommission.ts')).decommission(context))
}

const withDropPrevious = (command: Command): Command =>
  command.option('--drop-previous', 'the key no longer answers the enclave image before this one')
