import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readGuide } from '../../guide/page.ts'
import { targets } from '../../src/targets.ts'

const dir = mkdtempSync(join(tmpdir(), 'trivault-page-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const guide = readGuide(new URL('../../../../docs/guide/README.md', import.meta.url))
const made = guide.flatMap(({ actions }) =>
  actions.flatMap(action =>
    action.kind === 'run' ? [...action.script.matchAll(/^make (\S+)/gm)].map(([, target = '']) => target) : [],
  ),
)

describe('the page of the guide', () => {
  it('has the seventeen steps in order', () => {
    expect(guide.map(({ number }) => number)).toEqual(Array.from({ length: 17 }, (_, i) => i + 1))
  })

  it('runs targets that exist, and all of the stages’', () => {
    expect(made.filter(target => !(target in targets))).toEqual([])
    for (const stage of ['deploy-stage-1', 'deploy-stage-2'])
      expect(made).toEqual(expect.arrayContaining([...(targets[stage]?.sequence ?? expect.fail(stage))]))
  })

  it('is refused with a shell block of which nobody knows who runs it', () => {
    const page = (block: string): string => {
      const path = join(dir, 'page.md')
      writeFileSync(path, `# x\n\n## Step 1: One\n\n${block}\n`)
      return path
    }
    expect(readGuide(page('<!-- run: everyone -->\n```bash\nmake a\n```'))[0]?.actions).toEqual([
      { kind: 'run', who: 'everyone', script: 'make a\n' },
    ])
    expect(() => readGuide(page('```bash\nmake a\n```'))).toThrow(/does not say who runs it/)
  })
})
