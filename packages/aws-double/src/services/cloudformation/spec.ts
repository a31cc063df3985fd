import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec'
import { AwsError } from '../../errors.ts'
import type { Properties } from './store.ts'

type Type = Readonly<Record<string, unknown>> & { readonly type: string }
type Property = {
  readonly type: Type
  readonly required?: boolean
  readonly causesReplacement?: 'yes' | 'no' | 'maybe'
}
type Named = { readonly name: string; readonly properties: Readonly<Record<string, Property>> }
type ResourceSpec = Named & { readonly attributes: Readonly<Record<string, unknown>> }
type Database = {
  readonly resource: (type: string) => ResourceSpec | undefined
  readonly definition: (id: string) => Named
}

const state: { database?: Database } = {}

/** CloudFormation's registry of resource types, read once (half a second). */
function database(): Database {
  if (state.database) return state.database
  const spec = loadAwsServiceSpecSync()
  const opened: Database = {
    resource: type => spec.lookup('resource', 'cloudFormationType', 'equals', type)[0] as ResourceSpec | undefined,
    definition: id => spec.get('typeDefinition', id) as unknown as Named,
  }
  state.database = opened
  return opened
}

const wrong = (path: string, what: string) =>
  new AwsError('ValidationError', `Properties validation failed for resource ${path}: ${what}`)

function specOf(type: string): ResourceSpec {
  const found = database().resource(type)
  if (!found) throw new AwsError('ValidationError', `Template format error: Unrecognized resource types: [${type}]`)
  return found
}

/**
 * Checks resolved properties against CloudFormation's own specification: names, types, required members, closed values.
 * @throws AwsError `ValidationError`
 */
export function checkProperties(type: string, properties: Properties, logicalId: string): void {
  checkMembers(specOf(type), properties, logicalId)
}

function checkMembers(spec: Named, value: Readonly<Record<string, unknown>>, path: string): void {
  for (const [name, item] of Object.entries(value)) {
    const property = spec.properties[name]
    if (!property) throw wrong(path, `#: extraneous key [${name}] is not permitted (${spec.name})`)
    checkValue(property.type, item, `${path}.${name}`)
  }
  for (const [name, { required }] of Object.entries(spec.properties)) {
    if (required && value[name] === undefined) throw wrong(path, `#: required key [${name}] not found (${spec.name})`)
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function checkValue(type: Type, value: unknown, path: string): void {
  switch (type.type) {
    case 'string':
    case 'date-time': {
      if (isObject(value) || Array.isArray(value)) throw wrong(path, 'expected type: String')
      const allowed = type.allowedValues as readonly unknown[] | undefined
      if (allowed && !allowed.map(String).includes(String(value)))
        throw wrong(path, `${String(value)} is not a valid enum value`)
      return
    }
    case 'number':
    case 'integer':
      if (!/^-?\d+(\.\d+)?$/.test(String(value))) throw wrong(path, 'expected type: Number')
      return
    case 'boolean':
      if (!/^(true|false)$/.test(String(value))) throw wrong(path, 'expected type: Boolean')
      return
    case 'array':
      if (!Array.isArray(value)) throw wrong(path, 'expected type: JSONArray')
      for (const [index, item] of value.entries()) checkValue(type.element as Type, item, `${path}[${index}]`)
      return
    case 'map':
      if (!isObject(value)) throw wrong(path, 'expected type: JSONObject')
      for (const [name, item] of Object.entries(value)) checkValue(type.element as Type, item, `${path}.${name}`)
      return
    case 'tag':
      if (!isObject(value) || typeof value.Key !== 'string') throw wrong(path, 'expected a tag')
      return
    case 'ref': {
      if (!isObject(value)) throw wrong(path, 'expected type: JSONObject')
      const { $ref } = type.reference as { readonly $ref: string }
      checkMembers(database().definition($ref), value, path)
      return
    }
    case 'union':
      checkUnion(type.types as readonly Type[], value, path)
      return
    case 'json':
    case 'null':
      return
    default:
      throw new Error(`the specification has a type ${type.type}`)
  }
}

function checkUnion(types: readonly Type[], value: unknown, path: string): void {
  const failures = types.flatMap(type => {
    try {
      checkValue(type, value, path)
      return []
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      return [error]
    }
  })
  const [first] = failures
  if (first && failures.length === types.length) throw first
}

/** Whether the change of these properties makes a new resource. */
export function needsReplacement(type: string, changed: readonly string[]): boolean {
  const { properties } = specOf(type)
  return changed.some(name => properties[name]?.causesReplacement === 'yes')
}

/** Names that `Fn::GetAtt` takes. */
export const attributeNames = (type: string): readonly string[] => Object.keys(specOf(type).attributes)
