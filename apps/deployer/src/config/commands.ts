import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { declaredRole } from '../preflight.ts'
import { planCustomerAssets, writeCustomerAssets, writeWhole } from './assets.ts'
import { BD_WALLET } from './bd-wallet.ts'
import { CUSTOMER_CONFIG } from './customer-config.ts'
import { checkEnvironment, readIfThere } from './index.ts'
import type { OidcOptions } from './oidc-urls.ts'
import { changeText, type FieldConflict, valueText } from './regenerate.ts'

export function registerConfig(program: Command, context: Context): void {
  program
    .command('generate-customer-assets')
    .description('make bd-wallet.yml from customer-config.yml; keeps your edits of bd-wallet.yml')
    .action(() => generateCustomerAssets(context))
  program
    .command('generate-conf-files')
    .description('write conf/ of every service from bd-wallet.yml')
    .action(() => generateConfFiles(context))
  program
    .command('oidc-urls')
    .description('print redirect URIs, logout URIs and origins to register at your identity provider')
    .option('--check', 'ask the identity provider whether it knows them')
    .option('--issuer <url>', 'with --check; else from customer-secrets.yml')
    .option('--client-id-spa <id>', 'with --check; else from customer-secrets.yml')
    .option('--client-id-native <id>', 'with --check; else from customer-secrets.yml')
    .action(async (options: OidcOptions) => (await import('./oidc-urls.ts')).oidcUrls(context, options))
  program
    .command('preflight')
    .description('check host, caller, variables and files; changes nothing')
    .action(async () => (await import('../findings.ts')).preflight(context))
  program
    .command('whoami')
    .description('show account, caller, roles and environment')
    .action(async () => (await import('../findings.ts')).whoami(context))
  program
    .command('my-steps')
    .description("list a role's steps (ROLE)")
    .action(async () => {
      const role = declaredRole(context)
      if (role === undefined) context.settings.require('ROLE')
      else (await import('../steps.ts')).mySteps(context, role)
    })
}

function generateCustomerAssets({ cwd, flags, out, settings }: Context): void {
  checkEnvironment(cwd, settings, [CUSTOMER_CONFIG])
  const plan = planCustomerAssets(cwd)
  if (plan.conflicts.length > 0) throw conflictError(plan.conflicts)
  if (!flags.dryRun) writeCustomerAssets(cwd, plan)
  const would = flags.dryRun ? 'would be ' : ''
  const lines = [
    plan.created
      ? `${BD_WALLET} ${would}made`
      : plan.changed.length === 0
        ? `${BD_WALLET} is up to date`
        : `${BD_WALLET} ${would}changed:`,
    ...plan.changed.map(change => `  ${changeText(change)}`),
    ...(plan.kept.length > 0 ? ['your edits that stay (generated → yours):'] : []),
    ...plan.kept.map(change => `  ${changeText(change)}`),
    ...(plan.tenantSetup === undefined
      ? []
      : [`tenant-setup.json ${would}filled in from the founders and chains: read it before step 16`]),
    ...(plan.changed.length > 0
      ? ['next: make generate-conf-files, then deploy-wallet and what else step 14 names']
      : []),
  ]
  const { created, changed, kept } = plan
  out.result({ created, changed, kept, tenantSetup: plan.tenantSetup !== undefined }, lines.join('\n'))
}

function conflictError(conflicts: readonly FieldConflict[]): DeployerError {
  const lines = conflicts.map(({ field, mine, generated, fixed }) =>
    fixed
      ? `  ${field}: ${BD_WALLET} says ${valueText(mine)}, customer-config.yml ${valueText(generated)}; it is changed in customer-config.yml only`
      : `  ${field}: you wrote ${valueText(mine)}, customer-config.yml now says ${valueText(generated)}`,
  )
  return new DeployerError(
    'conflict',
    `${BD_WALLET} was edited where customer-config.yml has changed too; nothing was written\n${lines.join('\n')}`,
    'write the value that you want into both files at these fields, and run it again',
    { place: { file: BD_WALLET } },
  )
}

async function generateConfFiles(context: Context): Promise<void> {
  const { confFiles } = await import('./conf-files.ts')
  const files = confFiles(context.deployment())
  const changed = [...files].filter(([name, text]) => readIfThere(context.file('conf', name)) !== text)
  if (!context.flags.dryRun) for (const [name, text] of changed) writeWhole(context.file('conf', name), text)
  const names = changed.map(([name]) => `conf/${name}`)
  const nodes = names.some(name => /node\d|nats/.test(name))
  const next = names.some(name => /wallet|nats/.test(name)) ? ['deploy-wallet'] : []
  if (nodes) next.push('deploy-nitro-nodes')
  context.out.result(
    { changed: names, next },
    names.length === 0
      ? 'conf/ is up to date'
      : `${context.flags.dryRun ? 'would write' : 'wrote'} ${names.join(', ')}\nfor a running vault next: make ${next.join(', make ')}`,
  )
}
