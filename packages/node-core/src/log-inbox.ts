import { reasonOf } from './errors.ts'
import type { Log, Metrics } from './ports.ts'

/** Messages of the log, and their bytes, that wait at most; the mailbox promises nothing, so senders repeat what is lost. */
export const MAX_WAITING_MESSAGES = 1024
export const MAX_WAITING_BYTES = 16 * 1024 * 1024

export interface LogInboxOptions<Send> {
  /** One at a time, in the order of the calls. */
  handle: (body: Uint8Array, send: Send) => Promise<void>
  log: Log
  metrics: Pick<Metrics, 'count'>
}

/**
 * What waits for the voter. Each message may wait for an anchor that does not answer, seconds long, and anyone may send them: what
 * is beyond the bounds is dropped.
 */
export class LogInbox<Send> {
  readonly #options: LogInboxOptions<Send>
  #messages = 0
  #bytes = 0

  constructor(options: LogInboxOptions<Send>) {
    this.#options = options
  }

  take(body: Uint8Array, send: Send): void {
    const { handle, log, metrics } = this.#options
    if (this.#messages >= MAX_WAITING_MESSAGES || this.#bytes + body.length > MAX_WAITING_BYTES) {
      metrics.count('log_messages_dropped')
      return
    }
    this.#messages += 1
    this.#bytes += body.length
    handle(body, send)
      .catch((error: unknown) => log('error', 'log message could not be handled', { reason: reasonOf(error) }))
      .finally(() => {
        this.#messages -= 1
        this.#bytes -= body.length
      })
  }
}
