import type { Shape, Structure } from './model.ts'
import { badShape, checkRequired, type Fields, parseBlob, type Value } from './values.ts'

/** Reads a JSON 1.0 or 1.1 request. @throws AwsError for unknown members, wrong types, absent required members. */
export function readJson(shape: Structure, body: Uint8Array): Fields {
  const text = new TextDecoder().decode(body)
  let json: unknown
  try {
    json = text === '' ? {} : JSON.parse(text)
  } catch {
    throw badShape(shape.name, 'the body is not JSON')
  }
  return readStructure(shape, json, shape.name)
}

function readStructure(shape: Structure, json: unknown, path: string): Fields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw badShape(path, 'must be an object')
  const fields: Fields = {}
  for (const [name, value] of Object.entries(json)) {
    const member = shape.members.get(name)
    if (!member) throw badShape(`${path}.${name}`, `${shape.name} has no such member`)
    if (value !== null) fields[name] = readValue(member.shape(), value, `${path}.${name}`)
  }
  checkRequired(shape, fields, path)
  return fields
}

function readValue(shape: Shape, json: unknown, path: string): Value {
  switch (shape.kind) {
    case 'structure':
      return readStructure(shape, json, path)
    case 'list':
      if (!Array.isArray(json)) throw badShape(path, 'must be a list')
      return json.map((item, index) => readValue(shape.member.shape(), item, `${path}[${index}]`))
    case 'map': {
      if (typeof json !== 'object' || json === null || Array.isArray(json)) throw badShape(path, 'must be a map')
      const entries = Object.entries(json)
      return Object.fromEntries(entries.map(([k, v]) => [k, readValue(shape.value.shape(), v, `${path}.${k}`)]))
    }
    case 'timestamp':
      if (typeof json !== 'number') throw badShape(path, 'must be a time in seconds')
      return new Date(json * 1000)
    case 'blob':
      if (typeof json !== 'string') throw badShape(path, 'must be base64')
      return parseBlob(json, path)
    case 'document':
      return json
    default:
      if (typeof json !== shape.kind) throw badShape(path, `must be a ${shape.kind}`)
      return json
  }
}

/** Writes an answer. @throws Error when the double's answer does not have the model's shape. */
export const writeJson = (shape: Structure, value: Value): string => JSON.stringify(toJson(shape, value, shape.name))

function toJson(shape: Shape, value: Value, path: string): unknown {
  switch (shape.kind) {
    case 'structure': {
      const entries = Object.entries(value as Fields).filter(([, member]) => member !== undefined)
      return Object.fromEntries(
        entries.map(([name, item]) => {
          const member = shape.members.get(name)
          if (!member) throw new Error(`the answer has ${path}.${name}, which ${shape.name} does not`)
          return [name, toJson(member.shape(), item, `${path}.${name}`)]
        }),
      )
    }
    case 'list':
      return (value as Value[]).map(item => toJson(shape.member.shape(), item, path))
    case 'map':
      return Object.fromEntries(
        Object.entries(value as Fields).map(([name, item]) => [name, toJson(shape.value.shape(), item, path)]),
      )
    case 'timestamp':
      return (value as Date).getTime() / 1000
    case 'blob':
      return Buffer.from(value as Uint8Array).toString('base64')
    default:
      return value
  }
}
