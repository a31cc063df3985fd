import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import type { Context } from '../context.ts'
import { DeployerError } from '../errors.ts'
import { failed, reason } from './refusals.ts'
import { repositoryOf } from './release.ts'
import {
  deliveryRegistry,
  deliveryStore,
  ecrAuthorization,
  registryHost,
  verifiedRelease,
  verifyImage,
} from './verified.ts'

/** Verifies the deployer image of `DEPLOYER_VERSION`; resolves to the only reference that may be run. Throws `DeployerError`. */
export async function verifyDeployer(context: Context): Promise<string> {
  const { release, key } = await verifiedRelease(context, await deliveryStore(context), 'deployer')
  const { image, version } = release.deployer
  await verifyImage(deliveryRegistry(context), 'wallet-deployer', { digest: image, tag: version }, key)
  const registry = registryHost(context.settings.require('DELIVERY_REGISTRY'))
  return `${registry}/${repositoryOf('wallet-deployer')}@${image}`
}

/** What runs containers on this host. */
export interface ContainerEngine {
  has(reference: string): Promise<boolean>
  pull(reference: string): Promise<void>
  /** The password goes through standard input. */
  login(registry: string, user: string, password: string): Promise<void>
}

/** Docker's command line. Throws `DeployerError` missing-tool, failed. */
export function docker(environment: NodeJS.ProcessEnv): ContainerEngine {
  const run = (args: readonly string[], input = ''): Promise<number> =>
    new Promise((resolve, reject) => {
      const child = spawn('docker', args, { env: environment, stdio: ['pipe', 'ignore', 'inherit'] })
      child.once('error', cause => {
        const remedy = 'install Docker, or set DEPLOYER=local and run the deployer of a checkout'
        reject(new DeployerError('missing-tool', `docker cannot be run: ${reason(cause)}`, remedy, { cause }))
      })
      child.once('close', code => resolve(code ?? 1))
      // A docker that ends early closes its input: its exit code tells.
      child.stdin.on('error', () => undefined).end(input)
    })
  return {
    has: async reference => (await run(['image', 'inspect', reference])) === 0,
    async pull(reference) {
      if ((await run(['pull', '--quiet', reference])) !== 0)
        throw failed(`docker could not pull ${reference}`, 'run `make registry-login`, then this again')
    },
    async login(registry, user, password) {
      if ((await run(['login', '--username', user, '--password-stdin', registry], password)) !== 0)
        throw failed(`docker could not sign in to ${registry}`, 'see what docker printed above')
    },
  }
}

/** `make pull-deployer`: nothing that was not verified is pulled, and nothing that is there. */
export async function pullDeployer(context: Context, engine: ContainerEngine): Promise<string> {
  const reference = await verifyDeployer(context)
  const version = context.settings.require('DEPLOYER_VERSION')
  if (context.settings.get('DEPLOYER') === 'local')
    return `${reference} is verified; DEPLOYER=local runs the deployer of this host, so nothing is pulled`
  if (await engine.has(reference)) return `${version} is here already: ${reference}`
  if (context.flags.dryRun) return `would pull ${reference}`
  await engine.pull(reference)
  return `pulled ${version}: ${reference}`
}

async function ecrPassword(authorization: () => Promise<string>): Promise<[user: string, password: string]> {
  const decoded = Buffer.from((await authorization()).replace(/^Basic /, ''), 'base64').toString()
  const at = decoded.indexOf(':')
  return [decoded.slice(0, at), decoded.slice(at + 1)]
}

/** `make registry-login`: step 4 of the guide. */
export async function registryLogin(context: Context, engine: ContainerEngine): Promise<string> {
  const registry = registryHost(context.settings.require('DELIVERY_REGISTRY'))
  const [user, password] = await ecrPassword(ecrAuthorization(context, context.settings.require('DELIVERY_REGION')))
  await engine.login(registry, user, password)
  return `signed in to ${registry}`
}

const PUBLIC_REGISTRY = 'public.ecr.aws'

/** `make ecr-public-login`, on the host; the public registry hands out its tokens in us-east-1 only. */
export async function ecrPublicLogin(context: Context, engine: ContainerEngine): Promise<string> {
  const password = await awsCli(context.environment, ['ecr-public', 'get-login-password', '--region', 'us-east-1'])
  await engine.login(PUBLIC_REGISTRY, 'AWS', password)
  return `signed in to ${PUBLIC_REGISTRY}`
}

async function awsCli(environment: NodeJS.ProcessEnv, args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)('aws', args, { env: environment })).stdout.trim()
  } catch (cause) {
    const absent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    if (absent) throw new DeployerError('missing-tool', 'aws cannot be run', 'install the AWS CLI', { cause })
    throw failed(
      'the AWS CLI gave no password for public.ecr.aws',
      'see `aws sts get-caller-identity`: are you signed in?',
      cause,
    )
  }
}
