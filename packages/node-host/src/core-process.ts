import { spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { HostError } from './errors.ts'

export interface CoreProcess {
  readonly pid: number
  readonly stream: Duplex
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  kill(): void
}

/**
 * How V8 collects garbage in host and core. Frames of signing sessions are short-lived and lie outside the heap, where V8 lets 64 MiB
 * of them start a collection of everything, in steps and with helper threads: with its defaults that took a third of the
 * time. A small young generation frees them early, the heap's own limit decides about the rest, and one thread does it at
 * once: 33 ms of processor time per signature of three nodes instead of 50.
 */
export const collectorFlags: readonly string[] = [
  '--max-semi-space-size=4',
  '--external-memory-accounted-in-global-limit',
  '--no-incremental-marking',
  '--single-threaded-gc',
]

/**
 * Starts the core with a socket to this process as file descriptor 3, and nothing else: no arguments, no standard input or
 * output, and of the environment only where Node keeps compiled code, if this process has such a place: it lies beside the
 * code itself and is trusted like it. Throws HostError core.
 */
export function spawnCore(main: string): CoreProcess {
  const { NODE_COMPILE_CACHE } = process.env
  // Without the flag any process of the user could open a debugger in the core with a signal.
  const child = spawn(process.execPath, ['--disable-sigusr1', ...collectorFlags, main], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env: NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE },
    cwd: '/',
  })
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(resolve => {
    child.once('error', () => resolve({ code: 127, signal: null }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const stream = child.stdio[3]
  if (child.pid === undefined || !stream || !('write' in stream))
    throw new HostError('core', `the core could not be started with ${process.execPath}`)
  return { pid: child.pid, stream: stream as Duplex, exited, kill: () => void child.kill('SIGKILL') }
}
