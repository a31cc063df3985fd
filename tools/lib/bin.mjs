import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { say } from './say.mjs'

/** The body of our binaries: the command's own main under the pinned Node, in the caller's directory. */
export async function runUnderPinnedNode(main) {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
  const { version } = JSON.parse(readFileSync(join(root, 'tools/runtime.json'), 'utf8'))
  const node = join(root, '.runtime', `node-${version}`, 'bin/node')
  if (!existsSync(node) || !existsSync(join(root, 'node_modules'))) {
    say('not installed yet: run `npm start` or `npm test` once')
    process.exitCode = 1
    return
  }
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, main), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE: join(root, '.runtime/compile-cache') },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  process.exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}
