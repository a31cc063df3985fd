import type { Member, Shape, Structure } from './model.ts'
import {
  badShape,
  checkRequired,
  type Fields,
  parseBlob,
  parseBoolean,
  parseDate,
  parseNumber,
  textOf,
  type Value,
} from './values.ts'

export type Element = { readonly name: string; text: string; readonly children: Element[] }

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export const escapeXml = (text: string): string => text.replace(/[&<>"]/g, character => escapes[character] ?? character)

const unescapeXml = (text: string): string =>
  text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex?: string, decimal?: string, name?: string) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal) return String.fromCodePoint(Number(decimal))
    const character = entities[name ?? '']
    if (character === undefined) throw badShape('XML', `unknown entity ${whole}`)
    return character
  })

/** Elements, text and attributes (dropped): all that requests of these services use. */
export function parseXml(text: string): Element {
  const root: Element = { name: '', text: '', children: [] }
  const open = [root]
  for (const [, comment, close, name = '', , selfClosing, plain] of text.matchAll(
    /<(\?[^>]*\?)>|<(?:(\/)?([\w:.-]+)((?:\s+[\w:.-]+="[^"]*")*)\s*(\/)?)>|([^<]+)|</g,
  )) {
    const current = open.at(-1) ?? root
    if (comment) continue
    if (plain !== undefined) current.text += unescapeXml(plain)
    else if (close) {
      if (open.length < 2 || open.pop()?.name !== name) throw badShape('XML', `</${name}> closes nothing`)
    } else if (name) {
      const element: Element = { name, text: '', children: [] }
      current.children.push(element)
      if (!selfClosing) open.push(element)
    } else throw badShape('XML', 'is malformed')
  }
  const [document] = root.children
  if (open.length !== 1 || !document || root.children.length !== 1) throw badShape('XML', 'is not one whole document')
  return document
}

const wireName = (name: string, member: Member): string => String(member.traits.xmlName ?? name)

/** Reads an element into a structure. @throws AwsError for unknown elements, wrong types, absent required members. */
export function readXml(shape: Structure, element: Element, path = shape.name): Fields {
  const byWire = new Map([...shape.members].map(([name, member]) => [wireName(name, member), { name, member }]))
  const groups = Map.groupBy(element.children, child => child.name)
  const fields: Fields = {}
  for (const [wire, [first, ...others]] of groups) {
    const found = byWire.get(wire)
    if (!found || !first) throw badShape(`${path}.${wire}`, `${shape.name} has no such element`)
    const inner = found.member.shape()
    if (inner.kind === 'list' && (found.member.traits.xmlFlattened || inner.traits.xmlFlattened)) {
      fields[found.name] = [first, ...others].map(item => readElement(inner.member.shape(), item, `${path}.${wire}`))
      continue
    }
    if (others.length > 0) throw badShape(`${path}.${wire}`, 'appears twice')
    fields[found.name] = readElement(inner, first, `${path}.${wire}`)
  }
  checkRequired(shape, fields, path)
  return fields
}

function readElement(shape: Shape, element: Element, path: string): Value {
  switch (shape.kind) {
    case 'structure':
      return readXml(shape, element, path)
    case 'list':
      return element.children.map(child => readElement(shape.member.shape(), child, path))
    case 'map':
      throw badShape(path, 'maps are not read from XML')
    case 'boolean':
      return parseBoolean(element.text.trim(), path)
    case 'number':
      return parseNumber(element.text, path)
    case 'timestamp':
      return parseDate(element.text, path)
    case 'blob':
      return parseBlob(element.text, path)
    default:
      return element.text
  }
}

/** Writes the members of a structure as elements. @throws Error when the double's answer has a member that the model has not. */
export function writeXmlMembers(shape: Structure, value: Fields): string {
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([name, item]) => {
      const member = shape.members.get(name)
      if (!member) throw new Error(`the answer has ${name}, which ${shape.name} does not`)
      return writeMember(wireName(name, member), member, item)
    })
    .join('')
}

const tag = (name: string, content: string): string => `<${name}>${content}</${name}>`

export function writeMember(name: string, member: Member, value: Value): string {
  const shape = member.shape()
  switch (shape.kind) {
    case 'structure':
      return tag(name, writeXmlMembers(shape, value as Fields))
    case 'list': {
      const items = value as readonly Value[]
      if (member.traits.xmlFlattened || shape.traits.xmlFlattened) {
        return items.map(item => writeMember(name, shape.member, item)).join('')
      }
      return tag(name, items.map(item => writeMember(wireName('member', shape.member), shape.member, item)).join(''))
    }
    case 'map': {
      const entries = Object.entries(value as Fields)
      const written = entries.map(([key, item]) =>
        tag(
          'entry',
          writeMember(wireName('key', shape.key), shape.key, key) +
            writeMember(wireName('value', shape.value), shape.value, item),
        ),
      )
      return tag(name, written.join(''))
    }
    case 'timestamp':
      return tag(name, escapeXml(textOf(value, member.traits.timestampFormat === undefined ? shape.format : undefined)))
    default:
      return tag(name, escapeXml(textOf(value, undefined)))
  }
}
