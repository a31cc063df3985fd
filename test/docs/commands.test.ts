import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from '../../apps/cli/src/run.ts'
import { runDeployer } from '../../apps/deployer/src/run.ts'
import { targets } from '../../apps/deployer/src/targets.ts'
import { runRecovery } from '../../apps/recovery/src/run.ts'
import { anchors, inlineCode, localLinks, pages, root, shellCommands, wordsOf } from './markdown.ts'

const all = pages()
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)

/** All that a program prints when called with these arguments. */
const printedBy: Record<string, (args: readonly string[]) => Promise<string>> = {
  async trivault(args) {
    const parts: string[] = []
    const out = (part: string): void => void parts.push(part)
    await runCli(args, { out, err: out, confirm: async () => false, readInput: async () => '' })
    return parts.join('')
  },
  async 'trivault-deployer'(args) {
    const parts: string[] = []
    const out = (part: string): void => void parts.push(part)
    const streams = { out, err: out, interactive: false }
    // Only help is asked for, or an option that does not exist: no command runs.
    await runDeployer(args, { environment: {}, cwd: root, streams, ask: async () => false })
    return parts.join('')
  },
  async 'trivault-recovery'(args) {
    const parts: string[] = []
    const out = (part: string): void => void parts.push(part)
    await runRecovery(args, out, out)
    return parts.join('')
  },
}

interface Level {
  /** Flag to: none, one or many values. */
  options: Map<string, 'none' | 'one' | 'many'>
  commands: Set<string>
}

function parseHelp(text: string): Level {
  const options: Level['options'] = new Map()
  for (const [, names = '', value] of text.matchAll(/^ {2}(-[\w-]+(?:, --[\w-]+)?)(?: [<[]([^>\]]+)[>\]])?/gm))
    for (const name of names.split(', '))
      options.set(name, value === undefined ? 'none' : value.endsWith('...') ? 'many' : 'one')
  const [, list = ''] = text.split(/^Commands:$/m)
  return { options, commands: new Set([...list.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name = '']) => name)) }
}

/** What is wrong with a call of one of our programs; undefined when its help knows all of it. */
async function problemOf(program: string, words: readonly string[]): Promise<string | undefined> {
  const printed = printedBy[program]
  if (printed === undefined) return `no program ${program}`
  const path: string[] = []
  let level = parseHelp(await printed(['--help']))
  const options = new Map(level.options)
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? ''
    if (word.startsWith('-') && word !== '-') {
      const takes = options.get(word.split('=')[0] ?? '')
      if (takes === undefined) return `${[program, ...path].join(' ')} has no option ${word}`
      if (takes === 'one' && !word.includes('=')) i++
      while (takes === 'many' && i + 1 < words.length && !words[i + 1]?.startsWith('-')) i++
    } else if (level.commands.size > 0) {
      const here = [program, ...path].join(' ')
      // A group may have a default command; then it is that one's help which follows an error.
      const error = await printed([...path, word, '--no-such-option'])
      const fallback = new RegExp(`^Usage: ${here} ([a-z][\\w-]*)`, 'm').exec(error)?.[1]
      const name = level.commands.has(word) ? word : fallback
      if (name === undefined) return `${here} has no command ${word}`
      path.push(name)
      level = parseHelp(await printed([...path, '--help']))
      for (const [option, takes] of level.options) options.set(option, takes)
    }
  }
  return undefined
}

const npmOwn = new Set(['ci', 'pack', 'install'])
const startFlags = new Map([
  ['--empty', 'apps/local/src/main.ts'],
  ['--founding', 'apps/local/src/main.ts'],
  ['--no-install', 'tools/launch.mjs'],
])

function npmProblem([verb = '', ...rest]: readonly string[]): string | undefined {
  const name = verb === 'run' ? (rest.shift() ?? '') : verb
  if (verb !== 'run' && npmOwn.has(verb)) return undefined
  if (!scripts.includes(name)) return `package.json has no script ${name}`
  for (const flag of rest.filter(word => word.startsWith('--') && word !== '--')) {
    const source = startFlags.get(flag)
    if (source === undefined || !read(source).includes(flag.slice(2))) return `npm ${name} has no option ${flag}`
  }
  return undefined
}

/** A target of the installer's Makefile; ARGS are options of its command. */
async function makeProblem(line: string, words: readonly string[]): Promise<string | undefined> {
  const target = words.find(word => !word.startsWith('-') && !word.includes('=')) ?? 'help'
  if (target === 'help') return undefined
  if (!(target in targets)) return `the Makefile has no target ${target}`
  const [, double, single, plain] = /\bARGS=(?:"([^"]*)"|'([^']*)'|(\S+))/.exec(line) ?? []
  const options = double ?? single ?? plain ?? ''
  return problemOf('trivault-deployer', [target, ...wordsOf(options)])
}

