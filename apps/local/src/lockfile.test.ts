import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

type Entry = { optional?: boolean; optionalDependencies?: Record<string, string> }
const lock = JSON.parse(readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, Entry>
}

describe('package-lock.json', () => {
  it('lists every optional package of every platform, or npm ci refuses it', () => {
    const required = Object.entries(lock.packages).filter(([, { optional }]) => !optional)
    const missing = required.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        name => !(`node_modules/${name}` in lock.packages) && !(`${path}/node_modules/${name}` in lock.packages),
      ),
    )
    expect(missing).toEqual([])
  })

  it('names no registry: it works with every mirror', () => {
    const resolved = Object.values(lock.packages).flatMap(entry =>
      'resolved' in entry ? [String(entry.resolved)] : [],
    )
    expect(resolved.filter(url => /^https?:/.test(url))).toEqual([])
  })
})
