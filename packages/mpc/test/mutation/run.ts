/**
 * Takes every condition of every check of packages/mpc away, one at a time, and demands that a test then fails:
 * `node packages/mpc/test/mutation/run.ts [--numbered] [part of a mutant's name …]`. Exits non-zero when one survives that
 * equivalent.ts does not explain.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { EQUIVALENT } from './equivalent.ts'
import { allMutants, nameOf } from './mutants.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const config = fileURLToPath(new URL('./vitest.config.ts', import.meta.url))

/** By file: what kills most of its mutants quickly, and the runs of the field-by-field attacks that concern it. */
const TESTS: { file: RegExp; quick: string[]; attacks?: string }[] = [
  { file: /^(keygen|schnorr)/, quick: ['setup-adversary'], attacks: 'key generation' },
  { file: /^refresh/, quick: ['refresh'], attacks: 'refresh' },
  { file: /^frost/, quick: ['frost'], attacks: 'FROST' },
  { file: /^(pair|base-ot|pprf|ot-ext)/, quick: ['setup-adversary', 'oblivious'], attacks: 'pair set-up' },
  { file: /^(backup|oaep)/, quick: ['review-backup', 'backup'] },
  { file: /^(keyshare|group|ed25519)/, quick: ['fuzz', 'group', 'review-backup'] },
  { file: /^(session|frame)/, quick: ['frames', 'session'] },
  { file: /^derive/, quick: ['derive'] },
  { file: /^/, quick: ['signing-adversary', 'frames'], attacks: 'signing' },
]

const passes = (name: string, args: readonly string[]): boolean => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', config, '--reporter=dot', ...args],
    { cwd: root, env: { ...process.env, TRIVAULT_MUTANT: name }, encoding: 'utf8', timeout: 600_000 },
  )
  // A run without tests is no evidence.
  if (/No test files found/.test(stdout + stderr)) throw new Error(`no tests for ${name}`)
  return status === 0
}

const NUMBERED = /^[A-Z]\d?\.?\d$/
/** `--numbered`: only the checks that have a number in SPEC.md. */
const onlyNumbered = process.argv.includes('--numbered')
const wanted = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const all = allMutants()
const names = all.map(mutant => ({ mutant, name: nameOf(mutant, all) }))
const equivalent = new Set(EQUIVALENT.flatMap(one => one.names))
const counts = { killed: 0, survived: 0, equivalent: 0 }
for (const { mutant, name } of names) {
  if (wanted.length > 0 && !wanted.some(part => name.includes(part))) continue
  if (onlyNumbered && !NUMBERED.test(mutant.label)) continue
  if (equivalent.has(name)) {
    counts.equivalent += 1
    continue
  }
  const { quick = [], attacks } = TESTS.find(({ file }) => file.test(mutant.file)) ?? {}
  // Whatever survives the quick ones meets the attacks, and then all tests of the package.
  const survives =
    passes(name, quick) && (attacks === undefined || passes(name, ['adversary', '-t', attacks])) && passes(name, [])
  counts[survives ? 'survived' : 'killed'] += 1
  console.log(`${survives ? 'SURVIVES' : 'killed  '} ${name} (line ${mutant.line})`)
}
const known = new Set(names.map(({ name }) => name))
const stale = [...equivalent].filter(name => !known.has(name))
for (const name of stale) console.log(`GONE ${name}: remove it from equivalent.ts`)
console.log(`${counts.killed} killed, ${counts.survived} survived, ${counts.equivalent} equivalent`)
if (counts.survived > 0 || stale.length > 0) process.exitCode = 1
