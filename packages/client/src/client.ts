import {
  type BodyOf,
  type ClientEvent,
  type ExactBodyOf,
  type ExactResponseOf,
  type OperationId,
  type OperationStatusName,
  type ParamsOf,
  parseExact,
  type QueryOf,
  type ResponseOf,
  type Route,
  routes,
  type StartSegment,
  stringifyExact,
} from '@trivault/api-contract'
import { ApiError, apiErrorOf } from './error.ts'
import { openEvents } from './events.ts'

export type ClientOptions = {
  /** Such as `http://127.0.0.1:8080`, without a path. */
  readonly baseUrl: string
  /** A `cwp_…` key. */
  readonly apiKey?: string
  /** An OIDC access or ID token, or a function that returns a fresh one. */
  readonly bearer?: string | (() => string | Promise<string>)
  /** Default 30 s. */
  readonly timeoutMs?: number
}

type Field<Name extends string, T> = [T] extends [undefined]
  ? { readonly [N in Name]?: undefined }
  : Partial<T> extends T
    ? { readonly [N in Name]?: T }
    : { readonly [N in Name]: T }

/** What a route asks for: `params`, `query` and `body`, each only if the route has it. */
export type CallInput<K extends OperationId> = Field<'params', ParamsOf<K>> &
  Field<'query', QueryOf<K>> &
  Field<'body', BodyOf<K>>

/** The same with amounts of money and rates as decimal text. */
export type ExactInput<K extends OperationId> = Field<'params', ParamsOf<K>> &
  Field<'query', QueryOf<K>> &
  Field<'body', ExactBodyOf<K>>

type CallArguments<K extends OperationId> =
  Record<string, never> extends CallInput<K> ? [input?: CallInput<K>] : [input: CallInput<K>]

type StartBody<S extends StartSegment> = BodyOf<Extract<OperationId, `cwpstart${Capitalize<S>}`>>

export type WaitOptions = {
  /** Statuses to stop at besides the final ones. */
  readonly until?: readonly OperationStatusName[]
  /** Default 60 s. */
  readonly timeoutMs?: number
}

export type Client = {
  /** Calls a route by its operationId. @throws ApiError */
  call<K extends OperationId>(operationId: K, ...input: CallArguments<K>): Promise<ResponseOf<K>>
  /** The same call; amounts of money and rates are decimal text both ways, since a double would round them. @throws ApiError */
  callExact<K extends OperationId>(operationId: K, input: ExactInput<K>): Promise<ExactResponseOf<K>>
  /** Starts an operation and returns its id. @throws ApiError */
  start<S extends StartSegment>(segment: S, body: StartBody<S>): Promise<string>
  /** Reads the status until it is final or one of `until`. @throws ApiError with code `timeout` */
  waitForOperation(operationId: string, options?: WaitOptions): Promise<ResponseOf<'cwpgetOperationStatus'>>
  /** Events until the server closes or the loop is left. @throws ApiError when the connection fails. */
  events(options?: { readonly heartbeat?: number; readonly signal?: AbortSignal }): AsyncGenerator<ClientEvent, void>
}

const finalStatuses: readonly OperationStatusName[] = ['Failed', 'Succeeded']

/** A client whose methods are typed by the route table. Holds no connection but those of `events`. */
export function createClient(options: ClientOptions): Client {
  const baseUrl = options.baseUrl.replace(/\/+$/, '')
  const credential = async (): Promise<string | undefined> =>
    options.apiKey ?? (typeof options.bearer === 'function' ? await options.bearer() : options.bearer)

  async function send(
    operationId: OperationId,
    input: RequestParts,
    timeoutMs: number,
    { parse, stringify }: Pick<typeof JSON, 'parse'> & { stringify: (value: unknown) => string } = JSON,
  ): Promise<unknown> {
    const route: Route = routes[operationId]
    const token = await credential()
    const response = await fetch(baseUrl + pathOf(route.path, input), {
      method: route.method,
      headers: {
        accept: 'application/json',
        ...(token !== undefined && { authorization: options.apiKey ? token : `Bearer ${token}` }),
        ...(route.body && { 'content-type': 'application/json' }),
      },
      ...(route.body && { body: stringify(input.body ?? {}) }),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((cause: unknown) => {
      throw noAnswer(cause)
    })
    const text = await response.text().catch((cause: unknown) => {
      throw noAnswer(cause)
    })
    if (!response.ok) throw apiErrorOf(response.status, text)
    if (!route.response) return undefined
    try {
      return parse(text)
    } catch (cause) {
      throw new ApiError(response.status, 'bad-answer', 'the server did not answer JSON', { cause })
    }
  }

  const client: Client = {
    async call(operationId, ...[input]) {
      // The server's answer is trusted to have its documented type.
      return (await send(operationId, (input ?? {}) as RequestParts, options.timeoutMs ?? 30_000)) as ResponseOf<
        typeof operationId
      >
    },

    async callExact(operationId, input) {
      const answer = await send(operationId, input as RequestParts, options.timeoutMs ?? 30_000, {
        parse: parseExact,
        stringify: stringifyExact,
      })
      return answer as ExactResponseOf<typeof operationId>
    },

    async start(segment, body) {
      const operationId = `cwpstart${segment.charAt(0).toUpperCase()}${segment.slice(1)}` as OperationId
      const answer = await send(operationId, { body }, options.timeoutMs ?? 30_000)
      return (answer as { OperationID: string }).OperationID
    },

    async waitForOperation(operationID, { until = [], timeoutMs = 60_000 } = {}) {
      const deadline = performance.now() + timeoutMs
      for (let pause = 20; ; pause = Math.min(pause * 1.25, 500)) {
        const answer = await client.call('cwpgetOperationStatus', { params: { operationID } })
        if (finalStatuses.includes(answer.Status) || until.includes(answer.Status)) return answer
        if (performance.now() + pause > deadline) {
          throw new ApiError(0, 'timeout', `operation ${operationID} is still "${answer.Status}"`)
        }
        await new Promise(resolve => setTimeout(resolve, pause))
      }
    },

    async *events({ heartbeat, signal } = {}) {
      const path = pathOf(routes.cwpsubscribeToEvents.path, { query: heartbeat ? { heartbeat } : {} })
      yield* openEvents(baseUrl.replace(/^http/, 'ws') + path, await credential(), signal)
    },
  }
  return client
}

type RequestParts = {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

function pathOf(template: string, { params = {}, query = {} }: RequestParts): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()
  return search ? `${path}?${search}` : path
}

function noAnswer(cause: unknown): ApiError {
  const timedOut = cause instanceof Error && cause.name === 'TimeoutError'
  return timedOut
    ? new ApiError(0, 'timeout', 'the server did not answer in time', { cause })
    : new ApiError(0, 'network', 'the server could not be reached', { cause })
}
