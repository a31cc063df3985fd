import { type AwsError, notInDouble } from '../errors.ts'
import type { Member, Model, Operation, Structure } from './model.ts'
import {
  badShape,
  checkRequired,
  type Fields,
  parseBoolean,
  parseDate,
  parseNumber,
  textOf,
  type Value,
} from './values.ts'
import { escapeXml, parseXml, readXml, writeMember, writeXmlMembers } from './xml.ts'

export type RestRequest = {
  readonly method: string
  /** Still percent-encoded, without the bucket of S3. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}
export type RestResponse = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

type Route = {
  readonly operation: Operation
  readonly method: string
  readonly path: RegExp
  readonly labels: readonly string[]
  readonly literals: number
  /** Parameters that the address must have, with this value when it is not empty. */
  readonly query: readonly (readonly [string, string])[]
  readonly status: number
}

const ignoredQuery = new Set(['x-id'])

function routeOf(operation: Operation): Route | undefined {
  if (!Array.isArray(operation.traits.http)) return undefined
  const [method, address, status] = operation.traits.http as [string, string, number]
  const [path = '/', query = ''] = address.split('?')
  const labels: string[] = []
  const pattern = path.replace(/\{(\w+)(\+)?\}/g, (_, name: string, greedy?: string) => {
    labels.push(name)
    return greedy ? '(.+)' : '([^/]+)'
  })
  const fixed = [...new URLSearchParams(query)].filter(([name]) => !ignoredQuery.has(name))
  const literals = path.replace(/\{[^}]*\}/g, '').length
  return { operation, method, path: new RegExp(`^${pattern}/?$`), labels, literals, query: fixed, status }
}

const routesOf = (model: Model): readonly Route[] =>
  [...model.operations.values()].flatMap(operation => routeOf(operation) ?? [])

/** A REST-XML service: finds the operation of a request among all of the model's, the most specific first. */
export function createRest(model: Model) {
  const routes = routesOf(model)

  const find = (request: RestRequest): { readonly route: Route; readonly labels: Fields } => {
    const fitting = routes
      .filter(route => route.method === request.method && route.path.test(request.path))
      .filter(({ query }) =>
        query.every(([name, value]) => request.query.has(name) && (value === '' || request.query.get(name) === value)),
      )
      // S3's copy and rename share their address with other operations and differ by a header.
      .filter(({ operation }) => headerFits(operation, request))
      .sort((a, b) => b.query.length - a.query.length || b.literals - a.literals || a.labels.length - b.labels.length)
    const [route] = fitting
    if (!route) throw notInDouble(`${request.method} ${request.path} of ${model.service}`)
    const values = route.path.exec(request.path)?.slice(1) ?? []
    const labels = Object.fromEntries(route.labels.map((name, i) => [name, decodeURIComponent(values[i] ?? '')]))
    return { route, labels }
  }

  return {
    /** @returns the operation and its input; `given` are labels that the address does not show (S3's bucket). */
    read(request: RestRequest, given: Fields): { readonly operation: Operation; readonly input: Fields } {
      const { route, labels } = find(request)
      const { operation } = route
      const known = new Set(route.query.map(([name]) => name).concat(...ignoredQuery))
      const input: Fields = { ...labels }
      for (const [name, value] of Object.entries(given)) if (operation.input.members.has(name)) input[name] = value
      readBindings(operation.input, request, input, known)
      for (const name of request.query.keys()) {
        if (!known.has(name)) throw badShape(name, `${operation.name} has no such query parameter`)
      }
      checkRequired(operation.input, input, operation.input.name)
      return { operation, input }
    },
    write: (operation: Operation, output: Fields): RestResponse => writeOutput(operation, output),
  }
}

const copies = new Set(['CopyObject', 'UploadPartCopy', 'RenameObject'])
const headerFits = ({ name }: Operation, { headers, query }: RestRequest): boolean =>
  copies.has(name)
    ? name !== 'RenameObject' && headers['x-amz-copy-source'] !== undefined
    : !(headers['x-amz-copy-source'] !== undefined && (name === 'PutObject' || name === 'UploadPart')) &&
      !(name === 'SelectObjectContent' && !query.has('select'))

