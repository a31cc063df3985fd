import { createServer } from 'node:http'

/** CPU and memory of this process, in the Prometheus text format. */
export function processUsage(): string[] {
  const { user, system } = process.cpuUsage()
  return [
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    `process_cpu_seconds_total ${(user + system) / 1e6}`,
  ]
}

/** Serves `/metrics` on loopback with the lines that `read` gives. Returns how to stop it. */
export async function serveMetrics(port: number, read: () => string[]): Promise<() => void> {
  const server = createServer((request, response) => {
    const found = request.url === '/metrics'
    response.writeHead(found ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' })
    response.end(found ? `${read().join('\n')}\n` : '')
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return () => {
    server.close()
    server.closeAllConnections()
  }
}
