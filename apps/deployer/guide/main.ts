import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fixtureText, fixtureVariables, loadFixture } from '../test/fixtures/index.ts'
import { anchorProof } from './anchors.ts'
import { foundVault } from './founding.ts'
import { followGuide } from './guide.ts'
import { swapPins } from './hostile-host.ts'
import { mistakes } from './mistakes.ts'
import { startWorld } from './world.ts'

const layouts = ['recommended', 'four-accounts', 'one-account'] as const
const { values } = parseArgs({
  options: {
    layout: { type: 'string', default: 'recommended' },
    keep: { type: 'boolean' },
    mistakes: { type: 'boolean' },
  },
})
const layout = layouts.find(name => name === values.layout)
if (layout === undefined) throw new RangeError(`--layout: one of ${layouts.join(', ')}`)

const before = performance.now()
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const world = await startWorld(loadFixture(layout), fixtureVariables(layout))
say(
  `layout ${layout}: ${world.people.map(({ name, account, roles }) => `${name} ${account} (${roles.join(', ')})`).join('; ')}`,
)
say(`transcripts and logs: ${world.dir}`)
const interrupted = (): void => void world.stop().then(() => process.exit(130))
process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
const anchors = anchorProof(world, say)
try {
  await followGuide({
    world,
    customerConfig: fixtureText(layout),
    say,
    ...(values.mistakes && { mistakes }),
    more: { founders: () => foundVault(world, say, anchors.replaceHost) },
  })
  await swapPins(world, say)
  await anchors.refuseOthers()
  say(`the guide took ${((performance.now() - before) / 1000).toFixed(0)} s`)
  if (!values.keep) rmSync(world.dir, { recursive: true, force: true })
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
} finally {
  await world.stop()
}
