import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { errors, type NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { BusError } from './errors.ts'
import { checkParty, inboxOf, type PartyName, senderOf, subjectOf } from './names.ts'

const RETRY_MS = 200

export type BusStatus = 'connected' | 'disconnected' | 'closed'

export type BusOptions = {
  /** tls://host:port */
  readonly url: string
  /** Paths of PEM files: the broker's root, this party's certificate and its private key. */
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly self: PartyName
  /** How long the first connection may take; 30 s when absent. Later ones are retried for ever. */
  readonly firstConnectMs?: number
  readonly log?: (level: 'info' | 'warn', message: string) => void
}

export type Bus = {
  /**
   * Hands one message to the broker: delivered at most once, in order per pair, and lost when either side is not
   * connected (false: already known to be lost). Throws BusError too-large, bad-argument.
   */
  send(to: PartyName, bytes: Uint8Array): boolean
  /** Calls `handler` for each message. `from` is authenticated by the broker's permissions, the content is not. Returns an undo. */
  onMessage(handler: (from: PartyName, bytes: Uint8Array) => void): () => void
  onStatus(handler: (status: BusStatus) => void): () => void
  status(): BusStatus
  /** Sends what is buffered and disconnects. */
  close(): Promise<void>
}

/**
 * Connects a party to the broker with mutual TLS and keeps it connected.
 * Throws BusError bad-credentials, unreachable, refused, bad-argument.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const self = checkParty(options.self)
  const log = options.log ?? (() => undefined)
  const connection = await firstConnection(options)
  const messageHandlers = new Set<(from: PartyName, bytes: Uint8Array) => void>()
  const statusHandlers = new Set<(status: BusStatus) => void>()
  let status: BusStatus = 'connected'
  const setStatus = (next: BusStatus, why: string) => {
    if (status === next) return
    status = next
    log(next === 'connected' ? 'info' : 'warn', why)
    for (const handler of statusHandlers) handler(next)
  }

  let denied: Error | undefined
  connection.subscribe(inboxOf(self), {
    callback: (error, message) => {
      if (error) {
        denied = error
        return log('warn', `inbox: ${error.message}`)
      }
      const from = senderOf(message.subject, self)
      if (from === undefined) return log('warn', 'message on a foreign subject dropped')
      for (const handler of messageHandlers) handler(from, message.data)
    },
  })
  const events = (async () => {
    for await (const event of connection.status()) {
      if (event.type === 'disconnect') setStatus('disconnected', 'broker connection lost')
      if (event.type === 'reconnect') setStatus('connected', 'broker connection restored')
      if (event.type === 'error') log('warn', `broker: ${event.error.message}`)
    }
  })()
  const closed = connection.closed().then(() => setStatus('closed', 'broker connection closed'))
  await connection.flush()
  if (denied) {
    await connection.close()
    throw new BusError('refused', `the broker does not take this certificate for ${self}`, { cause: denied })
  }

  return {
    send(to, bytes) {
      const subject = subjectOf(self, checkParty(to))
      const limit = connection.info?.max_payload ?? 0
      if (bytes.length > limit)
        throw new BusError('too-large', `message of ${bytes.length} bytes, the broker takes ${limit}`)
      // Nothing is buffered while disconnected: the vault's protocols send again what still matters.
      if (status !== 'connected') return false
      connection.publish(subject, bytes)
      return true
    },
    onMessage: handler => subscribeTo(messageHandlers, handler),
    onStatus: handler => subscribeTo(statusHandlers, handler),
    status: () => status,
    async close() {
      await connection.flush().catch(() => undefined)
      await connection.close()
      await Promise.all([events, closed])
    },
  }
}

function subscribeTo<T>(handlers: Set<T>, handler: T): () => void {
  handlers.add(handler)
  return () => void handlers.delete(handler)
}

async function firstConnection(options: BusOptions): Promise<NatsConnection> {
  if (!/^tls:\/\/[^/]+$/.test(options.url))
    throw new BusError('bad-argument', `bus URL must be tls://host:port: ${options.url}`)
  const [ca, cert, key] = await Promise.all(
    [options.ca, options.cert, options.key].map(path =>
      readFile(path, 'utf8').catch(cause => {
        throw new BusError('bad-credentials', `cannot read ${path}`, { cause })
      }),
    ),
  )
  const deadline = Date.now() + (options.firstConnectMs ?? 30_000)
  for (;;) {
    try {
      return await connect({
        servers: options.url,
        name: options.self,
        tls: { ca, cert, key },
        noEcho: true,
        reconnect: true,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RETRY_MS,
        reconnectJitter: RETRY_MS / 2,
        reconnectJitterTLS: RETRY_MS / 2,
        ignoreAuthErrorAbort: true,
        ignoreClusterUpdates: true,
        pingInterval: 10_000,
        timeout: 5_000,
      })
    } catch (cause) {
      if (cause instanceof errors.AuthorizationError || cause instanceof errors.UserAuthenticationExpiredError) {
        throw new BusError('refused', 'the broker does not accept this certificate', { cause })
      }
      if (Date.now() > deadline)
        throw new BusError('unreachable', `no connection to the broker at ${options.url}`, { cause })
    }
    await sleep(RETRY_MS)
  }
}
