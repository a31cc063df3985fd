import { routes, stringifyExact } from '@trivault/api-contract'
import type { FastifyInstance } from 'fastify'
import type { WalletService } from '../service.ts'
import { type Authenticate, authorize, socketCredential } from './auth.ts'
import { HttpError } from './errors.ts'
import { createTextReader } from './route.ts'

const pongTimeoutMs = 5_000
/** A client that does not read is cut off rather than buffered for. */
const maxBufferedBytes = 1_048_576

/** The subset of a `ws` socket that the stream needs. */
type Socket = {
  readonly bufferedAmount: number
  send(text: string): void
  ping(): void
  close(code: number, reason: string): void
  terminate(): void
  on(event: 'pong' | 'close' | 'error' | 'message', listener: () => void): unknown
}

/** Serves the event stream. The client sends no data; a message from it ends the connection. */
export function registerEvents(
  app: FastifyInstance,
  {
    service,
    authenticate,
    maxStreams,
  }: { readonly service: WalletService; readonly authenticate: Authenticate; readonly maxStreams: number },
): void {
  const route = routes.cwpsubscribeToEvents
  const readQuery = createTextReader(route.query)
  let streams = 0
  app.route({
    method: route.method,
    url: route.path,
    onRequest: async request => {
      request.caller = await authenticate(socketCredential(request.headers, request.query))
      authorize(request.caller, route.access)
    },
    preValidation: async request => {
      readQuery(request.query)
      if (streams >= maxStreams) throw new HttpError(429, 'too many event streams are open; close one or try later')
    },
    handler: () => {
      throw new HttpError(400, 'this is a WebSocket; connect with ws:// or wss://')
    },
    wsHandler: (socket: Socket, request) => {
      const caller = request.caller
      if (!caller) {
        socket.terminate()
        return
      }
      streams += 1
      const { heartbeat } = readQuery(request.query) as { heartbeat?: number }
      const unsubscribe = service.subscribe(caller, event => {
        if (socket.bufferedAmount > maxBufferedBytes) socket.terminate()
        else socket.send(stringifyExact(event))
      })
      const stopHeartbeat = heartbeat === undefined ? () => {} : startHeartbeat(socket, heartbeat * 1000)
      socket.on('message', () => socket.close(1008, 'send no data on this stream'))
      socket.on('error', () => socket.terminate())
      socket.on('close', () => {
        streams -= 1
        stopHeartbeat()
        unsubscribe()
      })
    },
  })
}

function startHeartbeat(socket: Socket, intervalMs: number): () => void {
  let deadline: NodeJS.Timeout | undefined
  const timer = setInterval(() => {
    socket.ping()
    deadline ??= setTimeout(() => socket.terminate(), pongTimeoutMs)
  }, intervalMs)
  socket.on('pong', () => {
    clearTimeout(deadline)
    deadline = undefined
  })
  return () => {
    clearInterval(timer)
    clearTimeout(deadline)
  }
}
