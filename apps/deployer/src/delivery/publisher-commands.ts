import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { PublishOptions } from './publisher.ts'

/** What only the publisher of a delivery uses. */
export function registerPublisher(program: Command, context: Context): void {
  program
    .command('publish')
    .description('publisher: make and sign one release in a new folder; needs no network')
    .requiredOption('--release <tag>', 'wallet release tag (CUSTOMER_SHARED_SEGMENT)')
    .requiredOption('--deployer-version <tag>', 'deployer version (DEPLOYER_VERSION)')
    .requiredOption('--enclave-tag <tag>', 'enclave tag (MPA_IMAGE_TAG)')
    .requiredOption('--key <pem>', 'private signing key, ECDSA on P-256')
    .option('--passphrase-file <file>', 'passphrase of the signing key')
    .requiredOption('--out <dir>', 'a new folder')
    .requiredOption('--kernel <file>', 'kernel of the enclave image')
    .requiredOption('--boot-ramdisk <file>', 'boot ramdisk of the enclave image (init and nsm.ko)')
    .option(
      '--cmdline <text>',
      'kernel command line',
      'reboot=k panic=30 pci=off nomodules console=ttyS0 random.trust_cpu=on root=/dev/ram0',
    )
    .option('--enclave-certificate <pem>', 'certificate (P-384) to sign the enclave image with: makes PCR8')
    .option('--enclave-key <pem>', 'its private key')
    .option('--nats-server <file>', 'nats-server to pack', '/usr/sbin/nats-server')
    .option('--rds-ca <pem>', 'certificates of the RDS authorities, for the database’s TLS')
    .action(async (options: PublishOptions) => {
      const { publishCommand } = await import('./publisher.ts')
      await publishCommand(context, options)
    })
  program
    .command('upload')
    .description('publisher: put a published folder into bucket and registry; needs no key')
    .argument('<dir>', 'the folder that publish made')
    .action(async (folder: string) => {
      const { uploadCommand } = await import('./publisher.ts')
      await uploadCommand(context, folder)
    })
  program
    .command('delivery-policies')
    .description('publisher: who may pull, as policies of bucket and repositories')
    .requiredOption('--list <file>', 'account ids, one per line')
    .option('--apply', 'set them (default: print them)')
    .action(async (options: { list: string; apply?: true }) => {
      const { policiesCommand } = await import('./publisher.ts')
      await policiesCommand(context, options)
    })
}
