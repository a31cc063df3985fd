import {
  coerceTexts,
  compileValidator,
  type Problem,
  parseExact,
  type Route,
  stringifyExact,
  type Validator,
} from '@trivault/api-contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TObject } from 'typebox'
import { type Authenticate, authorize } from './auth.ts'
import { badRequest, HttpError } from './errors.ts'
import { type HandledId, type Handlers, RawAnswer } from './handlers.ts'

type AnyHandler = (input: {
  readonly caller: FastifyRequest['caller']
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly rawBody: string
  readonly accepts: (mediaType: string) => boolean
}) => Promise<unknown>

/** Serves one route of the table: authenticate, authorize, parse, check, call, answer. */
export function registerRoute(
  app: FastifyInstance,
  operationId: HandledId,
  route: Route,
  handlers: Handlers,
  authenticate: Authenticate,
): void {
  const handler = handlers[operationId] as AnyHandler
  const readParams = createTextReader(route.params)
  const readQuery = createTextReader(route.query)
  const checkBody = route.body && compileValidator(route.body)
  app.route({
    method: route.method,
    url: route.path.replace(/\{(\w+)\}/g, ':$1'),
    config: {
      ...(route.emptyNotFound && { emptyNotFound: route.emptyNotFound }),
      ...(route.tag === 'Health' && { rateLimit: false }),
    },
    onRequest: async request => {
      if (route.access === 'public') return
      request.caller = await authenticate(request.headers.authorization)
      authorize(request.caller, route.access)
    },
    handler: async (request, reply) => {
      const answer = await handler({
        caller: request.caller,
        params: readParams(request.params),
        query: readQuery(request.query),
        body: checkBody && readBody(checkBody, request),
        rawBody: request.rawBody,
        accepts: mediaType => prefers(request.headers.accept, mediaType),
      })
      return write(reply, route, answer)
    },
  })
}

/** Checks path or query parameters; without a schema none is read. */
export function createTextReader(schema: TObject | undefined): (texts: unknown) => unknown {
  if (!schema) return () => undefined
  const check = compileValidator(schema)
  return texts => {
    const values = coerceTexts(schema, texts as Readonly<Record<string, unknown>>)
    refuse(check(values))
    return values
  }
}

function readBody(check: Validator, request: FastifyRequest): unknown {
  refuse(check(request.body))
  try {
    return parseExact(request.rawBody)
  } catch {
    throw new HttpError(400, 'a number in the body is out of range')
  }
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw badRequest(problems)
}

function write(reply: FastifyReply, route: Route, answer: unknown): FastifyReply {
  reply.status(route.status)
  if (answer instanceof RawAnswer) return reply.type(answer.contentType).send(answer.content)
  if (!route.response) return reply.send()
  return reply.type('application/json; charset=utf-8').send(stringifyExact(answer))
}

/** Whether JSON was not asked for by name while the media type is welcome. */
function prefers(accept: string | undefined, mediaType: string): boolean {
  const types = (accept ?? '*/*').split(',').map(type => type.split(';')[0]?.trim().toLowerCase())
  return !types.includes('application/json') && (types.includes(mediaType) || types.includes('*/*'))
}
