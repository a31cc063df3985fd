/**
 * Takes every condition of every check of packages/mpc away, one at a time, and demands that a test then fails:
 * `node packages/mpc/test/mutation/run.ts [--numbered] [--shard i/n] [part of a mutant's name …]`. Exits non-zero when one
 * survives that equivalent.ts does not explain. One Vitest serves all, and the heavy tests see only what the quick ones let
 * pass: a mutant costs what the test that kills it costs.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createVitest, type TestSpecification } from 'vitest/node'
import { EQUIVALENT } from './equivalent.ts'
import { allMutants, applied, type Mutant, nameOf, SOURCES } from './mutants.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
/** All tests together take a tenth of this: a mutant that loops for ever ends the run, and names itself. */
const PATIENCE_MS = 1_200_000

const { values, positionals: wanted } = parseArgs({
  options: { numbered: { type: 'boolean', default: false }, shard: { type: 'string', default: '1/1' } },
  allowPositionals: true,
})
const [shard = 1, shards = 1] = values.shard.split('/').map(Number)

let current: Mutant | undefined
const vitest = await createVitest(
  'test',
  {
    root,
    config: false,
    watch: false,
    run: true,
    include: ['packages/mpc/{src,test}/**/*.test.ts'],
    // Left out: what reads the sources as text, or tests another implementation.
    exclude: ['**/node_modules/**', '**/*.full.test.ts', '**/{checks,fallback,kernel,limbs,wycheproof}.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    bail: 1,
    // The cache of transformed modules does not know which condition is missing: it would hand out other mutants.
    fsModuleCache: false,
    reporters: [{}],
  },
  {
    plugins: [
      {
        name: 'take-one-check-away',
        enforce: 'pre',
        load(id: string) {
          const path = id.split('?')[0] ?? ''
          return current !== undefined && path === SOURCES + current.file
            ? applied(current, readFileSync(path, 'utf8'))
            : undefined
        },
      },
    ],
  },
)

type Outcome = { passed: boolean; milliseconds: number }

const testFile = async (file: TestSpecification): Promise<Outcome> => {
  const started = performance.now()
  // What earlier files left there is not this one's result.
  vitest.state.filesMap.clear()
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications([file])
  const [own] = testModules
  // A run without tests is no evidence.
  if (own === undefined || testModules.length > 1) throw new Error(`${file.moduleId} did not run`)
  const passed = own.state() === 'passed' && unhandledErrors.length === 0
  return { passed, milliseconds: performance.now() - started }
}

/** The test file that fails without this condition. */
const killerOf = async (
  mutant: Mutant,
  files: readonly TestSpecification[],
): Promise<TestSpecification | undefined> => {
  const patience = setTimeout(() => {
    console.log(`HANGS    ${mutant.file} ${mutant.label}: ${mutant.text}`)
    process.exit(1)
  }, PATIENCE_MS)
  const forget = (): void => vitest.invalidateFile(SOURCES + mutant.file)
  current = mutant
  forget()
  try {
    for (const file of files) if (!(await testFile(file)).passed) return file
    return undefined
  } finally {
    clearTimeout(patience)
    current = undefined
    forget()
  }
}

const all = allMutants()
const names = all.map(mutant => ({ mutant, name: nameOf(mutant, all) }))
const equivalent = new Set(EQUIVALENT.flatMap(one => one.names))
const NUMBERED = /^[A-Z]\d?\.?\d$/

await vitest.standalone()
const files = await vitest.globTestSpecifications()

/** How long each test file takes, measured while nothing is taken away; kept until a file of the package changes. */
const times = async (): Promise<Record<string, number>> => {
  const digest = createHash('sha256')
  for (const folder of ['src', 'test']) {
    const inside = fileURLToPath(new URL(`../../${folder}/`, import.meta.url))
    for (const name of readdirSync(inside, { recursive: true, encoding: 'utf8' }).toSorted()) {
      if (name.endsWith('.ts')) digest.update(name).update(readFileSync(inside + name))
    }
  }
  const key = digest.digest('hex')
  const cache = `${root}reports/mpc-checks-times.json`
  try {
    const known = JSON.parse(readFileSync(cache, 'utf8')) as { key: string; times: Record<string, number> }
    if (known.key === key) return known.times
  } catch {
    // No cache yet: the files are measured.
  }
  const measured: Record<string, number> = {}
  for (const file of files) {
    const { passed, milliseconds } = await testFile(file)
    if (!passed) throw new Error(`${file.moduleId} fails although nothing was taken away`)
    measured[relative(root, file.moduleId)] = milliseconds
  }
  mkdirSync(`${root}reports`, { recursive: true })
  writeFileSync(cache, JSON.stringify({ key, times: measured }))
  return measured
}
const taken = await times()
const timeOf = ({ moduleId }: TestSpecification): number => taken[relative(root, moduleId)] ?? 0
const quickest = files.toSorted((a, b) => timeOf(a) - timeOf(b))
/** The slower half of the files takes nine tenths of the time. */
const quick = new Set(quickest.slice(0, Math.ceil(quickest.length / 2)))

/** Where most mutants of a source file meet their end. */
const LIKELY: readonly [source: RegExp, test: string][] = [
  [/^(base-ot|pprf|ot-ext)/, 'oblivious'],
  [/^schnorr/, 'schnorr'],
  [/^(keygen|pair-setup)/, 'setup-adversary'],
  [/^refresh/, 'refresh.test'],
  [/^frost/, 'frost-adversary'],
  [/^backup/, 'test/backup.test'],
  [/^(oaep|pair-state|signing.ts)/, 'arguments'],
  [/^(keyshare|scalar)/, 'test/fuzz.test'],
  [/^layout/, 'decoders'],
  [/^(group|ed25519)/, 'group.test'],
  [/^(session|frame)/, 'frames'],
  [/^derive/, 'derive'],
  [/^/, 'signing-adversary'],
]
const likelyFor = (source: string): TestSpecification[] => {
  const [, test = ''] = LIKELY.find(([pattern]) => pattern.test(source)) ?? []
  return quickest.filter(({ moduleId }) => moduleId.includes(test))
}
/** By source file: the test files that killed its mutants so far, the last one first. */
const killers = new Map<string, TestSpecification[]>()

const counts = { killed: 0, survived: 0, equivalent: 0 }
const killed = (mutant: Mutant, name: string, killer: TestSpecification): void => {
  counts.killed += 1
  const others = (killers.get(mutant.file) ?? []).filter(file => file !== killer)
  killers.set(mutant.file, [killer, ...others])
  console.log(`killed   ${name} (line ${mutant.line}) by ${relative(root, killer.moduleId)}`)
}
/** A file's proven killers, or the likely ones, before any others. */
const firstFor = (mutant: Mutant): TestSpecification[] => killers.get(mutant.file) ?? likelyFor(mutant.file)

const isNumbered = ({ label }: Mutant): boolean => NUMBERED.test(label)
const chosen = names.filter(
  ({ mutant, name }, i) =>
    i % shards === shard - 1 &&
    (wanted.length === 0 || wanted.some(part => name.includes(part))) &&
    (!values.numbered || isNumbered(mutant)),
)
const left: { mutant: Mutant; name: string; tried: Set<TestSpecification> }[] = []
for (const { mutant, name } of chosen.toSorted((a, b) => Number(isNumbered(b.mutant)) - Number(isNumbered(a.mutant)))) {
  if (equivalent.has(name)) {
    counts.equivalent += 1
    continue
  }
  const tried = new Set([...firstFor(mutant), ...quick])
  const killer = await killerOf(mutant, [...tried])
  if (killer === undefined) left.push({ mutant, name, tried })
  else killed(mutant, name, killer)
}
console.log(`${counts.killed} killed by quick tests; ${left.length} meet the others`)
for (const { mutant, name, tried } of left) {
  const others = new Set([...firstFor(mutant), ...quickest])
  const killer = await killerOf(
    mutant,
    [...others].filter(file => !tried.has(file)),
  )
  if (killer !== undefined) killed(mutant, name, killer)
  else {
    counts.survived += 1
    console.log(`SURVIVES ${name} (line ${mutant.line})`)
  }
}
await vitest.close()
const known = new Set(names.map(({ name }) => name))
const stale = [...equivalent].filter(name => !known.has(name))
for (const name of stale) console.log(`GONE ${name}: remove it from equivalent.ts`)
console.log(`${counts.killed} killed, ${counts.survived} survived, ${counts.equivalent} equivalent`)
if (counts.survived > 0 || stale.length > 0) process.exitCode = 1
