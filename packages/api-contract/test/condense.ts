/**
 * Reads an OpenAPI document into the few facts that clients depend on. Run with a document as argument it prints the
 * condensed form of the operations that Trivault offers: `node test/condense.ts FULL.json > fixtures/contract.json`.
 */
import { readFileSync } from 'node:fs'
import { routes } from '../src/index.ts'

type Json = { readonly [key: string]: unknown }

export type CondensedBody = {
  /** Field path → JSON type; `[]` stands for the items of an array. */
  readonly fields: Readonly<Record<string, string>>
  readonly required: readonly string[]
}
export type CondensedOperation = {
  readonly operationId: string
  readonly method: string
  readonly path: string
  /** Such as `query page`; path parameters are in `path`. */
  readonly parameters: readonly string[]
  readonly request?: CondensedBody
  readonly status: string
  readonly response?: CondensedBody
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
const items = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function follow(document: Json, node: unknown): Json {
  let current = node
  while (isObject(current) && typeof current.$ref === 'string') {
    let target: unknown = document
    for (const part of current.$ref.slice(2).split('/')) target = isObject(target) ? target[part] : undefined
    current = target
  }
  return isObject(current) ? current : {}
}

/** Fields of a schema with its compositions united; a field is required when every alternative requires it. */
function shape(document: Json, schema: unknown): { properties: Map<string, unknown>; required: Set<string> } {
  const node = follow(document, schema)
  const properties = new Map(Object.entries(isObject(node.properties) ? node.properties : {}))
  const required = new Set(items(node.required).map(String))
  for (const part of items(node.allOf).map(part => shape(document, part))) {
    for (const [name, value] of part.properties) properties.set(name, value)
    for (const name of part.required) required.add(name)
  }
  const alternatives = [...items(node.oneOf), ...items(node.anyOf)].map(part => shape(document, part))
  for (const alternative of alternatives) {
    for (const [name, value] of alternative.properties) if (!properties.has(name)) properties.set(name, value)
  }
  for (const name of alternatives[0]?.required ?? []) {
    if (alternatives.every(alternative => alternative.required.has(name))) required.add(name)
  }
  return { properties, required }
}

function typeOf(document: Json, schema: unknown): string {
  const node = follow(document, schema)
  const named = items(Array.isArray(node.type) ? node.type : [node.type]).filter(type => typeof type === 'string')
  const type = named.find(name => name !== 'null')
  if (type === 'integer') return 'number'
  if (typeof type === 'string') return type
  if (node.properties || node.allOf || node.oneOf || node.anyOf) return 'object'
  return node.enum ? typeof items(node.enum)[0] : 'any'
}

function condenseBody(document: Json, schema: unknown): CondensedBody {
  const fields: Record<string, string> = {}
  const required: string[] = []
  const walk = (at: string, node: unknown, depth: number): void => {
    const type = typeOf(document, node)
    fields[at] = type
    if (depth > 6) return
    if (type === 'array') {
      const inner = follow(document, node).items
      if (inner) walk(`${at}[]`, inner, depth + 1)
      return
    }
    const { properties, required: names } = shape(document, node)
    for (const name of names) if (properties.has(name)) required.push(at ? `${at}.${name}` : name)
    for (const [name, value] of properties) walk(at ? `${at}.${name}` : name, value, depth + 1)
  }
  walk('', schema, 0)
  return { fields, required: required.sort() }
}

function jsonBody(document: Json, holder: unknown): CondensedBody | undefined {
  const content = follow(document, holder).content
  const media = isObject(content) ? content['application/json'] : undefined
  return isObject(media) && media.schema ? condenseBody(document, media.schema) : undefined
}

/** The operations of a document, condensed. */
export function condense(document: Json): CondensedOperation[] {
  const operations: CondensedOperation[] = []
  for (const [path, item] of Object.entries(isObject(document.paths) ? document.paths : {})) {
    for (const [method, raw] of Object.entries(isObject(item) ? item : {})) {
      const operation = follow(document, raw)
      const responses = isObject(operation.responses) ? operation.responses : {}
      const status = Object.keys(responses).find(code => /^[12]/.test(code)) ?? ''
      const request = jsonBody(document, operation.requestBody)
      const response = jsonBody(document, responses[status])
      operations.push({
        operationId: String(operation.operationId),
        method,
        path: path.replace(/\{[^}]+\}/g, '{}'),
        parameters: items(operation.parameters)
          .map(parameter => follow(document, parameter))
          .filter(parameter => parameter.in !== 'path')
          .map(parameter => `${String(parameter.in)} ${String(parameter.name)}`)
          .sort(),
        ...(request && { request }),
        status,
        ...(response && { response }),
      })
    }
  }
  return operations
}

if (process.argv[1] === import.meta.filename) {
  const file = process.argv[2]
  if (!file) throw new Error('usage: node test/condense.ts OPENAPI.json')
  const document: Json = JSON.parse(readFileSync(file, 'utf8'))
  const offered = condense(document).filter(operation => Object.hasOwn(routes, operation.operationId))
  process.stdout.write(`[\n${offered.map(operation => JSON.stringify(operation)).join(',\n')}\n]\n`)
}
