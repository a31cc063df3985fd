import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

const PREFIX = 'trivault_'
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** One measurement of the core: count adds, gauge sets, observe is in seconds. */
export type MetricSink = (
  kind: 'count' | 'gauge' | 'observe',
  name: string,
  value: number,
  labels: readonly { name: string; value: string }[],
) => void

export interface MetricsServer {
  sink: MetricSink
  close(): Promise<void>
}

/** What one route beside the metrics does with a body; its answer is JSON. */
export type LocalRoute = (body: Uint8Array) => Promise<{ status: number; answer: unknown }>

const MAX_BODY_BYTES = 4096

/** Serves `GET /metrics` in the Prometheus text format: this process's own figures and the core's. Rejects if it cannot listen. */
export async function serveMetrics(
  listen: { host: string; port: number },
  node: string,
  routes: Readonly<Record<string, LocalRoute>> = {},
): Promise<MetricsServer> {
  const registry = new Registry()
  registry.setDefaultLabels({ node })
  collectDefaultMetrics({ register: registry })
  const server = createServer((request, response) => {
    const route = request.method === 'POST' ? routes[request.url ?? ''] : undefined
    if (route !== undefined) {
      void serveRoute(route, request, response)
      return
    }
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    registry.metrics().then(
      text => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port, listen.host, resolve)
  })
  return { sink: sinkInto(registry), close: () => closed(server) }
}

async function serveRoute(route: LocalRoute, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > MAX_BODY_BYTES) throw new RangeError('the body is too long')
      chunks.push(chunk)
    }
    const { status, answer } = await route(new Uint8Array(Buffer.concat(chunks)))
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  } catch {
    response.writeHead(400).end()
  }
}

/** Makes each metric at its first use, with the labels of that use; a later use with other labels is left out. */
function sinkInto(registry: Registry): MetricSink {
  type Record = (labels: { [name: string]: string }, value: number) => void
  const known = new Map<string, { labels: string; record: Record }>()
  const make = (kind: 'count' | 'gauge' | 'observe', name: string, labelNames: string[]): Record => {
    const options = { name, help: name, labelNames, registers: [registry] }
    if (kind === 'count') {
      const counter = new Counter(options)
      return (labels, value) => counter.inc(labels, Math.max(0, value))
    }
    if (kind === 'gauge') {
      const gauge = new Gauge(options)
      return (labels, value) => gauge.set(labels, value)
    }
    const histogram = new Histogram({ ...options, buckets: BUCKETS })
    return (labels, value) => histogram.observe(labels, value)
  }
  return (kind, name, value, labels) => {
    const suffix = kind === 'count' ? '_total' : kind === 'observe' ? '_seconds' : ''
    const full = `${PREFIX}${name}${name.endsWith(suffix) ? '' : suffix}`
    const names = labels.map(label => label.name)
    if (![full, ...names].every(part => /^[a-z][a-z0-9_]*$/.test(part))) return
    const metric = known.get(full) ?? { labels: names.join(), record: make(kind, full, names) }
    known.set(full, metric)
    if (metric.labels === names.join())
      metric.record(Object.fromEntries(labels.map(label => [label.name, label.value])), value)
  }
}

function closed(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
