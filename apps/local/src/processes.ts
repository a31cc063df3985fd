import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { collectorFlags } from '@trivault/node-host'
import { LocalError } from './errors.ts'
import type { Home } from './home.ts'
import { forgetProcess, recordProcess, type StopSignal } from './leftovers.ts'

const SETPRIV = '/usr/bin/setpriv'
const COMPILE_CACHE = fileURLToPath(new URL('../../../.runtime/compile-cache', import.meta.url))
const READY_TIMEOUT_MS = 60_000

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** A process of the vault. */
export type Running = {
  readonly pid: number
  /** Settles when it serves, with what its ready line said; fails with LocalError start-failed. */
  readonly ready: Promise<Readonly<Record<string, unknown>>>
  readonly exited: Promise<Exit>
  stop(): Promise<void>
}

/** Writes one JSON log line of a process into the home. */
export function logLine(home: Home, name: string, line: Readonly<Record<string, unknown>> | string): void {
  mkdirSync(home.path('logs'), { recursive: true, mode: 0o700 })
  const text = typeof line === 'string' ? line : JSON.stringify({ time: Date.now(), name, ...line })
  appendFileSync(home.path('logs', `${name}.log`), `${text}\n`, { mode: 0o600 })
}

/** Starts one of our own processes, ready with its ready line. It notices our end by the end of its stdin. */
export function startOwn(home: Home, name: string, main: string, config: string): Running {
  const flags = ['--disable-warning=ExperimentalWarning', ...collectorFlags]
  const child = spawn(process.execPath, [...flags, main, '--config', config], {
    cwd: home.dir,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    // Secrets come in files. The compile cache is what makes a warm start warm.
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: COMPILE_CACHE },
  })
  child.stdin?.on('error', () => undefined)
  const ready = Promise.withResolvers<Readonly<Record<string, unknown>>>()
  let fatal: string | undefined
  const take = (line: string) => {
    const entry = parseLine(line)
    logLine(home, name, entry ? line : { level: 'warn', msg: line })
    if (entry?.event === 'ready') ready.resolve(entry)
    if (entry?.level === 'fatal' || entry?.level === 60) fatal = String(entry.msg)
    if (!entry) fatal ??= line
  }
  readLines(child, take)
  return supervise(home, name, child, ready.promise, 'SIGTERM', () => fatal)
}

export type ForeignSpec = {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly stopSignal: StopSignal
  readonly env?: Readonly<Record<string, string>>
  /** True once it serves. */
  readonly probe: () => Promise<boolean>
}

/**
 * Starts a program that is not ours; its lines are wrapped as JSON. The kernel sends it the stop signal when we die
 * (where setpriv of util-linux is installed; else the next start cleans up). Throws LocalError missing-program.
 */
export function startForeign(home: Home, spec: ForeignSpec): Running {
  const wrap = existsSync(SETPRIV)
  const child = spawn(
    wrap ? SETPRIV : spec.command,
    [...(wrap ? ['--pdeathsig', spec.stopSignal.slice(3), spec.command] : []), ...spec.args],
    { cwd: home.dir, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, ...spec.env } },
  )
  const last: string[] = []
  readLines(child, line => {
    if (last.push(line) > 3) last.shift()
    logLine(home, spec.name, { level: 'info', msg: line })
  })
  let ended = false
  child.once('exit', () => {
    ended = true
  })
  const ready = (async () => {
    while (!ended && !(await spec.probe())) await sleep(30)
    return {}
  })()
  return supervise(home, spec.name, child, ready, spec.stopSignal, () => last.join(' | ') || undefined)
}

function supervise(
  home: Home,
  name: string,
  child: ChildProcess,
  ready: Promise<Readonly<Record<string, unknown>>>,
  stopSignal: StopSignal,
  lastWords: () => string | undefined,
): Running {
  const exited = new Promise<Exit>(resolve => {
    child.once('error', () => resolve({ code: 127, signal: null }))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const { pid } = child
  if (pid === undefined)
    throw new LocalError('missing-program', `${name} cannot be started: ${child.spawnfile} is missing`)
  recordProcess(home, name, pid, stopSignal)
  void exited.then(() => forgetProcess(home, name))
  const failure = (why: string) =>
    new LocalError(
      'start-failed',
      `${name} did not start: ${lastWords() ?? why} (log: ${home.path('logs', `${name}.log`)})`,
    )
  const outcome = async () => {
    const timer = new AbortController()
    try {
      return await Promise.race([
        ready,
        exited.then(() => Promise.reject(failure('it ended'))),
        sleep(READY_TIMEOUT_MS, undefined, { signal: timer.signal }).then(() =>
          Promise.reject(failure(`not ready after ${READY_TIMEOUT_MS / 1000} s`)),
        ),
      ])
    } finally {
      timer.abort()
    }
  }
  const settled = outcome()
  settled.catch(() => undefined)
  return { pid, ready: settled, exited, stop: () => stop(child, exited, stopSignal) }
}

async function stop(child: ChildProcess, exited: Promise<Exit>, stopSignal: StopSignal): Promise<void> {
  for (const [signal, patience] of [
    [stopSignal, 5_000],
    ['SIGKILL', 2_000],
  ] as const) {
    child.kill(signal)
    const timer = new AbortController()
    const gone = await Promise.race([
      exited.then(() => true),
      sleep(patience, false, { signal: timer.signal }).catch(() => false),
    ])
    timer.abort()
    if (gone) return
  }
}

function readLines(child: ChildProcess, take: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', take)
  }
}

function parseLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
