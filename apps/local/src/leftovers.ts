import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { writePrivateJson } from './files.ts'
import type { Home } from './home.ts'

/** Field 22 of /proc/<pid>/stat, in clock ticks since boot: with the pid it names one process for ever. Undefined: none. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie is gone, it only waits for its parent.
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

export type StopSignal = 'SIGINT' | 'SIGTERM'

/** Remembers a process and how it is asked to end, so that a supervisor that comes after a killed one can do it. */
export function recordProcess(home: Home, name: string, pid: number, stopSignal: StopSignal): void {
  writePrivateJson(home.path('run', `${name}.json`), { pid, startTime: startTimeOf(pid), boot: bootId(), stopSignal })
}

export function forgetProcess(home: Home, name: string): void {
  rmSync(home.path('run', `${name}.json`), { force: true })
}

/**
 * Ends what a supervisor that was killed left running: asks first, insists later. Processes with a recorded number but another start time are strangers and stay.
 * Returns the names of those that it ended.
 */
export async function clearLeftovers(home: Home): Promise<string[]> {
  const ended = await Promise.all(
    recorded(home).map(async ({ name, pid, startTime, stopSignal }) => {
      const lives = () => startTimeOf(pid) === startTime
      const found = lives()
      for (const [signal, patience] of [
        [stopSignal, 6_000],
        ['SIGKILL', 2_000],
      ] as const) {
        if (!lives()) break
        signalQuietly(pid, signal)
        for (let waited = 0; waited < patience && lives(); waited += 50) await sleep(50)
      }
      forgetProcess(home, name)
      return found ? name : undefined
    }),
  )
  return ended.filter(name => name !== undefined)
}

function recorded(home: Home): { name: string; pid: number; startTime: string; stopSignal: StopSignal }[] {
  const names = (() => {
    try {
      return readdirSync(home.path('run')).filter(file => file.endsWith('.json'))
    } catch {
      return []
    }
  })()
  return names.flatMap(file => {
    try {
      const { pid, startTime, boot, stopSignal } = JSON.parse(readFileSync(home.path('run', file), 'utf8'))
      const valid = Number.isSafeInteger(pid) && pid > 1 && typeof startTime === 'string' && boot === bootId()
      const signal = stopSignal === 'SIGINT' ? stopSignal : 'SIGTERM'
      return valid ? [{ name: file.replace(/\.json$/, ''), pid, startTime, stopSignal: signal }] : []
    } catch {
      return []
    }
  })
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended between the look and the signal.
  }
}
