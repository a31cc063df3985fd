import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Deals with what a server that was killed left in `dataDir`: a postmaster that still runs is stopped, and a pid file
 * whose number now belongs to nobody or to a foreign process is removed (PostgreSQL itself would refuse to start).
 */
export async function clearLeftover(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid')
  const pid = readPid(pidFile)
  if (pid === undefined) return
  for (const [signal, patience] of [
    ['SIGINT', 5_000],
    ['SIGQUIT', 3_000],
    ['SIGKILL', 1_000],
  ] as const) {
    if (!isPostmasterOf(pid, dataDir)) break
    kill(pid, signal)
    for (let waited = 0; waited < patience && isPostmasterOf(pid, dataDir); waited += 50) await sleep(50)
  }
  if (!isPostmasterOf(pid, dataDir)) await rm(pidFile, { force: true })
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined
  } catch {
    return undefined
  }
}

function isPostmasterOf(pid: number, dataDir: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dataDir)
  } catch {
    return false
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended between the look and the signal.
  }
}
