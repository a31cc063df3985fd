import type { TObject } from 'typebox'
import { errorFamily, type Route, routes } from './routes.ts'
import { CwpErrorResponse, ProblemDetails } from './schemas/errors.ts'

type Json = { [key: string]: unknown }

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Moves every titled schema into components and leaves a reference behind. */
function makeCollector(components: Map<string, Json>) {
  const visit = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(visit)
    if (!isObject(node)) return node
    const { title, ...rest } = node
    const body = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, visit(value)]))
    if (typeof title !== 'string') return body
    const known = components.get(title)
    if (known && JSON.stringify(known) !== JSON.stringify(body)) throw new Error(`two schemas are named ${title}`)
    components.set(title, body)
    return { $ref: `#/components/schemas/${title}` }
  }
  return visit
}

const errorTexts: Readonly<Record<number, string>> = {
  400: 'The request is wrong; the message says what to do',
  401: 'No or no valid credential',
  403: 'The caller may not do this',
  404: 'Not found',
  409: 'The state does not allow it',
  503: 'Not ready',
}

function parameters(where: 'path' | 'query', schema: TObject | undefined, visit: (node: unknown) => unknown): Json[] {
  if (!schema) return []
  const required: readonly string[] = schema.required ?? []
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    in: where,
    ...(required.includes(name) && { required: true }),
    schema: visit(property),
  }))
}

function operation(operationId: string, route: Route, visit: (node: unknown) => unknown): Json {
  const json = (schema: unknown) => ({ 'application/json': { schema: visit(schema) } })
  const errorSchema = errorFamily(route.path) === 'cwp' ? CwpErrorResponse : ProblemDetails
  const success: Json = { description: route.status === 101 ? 'Switches to the WebSocket protocol' : 'Done' }
  if (route.response) success.content = json(route.response)
  if (operationId === 'ExportAudit') Object.assign(success.content as Json, { 'application/zip': {} })
  const errors = route.errors.map(status => {
    const description = errorTexts[status] ?? 'Error'
    return [
      status,
      status === 404 && route.emptyNotFound ? { description } : { description, content: json(errorSchema) },
    ]
  })
  return {
    operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.deprecated && { deprecated: true }),
    ...(route.access === 'public' ? { security: [] } : { 'x-access': route.access }),
    ...((route.params || route.query) && {
      parameters: [...parameters('path', route.params, visit), ...parameters('query', route.query, visit)],
    }),
    ...(route.body && { requestBody: { required: true, content: json(route.body) } }),
    responses: {
      [route.status]: success,
      ...Object.fromEntries(errors),
      default: { description: 'Any other error', content: json(errorSchema) },
    },
  }
}

/** The OpenAPI 3.1 document of the API, made from the schemas that validate it. */
export function openapi(info: { readonly version: string; readonly serverUrl?: string } = { version: '0.1.0' }): Json {
  const components = new Map<string, Json>()
  const visit = makeCollector(components)
  const paths: Record<string, Json> = {}
  for (const [operationId, route] of Object.entries<Route>(routes)) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(operationId, route, visit) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Trivault', version: info.version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    ...(info.serverUrl && { servers: [{ url: info.serverUrl }] }),
    security: [{ ApiKeyAuth: [] }, { BearerAuth: [] }],
    paths,
    components: {
      securitySchemes: {
        ApiKeyAuth: { type: 'apiKey', in: 'header', name: 'authorization' },
        BearerAuth: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
      schemas: Object.fromEntries(components),
    },
  }
}
