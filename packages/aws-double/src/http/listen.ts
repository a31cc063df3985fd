import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Request, type Response, readRequest } from './message.ts'

export type Answer = (request: Request) => Promise<Response>

/** PEM. */
export type Certificate = { readonly cert: string; readonly key: string }

/** A server on a free port of 127.0.0.1, with TLS where a certificate is given. */
export async function listen(answer: Answer, certificate?: Certificate): Promise<Server> {
  const handle = (message: IncomingMessage, response: ServerResponse): void => {
    const respond = async (): Promise<void> => {
      const { status, headers, body } = await answer(await readRequest(message))
      const bytes = typeof body === 'string' ? Buffer.from(body) : body
      const length = message.method === 'HEAD' ? {} : { 'content-length': String(bytes.length) }
      response.writeHead(status, { ...length, ...headers })
      response.end(message.method === 'HEAD' ? undefined : bytes)
    }
    respond().catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  }
  const server = certificate === undefined ? createServer(handle) : createSecureServer(certificate, handle)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port

export async function close(server: Server): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}
