import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { securityHeaders } from '@trivault/web-config'
import type { Deployment, PcrSet } from '../../src/model.ts'
import { templatesOf } from '../../src/stacks/checks/index.ts'
import { buildApp, everyStack, type ReleaseInputs, type StackRequest } from '../../src/stacks/index.ts'
import { loadFixture } from '../fixtures/index.ts'

export const layouts = ['recommended', 'four-accounts', 'one-account'] as const
export type Layout = (typeof layouts)[number]

export const pcrs: PcrSet = { PCR0: 'a1'.repeat(48), PCR1: 'b2'.repeat(48), PCR2: 'c3'.repeat(48) }

const file = (component: string, extension: string, digit: string) => ({
  key: `${component}/${digit.repeat(64)}.${extension}`,
  sha256: digit.repeat(64),
})

/** What a release brings to the stacks, the same in every test. */
export function releaseInputs(deployment: Deployment): ReleaseInputs {
  const env = { API_URL: `https://${deployment.hosts.api}`, ISSUER: 'https://login.example.com/' }
  return {
    pcrs: [pcrs],
    images: {
      wallet: `sha256:${'1'.repeat(64)}`,
      broker: `sha256:${'2'.repeat(64)}`,
      'policy-node': `sha256:${'3'.repeat(64)}`,
    },
    conf: {
      wallet: file('wallet', 'json', '4'),
      broker: file('broker', 'conf', '5'),
      node0: file('node0', 'json', '6'),
      node1: file('node1', 'json', '7'),
      node2: file('node2', 'json', '8'),
    },
    eif: file('enclave', 'eif', '9'),
    headers: securityHeaders('approver', env),
  }
}

/** Synthesises stacks into a directory of their own, which goes again. */
export function synthesise(deployment: Deployment, requests: readonly StackRequest[]) {
  const directory = mkdtempSync(join(tmpdir(), 'trivault-synth-'))
  try {
    const assembly = buildApp(deployment, requests, directory).synth()
    return structuredClone(templatesOf(assembly))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A layout's deployment and its templates. */
export function synthesiseLayout(layout: Layout) {
  const deployment = loadFixture(layout)
  return { deployment, templates: synthesise(deployment, everyStack(deployment, releaseInputs(deployment))) }
}
