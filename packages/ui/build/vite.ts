import { fileURLToPath } from 'node:url'
import { routes } from '@trivault/api-contract'
import type { Plugin } from 'vite'

const face = '@trivault/api-contract'
const table = '\0trivault-route-table'
const exactJson = fileURLToPath(new URL('../../api-contract/src/exact-json.ts', import.meta.url))

/**
 * Gives a browser the API's route table without its schemas: method, path, and whether there is a body and an answer, which with the
 * exact JSON is all that the client uses. The schemas are several times the size of an app.
 */
export function routeTable(): Plugin {
  const light = Object.entries(routes).map(([name, { method, path, ...route }]) => [
    name,
    { method, path, ...('body' in route && { body: true }), ...('response' in route && { response: true }) },
  ])
  return {
    name: 'trivault-route-table',
    enforce: 'pre',
    resolveId: id => (id === face ? table : undefined),
    load: id =>
      id === table
        ? `export * from ${JSON.stringify(exactJson)}\nexport const routes = ${JSON.stringify(Object.fromEntries(light))}`
        : undefined,
  }
}
