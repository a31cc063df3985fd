import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CfnBucket } from 'aws-cdk-lib/aws-s3'
import { type App, CfnResource, Stack, Validations } from 'aws-cdk-lib/core'
import { AwsSolutionsChecks } from 'cdk-nag'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { Deployment } from '../../src/model.ts'
import { buildApp, everyStack, type StackRequest } from '../../src/stacks/index.ts'
import { serviceRole } from '../../src/stacks/statements.ts'
import { loadFixture } from '../fixtures/index.ts'
import { layouts, releaseInputs } from './layouts.ts'

vi.stubEnv('CDK_VALIDATION', 'true')

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string
    readonly violations: readonly { readonly ruleName: string }[]
  }[]
}

/** Names of the rules that an app breaks, by both sets of rules. */
function broken(
  deployment: Deployment,
  requests: readonly StackRequest[],
  change: (app: App) => void = () => undefined,
): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'trivault-rules-'))
  try {
    const app = buildApp(deployment, requests, directory)
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
    change(app)
    try {
      app.synth()
    } catch {
      // It throws for what the report names.
    }
    const { pluginReports } = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as Report
    return pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const MOST_SECONDS = 15
const seconds: number[] = []
/** Of the processor: it does not count what else the machine does. */
const processorSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
afterAll(() => {
  const list = seconds.map(s => s.toFixed(1)).join(', ')
  process.stdout.write(`synth of all stacks with every check, seconds of processor time: ${list}\n`)
})

describe('CloudFormation’s validation and cdk-nag', () => {
  it.each(layouts)('find nothing in layout %s that is not reasoned away', layout => {
    const start = processorSeconds()
    const deployment = loadFixture(layout)
    expect(broken(deployment, everyStack(deployment, releaseInputs(deployment)))).toEqual([])
    seconds.push(processorSeconds() - start)
    expect(seconds.at(-1)).toBeLessThan(MOST_SECONDS)
  })

  it('both run: a bare bucket, an unknown property and an open role are found', () => {
    const deployment = loadFixture('recommended')
    const found = broken(deployment, [{ kind: 'baseline', account: '333333333333' }], app => {
      const [stack] = app.node.children.filter(Stack.isStack)
      if (stack === undefined) throw new Error('no stack')
      new CfnBucket(stack, 'Bare')
      new CfnResource(stack, 'Odd', { type: 'AWS::S3::Bucket', properties: { Colour: 'red' } })
      serviceRole(stack, 'Open', {
        name: 'open',
        service: 'ec2.amazonaws.com',
        description: 'open',
        statements: [{ Sid: 'All', Effect: 'Allow', Action: ['s3:*'], Resource: 'arn:aws:s3:::b/*' }],
      })
    })
    expect(found).toEqual(['AwsSolutions-S10', 'AwsSolutions-IAM5[Action::s3:*]', 'F3002'])
  })
})
