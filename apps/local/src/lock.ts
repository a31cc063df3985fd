import { linkSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { LocalError } from './errors.ts'
import { readIfThere, writePrivateJson } from './files.ts'
import type { Home } from './home.ts'
import { startTimeOf } from './leftovers.ts'

/** The supervisor that runs this home, if one lives. */
export function lockOwner(home: Home): number | undefined {
  try {
    const { pid, startTime } = JSON.parse(readIfThere(home.path('supervisor.json')) ?? '') as Record<string, unknown>
    return typeof pid === 'number' && startTime !== undefined && startTimeOf(pid) === startTime ? pid : undefined
  } catch {
    return undefined
  }
}

/** Takes the home for this process. Returns the release. Throws LocalError home-in-use. */
export async function lockHome(home: Home): Promise<() => void> {
  const file = home.path('supervisor.json')
  const own = home.path(`supervisor.${process.pid}.json`)
  const inUse = () =>
    new LocalError('home-in-use', `another process runs the vault in ${home.dir} (pid ${lockOwner(home)})`)
  if (lockOwner(home) !== undefined) throw inUse()
  writePrivateJson(own, { pid: process.pid, startTime: startTimeOf(process.pid) })
  try {
    rmSync(file, { force: true })
    linkSync(own, file)
    // Two that saw the same dead owner can both get here; the last link stays, the other one withdraws.
    await sleep(25)
    if (lockOwner(home) !== process.pid) throw inUse()
  } catch (cause) {
    throw cause instanceof LocalError ? cause : inUse()
  } finally {
    rmSync(own, { force: true })
  }
  return () => {
    if (lockOwner(home) === process.pid) rmSync(file, { force: true })
  }
}
