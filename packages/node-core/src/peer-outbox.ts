import type { PeerMessage } from '@trivault/protocol'

/** An envelope that has this many bytes, or messages, is sent without waiting for more. */
const fullBytes = 64 << 10
const fullCount = 256

/**
 * Gathers what is said to each peer: the messages of one turn of the event loop travel in one sealed envelope, sent
 * once everything that the turn brought is read. Several sessions run at once, and sealing, the link and the broker cost per
 * envelope.
 */
export class PeerOutbox {
  readonly #post: (to: number, messages: readonly PeerMessage[]) => void
  readonly #waiting = new Map<number, { messages: PeerMessage[]; bytes: number }>()

  constructor(post: (to: number, messages: readonly PeerMessage[]) => void) {
    this.#post = post
  }

  send(to: number, message: PeerMessage): void {
    if (this.#waiting.size === 0) setImmediate(() => this.#flushAll())
    const waiting = this.#waiting.get(to) ?? { messages: [], bytes: 0 }
    this.#waiting.set(to, waiting)
    waiting.messages.push(message)
    waiting.bytes += sizeOf(message)
    if (waiting.bytes < fullBytes && waiting.messages.length < fullCount) return
    this.#waiting.set(to, { messages: [], bytes: 0 })
    this.#post(to, waiting.messages)
  }

  #flushAll(): void {
    const all = [...this.#waiting]
    this.#waiting.clear()
    for (const [to, { messages }] of all) if (messages.length > 0) this.#post(to, messages)
  }
}

const sizeOf = (message: PeerMessage): number =>
  message.type === 'frame' ? message.frame.length : message.type === 'backup' ? message.blob.length : 0
