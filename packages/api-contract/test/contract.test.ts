import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openapi } from '../src/index.ts'
import { type CondensedBody, type CondensedOperation, condense } from './condense.ts'
import { demandedBeyond, differences, missing } from './differences.ts'

const contract: CondensedOperation[] = JSON.parse(
  readFileSync(new URL('../fixtures/contract.json', import.meta.url), 'utf8'),
)
const own = new Map(condense(openapi()).map(operation => [operation.operationId, operation]))

describe('the API against the condensed contract', () => {
  it('covers every operation of the fixture', () => {
    expect(contract.length).toBeGreaterThan(45)
    expect(contract.map(operation => operation.operationId).filter(id => !own.has(id))).toEqual([])
  })

  it.each(contract.map(operation => [operation.operationId, operation] as const))('%s', (id, theirs) => {
    expect(differences(theirs, own.get(id))).toEqual([])
  })

  it('is told apart from a document that misses a field, demands one more, or changes a type', () => {
    const theirs: CondensedBody = { fields: { '': 'object', a: 'string', b: 'number' }, required: ['a'] }
    expect(missing(theirs, { fields: { '': 'object', a: 'string' }, required: [] })).toEqual(['b: number'])
    expect(missing(theirs, { fields: { '': 'object', a: 'number', b: 'number' }, required: [] })).toEqual(['a: string'])
    expect(demandedBeyond(theirs, { fields: theirs.fields, required: ['a', 'b'] })).toEqual(['b'])
  })
})
