/**
 * `npm run bench:mpc`: the engine alone, in one process; then three Policy Nodes that sign over a real broker and database.
 * With `--json` the last line is one line of JSON with the figures of both; with `--nodes` only the nodes are measured. A number
 * is the engine's count of runs. Exits non-zero when a run fails or a bar is missed.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { signingThroughput } from './signing.ts'

const engineBench = fileURLToPath(new URL('../../../../packages/mpc/bench/mpc.bench.ts', import.meta.url))
const bar = 60

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Runs the engine's bench; shows its lines, but keeps the JSON one. */
async function engine(args: readonly string[]): Promise<{ figures: Record<string, unknown>; code: number }> {
  let figures: Record<string, unknown> = {}
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', engineBench, '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) figures = JSON.parse(line) as Record<string, unknown>
    else say(line)
  }
  const code = await new Promise<number>(resolve => {
    if (child.exitCode !== null) resolve(child.exitCode)
    else child.once('exit', status => resolve(status ?? 1))
  })
  return { figures, code }
}

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  const json = args.includes('--json')
  const only = args.includes('--nodes')
  const alone = only ? { figures: {}, code: 0 } : await engine(args.filter(arg => arg !== '--json'))
  const nodes = await signingThroughput(say)
  const missed = nodes.perSecond < bar
  const parts = Object.entries(nodes.cpuMsByPart).map(([name, ms]) => `${name} ${ms.toFixed(2)}`)
  say(
    `${'ECDSA 3-of-3, three nodes over NATS, sustained'.padEnd(50)} ${nodes.perSecond.toFixed(1)} /s  bar ${bar} /s${missed ? ': MISSED' : ''}`,
  )
  say(
    `  ${nodes.signatures} signatures in ${nodes.seconds.toFixed(0)} s; processor time ${nodes.cpuMs.toFixed(2)} ms each (${parts.join(', ')}): at most ${nodes.perSecondOfIdleMachine.toFixed(0)} /s on an idle machine`,
  )
  if (json)
    say(
      JSON.stringify({
        ...alone.figures,
        ecdsaPerSecond3Processes: nodes.perSecond,
        ecdsa3ProcessesCpuMs: nodes.cpuMs,
      }),
    )
  if (alone.code !== 0 || missed) process.exitCode = 1
}

main().catch((error: unknown) => {
  process.stderr.write(`bench:mpc: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