/** Checks one command line as far as this project defines it; other programs' commands pass. */
async function commandProblem(line: string): Promise<string | undefined> {
  const words = wordsOf(line)
  while (/^[A-Z_]+=/.test(words[0] ?? '')) words.shift()
  const [program = '', ...rest] = words
  const missing = rest.find(word => /^(apps|packages|test|tools)\//.test(word) && !existsSync(join(root, word)))
  if (missing !== undefined) return `${missing} does not exist`
  if (program === 'npm') return npmProblem(rest)
  if (program === 'make') return makeProblem(line, rest)
  if (program === 'npx' && !(rest[0] ?? '').startsWith('trivault'))
    return existsSync(join(root, 'node_modules/.bin', rest[0] ?? '')) ? undefined : `npx finds no ${rest[0]}`
  if (program === 'npx') return problemOf(rest[0] ?? '', rest.slice(1))
  if (program === 'node') {
    const own = /tools\/bin\/(trivault[a-z-]*)\.mjs$/.exec(rest[0] ?? '')?.[1]
    return own === undefined ? undefined : problemOf(own, rest.slice(1))
  }
  return program in printedBy ? problemOf(program, rest) : undefined
}

async function problems(lines: readonly string[]): Promise<string[]> {
  const found = await Promise.all(lines.map(async line => [line, await commandProblem(line)] as const))
  return found.flatMap(([line, problem]) => (problem === undefined ? [] : [`${line}: ${problem}`]))
}

describe('the documentation', () => {
  it.each(all.map(page => [page.name, page] as const))('%s names commands that exist', async (_name, page) => {
    const inline = inlineCode(page).filter(code =>
      /^(npm|npx|make|trivault|trivault-deployer|trivault-recovery) [a-z-]/.test(code),
    )
    expect(await problems([...shellCommands(page), ...inline])).toEqual([])
  })

  it.each(all.map(page => [page.name, page] as const))('%s links to what exists', (_name, page) => {
    const broken = localLinks(page).filter(({ file, anchor }) => {
      if (file !== '' && !existsSync(file)) return true
      return anchor !== undefined && !anchors(file === '' ? page.text : readFileSync(file, 'utf8')).includes(anchor)
    })
    expect(broken.map(({ target }) => target)).toEqual([])
  })

  it.each(all.map(page => [page.name, page] as const))('%s names files that exist', (_name, page) => {
    const missing = inlineCode(page).filter(code => {
      if (/^(apps|packages|tools|test|docs)\/[\w./-]+$/.test(code)) return !existsSync(join(root, code))
      if (page.dir !== root && /^(src|fixtures)\/[\w./-]+$/.test(code)) return !existsSync(join(page.dir, code))
      return false
    })
    expect(missing).toEqual([])
  })

  it('has the two commands, the demo and the bench in the README, and a way from it to every page in docs', () => {
    const readme = all.find(({ name }) => name === 'README.md') ?? expect.fail('no README.md')
    expect(shellCommands(readme)).toEqual(
      expect.arrayContaining(['npm start', 'npm test', 'npm run demo', 'npm run bench']),
    )
    const linked = localLinks(readme).map(({ file }) => file)
    const unlinked = all.filter(({ name }) => /^docs\/[^/]+\.md$/.test(name) && !linked.includes(join(root, name)))
    expect(unlinked.map(({ name }) => name)).toEqual([])
  })
})

describe('the check itself', () => {
  it.each([
    ['npm run strat', 'no script strat'],
    ['npm start -- --fast', 'no option --fast'],
    ['npx trivault acount list', 'no command acount'],
    ['npx trivault --as a@example.com approver aprove 1', 'no command aprove'],
    ['npx trivault transfer --form treasury', 'no option --form'],
    ['npx trivault-recovery rebuild --backup x --key y', 'no option --key'],
    ['make deploy-stage-3', 'no target deploy-stage-3'],
    ['make status ARGS="--json --dryrun"', 'no option --dryrun'],
    ['trivault-deployer oidc-urls --chek', 'no option --chek'],
    ['npx vitest run packages/legder', 'does not exist'],
  ])('finds what is wrong with %s', async (line, problem) => {
    expect(await commandProblem(line)).toContain(problem)
  })
})
