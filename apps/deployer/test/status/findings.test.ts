import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/delivery/signing.ts'
import { expiryFinding } from '../../src/status/certificates.ts'
import { confFindings, keyPolicyFinding } from '../../src/status/drift.ts'
import { attempted, report } from '../../src/status/findings.ts'
import { expectedSecrets, secretFindings } from '../../src/status/secrets.ts'
import { nodeFindings, serviceFinding } from '../../src/status/services.ts'
import { discoveryFinding } from '../../src/status/sign-in.ts'
import { expectedStacks, stackFinding } from '../../src/status/stacks.ts'
import { testContext } from '../delivery/context.ts'
import { loadFixture } from '../fixtures/index.ts'

const deployment = loadFixture('recommended')
const [wallet, node1, node2] = ['111111111111', '222222222222', '333333333333'] as const
const pcrs = (digit: string) => ({ PCR0: digit.repeat(96), PCR1: digit.repeat(96), PCR2: digit.repeat(96) })

describe('what an account should have', () => {
  it('is its own partition, in every layout', () => {
    const names = (account: string) =>
      expectedStacks(deployment, account).map(({ name }) => name.replace('acme-custody-testnet-', ''))
    expect(names(wallet)).toEqual([
      'baseline',
      'wallet-long-lived',
      'policy-node0-long-lived',
      'wallet',
      'console',
      'nitro-nodes',
    ])
    expect(names(node1)).toEqual(['baseline', 'policy-node1-long-lived', 'approver-app'])
    expect(names(node2)).toEqual(['baseline', 'policy-node2-long-lived'])
    const one = loadFixture('one-account')
    expect(expectedStacks(one, one.accounts.wallet)).toHaveLength(9)
  })

  it('has secrets of one node in that node’s account, and no other node’s', () => {
    const names = (account: string) => expectedSecrets(deployment, account).map(({ name }) => name)
    expect(names(node2)).toEqual(['policy-node2', 'policy-node2.pins'])
    expect(names(wallet)).toEqual(expect.arrayContaining(['db-info', 'db-info.node2', 'auth0', 'policy-node0']))
    expect(names(wallet)).not.toContain('policy-node1')
  })
})

