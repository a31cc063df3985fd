import { type OperationId, type Route, routes } from '@trivault/api-contract'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { createHttp, createLog, type HttpOptions } from '../src/http/index.ts'
import { createMemoryService, keyOf, type MemoryService } from './memory-service.ts'
import { samples } from './samples.ts'

export type Shell = { readonly app: FastifyInstance; readonly service: MemoryService; readonly logged: string[] }

/** The shell over a wallet of fixed answers, with its log caught. */
export async function createShell(
  options: Partial<Omit<HttpOptions, 'service'>> = {},
  service = createMemoryService(),
): Promise<Shell> {
  const logged: string[] = []
  const log = createLog({ name: 'test' }, { write: line => void logged.push(line) })
  const app = await createHttp({ log, auth: {}, ...options, service })
  return { app, service, logged }
}

/** The good request of a route, as the Admin. */
export function requestOf(operationId: OperationId, changes: InjectOptions = {}): InjectOptions {
  const route: Route = routes[operationId]
  const { params, query, body } = samples[operationId] as {
    params?: Record<string, unknown>
    query?: Record<string, string>
    body?: object
  }
  return {
    method: route.method,
    url: route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params?.[name]))),
    ...(query && { query: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)])) }),
    ...(route.body && { payload: body ?? {} }),
    ...changes,
    headers: { authorization: keyOf('Admin'), ...changes.headers },
  }
}