function readBindings(shape: Structure, request: RestRequest, input: Fields, known: Set<string>): void {
  const inBody = new Map<string, Member>()
  for (const [name, member] of shape.members) {
    const { httpHeader, httpQuery, httpPrefixHeaders, httpPayload, httpLabel } = member.traits
    if (typeof httpHeader === 'string') {
      const text = request.headers[httpHeader.toLowerCase()]
      if (text !== undefined) input[name] = readText(member, text, name)
    } else if (typeof httpQuery === 'string') {
      known.add(httpQuery)
      const text = request.query.get(httpQuery)
      if (text !== null) input[name] = readText(member, text, name)
    } else if (typeof httpPrefixHeaders === 'string') {
      const prefix = httpPrefixHeaders.toLowerCase()
      const found = Object.entries(request.headers).filter(([header]) => header.startsWith(prefix))
      if (found.length > 0) {
        input[name] = Object.fromEntries(found.map(([header, value]) => [header.slice(prefix.length), value]))
      }
    } else if (httpPayload) {
      readPayload(name, member, request.body, input)
    } else if (!httpLabel) inBody.set(name, member)
  }
  if (inBody.size > 0 && request.body.length > 0) {
    const document = parseXml(new TextDecoder().decode(request.body))
    Object.assign(input, readXml({ ...shape, members: inBody, required: [] }, document))
  }
}

function readPayload(name: string, member: Member, body: Uint8Array, input: Fields): void {
  const shape = member.shape()
  if (shape.kind === 'structure') {
    if (body.length > 0) input[name] = readXml(shape, parseXml(new TextDecoder().decode(body)))
  } else input[name] = shape.kind === 'string' ? new TextDecoder().decode(body) : body
}

function readText(member: Member, text: string, path: string): Value {
  const shape = member.shape()
  switch (shape.kind) {
    case 'boolean':
      return parseBoolean(text, path)
    case 'number':
      return parseNumber(text, path)
    case 'timestamp':
      return parseDate(text, path)
    case 'list':
      return text.split(',').map(item => item.trim())
    case 'string':
      return text
    default:
      throw badShape(path, 'cannot be a header or a query parameter')
  }
}

function writeOutput(operation: Operation, output: Fields): RestResponse {
  const headers: Record<string, string> = {}
  const inBody: Fields = {}
  let payload: string | Uint8Array | undefined
  for (const [name, value] of Object.entries(output)) {
    if (value === undefined) continue
    const member = operation.output.members.get(name)
    if (!member) throw new Error(`the answer has ${name}, which ${operation.output.name} does not`)
    const shape = member.shape()
    const { httpHeader, httpPrefixHeaders, httpPayload } = member.traits
    if (typeof httpHeader === 'string') {
      headers[httpHeader.toLowerCase()] = textOf(
        value,
        shape.kind === 'timestamp' ? (shape.format ?? 'http-date') : undefined,
      )
    } else if (typeof httpPrefixHeaders === 'string') {
      for (const [key, text] of Object.entries(value as Fields)) headers[`${httpPrefixHeaders}${key}`] = String(text)
    } else if (httpPayload) {
      payload = shape.kind === 'structure' ? writeMember(shape.name, member, value) : (value as string | Uint8Array)
    } else inBody[name] = value
  }
  const [, , status] = operation.traits.http as [string, string, number]
  if (payload !== undefined) return { status, headers, body: payload }
  const needsBody = [...operation.output.members.values()].some(
    ({ traits }) => !traits.httpHeader && !traits.httpPayload && !traits.httpPrefixHeaders,
  )
  if (!needsBody) return { status, headers, body: '' }
  const root = String(operation.output.traits.xmlName ?? operation.output.name)
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<${root}>${writeXmlMembers(operation.output, inBody)}</${root}>`
  return { status, headers: { ...headers, 'content-type': 'application/xml' }, body }
}

/** @param wrapped Route 53 wraps the error, S3 does not. */
export const writeXmlError = (error: AwsError, requestId: string, wrapped: boolean): string => {
  const inner = `<Error><Type>Sender</Type><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message></Error>`
  return wrapped ? `<ErrorResponse>${inner}<RequestId>${requestId}</RequestId></ErrorResponse>` : inner
}
