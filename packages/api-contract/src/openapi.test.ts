import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { openapi, operationTypeOf, type Route, routes, segmentOf } from './index.ts'

type Operation = {
  readonly operationId: string
  readonly security?: readonly unknown[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly responses: Readonly<Record<string, { readonly content?: object }>>
}
const document = openapi({ version: '1.2.3', serverUrl: 'https://vault.example' }) as {
  info: { version: string }
  servers: unknown
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Record<string, unknown>> }
}
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
)

describe('the OpenAPI document', () => {
  it('lists every route once, with its parameters', () => {
    expect(operations.map(({ operation }) => operation.operationId).sort()).toEqual(Object.keys(routes).sort())
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1])
      const declared = (operation.parameters ?? []).filter(parameter => parameter.in === 'path')
      expect(declared.map(parameter => parameter.name)).toEqual(inPath)
      expect(declared.every(parameter => parameter.required)).toBe(true)
    }
  })

  it('marks exactly the public routes as open', () => {
    for (const { operation } of operations) {
      const route: Route = routes[operation.operationId as keyof typeof routes]
      expect(operation.security !== undefined).toBe(route.access === 'public')
    }
  })

  it('has no dangling reference, and every component is a schema that compiles', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    ajv.addSchema(document, 'api')
    for (const name of Object.keys(document.components.schemas)) {
      expect(ajv.getSchema(`api#/components/schemas/${name}`)).toBeTypeOf('function')
    }
    const references = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? []
    expect(references.length).toBeGreaterThan(100)
    for (const reference of references) {
      expect(document.components.schemas[reference.split('/').at(-1) ?? '']).toBeDefined()
    }
  })

  it('closes every request body', () => {
    const open = Object.entries<Route>(routes).filter(
      ([, { body }]) => body && !('additionalProperties' in body && body.additionalProperties === false),
    )
    expect(open).toEqual([])
  })

  it('dispatches intents by their type', () => {
    const { oneOf, discriminator } = document.components.schemas.cwpIntentItem as {
      oneOf: { $ref: string }[]
      discriminator: { mapping: Record<string, string> }
    }
    expect(Object.values(discriminator.mapping)).toEqual(oneOf.map(({ $ref }) => $ref))
    expect(discriminator.mapping['make transaction']).toBe('#/components/schemas/cwpTransactionIntent')
  })

  it('carries version and server', () => {
    expect(document.info.version).toBe('1.2.3')
    expect(document.servers).toEqual([{ url: 'https://vault.example' }])
  })
})

describe('operation types', () => {
  it('maps segments and names both ways', () => {
    expect(Object.keys(operationTypeOf).length).toBeGreaterThanOrEqual(39)
    for (const [segment, type] of Object.entries(operationTypeOf)) expect(segmentOf(type)).toBe(segment)
    expect(operationTypeOf.makeTransaction).toBe('make transaction')
    expect(segmentOf('transfer')).toBeUndefined()
    expect(segmentOf('Make Transaction')).toBeUndefined()
  })
})
