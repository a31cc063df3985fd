import { X509Certificate } from 'node:crypto'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { Duplex } from 'node:stream'
import { createSecureContext, type SecureContext, connect as startTls, type TLSSocket } from 'node:tls'
import { CodecError, utf8 } from '@trivault/codec'
import { LedgerError } from '@trivault/ledger'
import { NodeError } from '../errors.ts'
import { LinkError } from '../link.ts'
import type { AnchorAccess } from '../ports.ts'
import { amazonRoots } from './amazon-roots.ts'
import { type Item, itemText, MAX_ANSWER_BYTES, readError, readGotten, readPut } from './answers.ts'
import { amzDate, authorizationOf } from './sigv4.ts'

export interface TableClientOptions {
  access: AnchorAccess
  /** A byte pipe to the service; who carries it is not trusted. */
  openPipe: () => Duplex
  /** Milliseconds since 1970. */
  clock: () => number
  /** Milliseconds for one attempt, connecting included (default 2,000), and after which no other one begins (default 6,000). */
  attempt?: number
  patience?: number
}

interface Question<T> {
  operation: 'GetItem' | 'PutItem'
  body: string
  /** Of an answer 200. Throws CodecError. */
  read: (answer: Uint8Array) => T
  /** What it means that the condition does not hold. */
  unmet?: T
}

interface Answer {
  status: number
  body: Uint8Array
}

/** What the service says when it may do next time. Programming.Errors in the developer guide of DynamoDB. */
const passing = ['ProvisionedThroughputExceededException', 'RequestLimitExceeded', 'ThrottlingException']
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 800

/**
 * The two requests of DynamoDB (JSON 1.0, version 2012-08-10) that an anchor needs, over TLS that ends here. One connection, one
 * request at a time, in the order of the calls. Both throw LedgerError: `anchor-unreachable` no answer in time, whatever the
 * reason; `anchor-refused` the service refuses this node. A put that threw may have been done, and may be done later.
 */
export class TableClient {
  readonly #options: Required<TableClientOptions>
  readonly #agent = new OneConnection(() => this.#connect())
  readonly #context: SecureContext
  #socket: TLSSocket | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** Throws NodeError bad-secret when the authority is not a certificate. */
  constructor(options: TableClientOptions) {
    this.#options = { attempt: 2_000, patience: 6_000, ...options }
    const { authority } = options.access
    const ca = authority === undefined ? amazonRoots() : pemOf(authority)
    this.#context = createSecureContext({ ca, minVersion: 'TLSv1.2' })
  }

  /** The item as it is now. */
  get(record: string): Promise<Item | undefined> {
    const key = { TableName: this.#options.access.table, Key: { record: { S: record } }, ConsistentRead: true }
    return this.#inTurn({ operation: 'GetItem', body: JSON.stringify(key), read: readGotten })
  }

  /** Writes the item if the one that is there has this version, or if none is there; false if not. */
  put(item: Item, version: number | undefined): Promise<boolean> {
    const condition =
      version === undefined
        ? { ConditionExpression: 'attribute_not_exists(#record)', ExpressionAttributeNames: { '#record': 'record' } }
        : {
            ConditionExpression: '#version = :version',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':version': { N: `${version}` } },
          }
    const head = JSON.stringify({ TableName: this.#options.access.table, ...condition })
    const body = `${head.slice(0, -1)},"Item":${itemText(item)}}`
    return this.#inTurn({ operation: 'PutItem', body, read: readPut, unmet: false })
  }

  close(): void {
    this.#socket?.destroy()
    this.#agent.destroy()
  }

  #inTurn<T>(question: Question<T>): Promise<T> {
    const answer = this.#last.then(() => this.#ask(question))
    this.#last = answer.catch(() => undefined)
    return answer
  }

  async #ask<T>(question: Question<T>): Promise<T> {
    const end = performance.now() + this.#options.patience
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        return meaning(question, await this.#attempt(question))
      } catch (error) {
        // What else comes on this connection answers nothing.
        this.#socket?.destroy()
        const failure = error instanceof LedgerError ? error : unreachable(error)
        if (failure.code !== 'anchor-unreachable' || performance.now() + pause > end) throw failure
      }
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }

