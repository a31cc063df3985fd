import { createHash } from 'node:crypto'
import { confFiles } from '../config/conf-files.ts'
import { readIfThere } from '../config/index.ts'
import type { Context } from '../context.ts'
import { differingPcrs, readPulledPcrs } from '../delivery/enclave.ts'
import { readServiceImages } from '../delivery/service-images.ts'
import { deployedPcrs } from '../deploy/deployed-pcrs.ts'
import { readTemplate } from '../deploy/stack-state.ts'
import type { Finding } from '../findings.ts'
import { NODE_INDEXES, type PcrSet } from '../model.ts'
import { stackNames } from '../names.ts'
import { fail, ok, warn } from './findings.ts'

/** What conf/ holds, what the deployed templates name by hash, and which target puts it right. */
export interface ConfState {
  readonly file: string
  /** Text that bd-wallet.yml gives now. */
  readonly generated: string
  readonly onDisk: string | undefined
  /** All text of the stack that uses it; undefined when there is none. */
  readonly deployed: string | undefined
  readonly target: string
}

export function confFindings(states: readonly ConfState[]): Finding[] {
  const drift = states.flatMap(({ file, generated, onDisk, deployed, target }) => {
    const check = `conf/${file}`
    if (onDisk !== generated)
      return [
        fail(
          check,
          onDisk === undefined ? 'is not there' : 'is not what bd-wallet.yml gives',
          'make generate-conf-files',
        ),
      ]
    const hash = createHash('sha256').update(onDisk).digest('hex')
    if (deployed !== undefined && !deployed.includes(hash))
      return [fail(check, 'was not deployed since it changed', `make ${target}`)]
    return []
  })
  return drift.length > 0 ? drift : [ok('configuration', `${states.length} conf files are as generated and deployed`)]
}

/** Of the wallet account. */
export async function checkConf(context: Context): Promise<Finding[]> {
  const deployment = context.deployment()
  const text = async (stack: string) => {
    const template = await readTemplate(context, stack)
    return template && JSON.stringify(template)
  }
  const wallet = await text(stackNames.wallet(deployment))
  const nodes = await text(stackNames.nitroNodes(deployment))
  const states = [...confFiles(deployment)].map(([file, generated]): ConfState => {
    const ofNode = file.startsWith('node')
    return {
      file,
      generated,
      onDisk: readIfThere(context.file('conf', file)),
      deployed: ofNode ? nodes : wallet,
      target: ofNode ? 'deploy-nitro-nodes' : 'deploy-wallet',
    }
  })
  return confFindings(states)
}

/** Whether the running stacks name the images that were copied last. */
export async function checkImages(context: Context): Promise<Finding[]> {
  const deployment = context.deployment()
  const { digests } = readServiceImages(context.cwd)
  const wallet = JSON.stringify(await readTemplate(context, stackNames.wallet(deployment)))
  const nodes = JSON.stringify(await readTemplate(context, stackNames.nitroNodes(deployment)))
  const stale = [
    ...(['wallet', 'broker'] as const).filter(name => wallet !== undefined && !wallet.includes(digests[name])),
    ...(nodes !== undefined && !nodes.includes(digests['policy-node']) ? (['policy-node'] as const) : []),
  ]
  if (stale.length === 0) return [ok('images', 'the deployed images are the copied ones')]
  return stale.map(name =>
    warn(
      'images',
      `a newer image of ${name} was copied than is deployed`,
      `make ${name === 'policy-node' ? 'deploy-nitro-nodes' : 'deploy-wallet'}`,
    ),
  )
}

/** @param answers measurements that the key answers, by its policy; empty when it is not deployed */
export function keyPolicyFinding(node: number, pulled: PcrSet, answers: readonly PcrSet[]): Finding {
  const check = `key of Policy Node ${node}`
  const target = `make deploy-policy-node${node}-long-lived`
  if (answers.length === 0) return fail(check, 'its policy names no measurements', target)
  const matches = answers.some(set => differingPcrs(set, pulled).length === 0)
  if (!matches)
    return fail(check, 'does not answer the enclave image of MPA_IMAGE_TAG: that node would not start', target)
  const others = answers.length - 1
  if (others > 0)
    return warn(
      check,
      `answers ${others} other enclave image${others > 1 ? 's' : ''} too`,
      `once the upgrade is done: ${target} ARGS=--drop-previous`,
    )
  return ok(check, 'answers the enclave image of MPA_IMAGE_TAG and no other')
}

/** Of the partitions of this account; recomputes the measurements from enclave.eif. */
export async function checkKeyPolicies(context: Context, account: string): Promise<Finding[]> {
  const deployment = context.deployment()
  const mine = NODE_INDEXES.filter(node => deployment.accounts.policyNodes[node] === account)
  if (mine.length === 0) return []
  const pulled = readPulledPcrs(context)
  return Promise.all(
    mine.map(async node =>
      keyPolicyFinding(node, pulled, await deployedPcrs(context, stackNames.policyNodeLongLived(deployment, node))),
    ),
  )
}
