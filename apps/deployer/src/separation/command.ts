import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { NODE_INDEXES, type PcrSet } from '../model.ts'
import { rolesOf, roleTitles } from '../roles.ts'
import { type StackTemplate, templatesOf } from '../stacks/checks/index.ts'
import { buildApp, type ConfFiles, type StackRequest } from '../stacks/index.ts'
import { inTemporaryDirectory } from '../temporary.ts'
import { withDeployed } from './deployed.ts'
import { proveSeparation } from './report.ts'
import { separationText } from './text.ts'

export interface SeparationFlags {
  readonly deployed?: boolean
  readonly administrator?: readonly string[]
  /** Files as pcr.json. */
  readonly alsoImage?: readonly string[]
}

/** Throws DeployerError refused, with the report, when separation does not hold. */
export async function proveSeparationCommand(context: Context, flags: SeparationFlags): Promise<void> {
  const deployment = context.deployment()
  const administrators = administratorsOf(context, flags)
  const images = await releasedImages(context, flags)
  const planned = await plannedTemplates(context, images?.[0] ?? standIn)
  const templates = flags.deployed ? await withDeployed(context, planned) : planned
  const report = proveSeparation({ deployment, templates, administrators, images })
  context.out.result(report, separationText(report, deployment))
  if (report.holds) return
  throw new DeployerError(
    'refused',
    `separation of duties does not hold: ${report.violations.join('; ')}`,
    'put Policy Nodes and Approver App into accounts of different people (layout: recommended), or accept the risk knowingly',
    { told: true },
  )
}

/** A person per account unless told otherwise. Throws DeployerError usage. */
function administratorsOf(context: Context, { administrator = [] }: SeparationFlags): Record<string, string> {
  const deployment = context.deployment()
  const { wallet, policyNodes, approverApp } = deployment.accounts
  const accounts = [...new Set([wallet, ...policyNodes, approverApp])]
  const names = Object.fromEntries(
    accounts.map((account, index) => [account, `Actor ${String.fromCharCode('A'.charCodeAt(0) + index)}`]),
  )
  for (const pair of administrator) {
    const [account = '', name = ''] = pair.split('=', 2)
    if (!accounts.includes(account) || name === '')
      throw new DeployerError(
        'usage',
        `--administrator ${pair} names no account of this environment`,
        `accounts: ${accounts
          .map(
            one =>
              `${one} (${rolesOf(deployment, one)
                .map(role => roleTitles[role])
                .join(', ')})`,
          )
          .join('; ')}`,
      )
    names[account] = name
  }
  return names
}

/** What the deployer would deploy: policies do not depend on images or conf files, so these are stand-ins. */
async function plannedTemplates(context: Context, measurements: PcrSet): Promise<StackTemplate[]> {
  const deployment = context.deployment()
  const { wallet, policyNodes, approverApp } = deployment.accounts
  const file = { key: 'stand-in', sha256: '0'.repeat(64) }
  const digest = `sha256:${'0'.repeat(64)}`
  const images = { wallet: digest, broker: digest, 'policy-node': digest }
  const conf: ConfFiles = { wallet: file, broker: file, node0: file, node1: file, node2: file }
  const pcrs = [measurements]
  const requests: StackRequest[] = [
    ...[...new Set([wallet, ...policyNodes, approverApp])].map(account => ({ kind: 'baseline', account }) as const),
    { kind: 'wallet-long-lived' },
    ...NODE_INDEXES.map(node => ({ kind: 'policy-node-long-lived', node, pcrs }) as const),
    { kind: 'wallet', images, conf },
    { kind: 'console', headers: {} },
    { kind: 'nitro-nodes', images, conf, eif: file },
    { kind: 'approver-app', headers: {} },
  ]
  process.env.CDK_VALIDATION ??= 'false'
  return inTemporaryDirectory(async directory =>
    structuredClone(templatesOf(buildApp(deployment, requests, directory).synth())),
  )
}

/** Before pcr.json is fetched: the presence of measurements in the policies is what counts then. */
const standIn: PcrSet = { PCR0: '1'.repeat(96), PCR1: '1'.repeat(96), PCR2: '1'.repeat(96) }

/** Of the signed release, and of images that the caller answers for; undefined before one is fetched. */
async function releasedImages(context: Context, { alsoImage = [] }: SeparationFlags): Promise<PcrSet[] | undefined> {
  const { readPulledPcrs, readTold } = await import('../delivery/enclave.ts')
  try {
    return [readPulledPcrs(context), ...alsoImage.map(file => readTold(context.file(file)))]
  } catch (error) {
    if (!(error instanceof DeployerError && ['missing-file', 'missing-variable'].includes(error.code))) throw error
    context.out.warn(`${error.message}: the measurements in the key policies are compared with nothing`)
    return undefined
  }
}
