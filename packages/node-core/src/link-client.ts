import type { Duplex } from 'node:stream'
import type { AttestationPort, KmsPort } from '@trivault/attestation'
import {
  batchedWriter,
  type CoreMessage,
  decodeHostMessage,
  encodeCoreMessage,
  FrameDecoder,
  type HostMessage,
  LINK_VERSION,
  LinkError,
  MAX_ROWS,
  printable,
} from './link.ts'
import { Pipes } from './pipe.ts'
import type { Log, Mailbox, Metrics, Party, Records, Row } from './ports.ts'

/** Mail and log lines are dropped while this many bytes wait for a slow host; requests are not. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024

export type Init = Extract<HostMessage, { type: 'init' }>

export interface HostLinkOptions {
  stream: Duplex
  /** Milliseconds until a request without answer fails (default 20,000). */
  requestTimeout?: number
}

/** The core's end of the link: the host's services as ports. The host is untrusted; what it sends is parsed within bounds. */
export interface HostLink {
  /** The host's first message. Rejects when the link closes before it. */
  readonly init: Promise<Init>
  readonly records: Records
  readonly mailbox: Mailbox
  readonly attestation: AttestationPort
  readonly kms: KmsPort
  readonly log: Log
  readonly metrics: Metrics
  /** Bytes to and from the place that the host's configuration names as this node's anchor; the host is in between. */
  openPipe(): Duplex
  ready(identityKey: Uint8Array): void
  /** Tells the host why the core ends; resolves when that is on its way. */
  fatal(message: string): Promise<void>
  /** Settles when the link is over: `stop` asked by the host, `closed` the host is gone, or LinkError malformed. */
  readonly over: Promise<'stop' | 'closed' | LinkError>
  close(): void
}

type Answer = Extract<HostMessage, { id: number }>
type Request = Extract<CoreMessage, { id: number }>
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never

