import { type Command, Option } from 'commander'
import type { Context } from '../context.ts'
import { NODE_INDEXES } from '../model.ts'
import { targets } from '../targets.ts'
import type { OrderFlags } from './orders.ts'

/** Commands of step 12. */
export function registerSecrets(program: Command, context: Context): void {
  const command = (name: string): Command => program.command(name).description(targets[name]?.purpose ?? '')
  command('generate-secret-file').action(async () => (await import('./file-guard.ts')).generateSecretFile(context))
  command('broker-ca').action(async () => (await import('./broker-ca.ts')).brokerCa(context))
  command('populate-secrets-wallet')
    .addOption(new Option('--rotate <name...>', 'replace these secrets, although they are there').default([]))
    .action(async ({ rotate }: { rotate: string[] }) =>
      (await import('./populate-wallet.ts')).populateWallet(context, rotate),
    )
  for (const index of NODE_INDEXES)
    command(`populate-secrets-policy-node${index}`).action(async () =>
      (await import('./node-secret.ts')).populateNode(context, index),
    )
  for (const index of NODE_INDEXES)
    command(`pin-peers-policy-node${index}`)
      .option('--replace', 'put these pins in the place of others, before the vault is founded')
      .action(async ({ replace = false }: { replace?: boolean }) =>
        (await import('./pin-peers.ts')).pinPeers(context, index, { replace }),
      )
  command('pin-peers-wallet')
    .option('--replace', 'put these pins in the place of others, before the vault is founded')
    .action(async ({ replace = false }: { replace?: boolean }) =>
      (await import('./pin-peers.ts')).pinPeersWallet(context, { replace }),
    )
  for (const index of NODE_INDEXES)
    command(`order-policy-node${index}`)
      .option('--founding-epoch <file>', 'new owners, when the quorum of owners is lost')
      .option('--recreate <seq:hash>', 'have a lost vote record made again; the newest entry of both peers')
      .option('--release <peer:hash>', 'let a quarantined peer take part again; the hash that the node told')
      .option('--withdraw <kind>', 'take back founding-epoch, recreate or release')
      .action(async (flags: OrderFlags) => (await import('./orders.ts')).orderNode(context, index, flags))
  command('shred-secrets').action(async () => (await import('./file-guard.ts')).shredSecrets(context))
}
