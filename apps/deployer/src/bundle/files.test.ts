import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createContext } from '../context.ts'
import { deployerProgram } from '../program.ts'
import { variableNames } from '../settings.ts'
import { stepsOf } from '../steps.ts'
import { targets } from '../targets.ts'
import { generatedFiles } from './files.ts'
import { helpText } from './makefile.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

describe('generated files', () => {
  it.each(Object.entries(generatedFiles(read('installer/customer-config.yml'))))(
    '%s is in step (node apps/deployer/src/bundle/write.ts)',
    (path, text) => expect(read(path)).toBe(text),
  )
})

/** Every target and variable that the install guide names. */
const guideTargets = [
  'pull-customer-assets',
  'pull-deployer',
  'generate-customer-assets',
  'generate-cold-wallet-bundle',
  'deploy-stage-1',
  'deploy-baseline',
  'deploy-service-images',
  'generate-conf-files',
  'fetch-enclave-artifacts',
  'deploy-wallet-long-lived',
  'deploy-all-policy-nodes-long-lived',
  'deploy-policy-node0-long-lived',
  'deploy-policy-node1-long-lived',
  'deploy-policy-node2-long-lived',
  'generate-secret-file',
  'populate-secrets-wallet',
  'populate-secrets-policy-node0',
  'populate-secrets-policy-node1',
  'populate-secrets-policy-node2',
  'deploy-stage-2',
  'generate-fe-env',
  'deploy-wallet',
  'deploy-nitro-nodes',
  'start-wallet',
  'ecr-public-login',
  'backup-rds-snapshot',
  'bootstrap-policies-and-users',
]
const guideVariables = [
  'DEPLOYER_VERSION',
  'MPA_IMAGE_TAG',
  'CUSTOMER_SHARED_SEGMENT',
  'NAMESPACE',
  'ENV_PREFIX',
  'AWS_REGION',
  'BACKEND_API_PATH',
  'AWS_PROFILE',
  'LOCAL_AWS_PROFILE_MODE',
  'PULL_SYNC_MAKEFILE',
  'RDS_DB_INSTANCE_IDENTIFIER',
  'WALLET_API_KEY',
  'TENANT_SETUP_JSON',
]

describe('the table of targets', () => {
  it('has every target and variable of the guide, and help names them all', () => {
    expect(Object.keys(targets)).toEqual(expect.arrayContaining(guideTargets))
    expect(variableNames).toEqual(expect.arrayContaining(guideVariables))
    const help = helpText()
    for (const name of [...Object.keys(targets), ...variableNames])
      expect(help).toMatch(new RegExp(`^ .*\\b${name} `, 'm'))
  })

  it('has the stages in the order of the guide', () => {
    expect(targets['deploy-stage-1']?.sequence).toEqual([
      'deploy-baseline',
      'deploy-service-images',
      'generate-conf-files',
      'fetch-enclave-artifacts',
      'deploy-wallet-long-lived',
      'deploy-all-policy-nodes-long-lived',
    ])
    expect(targets['deploy-stage-2']?.sequence).toEqual([
      'generate-fe-env',
      'deploy-wallet',
      'deploy-nitro-nodes',
      'start-wallet',
    ])
  })

  it('is the list of commands; only the publisher has more', () => {
    const streams = { out: () => {}, err: () => {}, interactive: false }
    const flags = { json: false, dryRun: false, yes: false }
    const context = createContext({ environment: {}, cwd: root, streams, flags, ask: async () => false })
    const commands = deployerProgram(context).commands.map(command => command.name())
    expect(Object.keys(targets).filter(name => !commands.includes(name))).toEqual([])
    expect(commands.filter(name => !(name in targets)).sort()).toEqual(['delivery-policies', 'publish', 'upload'])
  })
})

describe('the steps of a role', () => {
  const numbers = (role: Parameters<typeof stepsOf>[0]): string[] => [...new Set(stepsOf(role).map(({ step }) => step))]
  const targetsOf = (role: Parameters<typeof stepsOf>[0]) => stepsOf(role).flatMap(({ target }) => target ?? [])

  it('are those of the guide; the infrastructure admin has step 12 too', () => {
    expect(numbers('infrastructure-admin')).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
      '12',
      '13',
      '14',
      '15',
      '16',
      '17',
    ])
    expect(numbers('policy-node1-admin')).toEqual(['1', '2', '3', '4', '5', '6', '7', '9', '10', '12'])
    expect(numbers('app-admin')).toEqual(['1', '3', '4', '5', '6', '7', '9', '13'])
  })

  it('never name a step of somebody else', () => {
    expect(targetsOf('policy-node1-admin').filter(name => /wallet|node[02]|service-images|nitro/.test(name))).toEqual(
      [],
    )
    expect(targetsOf('infrastructure-admin').filter(name => /policy-node\d/.test(name))).toEqual([])
  })
})
