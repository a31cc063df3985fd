import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { NODE_INDEXES } from '../model.ts'
import { stackNames } from '../names.ts'
import type { Step } from '../output.ts'
import { COUNT_PARAMETER, type ConfFiles, imageNames } from '../stacks/index.ts'
import { readConfFiles, storedFiles, storeFiles } from './conf-store.ts'
import { setUpDatabases } from './database-setup.ts'
import { stackStep, tellStacks } from './run-stacks.ts'
import { packagedSite, siteSteps } from './sites.ts'
import { readStack, readTemplate } from './stack-state.ts'
import type { DeployedStack } from './toolkit.ts'

export interface WalletFlags {
  readonly confirmUrlChange?: boolean
}

/** Services of the wallet and its console. The wallet's count stays what it is: 0 until start-wallet, then 1. */
export async function deployWallet(context: Context, flags: WalletFlags): Promise<void> {
  const deployment = context.deployment()
  const name = stackNames.wallet(deployment)
  const files = readConfFiles(context)
  const images = await readImages(context)
  const site = await packagedSite(context, 'console')
  await refuseUrlChange(context, name, flags)
  const before = await readStack(context, name)
  const live = before?.parameters[COUNT_PARAMETER] === '1'
  const done: DeployedStack[] = []
  const conf = storedFiles(files)
  const wallet = { title: 'Wallet and broker', request: { kind: 'wallet', images, conf } } as const
  const steps: Step[] = [
    ...(context.flags.dryRun ? [] : [confStep(context, Object.values(files))]),
    stackStep(context, wallet, done),
    ...(context.flags.dryRun
      ? []
      : [
          {
            title: 'Databases and their roles',
            run: async () => (live && !done[0]?.changed ? 'nothing to do' : setUpDatabases(context)),
          },
        ]),
    ...siteSteps(context, site, done),
  ]
  await context.out.steps(steps)
  const next = [
    ...(await nodesDue(context, conf)),
    ...(live
      ? [`${COUNT_PARAMETER} stays 1`]
      : [`${COUNT_PARAMETER} is 0: when the Nitro nodes run, make start-wallet starts the wallet`]),
  ]
  tellStacks(context, done, next)
}

export function confStep(context: Context, files: Parameters<typeof storeFiles>[1]): Step {
  return {
    title: 'Conf files',
    run: async () => {
      const stored = await storeFiles(context, files)
      return stored === 0 ? 'no changes' : `${stored} stored`
    },
  }
}

/** What deploy-service-images put into the registry. Throws DeployerError missing-file. */
export async function readImages(context: Context) {
  const { readServiceImages } = await import('../delivery/service-images.ts')
  const { digests } = readServiceImages(context.cwd)
  const missing = imageNames.filter(image => digests[image] === undefined)
  if (missing.length > 0)
    throw new DeployerError(
      'missing-file',
      `no digest of ${missing.join(', ')}`,
      'run `make deploy-service-images` first',
    )
  return digests
}

/** Integrations and event streams hold on to the public URL of a vault in use. */
async function refuseUrlChange(context: Context, stack: string, { confirmUrlChange }: WalletFlags): Promise<void> {
  const record = (await readTemplate(context, stack))?.Resources?.ApiRecord?.Properties?.Name
  if (typeof record !== 'string') return
  const deployed = record.replace(/\.$/, '')
  const { api } = context.deployment().hosts
  if (deployed === api || confirmUrlChange) return
  throw new DeployerError(
    'refused',
    `this would move the public API from https://${deployed} to https://${api}: event streaming, integrations and ` +
      'the apps that people have open would lose it',
    `keep ${deployed}, or plan the migration (new DNS name beside the old one, new redirect URIs, make generate-fe-env) ` +
      'and run this again with --confirm-url-change',
  )
}

/** Whether the Nitro hosts run with other conf files than these. */
async function nodesDue(context: Context, conf: ConfFiles): Promise<string[]> {
  const template = await readTemplate(context, stackNames.nitroNodes(context.deployment()))
  if (template === undefined) return ['next: make deploy-nitro-nodes']
  const text = JSON.stringify(template)
  const due = NODE_INDEXES.filter(node => !text.includes(conf[`node${node}`].sha256))
  return due.length === 0
    ? []
    : [`the configuration of Policy Node ${due.join(', ')} changed: make deploy-nitro-nodes is due`]
}
