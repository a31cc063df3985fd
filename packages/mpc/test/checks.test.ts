import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EQUIVALENT } from './mutation/equivalent.ts'
import { allMutants, nameOf, SOURCES, sourceFiles } from './mutation/mutants.ts'

const spec = readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8')
const NUMBER = /^([A-Z]\d?\.\d{1,2}|B\d)$/
const sorted = (numbers: Iterable<string>): string[] => [...new Set(numbers)].toSorted()

/** Cells of the tables of checks that hold nothing but a number. */
const inSpec = sorted(
  spec
    .split('\n')
    .filter(line => line.startsWith('|'))
    .flatMap(line => line.split('|').map(cell => cell.trim()))
    .filter(cell => NUMBER.test(cell)),
)
const inCode = sorted(
  sourceFiles().flatMap(file =>
    [...readFileSync(SOURCES + file, 'utf8').matchAll(/'([^'\n]+)'/g)].flatMap(([, text = '']) =>
      NUMBER.test(text) ? [text] : [],
    ),
  ),
)

describe('the numbered checks', () => {
  it('are the same in SPEC.md and in the code', () => {
    expect(inCode.length).toBeGreaterThan(40)
    expect(inCode).toEqual(inSpec)
  })

  it('can each be taken away by run.ts', () => {
    const all = allMutants()
    const numbered = sorted(all.map(({ label }) => label).filter(label => NUMBER.test(label)))
    expect(numbered).toEqual(inCode)
    const names = all.map(mutant => nameOf(mutant, all))
    expect(new Set(names).size).toBe(names.length)
    expect(EQUIVALENT.flatMap(one => one.names).filter(name => !names.includes(name))).toEqual([])
  })
})
