import { Ajv, type ErrorObject } from 'ajv'
import { type Alias, type Document, isMap, isPair, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml'
import type { ConfigProblem } from './problem.ts'
import { closest } from './suggest.ts'

/** A JSON schema node as far as the checks and the reference page read it. */
export interface Schema {
  readonly type?: 'object' | 'string' | 'integer' | 'boolean' | 'array'
  readonly description?: string
  /** What to do when the value does not fit. */
  readonly remedy?: string
  readonly examples?: readonly unknown[]
  readonly default?: unknown
  /** The default in words, where it follows from other fields. */
  readonly defaultText?: string
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
}

export interface YamlFile<T> {
  readonly value: T | undefined
  readonly problems: readonly ConfigProblem[]
  /** Line of a field, else of the nearest part around it that is there. */
  lineOf(field: readonly (string | number)[]): number | undefined
}

export const fieldName = (path: readonly (string | number)[]): string =>
  path.reduce<string>(
    (name, part) => (typeof part === 'number' ? `${name}[${part}]` : name ? `${name}.${part}` : part),
    '',
  )

/** Parses and checks; `value` is there only without problems. */
export function readYaml<T>(file: string, text: string, schema: Schema): YamlFile<T> {
  const lines = new LineCounter()
  const tab = text.split('\n').findIndex(line => /^ *\t/.test(line))
  const none = (problem: Omit<ConfigProblem, 'file' | 'field'>): YamlFile<T> => ({
    value: undefined,
    problems: [{ file, field: '', ...problem }],
    lineOf: () => undefined,
  })
  if (tab >= 0)
    return none({
      rule: 'tab',
      line: tab + 1,
      message: 'the line is indented with a tab',
      remedy: 'YAML wants spaces: put two for each level',
    })
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: false, stringKeys: true })
  const error = document.errors[0]
  if (error !== undefined) {
    const line = lines.linePos(error.pos[0]).line
    if (error.code === 'DUPLICATE_KEY')
      return none({ rule: 'duplicate-key', line, message: 'the key is there twice', remedy: 'keep one of the two' })
    const message = `not YAML: ${error.message.split('\n')[0]?.replace(/ at line \d+.*$/, '')}`
    return none({ rule: 'syntax', line, message, remedy: 'look at quotes, colons and indentation of this line' })
  }
  const alias = firstAlias(document)
  if (alias?.range)
    return none({
      rule: 'syntax',
      line: lines.linePos(alias.range[0]).line,
      message: 'refers to another place of the file (*)',
      remedy: 'every value stands where it belongs, written out',
    })
  keepDigits(document)
  const lineOf = (path: readonly (string | number)[]): number | undefined => {
    for (let length = path.length; length >= 0; length--) {
      const node = keyNode(document, path.slice(0, length))
      if (node?.range) return lines.linePos(node.range[0]).line
    }
    return undefined
  }
  const value: unknown = document.toJS() ?? {}
  const problems = schemaProblems(schema, value).map(problem => ({
    rule: problem.rule,
    file,
    ...lineNumber(lineOf(problem.path)),
    field: fieldName(problem.path),
    message: problem.message,
    remedy: problem.remedy,
  }))
  return { value: problems.length === 0 ? (value as T) : undefined, problems, lineOf }
}

const lineNumber = (line: number | undefined): { line?: number } => (line === undefined ? {} : { line })

function firstAlias(document: Document): Alias | undefined {
  let found: Alias | undefined
  visit(document, {
    Alias(_key, node) {
      found = node
      return visit.BREAK
    },
  })
  return found
}

/** An account id or zone that somebody wrote without quotes stays what is written: 012345678901 is no number. */
function keepDigits(document: Document): void {
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'number' && node.source && /^(0\d+|\d{9,})$/.test(node.source)) node.value = node.source
    },
  })
}

/** The key of a field (its line is where a person looks), or the item of a list. */
function keyNode(document: Document, path: readonly (string | number)[]): Node | undefined {
  const last = path.at(-1)
  const parent: unknown = path.length === 0 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (path.length === 0) return document.contents ?? undefined
  if (isMap(parent)) {
    const pair = parent.items.find(item => isPair(item) && isScalar(item.key) && item.key.value === last)
    return isScalar(pair?.key) ? pair.key : undefined
  }
  const item: unknown = document.getIn(path, true)
  return item !== null && typeof item === 'object' && 'range' in item ? (item as Node) : undefined
}

interface SchemaProblem {
  readonly rule: ConfigProblem['rule']
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly remedy: string
}

const ajv = new Ajv({ allErrors: true, strict: false, verbose: true })

/** What a value breaks of the schema, in the order of the file. */
export function schemaProblems(schema: Schema, value: unknown): SchemaProblem[] {
  const check = ajv.compile(schema)
  if (check(value)) return []
  return (check.errors ?? []).map(problemOf)
}

function problemOf({ keyword, instancePath, params, parentSchema, data }: ErrorObject): SchemaProblem {
  const path = instancePath
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map(part => (/^\d+$/.test(part) ? Number(part) : part))
  const schema = (parentSchema ?? {}) as Schema
  const example = schema.examples?.[0]
  const wanted =
    schema.remedy ??
    (example === undefined ? 'see customer-config.yml reference' : `such as ${JSON.stringify(example)}`)
  switch (keyword) {
    case 'additionalProperties': {
      const key = String(params.additionalProperty)
      const near = closest(key, Object.keys(schema.properties ?? {}))
      const known = Object.keys(schema.properties ?? {}).join(', ')
      const remedy = near ? `did you mean ${near}?` : `known here are: ${known}`
      return { rule: 'unknown-key', path: [...path, key], message: 'no such key', remedy }
    }
    case 'required': {
      const key = String(params.missingProperty)
      const child = schema.properties?.[key]
      const such = child?.examples?.[0] === undefined ? '' : `, such as ${JSON.stringify(child.examples[0])}`
      return {
        rule: 'missing-key',
        path: [...path, key],
        message: `is missing: ${child?.description ?? 'it is required'}`,
        remedy: `add ${key}${such}`,
      }
    }
    case 'type':
      return { rule: 'type', path, message: `must be ${article(String(params.type))}`, remedy: wanted }
    case 'enum': {
      const allowed = (schema.enum ?? []).join(', ')
      const near = closest(String(data), schema.enum ?? [])
      return {
        rule: 'form',
        path,
        message: `must be one of ${allowed}`,
        remedy: near ? `did you mean ${near}?` : wanted,
      }
    }
    case 'minItems':
      return { rule: 'form', path, message: `needs at least ${String(params.limit)}`, remedy: wanted }
    default:
      return {
        rule: 'form',
        path,
        message: `${JSON.stringify(data)} is not ${schema.description ?? 'allowed'}`,
        remedy: wanted,
      }
  }
}

const article = (type: string): string =>
  /^[aeio]/.test(type) ? `an ${type}` : type === 'string' ? 'a text' : `a ${type}`
