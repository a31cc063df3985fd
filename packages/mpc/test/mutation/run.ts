/**
 * Takes every condition of every check of packages/mpc away, one at a time, and demands that a test then fails:
 * `node packages/mpc/test/mutation/run.ts [part of a mutant's name …]`. Exits non-zero when one survives that
 * equivalent.ts does not explain.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { EQUIVALENT } from './equivalent.ts'
import { allMutants, nameOf } from './mutants.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const config = fileURLToPath(new URL('./vitest.config.ts', import.meta.url))

/** What kills most mutants of a file, quickest first; whatever survives meets all tests of the package. */
const FIRST: [RegExp, string[]][] = [
  [/^(keygen|schnorr|base-ot|pprf|pair-setup|ot-extension)/, ['setup-adversary', 'oblivious']],
  [/^(backup|oaep)/, ['review-backup', 'backup']],
  [/^(keyshare|group|ed25519)/, ['fuzz', 'group', 'review-backup']],
  [/^(session|frame)/, ['frames', 'session']],
  [/^derive/, ['derive']],
  [/^frost/, ['frost']],
  [/^refresh/, ['refresh']],
  [/^/, ['signing-adversary', 'frames']],
]

const passes = (name: string, files: readonly string[]): boolean => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', config, '--reporter=dot', ...files],
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
const survivors: string[] = []
const explained: string[] = []
let killed = 0
for (const { mutant, name } of names) {
  if (wanted.length > 0 && !wanted.some(part => name.includes(part))) continue
  if (onlyNumbered && !NUMBERED.test(mutant.label)) continue
  const isEquivalent = EQUIVALENT.some(({ names }) => names.includes(name))
  const quick = FIRST.find(([pattern]) => pattern.test(mutant.file))?.[1] ?? []
  if (isEquivalent) explained.push(name)
  else if (!passes(name, quick) || !passes(name, [])) {
    killed += 1
    console.log(`killed   ${name}`)
  } else {
    survivors.push(name)
    console.log(`SURVIVES ${mutant.file}:${mutant.line} ${name}`)
  }
}
const known = new Set(names.map(({ name }) => name))
const stale = EQUIVALENT.flatMap(({ names }) => names).filter(name => !known.has(name))
for (const name of stale) console.log(`GONE ${name}: remove it from equivalent.ts`)
console.log(`${killed} killed, ${survivors.length} survived, ${explained.length} equivalent`)
if (survivors.length > 0 || stale.length > 0) process.exitCode = 1
