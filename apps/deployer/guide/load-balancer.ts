import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ServerCertificate } from './certificates.ts'

export interface LoadBalancer {
  readonly port: number
  stop(): Promise<void>
}

/** TLS in front of the wallet, as its load balancer has it; 503 while there is no wallet. */
export async function startLoadBalancer(certificate: ServerCertificate, target: number): Promise<LoadBalancer> {
  const server = createServer(
    { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) },
    (incoming, answer) => {
      const { method, url: path, headers } = incoming
      const onward = request({ host: '127.0.0.1', port: target, method, path, headers }, response => {
        answer.writeHead(response.statusCode ?? 502, response.headers)
        response.pipe(answer)
      })
      onward.on('error', () => answer.headersSent || answer.writeHead(503).end())
      incoming.pipe(onward)
    },
  )
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise(done => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
