import type { FastifyInstance } from 'fastify'
import { fastify } from 'fastify'
import { Histogram, type Registry } from 'prom-client'

/** Measures every request by route, method and status; serves the registry under `path` if given. */
export function observeRequests(app: FastifyInstance, registry: Registry, path: string | undefined): void {
  const durations = new Histogram({
    name: 'trivault_http_request_duration_seconds',
    help: 'Time to answer an HTTP request',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })
  if (path) serveRegistry(app, registry, path)
}

/** A server of its own for the metrics, to listen on a port that only the monitoring reaches. */
export function createMetricsHttp(registry: Registry): FastifyInstance {
  const app = fastify({ logger: false })
  serveRegistry(app, registry, '/metrics')
  return app
}

function serveRegistry(app: FastifyInstance, registry: Registry, path: string): void {
  app.get(path, async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()))
}
