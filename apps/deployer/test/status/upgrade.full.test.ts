import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AwsDouble, startAwsDouble } from '@trivault/aws-double'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runDeployer } from '../../src/run.ts'
import { newKey } from '../delivery/keys.ts'
import { publishInto } from '../delivery/publisher.ts'
import { smallEif } from '../delivery/small-eif.ts'
import { temporary } from '../delivery/stage.ts'
import { fixtureText, fixtureVariables } from '../fixtures/index.ts'

const NODE1 = '222222222222'
const key = newKey()
const cwd = temporary('admin')
let aws: AwsDouble

/** One command as the admin of Policy Node 1, with one of two releases. */
async function run(args: string[], tag = 'v1') {
  const out: string[] = []
  const tell = (text: string): void => void out.push(text)
  const environment = {
    ...aws.environmentFor(NODE1, 'admin'),
    ...fixtureVariables('recommended'),
    DELIVERY_BUCKET: releases[tag] ?? '',
    SIGNING_KEY_FINGERPRINT: key.fingerprint,
    MPA_IMAGE_TAG: tag,
    DEPLOYER: 'local',
  }
  const streams = { out: tell, err: tell, interactive: false }
  const code = await runDeployer(args, { environment, cwd, streams, ask: async () => false })
  return { code, said: out.join('') }
}

const releases: Record<string, string> = {}

beforeAll(async () => {
  aws = await startAwsDouble({
    region: 'us-east-1',
    accounts: [{ id: '111111111111' }, { id: NODE1, users: { admin: 'administrator' } }],
  })
  // The CDK toolkit reads it from the process.
  vi.stubEnv('AWS_ENDPOINT_URL', aws.endpoint)
  for (const tag of ['v1', 'v2']) {
    releases[tag] = join(temporary('publish'), tag)
    publishInto(releases[tag], key, { enclaveTag: tag, ...smallEif(`policy node ${tag}`) })
  }
  writeFileSync(join(cwd, 'customer-config.yml'), fixtureText('recommended'))
  expect(await run(['generate-customer-assets'])).toEqual({ code: 0, said: expect.any(String) })
})
afterAll(() => {
  vi.unstubAllEnvs()
  return aws.stop()
})

const target = 'deploy-policy-node1-long-lived'

describe('the account of a Policy Node, from the first image to the next', () => {
  it('has its stacks, and lacks secrets only', async () => {
    for (const command of ['fetch-enclave-artifacts', 'deploy-baseline', target])
      expect(await run([command])).toEqual({ code: 0, said: expect.any(String) })
    const { said } = await run(['status'])
    expect(said).toContain('✓ stack acme-custody-testnet-baseline: CREATE_COMPLETE')
    expect(said).toContain('✓ stack acme-custody-testnet-policy-node1-long-lived: CREATE_COMPLETE')
    expect(said).toContain('policy-node1 (empty) → make populate-secrets-policy-node1')
    expect((await run(['doctor'])).said).toContain(
      '✓ key of Policy Node 1: answers the enclave image of MPA_IMAGE_TAG and no other',
    )
  })

  it('is told before the upgrade that the key does not answer the new image', async () => {
    expect(await run(['fetch-enclave-artifacts'], 'v2')).toEqual({ code: 0, said: expect.any(String) })
    const { code, said } = await run(['doctor'], 'v2')
    expect([code, said]).toEqual([
      1,
      expect.stringContaining(
        `✗ key of Policy Node 1: does not answer the enclave image of MPA_IMAGE_TAG: that node would not start → make ${target}`,
      ),
    ])
  })

  it('answers both while the upgrade runs, and only the new one after it', async () => {
    expect(await run([target], 'v2')).toEqual({ code: 0, said: expect.any(String) })
    expect((await run(['doctor'], 'v2')).said).toContain('! key of Policy Node 1: answers 1 other enclave image too')
    expect(await run([target, '--drop-previous'], 'v2')).toEqual({ code: 0, said: expect.any(String) })
    expect((await run(['doctor'], 'v2')).said).toContain(
      '✓ key of Policy Node 1: answers the enclave image of MPA_IMAGE_TAG and no other',
    )
    expect(await run(['fetch-enclave-artifacts'], 'v1')).toEqual({ code: 0, said: expect.any(String) })
    expect((await run(['doctor'], 'v1')).said).toContain('✗ key of Policy Node 1: does not answer')
  })
})
