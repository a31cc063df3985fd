import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import type { OidcFlags } from './frontend.ts'
import { registerPublisher } from './publisher-commands.ts'

/** Steps 4 to 13 as far as they bring something from the publisher to the customer, and the publisher's own commands. */
export function registerDelivery(program: Command, context: Context): void {
  const { out } = context
  const command = (name: string, description: string, action: () => Promise<void>): Command =>
    program.command(name).description(description).action(action)
  const told = (name: string, description: string, action: () => Promise<string>): Command =>
    command(name, description, async () => {
      const text = await action()
      out.result({ result: text }, text)
    })

  command('verify-deployer', 'verify the deployer image by digest; print the reference that may be run', async () => {
    const { verifyDeployer } = await import('./deployer-image.ts')
    const reference = await verifyDeployer(context)
    out.result({ reference }, reference)
  })
  told('pull-deployer', 'pull the deployer image, once it is verified', async () => {
    const { docker, pullDeployer } = await import('./deployer-image.ts')
    return pullDeployer(context, docker(context.environment))
  })
  told('registry-login', 'sign Docker in to the delivery registry', async () => {
    const { docker, registryLogin } = await import('./deployer-image.ts')
    return registryLogin(context, docker(context.environment))
  })
  told('ecr-public-login', 'sign Docker in to public.ecr.aws', async () => {
    const { docker, ecrPublicLogin } = await import('./deployer-image.ts')
    return ecrPublicLogin(context, docker(context.environment))
  })
  command('pull-customer-assets', 'fetch the installer bundle; keeps what you edited', async () => {
    const { pullCustomerAssets } = await import('./pull-assets.ts')
    await pullCustomerAssets(context)
  })
  command('deploy-service-images', 'copy the service images into your ECR, by digest', async () => {
    const { deployServiceImages } = await import('./service-images.ts')
    await deployServiceImages(context)
  })
  command('fetch-enclave-artifacts', 'fetch enclave.eif and pcr.json; recompute the PCRs from the image', async () => {
    const { fetchEnclaveArtifacts } = await import('./enclave.ts')
    await fetchEnclaveArtifacts(context)
  })
  program
    .command('generate-fe-env')
    .description('make env-config.js, and package both web apps with it')
    .option('--issuer <url>', 'issuer of the identity provider (default: from customer-secrets.yml or Secrets Manager)')
    .option('--audience <audience>', 'audience of its access tokens')
    .option('--client-id-spa <id>', 'client id of the console')
    .option('--client-id-native <id>', 'client id of the Approver App')
    .action(async (flags: OidcFlags) => {
      const { generateFeEnv } = await import('./frontend.ts')
      await generateFeEnv(context, flags)
    })
  const absent = (name: string, message: string, remedy: string): Command =>
    command(name, 'not in this release', async () => {
      throw new DeployerError('not-in-this-release', message, remedy)
    })
  absent(
    'generate-cold-wallet-bundle',
    'the cold wallet is not in this release',
    'leave step 8 out: a vault without a cold wallet needs nothing of it',
  )
  absent(
    'check-data-api',
    'the wallet of this release reads chains from nodes (custom chain RPC URLs), not from a data API: there is no key to check',
    'name an RPC URL for every chain in customer-secrets.yml; balances and fees come from there',
  )
  registerPublisher(program, context)
}
