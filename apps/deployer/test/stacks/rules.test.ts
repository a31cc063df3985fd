import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Validations } from 'aws-cdk-lib/core'
import { AwsSolutionsChecks } from 'cdk-nag'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { checkedSynth } from '../../src/stacks/checks/index.ts'
import { buildApp, everyStack } from '../../src/stacks/index.ts'
import { loadFixture } from '../fixtures/index.ts'
import { layouts, releaseInputs } from './layouts.ts'

vi.stubEnv('CDK_VALIDATION', 'true')

interface Report {
  readonly pluginReports: readonly { readonly pluginName: string; readonly violations: readonly unknown[] }[]
}

const seconds: number[] = []
describe.each(layouts)('AWS’s own rules over layout %s', layout => {
  it('cdk-nag and CloudFormation validation find nothing that is not reasoned away', () => {
    const start = performance.now()
    const deployment = loadFixture(layout)
    const directory = mkdtempSync(join(tmpdir(), 'trivault-rules-'))
    try {
      const app = buildApp(deployment, everyStack(deployment, releaseInputs(deployment)), directory)
      Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
      checkedSynth(deployment, app)
      const { pluginReports } = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as Report
      expect(pluginReports.map(({ pluginName }) => pluginName).sort()).toEqual([
        'AwsSolutions',
        'CloudFormation Validate',
      ])
      expect(pluginReports.flatMap(({ violations }) => violations)).toEqual([])
    } finally {
      rmSync(directory, { recursive: true, force: true })
      seconds.push((performance.now() - start) / 1000)
    }
  })
})

afterAll(() =>
  process.stdout.write(`synth of all stacks with every check, seconds: ${seconds.map(s => s.toFixed(1)).join(', ')}\n`),
)