interface Pending {
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** Speaks the link as the core. Throws nothing; breaches by the host end the link (see `over`). */
export function openHostLink({ stream, requestTimeout = 20_000 }: HostLinkOptions): HostLink {
  const decoder = new FrameDecoder()
  const pending = new Map<number, Pending>()
  const init = Promise.withResolvers<Init>()
  const over = Promise.withResolvers<'stop' | 'closed' | LinkError>()
  init.promise.catch(() => undefined)
  let nextId = 1
  let open = true
  let started = false
  let onMail: ((from: Party, message: Uint8Array) => void) | undefined

  const end = (why: 'stop' | 'closed' | LinkError) => {
    if (why === 'stop') return over.resolve(why)
    if (!open) return
    open = false
    over.resolve(why)
    const error = why instanceof LinkError ? why : new LinkError('closed', 'the host is gone')
    init.reject(error)
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
    pipes.end()
    stream.destroy()
  }

  const answer = (message: Answer) => {
    if (message.id >= nextId) throw new LinkError('malformed', 'answer to a request never made')
    const waiting = pending.get(message.id)
    pending.delete(message.id)
    if (message.type === 'failed') waiting?.reject(new LinkError('refused', printable(message.reason)))
    else waiting?.resolve(message)
  }

  const receive = (message: HostMessage) => {
    if (!started) {
      if (message.type !== 'init') throw new LinkError('malformed', 'the first message must be init')
      if (message.version !== LINK_VERSION) throw new LinkError('malformed', `link version ${message.version}`)
      started = true
      init.resolve(message)
      return
    }
    if (message.type === 'init') throw new LinkError('malformed', 'init came twice')
    if (message.type === 'stop') end('stop')
    else if (message.type === 'mail') deliver(message.from, message.message)
    else if ('pipe' in message) pipes.receive(message)
    else answer(message)
  }

  /** A handler that throws loses its message, as the bus may: nobody's bytes end a node. */
  const deliver = (from: Party, message: Uint8Array) => {
    try {
      onMail?.(from, message)
    } catch (error) {
      log('error', 'a message could not be handled', { from, error: error instanceof Error ? error.name : 'unknown' })
    }
  }

  stream.on('data', (chunk: Uint8Array) => {
    try {
      for (const body of decoder.push(chunk)) if (open) receive(decodeHostMessage(body))
    } catch (error) {
      end(
        error instanceof LinkError
          ? error
          : new LinkError('malformed', 'a message could not be handled', { cause: error }),
      )
    }
  })
  for (const event of ['end', 'error', 'close']) stream.on(event, () => end('closed'))

  const write = batchedWriter(stream)
  const post = (message: CoreMessage) => {
    if (open) write(encodeCoreMessage(message))
  }
  const pipes = new Pipes(post)
  const postUnlessBusy = (message: CoreMessage) => {
    if (stream.writableLength <= MAX_WAITING_BYTES) post(message)
  }

  const log: Log = (level, message, fields = {}) =>
    postUnlessBusy({
      type: 'log',
      level,
      message: printable(message),
      fields: Object.entries(fields)
        .slice(0, 32)
        .map(([name, value]) => ({ name, value: fieldOf(value) })),
    })

  /** Sends a request and hands its answer to `accept`, which throws on an answer of the wrong kind. */
  const request = async <T>(body: WithoutId<Request>, accept: (answer: Answer) => T): Promise<T> => {
    if (!open) throw new LinkError('closed', 'the host is gone')
    const id = nextId
    const frame = encodeCoreMessage({ ...body, id } as Request)
    nextId += 1
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    pending.set(id, { resolve, reject })
    const timer = setTimeout(() => {
      pending.delete(id)
      reject(new LinkError('timeout', `the host did not answer ${body.type} in time`))
    }, requestTimeout)
    write(frame)
    try {
      return accept(await promise)
    } catch (error) {
      if (error instanceof LinkError && error.code === 'malformed') end(error)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  const value = (answer: Answer): Uint8Array | undefined => {
    if (answer.type !== 'value') throw new LinkError('malformed', `answer of kind ${answer.type}`)
    return answer.value
  }
  const someValue = (answer: Answer): Uint8Array => {
    const bytes = value(answer)
    if (bytes === undefined) throw new LinkError('malformed', 'empty answer')
    return bytes
  }
  const done = (answer: Answer): void => {
    if (answer.type !== 'done') throw new LinkError('malformed', `answer of kind ${answer.type}`)
  }

  const records: Records = {
    get: (table, key) => request({ type: 'get', table, key }, value),
    put: async rows => {
      if (rows.length > 0) await request({ type: 'put', rows: [...rows] }, done)
    },
    range: async (table, from, limit) => {
      const rows: Row[] = []
      for (let last: string | undefined; rows.length < limit; ) {
        const left = Math.min(limit - rows.length, MAX_ROWS)
        const start = { from: last ?? from, exclusive: last !== undefined }
        const page = await request({ type: 'range', table, ...start, limit: left }, answer =>
          checkPage(answer, start, left),
        )
        rows.push(...page.rows.map(row => ({ table, ...row })))
        last = page.rows.at(-1)?.key
        if (page.complete && page.rows.length < left) break
      }
      return rows
    },
    remove: async (table, keys) => {
      if (keys.length > 0) await request({ type: 'remove', table, keys: [...keys] }, done)
    },
  }

  const metric = (
    kind: 'count' | 'gauge' | 'observe',
    name: string,
    amount: number,
    named: Record<string, string> = {},
  ) =>
    postUnlessBusy({
      type: 'metric',
      kind,
      name,
      value: Number.isFinite(amount) ? amount : 0,
      labels: Object.entries(named).map(([name, label]) => ({ name, value: printable(label, 64) })),
    })

  return {
    init: init.promise,
    over: over.promise,
    records,
    mailbox: {
      send: (to, message) => postUnlessBusy({ type: 'mail', to, message }),
      onMessage: handler => {
        onMail = handler
      },
    },
    attestation: {
      attest: ({ publicKey, userData, nonce }) => request({ type: 'attest', publicKey, userData, nonce }, someValue),
    },
    kms: {
      decrypt: ({ ciphertext, encryptionContext, recipient }) => {
        const pairs = Object.entries(encryptionContext).map(([name, value]) => ({ name, value }))
        return request({ type: 'decrypt', ciphertext, encryptionContext: pairs, recipient }, someValue)
      },
    },
    log,
    metrics: {
      count: (name, labels) => metric('count', name, 1, labels),
      gauge: (name, value, labels) => metric('gauge', name, value, labels),
      observe: (name, seconds, labels) => metric('observe', name, seconds, labels),
    },
    openPipe() {
      const pipe = pipes.open()
      post({ type: 'pipeOpen', pipe: pipes.last })
      return pipe
    },
    ready: identityKey => post({ type: 'ready', identityKey }),
    fatal: message => {
      if (!open) return Promise.resolve()
      const frame = encodeCoreMessage({ type: 'fatal', message: printable(message, 256) })
      return new Promise(resolve => stream.write(frame, () => resolve()))
    },
    close: () => end('closed'),
  }
}

function checkPage(answer: Answer, start: { from: string; exclusive: boolean }, limit: number) {
  if (answer.type !== 'rows') throw new LinkError('malformed', `answer of kind ${answer.type}`)
  if (answer.rows.length > limit) throw new LinkError('malformed', 'more rows than asked for')
  if (answer.rows.length === 0 && !answer.complete) throw new LinkError('malformed', 'a page without rows')
  let before = start.exclusive ? start.from : undefined
  for (const { key } of answer.rows) {
    if (key < start.from || (before !== undefined && key <= before))
      throw new LinkError('malformed', 'rows out of order')
    before = key
  }
  return answer
}

function fieldOf(value: string | number | boolean) {
  if (typeof value === 'boolean') return { type: 'flag' as const, value }
  if (typeof value === 'string') return { type: 'text' as const, value: printable(value) }
  return Number.isFinite(value) ? { type: 'number' as const, value } : { type: 'text' as const, value: String(value) }
}
