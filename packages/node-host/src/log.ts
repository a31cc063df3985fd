import type { HostLog } from './core-link.ts'

/** One JSON object per line: time (ms), level, name, msg, then the fields, which cannot replace those four. */
export function jsonLog(name: string, write: (line: string) => void): HostLog {
  return (level, msg, fields = {}) => {
    const head = { time: Date.now(), level, name, msg }
    write(`${JSON.stringify({ ...head, ...fields, ...head })}\n`)
  }
}
