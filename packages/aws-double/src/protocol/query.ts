import type { Member, Shape, Structure } from './model.ts'
import {
  badShape,
  checkRequired,
  type Fields,
  parseBlob,
  parseBoolean,
  parseDate,
  parseNumber,
  type Value,
} from './values.ts'

/** Form fields as a tree: `A.member.1.B=x` is A, member, 1, B with the text x. */
type Node = { text?: string; readonly children: Map<string, Node> }

/** Reads a query request. @returns the operation's name and the fields of its input, not yet read. */
export function parseForm(body: Uint8Array): {
  readonly action: string
  readonly version: string
  readonly form: Node
} {
  const form: Node = { children: new Map() }
  let action = ''
  let version = ''
  for (const [name, value] of new URLSearchParams(new TextDecoder().decode(body))) {
    if (name === 'Action') action = value
    else if (name === 'Version') version = value
    else insert(form, name, value)
  }
  return { action, version, form }
}

function insert(root: Node, name: string, value: string): void {
  let node = root
  for (const part of name.split('.')) {
    const next = node.children.get(part) ?? { children: new Map() }
    node.children.set(part, next)
    node = next
  }
  if (node.text !== undefined) throw badShape(name, 'appears twice')
  node.text = value
}

/** @throws AwsError for unknown members, wrong types, absent required members. */
export function readQuery(shape: Structure, form: Node): Fields {
  return readStructure(shape, form, shape.name)
}

const wireName = (name: string, member: Member): string => String(member.traits.xmlName ?? name)

function readStructure(shape: Structure, node: Node, path: string): Fields {
  const byWire = new Map([...shape.members].map(([name, member]) => [wireName(name, member), { name, member }]))
  const fields: Fields = {}
  for (const [wire, child] of node.children) {
    const found = byWire.get(wire)
    if (!found) throw badShape(`${path}.${wire}`, `${shape.name} has no such member`)
    fields[found.name] = readValue(found.member, child, `${path}.${wire}`)
  }
  checkRequired(shape, fields, path)
  return fields
}

function readValue(member: Member, node: Node, path: string): Value {
  const shape = member.shape()
  switch (shape.kind) {
    case 'structure':
      return readStructure(shape, node, path)
    case 'list': {
      if (node.text === '' && node.children.size === 0) return []
      const flat = Boolean(member.traits.xmlFlattened ?? shape.traits.xmlFlattened)
      const items = flat ? node : only(node, wireName('member', shape.member), path)
      return numbered(items, path).map((item, index) => readValue(shape.member, item, `${path}[${index}]`))
    }
    case 'map': {
      const flat = Boolean(member.traits.xmlFlattened ?? shape.traits.xmlFlattened)
      const items = flat ? node : only(node, 'entry', path)
      return Object.fromEntries(
        numbered(items, path).map(entry => [
          textOf(entry.children.get(wireName('key', shape.key)), path),
          readValue(shape.value, entry.children.get(wireName('value', shape.value)) ?? missing(path), path),
        ]),
      )
    }
    default:
      return readText(shape, textOf(node, path), path)
  }
}

function readText(shape: Shape, text: string, path: string): Value {
  switch (shape.kind) {
    case 'boolean':
      return parseBoolean(text, path)
    case 'number':
      return parseNumber(text, path)
    case 'timestamp':
      return parseDate(text, path)
    case 'blob':
      return parseBlob(text, path)
    default:
      return text
  }
}

const missing = (path: string): never => {
  throw badShape(path, 'a value is missing')
}

function textOf(node: Node | undefined, path: string): string {
  if (node?.text === undefined || node.children.size > 0) throw badShape(path, 'must be a single value')
  return node.text
}

function only(node: Node, name: string, path: string): Node {
  const child = node.children.get(name)
  if (!child || node.children.size !== 1) throw badShape(path, `must have members named ${name}`)
  return child
}

function numbered(node: Node, path: string): Node[] {
  const items = [...node.children].sort(([a], [b]) => Number(a) - Number(b))
  items.forEach(([name], index) => {
    if (name !== String(index + 1)) throw badShape(path, 'members are not numbered from 1')
  })
  return items.map(([, item]) => item)
}
