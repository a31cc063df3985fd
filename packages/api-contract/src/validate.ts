import type { TObject, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

/** What is wrong with one field, in words that say what to do. Never repeats a value. */
export type Problem = {
  /** Such as `Destination[0].Amount`; empty for the whole body. */
  readonly field: string
  readonly message: string
}

export type Validator = (value: unknown) => readonly Problem[]

const maxProblems = 5

/** Compiles a schema into a check that returns what is wrong, nothing when all is right. */
export function compileValidator(schema: TSchema): Validator {
  const compiled = Compile(schema)
  return value => {
    if (compiled.Check(value)) return []
    return describe(schema, compiled.Errors(value) as readonly SchemaError[])
  }
}

type SchemaError = {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message: string
}

const composed = /\/(?:anyOf|oneOf|not)(?:\/|$)/

function describe(schema: TSchema, errors: readonly SchemaError[]): Problem[] {
  const wrongType = errors.find(error => error.keyword === 'type' && error.instancePath === '')
  if (wrongType) return [{ field: '', message: wrongType.message }]
  const problems: Problem[] = []
  for (const error of errors) {
    // A failed alternative is told once, by the words of its parent; `boolean` repeats `additionalProperties`.
    if (error.keyword === 'boolean' || composed.test(error.schemaPath)) continue
    for (const problem of problemOf(schema, error)) {
      const known = problems.some(p => p.field === problem.field && p.message === problem.message)
      if (!known) problems.push(problem)
    }
  }
  return problems.length > 0 ? problems.slice(0, maxProblems) : [{ field: '', message: 'does not match the schema' }]
}

function problemOf(root: TSchema, error: SchemaError): Problem[] {
  const field = fieldName(error.instancePath)
  const schema = resolve(root, error.schemaPath)
  const description = typeof schema.description === 'string' ? schema.description : undefined
  const child = (name: string) => (field ? `${field}.${printable(name)}` : printable(name))
  switch (error.keyword) {
    case 'required':
      return strings(error.params.requiredProperties).map(name => ({ field: child(name), message: 'is missing' }))
    case 'dependentRequired':
    case 'anyOf':
    case 'oneOf':
    case 'not':
      return [{ field, message: description ?? 'does not match any allowed form' }]
    case 'additionalProperties': {
      const known = Object.keys(isRecord(schema.properties) ? schema.properties : {}).join(', ')
      return strings(error.params.additionalProperties).map(name => ({
        field: child(name),
        message: `is not a known field; known are ${known || 'none'}`,
      }))
    }
    case 'enum':
      return [{ field, message: `must be one of ${strings(error.params.allowedValues).join(', ')}` }]
    case 'pattern':
    case 'format':
      return [{ field, message: `must be ${description ?? 'of the documented form'}` }]
    default:
      return [{ field, message: error.message }]
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(item => String(item)) : [])
const printable = (name: string): string => name.replace(/[^\x20-\x7e]/g, '?').slice(0, 64)
const unescapePointer = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~')

function fieldName(pointer: string): string {
  const parts = pointer.split('/').slice(1).map(unescapePointer)
  return parts.reduce((name, part) => {
    if (/^\d+$/.test(part)) return `${name}[${part}]`
    return name ? `${name}.${printable(part)}` : printable(part)
  }, '')
}

function resolve(root: TSchema, pointer: string): Record<string, unknown> {
  let node: unknown = root
  for (const part of pointer.split('/').slice(1)) {
    const key = unescapePointer(decodeURIComponent(part))
    node = isRecord(node) ? node[key] : undefined
  }
  return isRecord(node) ? node : {}
}

/** Turns the texts of a query or path into the types its schema asks for; what does not convert stays text. */
export function coerceTexts(schema: TObject, texts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, value]) => {
      const property: { type?: unknown } | undefined = schema.properties[name]
      if (property?.type === 'integer' && /^-?\d{1,16}$/.test(String(value))) return [name, Number(value)]
      if (property?.type === 'boolean' && (value === 'true' || value === 'false')) return [name, value === 'true']
      return [name, value]
    }),
  )
}

/** One sentence for an error body. */
export const problemText = (problems: readonly Problem[]): string =>
  problems.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ')
