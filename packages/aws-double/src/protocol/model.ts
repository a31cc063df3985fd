/**
 * Shapes of requests and answers, read from the schemas that the SDK's own clients carry. A schema is a number (a simple
 * type), a function that returns a schema, or an array whose first element tells its kind.
 */
export type Traits = Readonly<Record<string, unknown>>
export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds' | undefined
export type Member = { readonly shape: () => Shape; readonly traits: Traits }
export type Structure = {
  readonly kind: 'structure'
  readonly name: string
  readonly traits: Traits
  readonly members: ReadonlyMap<string, Member>
  readonly required: readonly string[]
}
export type Shape =
  | Structure
  | { readonly kind: 'list'; readonly traits: Traits; readonly member: Member }
  | { readonly kind: 'map'; readonly traits: Traits; readonly key: Member; readonly value: Member }
  | { readonly kind: 'timestamp'; readonly format: TimestampFormat }
  | { readonly kind: 'string' | 'number' | 'boolean' | 'blob' | 'document' }

export type Operation = {
  readonly name: string
  readonly traits: Traits
  readonly input: Structure
  readonly output: Structure
}

/** A service by its operations. */
export type Model = { readonly service: string; readonly operations: ReadonlyMap<string, Operation> }

const flagNames = [
  'httpLabel',
  'idempotent',
  'idempotencyToken',
  'sensitive',
  'httpPayload',
  'httpResponseCode',
] as const
const unit: Structure = { kind: 'structure', name: 'Unit', traits: {}, members: new Map(), required: [] }
const operationKind = 9
const shapes = new WeakMap<object, Shape>()

function traitsOf(value: unknown): Traits {
  if (typeof value === 'object' && value !== null) return value as Traits
  const bits = typeof value === 'number' ? value : 0
  return Object.fromEntries(flagNames.flatMap((name, index) => ((bits >> index) & 1 ? [[name, 1]] : [])))
}

function memberOf(value: unknown): Member {
  if (Array.isArray(value) && value.length === 2) {
    const [schema, traits] = value as [unknown, unknown]
    const inner = memberOf(schema)
    return { shape: inner.shape, traits: { ...inner.traits, ...traitsOf(traits) } }
  }
  return { shape: () => shapeOf(value), traits: {} }
}

function simpleShape(code: number): Shape {
  if (code >= 128) return { kind: 'map', traits: {}, key: memberOf(0), value: memberOf(code & 63) }
  if (code >= 64) return { kind: 'list', traits: {}, member: memberOf(code & 63) }
  switch (code) {
    case 0:
      return { kind: 'string' }
    case 1:
    case 17:
    case 19:
      return { kind: 'number' }
    case 2:
      return { kind: 'boolean' }
    case 21:
    case 42:
      return { kind: 'blob' }
    case 15:
      return { kind: 'document' }
    case 4:
      return { kind: 'timestamp', format: undefined }
    case 5:
      return { kind: 'timestamp', format: 'date-time' }
    case 6:
      return { kind: 'timestamp', format: 'http-date' }
    case 7:
      return { kind: 'timestamp', format: 'epoch-seconds' }
    default:
      throw new Error(`unknown simple schema ${code}`)
  }
}

function shapeOf(schema: unknown): Shape {
  if (typeof schema === 'function') return shapeOf((schema as () => unknown)())
  if (schema === 'unit') return unit
  if (typeof schema === 'number') return simpleShape(schema)
  if (!Array.isArray(schema)) throw new Error('unknown schema')
  const known = shapes.get(schema)
  if (known) return known
  const shape = arrayShape(schema)
  shapes.set(schema, shape)
  return shape
}

function arrayShape(schema: readonly unknown[]): Shape {
  const [kind, , name, traits, first, second, requiredCount] = schema
  switch (kind) {
    case 0:
      return shapeOf(first)
    case 1:
      return { kind: 'list', traits: traitsOf(traits), member: memberOf(first) }
    case 2:
      return { kind: 'map', traits: traitsOf(traits), key: memberOf(first), value: memberOf(second) }
    case 3:
    case 4:
    case -3: {
      const names = first as readonly string[]
      const members = second as readonly unknown[]
      return {
        kind: 'structure',
        name: String(name),
        traits: traitsOf(traits),
        members: new Map(names.map((member, index) => [member, memberOf(members[index])])),
        required: names.slice(0, typeof requiredCount === 'number' ? requiredCount : 0),
      }
    }
    default:
      throw new Error(`unknown schema kind ${String(kind)}`)
  }
}

const structureOf = (schema: unknown): Structure => {
  const shape = shapeOf(schema)
  if (shape.kind !== 'structure') throw new Error('an operation takes and returns structures')
  return shape
}

/** @param module what `import * as module from '@aws-sdk/client-…'` gives. */
export function readModel(service: string, module: Readonly<Record<string, unknown>>): Model {
  const operations = new Map<string, Operation>()
  for (const value of Object.values(module)) {
    if (!Array.isArray(value) || value[0] !== operationKind) continue
    const [, , name, traits, input, output] = value as readonly unknown[]
    operations.set(String(name), {
      name: String(name),
      traits: traitsOf(traits),
      input: structureOf(input),
      output: structureOf(output),
    })
  }
  if (operations.size === 0) throw new Error(`the SDK's client of ${service} carries no schemas`)
  return { service, operations }
}