describe('a finding', () => {
  const stack = { name: 's', region: 'eu-west-1', target: 'deploy-wallet' }
  it.each([
    [undefined, 'fail'],
    ['ROLLBACK_COMPLETE', 'fail'],
    ['UPDATE_ROLLBACK_FAILED', 'fail'],
    ['DELETE_COMPLETE', 'fail'],
    ['CREATE_FAILED', 'fail'],
    ['UPDATE_ROLLBACK_COMPLETE', 'warn'],
    ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'warn'],
    ['CREATE_COMPLETE', 'ok'],
    ['UPDATE_COMPLETE', 'ok'],
    ['IMPORT_COMPLETE', 'ok'],
  ])('of a stack in state %s is %s', (state, level) => {
    expect(stackFinding(stack, state).level).toBe(level)
  })

  it.each([
    [undefined, 'make deploy-wallet'],
    [{ desired: 0, running: 0 }, 'make start-wallet'],
    [{ desired: 1, running: 0, event: 'unable to pull' }, 'read the log group /logs'],
  ])('of a wallet service with %j names the next step', (counts, remedy) => {
    expect(serviceFinding('wallet', counts, '/logs')).toMatchObject({ level: 'fail', remedy })
  })

  it('of a service that runs is ok', () => {
    expect(serviceFinding('broker', { desired: 1, running: 1 }, '/logs').level).toBe('ok')
  })

  it('of nodes says who is offline and who does not vote', () => {
    const [voting, behind, offline] = nodeFindings([
      { Index: 0, Online: true, State: 'voting' },
      { Index: 1, Online: true, State: 'behind' },
      { Index: 2, Online: false, State: 'voting' },
    ])
    expect(voting?.level).toBe('ok')
    expect(behind).toMatchObject({ level: 'fail', check: 'Policy Node 1', message: 'behind' })
    expect(offline).toMatchObject({ level: 'fail', check: 'Policy Node 2', message: 'is offline' })
  })

  it('of secrets groups what is lacking by the target that brings it', () => {
    const found = [
      { name: 'auth0', target: 'populate-secrets-wallet', value: undefined },
      { name: 'db-info', target: 'populate-secrets-wallet', value: false },
      { name: 'pins', target: 'pin-peers-wallet', value: undefined },
      { name: 'ok', target: 'x', value: true },
    ]
    expect(secretFindings(found).map(({ message, remedy }) => [message, remedy])).toEqual([
      ['without a value: auth0, db-info (empty)', 'make populate-secrets-wallet'],
      ['without a value: pins', 'make pin-peers-wallet'],
    ])
    expect(secretFindings(found.slice(3))[0]?.level).toBe('ok')
  })

  it('of a conf file tells three kinds of drift apart', () => {
    const state = {
      file: 'wallet.json',
      generated: '{}',
      onDisk: '{}',
      deployed: `…${sha256(Buffer.from('{}'))}…`,
      target: 'deploy-wallet',
    }
    expect(confFindings([state])[0]?.level).toBe('ok')
    expect(confFindings([{ ...state, deployed: undefined }])[0]?.level).toBe('ok')
    expect(confFindings([{ ...state, onDisk: undefined }])[0]).toMatchObject({ message: 'is not there' })
    expect(confFindings([{ ...state, onDisk: '{"edited":1}' }])[0]).toMatchObject({
      remedy: 'make generate-conf-files',
    })
    expect(confFindings([{ ...state, deployed: 'another hash' }])[0]).toMatchObject({
      level: 'fail',
      remedy: 'make deploy-wallet',
    })
  })

  it('of a key policy compares the measurements of the pulled image', () => {
    expect(keyPolicyFinding(0, pcrs('a'), []).level).toBe('fail')
    expect(keyPolicyFinding(0, pcrs('a'), [pcrs('b')]).message).toContain('that node would not start')
    expect(keyPolicyFinding(0, pcrs('a'), [{ ...pcrs('a'), PCR2: 'b'.repeat(96) }]).level).toBe('fail')
    expect(keyPolicyFinding(0, pcrs('a'), [{ ...pcrs('a'), PCR8: 'b'.repeat(96) }]).level).toBe('fail')
    expect(keyPolicyFinding(0, pcrs('a'), [pcrs('a'), pcrs('b')])).toMatchObject({ level: 'warn' })
    expect(keyPolicyFinding(0, pcrs('a'), [pcrs('a')]).level).toBe('ok')
  })

  it.each([
    [-1, 'fail'],
    [29, 'warn'],
    [31, 'ok'],
  ])('of a certificate that ends in %d days is %s', (days, level) => {
    expect(expiryFinding('c', 1e12 + days * 86_400_000, 1e12, 'renew').level).toBe(level)
  })

  it('of the identity provider compares the issuer byte by byte', () => {
    const document = {
      issuer: 'https://login.example.com/',
      authorization_endpoint: 'a',
      token_endpoint: 't',
      jwks_uri: 'j',
    }
    expect(discoveryFinding('https://login.example.com/', document).level).toBe('ok')
    expect(discoveryFinding('https://login.example.com', document).message).toContain('calls itself')
    expect(discoveryFinding('https://login.example.com/', { ...document, jwks_uri: undefined }).message).toContain(
      'lacks jwks_uri',
    )
    expect(discoveryFinding('https://login.example.com/', undefined).level).toBe('fail')
  })

  it('stands where a check could not be made, and the others go on', async () => {
    const [finding] = await attempted('x', async () => {
      throw new TypeError('AccessDenied')
    })
    expect(finding).toMatchObject({ level: 'fail', check: 'x', message: 'cannot be checked: TypeError: AccessDenied' })
  })
})

describe('the report', () => {
  const findings = [
    { level: 'ok', check: 'a', message: 'fine' },
    { level: 'fail', check: 'b', message: 'gone', remedy: 'make b' },
  ] as const

  it('ends with healthy only when nothing failed', () => {
    const { context, said } = testContext('/', {})
    report(context, 'status', findings.slice(0, 1))
    expect(said.join('\n')).toBe('✓ a: fine\nhealthy')
  })

  it('ends with exit code 1 and names what is not healthy, also as JSON', () => {
    const { context, said } = testContext('/', {}, { json: true })
    expect(() => report(context, 'status', findings)).toThrow(
      expect.objectContaining({ code: 'failed', told: true, message: 'NOT healthy: b' }),
    )
    expect(JSON.parse(said.join(''))).toEqual({ healthy: false, findings })
  })
})
