import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openapi } from '../src/index.ts'
import { type CondensedBody, type CondensedOperation, condense } from './condense.ts'

const contract: CondensedOperation[] = JSON.parse(
  readFileSync(new URL('../fixtures/contract.json', import.meta.url), 'utf8'),
)
const own = new Map(condense(openapi()).map(operation => [operation.operationId, operation]))

/** What a client of the contract would miss. */
function missing(theirs: CondensedBody | undefined, ours: CondensedBody | undefined): string[] {
  if (!theirs) return []
  if (!ours) return ['whole body']
  return Object.entries(theirs.fields)
    .filter(([field, type]) => {
      const found = ours.fields[field]
      return found === undefined || (type !== 'any' && found !== 'any' && found !== type)
    })
    .map(([field, type]) => `${field}: ${type}`)
}

/** Without the start bodies' fields that the contract puts into alternatives. */
const demandedBeyond = (theirs: CondensedBody | undefined, ours: CondensedBody | undefined): string[] =>
  (ours?.required ?? []).filter(field => field in (theirs?.fields ?? {}) && !theirs?.required.includes(field))

describe('the API against the condensed contract', () => {
  it('covers every operation of the fixture', () => {
    expect(contract.length).toBeGreaterThan(45)
    expect(contract.map(operation => operation.operationId).filter(id => !own.has(id))).toEqual([])
  })

  it.each(contract.map(operation => [operation.operationId, operation] as const))('%s', (id, theirs) => {
    const ours = own.get(id)
    expect(ours).toMatchObject({ method: theirs.method, path: theirs.path, status: theirs.status })
    expect(ours?.parameters).toEqual(expect.arrayContaining([...theirs.parameters]))
    expect(missing(theirs.request, ours?.request)).toEqual([])
    expect(missing(theirs.response, ours?.response)).toEqual([])
    expect(demandedBeyond(theirs.request, ours?.request)).toEqual([])
    expect((theirs.response?.required ?? []).filter(field => !ours?.response?.required.includes(field))).toEqual([])
  })

  it('is told apart from a document that misses a field, demands one more, or changes a type', () => {
    const theirs: CondensedBody = { fields: { '': 'object', a: 'string', b: 'number' }, required: ['a'] }
    expect(missing(theirs, { fields: { '': 'object', a: 'string' }, required: [] })).toEqual(['b: number'])
    expect(missing(theirs, { fields: { '': 'object', a: 'number', b: 'number' }, required: [] })).toEqual(['a: string'])
    expect(demandedBeyond(theirs, { fields: theirs.fields, required: ['a', 'b'] })).toEqual(['b'])
  })
})
