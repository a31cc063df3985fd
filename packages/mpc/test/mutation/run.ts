/**
 * Takes every condition of every check of packages/mpc away, one at a time, and demands that a test then fails:
 * `node packages/mpc/test/mutation/run.ts [--numbered] [part of a mutant's name …]`. Exits non-zero when one survives that
 * equivalent.ts does not explain.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EQUIVALENT } from './equivalent.ts'
import { allMutants, nameOf } from './mutants.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const config = fileURLToPath(new URL('./vitest.config.ts', import.meta.url))
/** A mutant may loop for ever; all tests together take a tenth of this. */
const PATIENCE_MS = 900_000

const scratch = mkdtempSync(join(tmpdir(), 'trivault-checks-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

type Report = { testResults: { name: string; status: string; startTime: number; endTime: number }[] }
type Outcome = { passed: boolean; files: { path: string; failed: boolean; milliseconds: number }[] }

/** All tests over the sources without one condition, until the first fails. */
const test = (name: string, order: readonly string[]): Outcome => {
  const report = join(scratch, 'report.json')
  rmSync(report, { force: true })
  const { status, signal } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', config, '--reporter=json', `--outputFile=${report}`],
    {
      cwd: root,
      env: { ...process.env, TRIVAULT_MUTANT: name, TRIVAULT_MUTANT_ORDER: order.join(',') },
      timeout: PATIENCE_MS,
      stdio: 'ignore',
    },
  )
  // Killed by the clock: the mutant does not end, which no caller would overlook.
  if (signal !== null) return { passed: false, files: [] }
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  // A run without tests is no evidence.
  if (testResults.length === 0) throw new Error(`no tests for ${name}`)
  const files = testResults.map(file => ({
    path: relative(root, file.name),
    failed: file.status === 'failed',
    milliseconds: file.endTime - file.startTime,
  }))
  return { passed: status === 0, files }
}

const NUMBERED = /^[A-Z]\d?\.?\d$/
/** `--numbered`: only the checks that have a number in SPEC.md. */
const onlyNumbered = process.argv.includes('--numbered')
const wanted = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const all = allMutants()
const names = all.map(mutant => ({ mutant, name: nameOf(mutant, all) }))
const equivalent = new Set(EQUIVALENT.flatMap(one => one.names))

const untouched = test('', [])
if (!untouched.passed) throw new Error('the tests fail although nothing was taken away')
const quickest = untouched.files.toSorted((a, b) => a.milliseconds - b.milliseconds).map(({ path }) => path)
/** By source file: the test files that killed its mutants so far, the last one first. */
const killers = new Map<string, string[]>()

const counts = { killed: 0, survived: 0, equivalent: 0 }
for (const { mutant, name } of names) {
  if (wanted.length > 0 && !wanted.some(part => name.includes(part))) continue
  if (onlyNumbered && !NUMBERED.test(mutant.label)) continue
  if (equivalent.has(name)) {
    counts.equivalent += 1
    continue
  }
  const proven = killers.get(mutant.file) ?? []
  const { passed, files } = test(name, [...proven, ...quickest.filter(path => !proven.includes(path))])
  counts[passed ? 'survived' : 'killed'] += 1
  const killer = files.find(({ failed }) => failed)?.path
  if (killer !== undefined) killers.set(mutant.file, [killer, ...proven.filter(path => path !== killer)])
  console.log(`${passed ? 'SURVIVES' : 'killed  '} ${name} (line ${mutant.line})${killer ? ` by ${killer}` : ''}`)
}
const known = new Set(names.map(({ name }) => name))
const stale = [...equivalent].filter(name => !known.has(name))
for (const name of stale) console.log(`GONE ${name}: remove it from equivalent.ts`)
console.log(`${counts.killed} killed, ${counts.survived} survived, ${counts.equivalent} equivalent`)
if (counts.survived > 0 || stale.length > 0) process.exitCode = 1
