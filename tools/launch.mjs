// npm start, npm test and the others: brings what is missing onto the machine, then runs the command under the pinned
// Node. Plain JavaScript without dependencies, for whatever Node >= 20.19 is installed.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureDependencies } from './lib/dependencies.mjs'
import { withLock } from './lib/lock.mjs'
import { ensureProgram } from './lib/programs.mjs'
import { ensureRuntime } from './lib/runtime.mjs'
import { LaunchError, say } from './lib/say.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

async function main([name, ...args]) {
  const commands = JSON.parse(readFileSync(join(root, 'tools/commands.json'), 'utf8'))
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined
  if (!command) throw new LaunchError(`usage: node tools/launch.mjs <${Object.keys(commands).join('|')}> [arguments]`)
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19))
    throw new LaunchError(`needs Node 20.19 or newer, this is ${process.versions.node}`)

  const install = !args.includes('--no-install')
  const node = await withLock(join(root, '.runtime/launch.lock'), async () => {
    for (const program of command.needs) await ensureProgram(program, { install })
    const runtime = await ensureRuntime(root)
    await ensureDependencies(root, runtime)
    return runtime
  })
  const rest = args.filter(arg => arg !== '--no-install')
  for (const [index, [entry, ...fixed]] of command.run.entries()) {
    if (!existsSync(join(root, entry))) throw new LaunchError(`${entry} is missing from this checkout`)
    const step = command.run.length > 1
    if (step) say(`${name} ${index + 1}/${command.run.length}: ${[entry.split('/').at(-1), ...fixed].join(' ')}`)
    const code = await forward(node, [join(root, entry), ...fixed, ...(step ? [] : rest)])
    if (code !== 0) return code
  }
  return 0
}

/** Runs the program in our place: same terminal, every signal passed on, same exit code. */
function forward(node, args) {
  return new Promise((resolve, reject) => {
    const path = `${dirname(node)}:${process.env.PATH}`
    const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...args], {
      cwd: root,
      stdio: 'inherit',
      // Stripping types again at every start is most of a warm start.
      env: { ...process.env, PATH: path, NODE_COMPILE_CACHE: join(root, '.runtime/compile-cache') },
    })
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    const pass = signal => void child.kill(signal)
    for (const signal of signals) process.on(signal, pass)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      for (const name of signals) process.off(name, pass)
      resolve(code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof LaunchError)) throw error
  say(error.message)
  process.exitCode = 1
}
