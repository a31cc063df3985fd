import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { anchorProof } from '../../guide/anchors.ts'
import { foundVault } from '../../guide/founding.ts'
import { followGuide } from '../../guide/guide.ts'
import { swapPins } from '../../guide/hostile-host.ts'
import { mistakes } from '../../guide/mistakes.ts'
import { startWorld } from '../../guide/world.ts'
import { fixtureText, fixtureVariables, loadFixture } from '../fixtures/index.ts'

// `npm run guide` does the same for one layout and tells what it does.

describe('the install guide', () => {
  it.each(['recommended', 'four-accounts', 'one-account'] as const)(
    'leads to a sealed vault in the layout %s',
    async layout => {
      const world = await startWorld(loadFixture(layout), fixtureVariables(layout))
      const said: string[] = []
      const say = (line: string): void => void said.push(line)
      try {
        const anchors = anchorProof(world, say)
        const more = { founders: () => foundVault(world, say, anchors.replaceHost) }
        const reports = await followGuide({
          world,
          customerConfig: fixtureText(layout),
          say,
          more,
          mistakes: layout === 'one-account' ? [] : mistakes,
        })
        expect(reports.map(({ number }) => number)).toEqual(Array.from({ length: 17 }, (_, i) => i + 1))
        expect(said.join('\n')).toMatch(/the vault is sealed[\s\S]*is backed up to the ERS key/)
        await swapPins(world, say)
        await anchors.refuseOthers()
      } finally {
        await world.stop()
        rmSync(world.dir, { recursive: true, force: true })
      }
    },
  )
})
