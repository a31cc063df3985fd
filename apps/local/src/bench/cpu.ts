import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Clock ticks per second of /proc: USER_HZ, fixed on Linux for all that it shows. */
const TICKS = 100

/** These processes and all that descend from them. */
export function processTree(roots: readonly number[]): Set<number> {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(row => row.trim().split(/\s+/).map(Number))
  const tree = new Set(roots)
  for (let grown = true; grown; ) {
    const before = tree.size
    for (const [pid = 0, parent = 0] of rows) if (tree.has(parent)) tree.add(pid)
    grown = tree.size > before
  }
  return tree
}

/** Processor time (user and system) that a process has used so far, milliseconds; 0 when it has ended. */
export function cpuMilliseconds(pid: number): number {
  try {
    // The second field is the program's name in parentheses, with any character in it.
    const fields = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(')').at(-1) ?? '').trim().split(' ')
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS
  } catch {
    return 0
  }
}

/** Processor time by what is running, milliseconds; `names` gives each process its part. */
export function cpuByPart(names: ReadonlyMap<number, string>): Map<string, number> {
  const parts = new Map<string, number>()
  for (const [pid, name] of names) parts.set(name, (parts.get(name) ?? 0) + cpuMilliseconds(pid))
  return parts
}

/** Every process of a vault and this one, by name; what a Policy Node host started is its core. */
export function processNames(services: ReadonlyMap<string, number>): Map<number, string> {
  const names = new Map([[process.pid, 'driver']])
  for (const [name, root] of services)
    for (const pid of processTree([root])) names.set(pid, pid === root || name === 'postgres' ? name : `${name} core`)
  return names
}