  /** Sends the request once. */
  async #attempt({ operation, body }: Question<unknown>): Promise<Answer> {
    const { access, clock, attempt } = this.#options
    const content = utf8(body)
    const signed = {
      'content-type': 'application/x-amz-json-1.0',
      host: access.host,
      'x-amz-date': amzDate(clock()),
      'x-amz-target': `DynamoDB_20120810.${operation}`,
    }
    const authorization = authorizationOf({ ...access, service: 'dynamodb' }, signed, content)
    const headers = { ...signed, authorization, 'content-length': content.length }
    const sent = request({ agent: this.#agent, method: 'POST', path: '/', host: access.host, headers })
    const timer = setTimeout(() => {
      const late = new LedgerError('anchor-unreachable', "the anchor's table does not answer in time")
      this.#socket?.destroy(late)
      sent.destroy(late)
    }, attempt)
    try {
      return await new Promise((resolve, reject) => {
        sent.on('error', reject)
        sent.on('response', response => collect(response).then(resolve, reject))
        sent.end(content)
      })
    } finally {
      clearTimeout(timer)
    }
  }

  #connect(): TLSSocket {
    const { access, openPipe } = this.#options
    this.#socket?.destroy()
    this.#socket = startTls({
      socket: openPipe(),
      secureContext: this.#context,
      servername: access.host,
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
    })
    return this.#socket
  }
}

/** Hands a connection to HTTP only once its certificate was checked: nothing is sent before. */
class OneConnection extends Agent {
  readonly #connect: () => TLSSocket

  constructor(connect: () => TLSSocket) {
    super({ keepAlive: true, maxSockets: 1 })
    this.#connect = connect
  }

  override createConnection(_: unknown, done: (error: Error | null, stream: Duplex) => void): undefined {
    const socket = this.#connect()
    socket.once('secureConnect', () => done(null, socket))
    socket.on('error', error => done(error, socket))
  }
}

/** The whole answer within bounds. */
async function collect(response: IncomingMessage): Promise<Answer> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response as AsyncIterable<Uint8Array>) {
    size += part.length
    if (size > MAX_ANSWER_BYTES)
      throw new LedgerError('anchor-unreachable', "the anchor's table answers beyond all bounds")
    parts.push(part)
  }
  return { status: response.statusCode ?? 0, body: new Uint8Array(Buffer.concat(parts)) }
}

/** Throws LedgerError and CodecError. */
function meaning<T>({ read, unmet }: Question<T>, { status, body }: Answer): T {
  if (status === 200) return read(body)
  if (status >= 500) throw new LedgerError('anchor-unreachable', `the anchor's table answers ${status}`)
  const { name, isClock } = readError(body)
  if (name === 'ConditionalCheckFailedException' && unmet !== undefined) return unmet
  if (passing.includes(name)) throw new LedgerError('anchor-unreachable', `the anchor's table answers ${name}`)
  const hint = isClock ? ': the clocks of this node and of AWS differ by minutes' : ''
  throw new LedgerError('anchor-refused', `the anchor's table refuses this node: ${name}${hint}`)
}

function unreachable(cause: unknown): LedgerError {
  const code = cause instanceof Error && 'code' in cause ? `${cause.code}` : 'unknown'
  const why =
    cause instanceof LinkError ? cause.message : cause instanceof CodecError ? 'an answer that is not readable' : code
  return new LedgerError('anchor-unreachable', `the anchor's table cannot be reached: ${why}`, { cause })
}

function pemOf(authority: Uint8Array): string {
  try {
    return new X509Certificate(authority).toString()
  } catch (cause) {
    throw new NodeError('bad-secret', 'the authority for the anchor is not a certificate', { cause })
  }
}
