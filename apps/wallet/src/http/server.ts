import { randomUUID } from 'node:crypto'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import websocket from '@fastify/websocket'
import { openapi, type Route, routes } from '@trivault/api-contract'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Caller, WalletService } from '../service.ts'
import { createAuthenticate, type OidcConfig } from './auth.ts'
import { errorBody, type Failure, failureOf, HttpError } from './errors.ts'
import { registerEvents } from './events.ts'
import { createHandlers, type HandledId } from './handlers.ts'
import { observeRequests } from './metrics.ts'
import { registerRoute } from './route.ts'

export type HttpOptions = {
  readonly service: WalletService
  readonly log: Logger
  readonly auth: { readonly oidc?: OidcConfig }
  readonly limits?: {
    /** Per client address; default 6000. */
    readonly requestsPerMinute?: number
    /** Default 1 MiB. */
    readonly bodyBytes?: number
    /** Event streams open at once; default 200. */
    readonly eventStreams?: number
  }
  /** Origins whose pages may call; default none. */
  readonly corsOrigins?: readonly string[]
  /** Addresses of reverse proxies whose X-Forwarded-For is believed; default none. */
  readonly trustedProxies?: readonly string[]
  readonly metrics?: {
    readonly registry: Registry
    /** Serves the registry under this path too; leave out when it has a port of its own. */
    readonly path?: `/${string}`
  }
  readonly version?: string
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by authentication on every route that is not public. */
    caller: Caller | undefined
    rawBody: string
  }
  interface FastifyContextConfig {
    emptyNotFound?: true
  }
}

export const correlationHeader = 'x-correlation-id'

/** Builds the HTTP server of the wallet; the caller lets it listen. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { service, limits = {}, metrics } = options
  const log: FastifyBaseLogger = options.log
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes ?? 1_048_576,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 512 },
    ...(options.trustedProxies && { trustProxy: [...options.trustedProxies] }),
    genReqId: request => correlationIdOf(request.headers[correlationHeader]),
    frameworkErrors: (error, request, reply) => fail(error, request, reply),
  })
  app.decorateRequest('caller', undefined)
  app.decorateRequest('rawBody', '')
  app.setErrorHandler(fail)
  app.setNotFoundHandler((request, reply) =>
    fail(new HttpError(404, 'no such route; see /api/openapi.json'), request, reply),
  )
  app.addHook('onRequest', async (request, reply) => {
    reply.header(correlationHeader, request.id)
  })
  logRequests(app)
  if (metrics) observeRequests(app, metrics.registry, metrics.path)
  parseJsonBodies(app)

  await app.register(helmet)
  if (options.corsOrigins?.length) await app.register(cors, { origin: [...options.corsOrigins] })
  await app.register(rateLimit, {
    max: limits.requestsPerMinute ?? 6000,
    timeWindow: 60_000,
    errorResponseBuilder: () => new HttpError(429, 'too many requests; try again in a minute'),
  })
  await app.register(websocket, {
    options: {
      maxPayload: 4096,
      handleProtocols: offered => (offered.has('trivault') ? 'trivault' : false),
    },
  })

  const authenticate = createAuthenticate(service, options.auth.oidc)
  const handlers = createHandlers(service)
  const document = openapi({ version: options.version ?? '0.1.0' })
  app.get('/api/openapi.json', () => document)
  for (const [operationId, route] of Object.entries<Route>(routes)) {
    if (route.status === 101) continue
    registerRoute(app, operationId as HandledId, route, handlers, authenticate)
  }
  registerEvents(app, { service, authenticate, maxStreams: limits.eventStreams ?? 200 })
  return app
}

const correlationIdOf = (given: string | string[] | undefined): string =>
  typeof given === 'string' && /^[\w-]{8,64}$/.test(given) ? given : randomUUID()

function fail(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = failureOf(error)
  if (failure.status >= 500) request.log.error({ err: error, correlationId: request.id }, 'request failed')
  send(reply, request, failure)
}

function send(reply: FastifyReply, request: FastifyRequest, failure: Failure): void {
  reply.status(failure.status).header(correlationHeader, request.id)
  if (failure.status === 401) reply.header('www-authenticate', 'Bearer')
  if (failure.status === 404 && request.routeOptions.config.emptyNotFound) {
    reply.send()
    return
  }
  reply.type('application/json; charset=utf-8').send(JSON.stringify(errorBody(request.url, failure, request.id)))
}

/** Query strings and bodies stay out of the log: they may hold credentials. */
function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        correlationId: request.id,
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        ...(request.caller && { caller: request.caller.id }),
      },
      'request',
    )
  })
}

function parseJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    try {
      request.rawBody = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(bytes))
      done(null, request.rawBody === '' ? undefined : JSON.parse(request.rawBody))
    } catch {
      done(new HttpError(400, 'the body is not JSON; send one JSON object in UTF-8'))
    }
  })
}
