import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DeployerError } from '../errors.ts'
import type { Deployment } from '../model.ts'
import type { Settings } from '../settings.ts'
import { BD_WALLET, readBdWallet } from './bd-wallet.ts'
import { CUSTOMER_CONFIG, readCustomerConfig } from './customer-config.ts'
import { checkVariables } from './match.ts'
import { type ConfigProblem, configError } from './problem.ts'
import type { Environment } from './rules.ts'

/** Undefined when there is no such file. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new DeployerError('failed', `${path} cannot be read`, 'check its permissions', { cause })
  }
}

/** bd-wallet.yml of the working directory. Throws `DeployerError` missing-file, bad-config or mismatch. */
export function readDeployment(cwd: string, settings: Settings): Deployment {
  const text = readIfThere(join(cwd, BD_WALLET))
  if (text === undefined)
    throw new DeployerError(
      'missing-file',
      `${BD_WALLET} is not in ${cwd}`,
      'run `make generate-customer-assets` first',
    )
  const environment = orThrow(readBdWallet(text))
  checkEnvironment(cwd, settings)
  return complete(environment, settings)
}

/** The environment with what the Makefile variables say. Throws `DeployerError` missing-variable. */
export function complete(environment: Environment, settings: Settings): Deployment {
  return {
    ...environment,
    delivery: {
      registry: settings.require('DELIVERY_REGISTRY'),
      bucket: settings.require('DELIVERY_BUCKET'),
      region: settings.require('DELIVERY_REGION'),
    },
    release: {
      wallet: settings.require('CUSTOMER_SHARED_SEGMENT'),
      enclave: settings.require('MPA_IMAGE_TAG'),
      deployer: settings.require('DEPLOYER_VERSION'),
    },
  }
}

/** NAMESPACE, ENV_PREFIX, AWS_REGION and BACKEND_API_PATH against the YAML files that are there. Throws `DeployerError`. */
export function checkEnvironment(cwd: string, settings: Settings, files = [CUSTOMER_CONFIG, BD_WALLET]): void {
  const problems = files.flatMap(file => {
    const text = readIfThere(join(cwd, file))
    return text === undefined ? [] : checkVariables(file, text, settings)
  })
  if (problems.length > 0) throw configError(problems)
}

export function orThrow(read: { environment?: Environment; problems: readonly ConfigProblem[] }): Environment {
  if (read.environment === undefined) throw configError(read.problems)
  return read.environment
}

/** customer-config.yml of the working directory. Throws `DeployerError`. */
export function readCustomerConfigOf(cwd: string): Environment {
  const text = readIfThere(join(cwd, CUSTOMER_CONFIG))
  if (text === undefined)
    throw new DeployerError(
      'missing-file',
      `${CUSTOMER_CONFIG} is not in ${cwd}`,
      'run `make pull-customer-assets` first, then edit the template that it brings',
    )
  return orThrow(readCustomerConfig(text))
}
