import type { Duplex } from 'node:stream'
import type { AttestationPort, KmsPort } from '@trivault/attestation'
import {
  batchedWriter,
  type CoreMessage,
  decodeCoreMessage,
  encodeHostMessage,
  FrameDecoder,
  type HostMessage,
  LINK_VERSION,
  LinkError,
  MAX_MAIL_BYTES,
  type Party,
  Pipes,
} from '@trivault/node-core'
import { type Connect, joinAnchor } from './anchor-pipe.ts'
import { HostError } from './errors.ts'
import type { MetricSink } from './metrics.ts'
import type { RecordStore } from './records.ts'

/** Mail for a core that does not keep up is dropped beyond this many waiting bytes. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024

export type HostLog = (
  level: 'debug' | 'info' | 'warn' | 'error' | 'fatal',
  message: string,
  fields?: Record<string, string | number | boolean>,
) => void

export interface CoreLinkOptions {
  stream: Duplex
  records: RecordStore
  attestation: AttestationPort
  kms: KmsPort
  send: (to: Party, message: Uint8Array) => void
  /** Connects to the node's anchor; absent where that is a directory. */
  connectAnchor?: Connect | undefined
  log: HostLog
  metrics: MetricSink
}

export type CoreInit = Omit<Extract<HostMessage, { type: 'init' }>, 'type' | 'version'>

/** The host's end of the link. */
export interface CoreLink {
  /** Starts the core; resolves with its identity key once it is ready. Throws HostError core with the core's reason. */
  start(init: CoreInit): Promise<Uint8Array>
  /** Mail for the core; dropped when the core is not there or does not keep up. */
  deliver(from: Party, message: Uint8Array): void
  /** Asks the core to end. */
  stop(): void
  /** Settles when the link is over, with what the core said. */
  readonly over: Promise<HostError>
}

/** Serves a core on `stream`. */
export function serveCore(options: CoreLinkOptions): CoreLink {
  const { stream, records, log, metrics } = options
  const decoder = new FrameDecoder()
  const ready = Promise.withResolvers<Uint8Array>()
  const over = Promise.withResolvers<HostError>()
  ready.promise.catch(() => undefined)
  let open = true
  let reason: string | undefined

  const end = (message: string) => {
    if (!open) return
    open = false
    const error = new HostError('core', reason ?? message)
    ready.reject(error)
    over.resolve(error)
    pipes.end()
    stream.destroy()
  }
  const write = batchedWriter(stream)
  const post = (message: HostMessage) => {
    if (open) write(encodeHostMessage(message))
  }
  const pipes = new Pipes(post)

  /** Runs a request and posts what came of it: the core waits for one answer. */
  const answer = async (id: number, work: () => Promise<HostMessage>) => {
    try {
      post(await work())
    } catch (error) {
      const message = error instanceof Error ? error.message : 'unknown'
      log('warn', `request of the core failed: ${message}`)
      post({ type: 'failed', id, reason: message.slice(0, 300).toWellFormed() })
    }
  }

  const receive = (message: CoreMessage): void | Promise<void> => {
    switch (message.type) {
      case 'get': {
        const { id, table, key } = message
        return answer(id, async () => ({ type: 'value', id, value: await records.get(table, key) }))
      }
      case 'put':
      case 'remove': {
        const { id } = message
        const changes = message.type === 'put' ? message.rows : message.keys.map(key => ({ table: message.table, key }))
        return answer(id, async () => {
          await records.write(changes)
          return { type: 'done', id }
        })
      }
      case 'range': {
        const { id, table, from, exclusive, limit } = message
        return answer(id, async () => ({
          type: 'rows',
          id,
          ...(await records.page(table, { from, exclusive }, limit)),
        }))
      }
      case 'attest': {
        const { id, publicKey, userData, nonce } = message
        const request = { ...(publicKey && { publicKey }), ...(userData && { userData }), ...(nonce && { nonce }) }
        return answer(id, async () => ({ type: 'value', id, value: await options.attestation.attest(request) }))
      }
      case 'decrypt': {
        const { id, ciphertext, recipient } = message
        const encryptionContext = Object.fromEntries(message.encryptionContext.map(({ name, value }) => [name, value]))
        return answer(id, async () => ({
          type: 'value',
          id,
          value: await options.kms.decrypt({ ciphertext, encryptionContext, recipient }),
        }))
      }
      case 'mail':
        return options.send(message.to, message.message)
      case 'log':
        return log(message.level, message.message, {
          part: 'core',
          ...Object.fromEntries(message.fields.map(({ name, value }) => [name, value.value])),
        })
      case 'metric':
        return metrics(message.kind, message.name, message.value, message.labels)
      case 'ready':
        return ready.resolve(message.identityKey)
      case 'pipeOpen':
        return joinAnchor(pipes.open(message.pipe), pipes.size, options.connectAnchor)
      case 'pipeBytes':
      case 'pipeTaken':
      case 'pipeClose':
        return pipes.receive(message)
      case 'fatal':
        reason = message.message
    }
  }

  stream.on('data', (chunk: Uint8Array) => {
    try {
      for (const body of decoder.push(chunk)) if (open) void receive(decodeCoreMessage(body))
    } catch (error) {
      end(
        error instanceof LinkError
          ? `the core broke the link: ${error.message}`
          : 'a core message could not be handled',
      )
    }
  })
  for (const event of ['end', 'error', 'close']) stream.on(event, () => end('the core ended'))

  return {
    start(init) {
      post({ type: 'init', version: LINK_VERSION, ...init })
      return ready.promise
    },
    deliver(from, message) {
      if (message.length > MAX_MAIL_BYTES || stream.writableLength > MAX_WAITING_BYTES) return
      post({ type: 'mail', from, message })
    },
    stop: () => post({ type: 'stop' }),
    over: over.promise,
  }
}
