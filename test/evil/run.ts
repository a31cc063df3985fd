import { parseArgs } from 'node:util'
import { encodeCommand } from '@trivault/protocol'
import { takeOver } from './attacks.ts'
import { attackLog } from './attacks-on-log.ts'
import { changeBetween } from './between.ts'
import { freezeAndVeto, leversInTurn, renameBetween } from './levers.ts'
import { administration, signing } from './lives.ts'
import { Violation } from './violation.ts'
import { World } from './world.ts'

// One run of the evil wallet: `node test/evil/run.ts --seed 7 --operations 300 --signed 5`. The same seed gives the same run.

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    operations: { type: 'string', default: '300' },
    signed: { type: 'string', default: '0' },
    profile: { type: 'string', default: 'local' },
  },
})
const [seed, operations, sample] = [Number(values.seed), Number(values.operations), Number(values.signed)]
const started = performance.now()

function end(code: number, lines: string[]): never {
  process.stdout.write(`${lines.join('\n')}\n`)
  process.exit(code)
}
function fail(error: unknown, generated = 0): never {
  const kind = error instanceof Violation ? 'VIOLATION' : 'ERROR'
  const why =
    error instanceof Error ? (kind === 'VIOLATION' ? error.message : (error.stack ?? error.message)) : String(error)
  return end(error instanceof Violation ? 2 : 1, [`${kind} after ${generated} operations, seed ${seed}: ${why}`])
}
process.on('uncaughtException', error => fail(error))
process.on('unhandledRejection', error => fail(error))

const world = await World.found({ seed, signed: sample, profile: values.profile === 'enclave' ? 'enclave' : 'local' })
const { random, oracle } = world
try {
  const harmless = () => encodeCommand({ type: 'createGroup', by: '', name: random.pick(['traders', 'risk']) })
  await world.expect(
    'groups',
    { type: 'createGroup', by: '', name: 'traders' },
    { type: 'createGroup', by: '', name: 'risk' },
  )
  for (let i = 0; i < 12; i++) await administration(world)
  await leversInTurn(world, () => signing(world, 'Paper'))
  await freezeAndVeto(world)
  await renameBetween(world)
  while (world.generated < operations || world.realSignatures < sample) {
    const turn = random.next()
    if (turn < 0.1) await attackLog(world, harmless())
    else if (turn < 0.22) await takeOver(world)
    else if (turn < 0.3) await administration(world)
    else if (turn < 0.47) await changeBetween(world)
    else if (turn < 0.5) await random.pick([freezeAndVeto, renameBetween])(world)
    else await signing(world, sample > world.realSignatures && random.next() < 0.5 ? 'Default' : 'Paper')
  }
  await world.sameHeads()
  oracle.compare(world.log.state)
} catch (error) {
  fail(error, world.generated)
}
const sum = (pick: (tally: { refused: number; certified: number }) => number) =>
  [...world.attacks.values()].reduce((total, tally) => total + pick(tally), 0)
const { executions, administration: changes } = oracle.counts
end(0, [
  ...[...world.attacks]
    .sort()
    .map(
      ([name, { refused, certified }]) =>
        `  ${name}: ${refused} refused${certified > 0 ? `, ${certified} certified and found harmless` : ''}`,
    ),
  `refusals by code: ${[...world.log.refusals]
    .sort()
    .map(([code, count]) => `${code} ${count}`)
    .join(', ')}`,
  `seed ${seed}: ${world.generated} operations, ${sum(({ refused }) => refused)} attacks refused, ${sum(({ certified }) => certified)} certified and harmless;` +
    ` ${log()} entries, ${executions} executions, ${changes} changes, ${world.realSignatures} signatures made by three nodes, ${((performance.now() - started) / 1000).toFixed(1)} s`,
])

function log(): number {
  return world.log.seq
}
