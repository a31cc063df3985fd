import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeBackupFile } from '@trivault/protocol'
import { describe, expect, it } from 'vitest'
import { sampleBackup } from './support.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const project = resolve(dirname(main), '../../..')
/** Built-in modules that the tool and everything below it may use. */
const harmless = [
  'assert',
  'buffer',
  'child_process',
  'crypto',
  'events',
  'fs',
  'module',
  'os',
  'path',
  'process',
  'url',
  'util',
]

function fileOf(specifier: string, from: string): string {
  const own = /^@trivault\/(.+)$/.exec(specifier)
  if (own !== null) return join(project, 'packages', own[1] ?? '', 'src/index.ts')
  if (specifier.startsWith('.')) return resolve(dirname(from), specifier)
  return createRequire(from).resolve(specifier)
}

/** Every module that is reachable from main, with what it imports. */
function modules(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const visit = (file: string): void => {
    if (found.has(file) || !/\.[cm]?[jt]s$/.test(file)) return
    const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')
    const specifiers = [
      ...text.matchAll(/^\s*(?:import|export)\s(?!type\s)[^'"]*?['"]([^'"]+)['"]/gm),
      ...text.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)['"]\s*\)/g),
    ].map(match => match[1] ?? '')
    found.set(file, specifiers)
    for (const specifier of specifiers) {
      if (isBuiltin(specifier)) continue
      let next: string
      try {
        next = fileOf(specifier, file)
      } catch {
        // An optional or native part that is not JavaScript.
        continue
      }
      visit(next)
    }
  }
  visit(main)
  return found
}

describe('offline', () => {
  it('nothing that is imported can open a connection', () => {
    const graph = modules()
    expect(graph.size).toBeGreaterThan(30)
    const builtins = new Set(
      [...graph.values()]
        .flat()
        .filter(isBuiltin)
        .map(name => name.replace('node:', '')),
    )
    expect(builtins).toContain('crypto')
    expect([...builtins].filter(name => !harmless.includes(name))).toEqual([])
    for (const file of graph.keys())
      if (!file.includes('node_modules'))
        expect(readFileSync(file, 'utf8'), file).not.toMatch(/\b(fetch|WebSocket|EventSource|XMLHttpRequest)\(/)
  })

  const isolation = spawnSync('unshare', ['-rn', 'true']).status === 0
  it.skipIf(!isolation)('rebuilds a key in a network namespace without any interface', () => {
    const directory = mkdtempSync(join(tmpdir(), 'recovery-'))
    const { file, ersPem } = sampleBackup()
    writeFileSync(join(directory, 'backup'), encodeBackupFile(file))
    writeFileSync(join(directory, 'ers.pem'), ersPem, { mode: 0o600 })
    const args = ['rebuild', '--backup', join(directory, 'backup'), '--ers-key', join(directory, 'ers.pem')]
    const run = spawnSync('unshare', ['-rn', process.execPath, main, ...args], { encoding: 'utf8' })
    rmSync(directory, { recursive: true })
    expect(run.stderr.replace(/^\(.*\n/gm, '')).toBe('')
    expect(run.status).toBe(0)
    expect(run.stdout).toMatch(/44\/60\/0\/0 {2}0x[0-9a-fA-F]{40}/)
  })
})
