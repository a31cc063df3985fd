import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { stackNames } from '../names.ts'
import { HOST_IMAGE_PARAMETER } from '../stacks/index.ts'
import { readConfFiles, readEnclaveImage, storedFiles } from './conf-store.ts'
import { stackStep, tellStacks } from './run-stacks.ts'
import { readStack } from './stack-state.ts'
import type { DeployedStack } from './toolkit.ts'
import { confStep, readImages } from './wallet.ts'

const HOST_IMAGE = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64'

export interface NitroFlags {
  /** Take the newest Amazon Linux instead of the one that the hosts run. */
  readonly refreshHostImage?: boolean
}

/** The three hosts. Whatever is new to a host replaces it; the other two and all state stay. */
export async function deployNitroNodes(context: Context, { refreshHostImage }: NitroFlags): Promise<void> {
  const files = readConfFiles(context)
  const eif = await readEnclaveImage(context)
  const images = await readImages(context)
  const before = await readStack(context, stackNames.nitroNodes(context.deployment()))
  const keep = before?.parameters[HOST_IMAGE_PARAMETER] !== undefined && !refreshHostImage
  const parameters: Record<string, string> = keep ? {} : { [HOST_IMAGE_PARAMETER]: await newestHostImage(context) }
  const done: DeployedStack[] = []
  const { node0, node1, node2 } = files
  const request = {
    kind: 'nitro-nodes',
    images,
    conf: storedFiles(files),
    eif: { key: eif.key, sha256: eif.sha256 },
  } as const
  await context.out.steps([
    ...(context.flags.dryRun ? [] : [confStep(context, [node0, node1, node2, eif])]),
    stackStep(context, { title: 'Nitro hosts of the three Policy Nodes', request, parameters }, done),
  ])
  tellStacks(context, done)
}

async function newestHostImage(context: Context): Promise<string> {
  const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm')
  const { Parameter } = await context.aws.client(SSMClient).send(new GetParameterCommand({ Name: HOST_IMAGE }))
  if (Parameter?.Value === undefined)
    throw new DeployerError(
      'aws',
      `AWS names no ${HOST_IMAGE} in this region`,
      'choose a region with Amazon Linux 2023',
    )
  return Parameter.Value
}
